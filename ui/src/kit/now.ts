import { useEffect, useState } from "react";
import type { Time } from "../wire/wire";
import { nowTime } from "./format";

/** The present, rounded to how often the view needs it. */
export function useNow(everyMs: number): Time {
  const [now, setNow] = useState(nowTime);
  useEffect(() => {
    const timer = setInterval(() => setNow(nowTime()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
