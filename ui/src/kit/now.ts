import { useSyncExternalStore } from "react";
import type { Time } from "../wire/wire";
import { nowTime } from "./format";

interface Clock {
  read: () => Time;
  subscribe: (listener: () => void) => () => void;
}
const clocks = new Map<number, Clock>();

/** The present, rounded to how often the view needs it. Everything that asks for the same pace ticks together. */
export function useNow(everyMs: number): Time {
  let clock = clocks.get(everyMs);
  if (!clock) clocks.set(everyMs, (clock = clockOf(everyMs)));
  return useSyncExternalStore(clock.subscribe, clock.read);
}

function clockOf(everyMs: number): Clock {
  const listeners = new Set<() => void>();
  let now = nowTime();
  let timer: ReturnType<typeof setInterval> | undefined;
  return {
    read: () => now,
    subscribe(listener) {
      listeners.add(listener);
      if (timer === undefined) {
        // It stood still for as long as nobody looked.
        now = nowTime();
        timer = setInterval(() => {
          now = nowTime();
          for (const each of listeners) each();
        }, everyMs);
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}
