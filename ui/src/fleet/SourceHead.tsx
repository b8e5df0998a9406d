import { countOf } from "../kit";
import { testids } from "../testids";
import type { Line } from "./list";
import { pathParts } from "./list";

const kinds = { playground: "Playground", recorded: "Recording", kubeconfig: "" } as const;

/** The head of a source: its file, how many contexts it has, and a way to choose or fold them all. */
export function SourceHead({ line, fold, choose }: { line: Extract<Line, { is: "source" }>; fold: () => void; choose: () => void }) {
  const { folder, name } = pathParts(line.source);
  return (
    <div className="source-head" role="gridcell" data-testid={testids.fleetSource} data-source={line.source}>
      <button type="button" className="source-fold" onClick={fold} aria-expanded={!line.folded} title={line.folded ? "Unfold" : "Fold"}>
        <svg viewBox="0 0 12 12" width="10" height="10" aria-hidden="true">
          <path d={line.folded ? "M4 2.5 8 6l-4 3.5" : "M2.5 4 6 8l3.5-4"} />
        </svg>
        {kinds[line.kind] ? <span className="source-kind">{kinds[line.kind]}</span> : null}
        <span className="source-path mono" title={line.source}>
          <span className="faint">{folder}</span>
          {name}
        </span>
      </button>
      <span className="small faint">{line.shown === line.all ? countOf(line.all, "context") : `${line.shown} of ${countOf(line.all, "context")}`}</span>
      {line.shown > 1 && !line.folded ? (
        <button type="button" className="source-choose small" onClick={choose}>
          Choose {line.shown === 2 ? "both" : `all ${line.shown}`}
        </button>
      ) : null}
    </div>
  );
}
