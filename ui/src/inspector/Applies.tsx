import { toHash } from "../app/route";
import { useAnswer } from "../ipc";
import { asOf, CategoryGlyph, Inline, Loading, useKnown } from "../kit";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { ClusterId, ObjectView, Time } from "../wire/wire";
import { blueprintsFor, entriesFor } from "./applies";

/** What the team and the library know that concerns an object, each with why it is shown. */
export function Applies({ cluster, view, at }: { cluster: ClusterId; view: ObjectView; at: Time | null }) {
  const blueprints = useAnswer("blueprints_list", {});
  const library = useAnswer("knowledge_list", {});
  const clusters = useAnswer("clusters_list", {});
  const triage = useAnswer("triage_get", { cluster, ...asOf(at, useKnown()) });
  const failed = blueprints.error ?? library.error;
  if (failed) return <Inline failure={failed} />;
  if (!blueprints.data || !library.data) return <Loading what="Reading what is known…" rows={2} />;
  const name = clusters.data?.find((row) => row.id === cluster)?.name ?? "";
  const own = blueprintsFor(blueprints.data, view.object, name);
  const entries = entriesFor(library.data.entries, view, triage.data?.triage.incidents ?? []);
  return (
    <div data-testid={testids.objectKnowledge}>
      {triage.error ? <Inline failure={triage.error} /> : null}
      {own.length + entries.length === 0 ? <p className="small faint">Neither a blueprint nor the library speaks of it.</p> : null}
      <ul className="pane-related">
        {own.map(({ what, because }) => (
          <li key={what.name}>
            <a className="link" href={toHash({ at: "blueprints", name: what.name })}>
              <span className="mono">{what.name}</span>
            </a>{" "}
            <span className="small faint">
              blueprint · {because}
              {what.owner ? ` · ask ${what.owner}` : ""}
            </span>
            {what.summary ? (
              <p className="small soft">
                <Words text={what.summary} />
              </p>
            ) : null}
            {what.forbidden_fixes.map(([fix, why]) => (
              <p key={fix} className="small fix-never">
                <span aria-hidden="true">⊘</span> {fix}: <Words text={why} />
              </p>
            ))}
          </li>
        ))}
        {entries.map(({ what, because }) => (
          <li key={what.id}>
            <a className="link" href={toHash({ at: "library", entry: `${what.kind}:${what.id}` })}>
              {what.category ? <CategoryGlyph category={what.category} /> : null} {what.title}
            </a>
            <p className="small faint">
              because <Words text={because} />
            </p>
          </li>
        ))}
      </ul>
    </div>
  );
}
