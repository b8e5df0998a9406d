import { useEffect, useRef } from "react";
import { useHost } from "../ipc";

/** Says once how long the start took: when something was first drawn, and when the first list was there to be used. */
export function useSayShown(usable: boolean): void {
  const host = useHost();
  const said = useRef(false);
  useEffect(() => {
    if (!usable || said.current) return;
    said.current = true;
    // Drawn is what the frame after this one has shown.
    requestAnimationFrame(() => {
      const now = performance.timeOrigin + performance.now();
      const [paint] = performance.getEntriesByName?.("first-contentful-paint") ?? [];
      const painted = paint ? performance.timeOrigin + paint.startTime : now;
      host.call("window_shown", { painted_at: Math.round(painted * 1000), usable_at: Math.round(now * 1000) }).catch(() => {});
    });
  }, [host, usable]);
}
