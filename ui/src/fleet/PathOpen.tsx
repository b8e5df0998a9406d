import { useState } from "react";
import { go } from "../app/route";
import { useAct } from "../ipc";
import { Inline } from "../kit";
import { testids } from "../testids";

/** Opens a support bundle or a `.case` file by its path. */
export function PathOpen() {
  const [asking, setAsking] = useState(false);
  const [path, setPath] = useState("");
  const open = useAct("path_open");

  async function submit() {
    const row = await open.run({ path: path.trim() });
    if (row) {
      setAsking(false);
      setPath("");
      go({ at: "cluster", cluster: row.id, incident: null });
    }
  }
  if (!asking)
    return (
      <button type="button" className="rail-path" data-testid={testids.pathOpen} onClick={() => setAsking(true)}>
        Open a recording…
      </button>
    );
  return (
    <form
      className="rail-path-form"
      onSubmit={(e) => {
        e.preventDefault();
        void submit();
      }}
    >
      <input
        className="field mono"
        autoFocus
        data-testid={testids.pathInput}
        aria-label="Path of a bundle or a .case file"
        placeholder="/path/to/bundle.tar.gz"
        value={path}
        onChange={(e) => setPath(e.target.value)}
        onKeyDown={(e) => {
          if (e.key === "Escape") setAsking(false);
        }}
      />
      {open.failed ? <Inline failure={open.failed} dismiss={open.dismiss} /> : <p className="small faint">{open.busy ? "Reading…" : "A support bundle or a .case file. Enter opens, Esc leaves."}</p>}
    </form>
  );
}
