import { useEffect, useState } from "react";
import { useAct, useAnswer } from "../ipc";
import { At, bytesOf, Button, countOf, Failed, fullOf, Inline, Loading, spanOf } from "../kit";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { GapRow, HistoriesView, HistoryRow } from "../wire/wire";

/** How long and how much of each cluster's history is kept, what lies on the disk, and what of it is missing. */
export function HistoryPart() {
  const histories = useAnswer("histories_get", {});
  // What is watched grows without a word to the window.
  useEffect(() => void histories.refetch(), [histories.refetch]);
  if (histories.error && !histories.data) return <Failed failure={histories.error} retry={() => void histories.refetch()} />;
  if (!histories.data) return <Loading what="Looking at what is on the disk…" rows={5} />;
  const view = histories.data;
  return (
    <>
      <Keep key={`${view.keeping.days} ${view.keeping.megabytes}`} view={view} />
      <h3 className="label settings-label">On this machine</h3>
      {view.clusters.length === 0 ? (
        <p className="soft">Nothing yet. What is seen of a cluster is kept from the moment it is opened.</p>
      ) : (
        <>
          <p className="small soft">
            {bytesOf(view.bytes)} of {countOf(view.clusters.length, "cluster")} in <span className="mono">{view.folder}</span>
          </p>
          <ul className="histories">
            {view.clusters.map((row) => (
              <Kept key={row.path} row={row} most={view.clusters[0]?.bytes ?? 1} />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function wrongIn(text: string, [least, most]: [number, number], what: string): string | null {
  const number = Number(text);
  if (text.trim() !== "" && Number.isInteger(number) && number >= least && number <= most) return null;
  return `${what} are a number from ${least.toLocaleString("en")} to ${most.toLocaleString("en")}`;
}

function Keep({ view }: { view: HistoriesView }) {
  const { keeping, usual } = view;
  const [days, setDays] = useState(String(keeping.days));
  const [megabytes, setMegabytes] = useState(String(keeping.megabytes));
  const put = useAct("histories_keep");
  const wrong = wrongIn(days, view.days, "days") ?? wrongIn(megabytes, view.megabytes, "megabytes");
  const same = Number(days) === keeping.days && Number(megabytes) === keeping.megabytes;
  const less = wrong === null && (Number(days) < keeping.days || Number(megabytes) < keeping.megabytes);
  const isUsual = keeping.days === usual.days && keeping.megabytes === usual.megabytes;
  return (
    <form
      className="keep"
      onSubmit={(e) => {
        e.preventDefault();
        if (!wrong && !same) void put.run({ days: Number(days), megabytes: Number(megabytes) });
      }}
    >
      <p className="keep-line">
        <label>
          Keep <input className="field mono keep-number" inputMode="numeric" aria-invalid={wrongIn(days, view.days, "days") !== null} aria-describedby="keep-words" data-testid={testids.keepDays} value={days} onChange={(e) => setDays(e.target.value)} /> days
        </label>
        <label>
          and at most <input className="field mono keep-number" inputMode="numeric" aria-invalid={wrongIn(megabytes, view.megabytes, "megabytes") !== null} aria-describedby="keep-words" data-testid={testids.keepMegabytes} value={megabytes} onChange={(e) => setMegabytes(e.target.value)} /> MB of each cluster
        </label>
        <Button type="submit" testid={testids.keepSet} cannot={put.busy ? "it is being set" : (wrong ?? (same ? "nothing was changed" : null))}>
          Set
        </Button>
        {isUsual ? null : (
          <Button tone="quiet" onClick={() => void put.run(usual)} cannot={put.busy ? "it is being set" : null}>
            Back to {countOf(usual.days, "day")} and {bytesOf(usual.megabytes * 1024 * 1024)}
          </Button>
        )}
      </p>
      <p className="small faint" id="keep-words" data-less={less}>
        {wrong ?? (less ? "What is older, or more, is forgotten soon after you set it; that cannot be taken back." : "What is older, or more, is forgotten; the timeline shows the gap.")} What cases need is never forgotten.
      </p>
      {put.failed ? <Inline failure={put.failed} dismiss={put.dismiss} /> : null}
    </form>
  );
}

const gapSaying = (gap: GapRow) => `${fullOf(gap.from)} to ${fullOf(gap.until)} (${spanOf(gap.until - gap.from)}): ${gap.reason}${gap.dropped > 0 ? `; ${gap.dropped.toLocaleString("en")} ${gap.dropped === 1 ? "observation" : "observations"} gone` : ""}`;

function Kept({ row, most }: { row: HistoryRow; most: number }) {
  const [asking, setAsking] = useState(false);
  const forget = useAct("history_forget");
  const busy = forget.busy ? "it is being forgotten" : null;
  async function act(what: "outdated" | "everything") {
    if (row.cluster && (await forget.run({ cluster: row.cluster, what }))) setAsking(false);
  }
  return (
    <li className="history" data-testid={testids.historyRow} data-name={row.name} data-bytes={row.bytes}>
      <p className="history-name">
        <span className="mono">{row.name}</span>
        {row.open ? <span className="small faint"> open, still growing</span> : null}
      </p>
      <p className="history-size mono small">
        {bytesOf(row.bytes)}
        <meter min={0} max={Math.max(most, 1)} value={row.bytes} aria-label={`Share of the largest: ${row.name}`} />
      </p>
      <p className="small soft history-about">
        {row.span ? (
          <>
            <At time={row.span[0]} /> to <At time={row.span[1]} />
          </>
        ) : (
          "nothing recorded"
        )}
        {row.cases > 0 ? `, ${countOf(row.cases, "case")} rest on it` : ""}
      </p>
      <p className="history-acts">
        {row.cluster && !asking ? (
          <Button tone="quiet" className="small" testid={testids.historyForget} onClick={() => setAsking(true)} cannot={busy}>
            Forget…
          </Button>
        ) : null}
      </p>
      {row.unkept ? (
        <p className="connection-unkept small history-wide" role="alert">
          <strong>Not written to the disk now.</strong> <Words text={row.unkept} />
        </p>
      ) : null}
      {row.problem ? (
        <p className="small history-wide connection-problem">
          <Words text={`${row.problem.what} ${row.problem.why} ${row.problem.hint}`} />
        </p>
      ) : null}
      {row.gaps.length > 0 ? (
        <details className="small history-wide">
          <summary>{countOf(row.gaps.length, "gap")} in what is known</summary>
          <ul className="rules">
            {row.gaps.map((gap) => (
              <li key={`${gap.from} ${gap.until}`}>
                <Words text={gapSaying(gap)} />
              </li>
            ))}
          </ul>
        </details>
      ) : null}
      {asking ? (
        <div className="history-wide history-ask">
          <p className="small">
            What is forgotten of <span className="mono name">{row.name}</span> cannot be brought back. {row.cases > 0 ? "What its cases need stays." : ""} {row.open ? "How the cluster is now stays, too." : ""}
          </p>
          <div className="trust-acts">
            <Button testid={testids.historyForgetOutdated} onClick={() => void act("outdated")} cannot={busy} title="What the days and megabytes above do not keep">
              Forget what is outdated
            </Button>
            <Button testid={testids.historyForgetAll} onClick={() => void act("everything")} cannot={busy}>
              Forget everything
            </Button>
            <Button tone="quiet" onClick={() => setAsking(false)} cannot={busy}>
              Keep it
            </Button>
          </div>
        </div>
      ) : null}
      {forget.failed ? <Inline failure={forget.failed} dismiss={forget.dismiss} /> : null}
    </li>
  );
}
