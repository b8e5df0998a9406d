import { useCallback, useMemo, useState } from "react";
import { flushSync } from "react-dom";
import { Board } from "../board/Board";
import { useKeys } from "../app/keys";
import { Conversation } from "../conversation/Conversation";
import { askedOf, Dock } from "../conversation/Dock";
import { DRAWN, Graph } from "../graph/Graph";
import { Inspector } from "../inspector/Inspector";
import { useAnswer } from "../ipc";
import { Score } from "../scenarios/Score";
import { asOf, Button, clockOf, EvidenceProvider, Failed, KnownProvider, Loading, homeOf, objectKey, parseObject, sameObject } from "../kit";
import { useThrottled } from "../kit/settled";
import { testids } from "../testids";
import { neighbour, pictureOf, timesOf } from "../timeline/marks";
import { useLanes } from "../timeline/lanes";
import { Timeline } from "../timeline/Timeline";
import type { CaseView, ObjectRef, ObservationId, Time } from "../wire/wire";
import { BranchFrom } from "./BranchFrom";
import { CaseBar } from "./CaseBar";
import { Compare } from "./Compare";
import { useCaseEvidence } from "./evidence";
import { foldCase } from "./fold";
import { HandOff } from "./HandOff";
import { Leaves } from "./Leaves";
import { Panel, type PanelName } from "./Panel";
import { usePlace } from "./place";
import { Propose } from "./Propose";
import { subjectsOf } from "./subjects";
import "./case.css";

/** One case: time above, what hangs together and what we believe in the middle, the conversation at the side. */
export function CaseScreen({ id }: { id: string }) {
  const answer = useAnswer("case_get", { case: id });
  if (answer.error) return <Failed failure={answer.error} retry={() => void answer.refetch()} />;
  if (!answer.data) return <Loading what="Opening the case…" rows={8} />;
  return <Opened view={answer.data} />;
}

const panels: readonly PanelName[] = ["timeline", "graph", "board", "conversation"];

function Opened({ view }: { view: CaseView }) {
  const { cluster, events } = view;
  const [place, move] = usePlace(view.case);
  const { time, object, known } = place;
  const large = panels.find((name) => name === place.large) ?? null;
  const setTime = (next: Time | null) => move({ time: next });
  const setLarge = (next: PanelName | null) => move({ large: next });
  const [proposing, setProposing] = useState(false);
  const [handingOff, setHandingOff] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const [branching, setBranching] = useState<number | null>(null);
  const [comparing, setComparing] = useState(false);
  const [lists, setLists] = useState<ReadonlySet<PanelName>>(new Set());

  const setKnown = (next: boolean) => move({ known: next });

  const then = useThrottled(time, 70);

  const now = useMemo(() => foldCase(events), [events]);
  const shown = useMemo(() => (time === null ? now : foldCase(events, time)), [events, time, now]);
  const subjects = useMemo(() => subjectsOf(view), [view]);
  const timeline = useAnswer("timeline_get", { cluster, objects: subjects }, { keepLast: true });
  const [most, setMost] = useState(DRAWN);
  const graph = useAnswer("graph_get", { cluster, objects: subjects, ...asOf(then, known), hops: 2, most }, { keepLast: true });
  const [against, setAgainst] = useState<Time | null>(null);
  const other = useAnswer("graph_get", { cluster, objects: subjects, ...asOf(against, known), hops: 2, most }, { enabled: against !== null });
  const began = now.opened?.incidents[0]?.started_at ?? null;
  const choices: [string, Time][] = began === null ? [] : [["just before it began", began - 60e6], ["an hour before", began - 3600e6], ["a day before", began - 86_400e6]];
  const evidence = useCaseEvidence(
    cluster,
    now,
    place.evidence,
    useCallback((id: ObservationId | null) => move({ evidence: id, object: null }), [move]),
    then,
    known,
  );
  const by = known ? "known_at" : "at";
  const picture = useMemo(() => pictureOf(timeline.data, events, evidence.learnt, by), [timeline.data, events, evidence.learnt, by]);
  const times = useMemo(() => timesOf(timeline.data, picture, now), [timeline.data, picture, now]);
  const lanes = useLanes(cluster, now.opened?.incidents);
  // What was read from a pod is shown at the workload that stands for it.
  const atNodes = useMemo(() => {
    const keys = new Set((graph.data?.layout.nodes ?? []).map((n) => objectKey(n.object)));
    const map = new Map<string, ObservationId[]>();
    for (const [key, all] of evidence.byObject) {
      const ids = all.filter((id) => !evidence.value.later?.has(id));
      if (ids.length === 0) continue;
      const object = parseObject(key);
      const home = object ? homeOf(object, keys) : null;
      if (home) map.set(home, [...new Set([...(map.get(home) ?? []), ...ids])]);
    }
    return map;
  }, [graph.data, evidence.byObject, evidence.value.later]);
  const asked = askedOf(now);
  const choose = (next: ObjectRef | null) => move({ evidence: null, object: sameObject(object, next) ? null : next });
  const step = (direction: 1 | -1) => {
    const next = neighbour(picture, time ?? Number.MAX_SAFE_INTEGER, direction);
    if (next !== null) setTime(next);
    else if (direction === 1) setTime(null);
  };
  const toggleList = (name: PanelName) => {
    const next = new Set(lists);
    if (!next.delete(name)) next.add(name);
    setLists(next);
  };
  const focusPanel = (name: PanelName) => {
    // What is hidden takes no focus.
    if (large !== null && large !== name) flushSync(() => setLarge(null));
    const first = name === "timeline" ? "[data-testid=scrubber]" : `[data-panel=${name}] [tabindex="0"], [data-panel=${name}] button`;
    document.querySelector<HTMLElement>(first)?.focus();
  };

  useKeys([
    { keys: ",", title: "To the moment before", group: "Time", run: () => step(-1) },
    { keys: ".", title: "To the next moment", group: "Time", run: () => step(1), cannot: time === null ? "the screen shows now" : null },
    { keys: "0", title: "Back to now", group: "Time", run: () => setTime(null), cannot: time === null ? "the screen shows now" : null },
    { keys: "1", title: "To the scrubber", group: "Panels", run: () => focusPanel("timeline") },
    { keys: "2", title: "To the graph", group: "Panels", run: () => focusPanel("graph") },
    { keys: "3", title: "To the hypotheses", group: "Panels", run: () => focusPanel("board") },
    { keys: "4", title: "To the conversation", group: "Panels", run: () => focusPanel("conversation") },
    ...panels.map((name, i) => ({ keys: `z ${i + 1}`, title: `${large === name ? "Shrink" : "Enlarge"} the ${name}`, group: "Panels", run: () => setLarge(large === name ? null : name) })),
    { keys: "h", title: "Write the hand-off note", group: "Case", run: () => setHandingOff(true) },
    { keys: "p", title: "Propose a call of your own", group: "Case", run: () => setProposing(true) },
    { keys: "l", title: "Show what left this machine", group: "Case", run: () => setLeaving(true) },
    { keys: "f", title: "Branch from what is shown", group: "Case", run: () => setBranching(shown.lastSeq), cannot: shown.lastSeq > 0 ? null : "the case had not been opened yet" },
    { keys: "c", title: "Compare with another case", group: "Case", run: () => setComparing(true) },
    { keys: "v t", title: "Timeline as a list, and back", group: "Panels", run: () => toggleList("timeline") },
    { keys: "v k", title: known ? "Everything by when it happened" : "Everything by when it was known", group: "Time", run: () => setKnown(!known) },
    { keys: "v l", title: "Lanes per object, owner, namespace, incident", group: "Panels", run: lanes.next },
    { keys: "v s", title: lanes.props.shut.size > 0 ? "Open all groups of lanes" : "Shut all groups of lanes", group: "Panels", run: () => lanes.shutAll(picture), cannot: lanes.props.by === "object" ? "each object has its own lane" : null },
    { keys: "v g", title: "Graph as a list, and back", group: "Panels", run: () => toggleList("graph") },
  ]);

  const panel = (name: PanelName) => ({ name, large: large === name, onLarge: () => setLarge(large === name ? null : name), hidden: large !== null && large !== name });
  // A drawer over the board, or over the one panel that is shown.
  const drawerIn = large ?? "board";
  const drawer = (
    <Inspector object={object} at={then} onObject={choose} onTime={setTime} onPropose={() => setProposing(true)} close={() => move({ evidence: null, object: null })} />
  );
  return (
    <EvidenceProvider value={evidence.value}>
      <KnownProvider value={known}>
      <div className="case" data-testid={testids.caseScreen} data-id={view.case} data-large={large ?? "none"} data-scrubbed={time !== null} data-by={known ? "known" : "happened"}>
        <CaseBar view={view} state={now} time={time} setTime={setTime} then={then} known={known} setKnown={setKnown} propose={() => setProposing(true)} handOff={() => setHandingOff(true)} />
        {asked && large !== null && large !== "conversation" ? (
          <p className="case-asks" role="status" data-testid={testids.caseAsks} data-call={asked.id}>
            <span className="dock-diamond" aria-hidden="true" />
            <span>
              <strong className="mono">{asked.call.tool}</strong> {asked.state.is === "awaiting_decision" ? "waits for your decision" : "has a result that waits for release"}
            </span>
            <Button hint="4" onClick={() => focusPanel("conversation")}>
              Show it
            </Button>
          </p>
        ) : null}
        <Panel {...panel("timeline")} title="Timeline" note={
            <button type="button" className="link timeline-by" aria-pressed={known} data-testid={testids.timelineBy} data-by={by} title="What the axis and the whole screen go by: when it happened, or when it was known here (V K)" onClick={() => setKnown(!known)}>
              {by === "at" ? "happened" : "known"}
            </button>
          } list={lists.has("timeline")} onList={() => toggleList("timeline")} bare>
          {timeline.error && !timeline.data ? (
            <Failed failure={timeline.error} retry={() => void timeline.refetch()} />
          ) : (
            <Timeline picture={picture} {...lanes.props} times={times} time={time} setTime={setTime} object={object} setObject={choose} cited={evidence.cited} began={began} list={lists.has("timeline")} loading={timeline.isFetching} />
          )}
          {drawerIn === "timeline" ? drawer : null}
        </Panel>
        <Panel {...panel("graph")} title="What depends on what" list={lists.has("graph")} onList={() => toggleList("graph")}>
          <Graph view={graph.data} failed={graph.error} retry={() => void graph.refetch()} more={() => setMost(most + DRAWN)} focus={subjects} object={object} setObject={choose} evidence={atNodes} list={lists.has("graph")} against={{ time: against, set: setAgainst, choices, view: against === null ? undefined : other.data, failed: against === null ? null : other.error }} />
          {drawerIn === "graph" ? drawer : null}
        </Panel>
        <Panel {...panel("board")} title="Hypotheses">
          <Board state={shown} onObject={choose}>
            {shown.conclusion ? <Score id={view.case} /> : null}
          </Board>
          {drawerIn === "board" ? drawer : null}
        </Panel>
        <Panel {...panel("conversation")} title="Conversation" note={time === null ? null : <span className="until" data-testid={testids.conversationUntil}>{known ? "what was known" : "up to"} {known ? `at ${clockOf(time)}` : clockOf(time)}, later words are hidden</span>}>
          <Conversation caseId={view.case} state={shown} time={time} asked={asked?.id ?? null} onLeaves={() => setLeaving(true)} onBranch={setBranching} />
          <Dock view={view} state={now} time={time} />
          {drawerIn === "conversation" ? drawer : null}
        </Panel>
        {proposing ? <Propose caseId={view.case} object={object} close={() => setProposing(false)} /> : null}
        {branching !== null ? <BranchFrom caseId={view.case} at={branching} of={now.lastSeq} close={() => setBranching(null)} /> : null}
        {comparing ? <Compare caseId={view.case} cluster={cluster} close={() => setComparing(false)} /> : null}
        {leaving ? <Leaves caseId={view.case} lead={now.lead} close={() => setLeaving(false)} /> : null}
        {handingOff ? <HandOff view={view} state={shown} timeline={timeline.data} close={() => setHandingOff(false)} /> : null}
      </div>
      </KnownProvider>
    </EvidenceProvider>
  );
}
