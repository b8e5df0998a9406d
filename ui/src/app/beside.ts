import { useCallback, useEffect } from "react";
import { useHost } from "../ipc";
import { tell } from "../kit/told";
import { CommandFailed } from "../platform";

/**
 * Opens places in windows of their own: what is asked for, and every link of ours that is followed with Ctrl or ⌘ held, by
 * a click or by Enter. All windows follow the same desk.
 */
export function useOpenBeside(): (hash: string) => void {
  const { desktop } = useHost();
  const open = useCallback(
    (hash: string) => {
      if (!desktop) {
        window.open(`${location.pathname}${location.search}${hash}`);
        return;
      }
      desktop.openWindow(hash).catch((thrown: unknown) => {
        const { title, hint } = CommandFailed.from(thrown);
        tell({ text: `${title} ${hint}` });
      });
    },
    [desktop],
  );
  useEffect(() => {
    const follow = (event: MouseEvent) => {
      if (!(event.ctrlKey || event.metaKey) || !(event.target instanceof Element)) return;
      const hash = event.target.closest("a[href]")?.getAttribute("href");
      if (!hash?.startsWith("#/")) return;
      event.preventDefault();
      event.stopPropagation();
      open(hash);
    };
    // Before the link's own handlers: they would lead this window there as well.
    document.addEventListener("click", follow, { capture: true });
    return () => document.removeEventListener("click", follow, { capture: true });
  }, [open]);
  return open;
}
