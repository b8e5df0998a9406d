import { type ReactNode, useEffect, useRef } from "react";
import "./kit.css";

/** The platform's own modal dialog: it traps the focus, closes on Escape and gives the focus back. */
export function Dialog({ title, close, children, testid, bare = false }: { title: string; close: () => void; children: ReactNode; testid?: string; bare?: boolean }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal?.();
    // The platform puts the focus on the first button, which closes; a dialog may name what Enter is for.
    dialog?.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => dialog?.close?.();
  }, []);
  return (
    <dialog
      ref={ref}
      className="dialog"
      aria-label={title}
      data-testid={testid}
      onCancel={(e) => {
        e.preventDefault();
        close();
      }}
      onKeyDown={(e) => {
        // WebKit keeps Escape to a search field; a dialog closes from anywhere in it.
        if (e.key !== "Escape" || e.defaultPrevented) return;
        e.preventDefault();
        close();
      }}
      onClick={(e) => {
        if (e.target === ref.current) close();
      }}
    >
      <div className="dialog-body">
        {bare ? null : (
          <header className="dialog-head">
            <h2>{title}</h2>
            <button type="button" className="button button-quiet" onClick={close} aria-label="Close">
              ✕
            </button>
          </header>
        )}
        {children}
      </div>
    </dialog>
  );
}
