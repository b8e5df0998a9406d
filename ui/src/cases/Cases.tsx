import { useState } from "react";
import { go, toHash } from "../app/route";
import { useAct, useAnswer } from "../ipc";
import { Ago, At, Button, Empty, Failed, Inline, Loading } from "../kit";
import { Rows } from "../kit/rows";
import { Words } from "../kit/words";
import { testids } from "../testids";
import "./cases.css";

/** Every case of this desk, newest first, and the door for one from elsewhere. */
export function Cases() {
  const cases = useAnswer("cases_list", {});
  const take = useAct("case_import");
  const [path, setPath] = useState("");
  const rows = [...(cases.data ?? [])].sort((a, b) => b.waiting - a.waiting || b.updated_at - a.updated_at);

  async function submit() {
    if (!path.trim()) return;
    const id = await take.run({ path: path.trim() });
    if (id) go({ at: "case", case: id });
  }
  return (
    <div className="cases">
      <header className="bar">
        <h1 className="bar-title">Cases</h1>
        <span className="bar-space" />
        <form
          className="bar-form"
          onSubmit={(e) => {
            e.preventDefault();
            void submit();
          }}
        >
          <input className="field mono" data-testid={testids.caseImportPath} aria-label="Path of a .case file" placeholder="/path/to/file.case" value={path} onChange={(e) => setPath(e.target.value)} />
          <Button testid={testids.caseImport} type="submit" cannot={path.trim() ? null : "type the path of a .case file first"}>
            Open a case file
          </Button>
        </form>
      </header>
      {take.failed ? <Inline failure={take.failed} dismiss={take.dismiss} /> : null}
      {cases.error ? (
        <Failed failure={cases.error} retry={() => void cases.refetch()} />
      ) : !cases.data ? (
        <Loading what="Reading the desk…" />
      ) : rows.length === 0 ? (
        <Empty title="No case yet">
          <p>A case begins with an incident: open a cluster, choose one, and press O.</p>
        </Empty>
      ) : (
        <div className="case-rows">
          <Rows items={rows} idOf={(row) => row.id} tall={45} label="Cases">
            {(row) => (
              <a className="case-row" href={toHash({ at: "case", case: row.id })} data-testid={testids.caseRow} data-id={row.id} data-waiting={row.waiting > 0}>
                <span className="case-state" data-concluded={row.concluded}>
                  {row.waiting > 0 ? "waits for you" : row.concluded ? "concluded" : "open"}
                </span>
                <span className="case-title">
                  <Words text={row.title} />
                </span>
                <span className="mono small soft">{row.cluster_name}</span>
                <span className="small faint">
                  <At time={row.opened_at} /> · <Ago time={row.updated_at} />
                </span>
              </a>
            )}
          </Rows>
        </div>
      )}
    </div>
  );
}
