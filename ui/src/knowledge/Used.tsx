import { useState } from "react";
import { toHash } from "../app/route";
import { useAnswer, useAnswers } from "../ipc";
import { At, countOf, Failed, Loading } from "../kit";
import { Words } from "../kit/words";
import { testids } from "../testids";
import { useOf } from "./used";

/** So many of the newest cases are looked through. */
const MOST = 40;

/** The cases in which a piece of knowledge took part, and in which it decided. They are read when somebody asks. */
export function Used({ kind, id }: { kind: string; id: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="used" data-testid={testids.used} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary className="label">What used it</summary>
      {open ? <Cases kind={kind} id={id} /> : null}
    </details>
  );
}

function Cases({ kind, id }: { kind: string; id: string }) {
  const cases = useAnswer("cases_list", {});
  const newest = [...(cases.data ?? [])].sort((a, b) => b.updated_at - a.updated_at).slice(0, MOST);
  const views = useAnswers("case_get", newest.map((row) => ({ case: row.id })));
  if (cases.error) return <Failed failure={cases.error} retry={() => void cases.refetch()} />;
  if (!cases.data || views.some((view) => view.isPending)) return <Loading what="Looking through the cases…" rows={2} />;
  const used = newest.flatMap((row, i) => {
    const view = views[i]?.data;
    const use = view ? useOf(view, kind, id) : null;
    return use ? [{ row, use }] : [];
  });
  const unread = views.filter((view) => view.error).length;
  const decided = used.filter(({ use }) => use.decided).length;
  return (
    <>
      <p className="small soft">
        {used.length === 0 ? "None" : `${countOf(used.length, "case")}, and it decided ${decided === used.length ? "all of them" : decided}`} of the newest {countOf(newest.length, "case")}
        {cases.data.length > MOST ? ` (of ${cases.data.length})` : ""}.{unread > 0 ? ` ${countOf(unread, "case")} could not be read.` : ""}
      </p>
      <ul className="small">
        {used.map(({ row, use }) => (
          <li key={row.id}>
            <a className="link" href={toHash({ at: "case", case: row.id })}>
              <Words text={row.title} />
            </a>{" "}
            <span className="faint">
              {use.decided ? "decided it · " : ""}
              {use.words} · <At time={row.updated_at} />
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
