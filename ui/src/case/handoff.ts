import { linkOf } from "../app/route";
import type { Owner } from "../incidents/owner";
import { changesBefore } from "../incidents/changes";
import { countOf, objectKey, percentOf, spanOf } from "../kit/format";
import { holding } from "../board/Argument";
import type { Author, CaseId, CheckedCitation, Claim, Hypothesis, Incident, ObjectRef, ObservationId, Time, Timeline } from "../wire/wire";
import { type Call, type CaseState, standing, waiting } from "./fold";

/** Of each list so many lines are written; what is left out is counted. */
const MOST = 12;

/**
 * The note for whoever takes over, as Markdown: what is broken, what is believed and why, what was done, what is open. It
 * says nothing that the case does not say; times are UTC, because who reads it may sit elsewhere.
 */
export function handOffNote(id: CaseId, state: CaseState, timeline: Timeline | undefined, now: Time, owners: readonly Owner[] = []): string {
  const { opened } = state;
  if (!opened) return "";
  const cite = citing(state);
  const parts = [
    `# Hand-off: ${plain(opened.title)}`,
    `${dateOf(now)} UTC, from the case on \`${opened.clusterName}\`: ${linkOf({ at: "case", case: id })}`,
    ...about(opened.incidents, now),
    owners.length > 0 ? `Ask ${owners.map(({ owner, blueprint }) => `**${plain(owner)}** (blueprint \`${blueprint}\`)`).join(", ")}.` : "",
    section("Verdict", verdict(state, cite)),
    section("The argument", argued(state, cite)),
    section("What is known", known(opened.incidents, cite)),
    section("What changed just before", changed(opened.incidents, timeline)),
    section("Timeline", story(state, opened.incidents)),
    section("What was done", done(state)),
    section("What is open", open(state)),
    section("Evidence", evidence(state)),
  ];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

const section = (title: string, lines: readonly string[]): string => (lines.length > 0 ? `## ${title}\n\n${lines.join("\n")}` : "");

function few(lines: readonly string[], most = MOST): string[] {
  return lines.length > most ? [...lines.slice(0, most), `- and ${lines.length - most} more`] : [...lines];
}

/** A sentence of the case in one line: nothing in it may begin a heading or a list of the note. */
const plain = (text: string): string => text.replace(/\s+/g, " ").trim();
const named = (object: ObjectRef): string => `\`${objectKey(object)}\``;
const dateOf = (time: Time): string => new Date(time / 1000).toISOString().slice(0, 16).replace("T", " ");
const at = (time: Time): string => new Date(time / 1000).toISOString().slice(11, 16);

function about(incidents: readonly Incident[], now: Time): string[] {
  return incidents.map((incident) => {
    const hit = incident.subjects.slice(0, 6).map(named).join(", ");
    const behind = incident.blast_radius.filter((o) => !incident.subjects.some((s) => objectKey(s) === objectKey(o)));
    const lines = [
      `**${incident.severity}**, ${incident.state}: ${plain(incident.title)}`,
      `- since ${dateOf(incident.started_at)} UTC (${spanOf((incident.ended_at ?? now) - incident.started_at)}${incident.ended_at === null ? " so far" : ", over"})`,
      `- hit: ${hit || "nothing named"}${incident.subjects.length > 6 ? ` and ${incident.subjects.length - 6} more` : ""}`,
      ...(incident.origin ? [`- seems to start at ${named(incident.origin)}`] : []),
      ...(behind.length > 0 ? [`- also depends on it: ${behind.slice(0, 6).map(named).join(", ")}${behind.length > 6 ? ` and ${behind.length - 6} more` : ""}`] : []),
    ];
    return lines.join("\n");
  });
}

/** The numbers by which the window shows pieces of evidence, as `[3]`. */
function citing(state: CaseState): (ids: readonly ObservationId[]) => string {
  return (ids) => {
    const numbers = [...new Set(ids.flatMap((id) => state.numbers.get(id) ?? []))].sort((a, b) => a - b);
    return numbers.length > 0 ? ` [${numbers.slice(0, 6).join(", ")}]` : "";
  };
}

function verdict(state: CaseState, cite: (ids: readonly ObservationId[]) => string): string[] {
  const hypotheses = standing(state);
  const [best, ...others] = hypotheses;
  const lines: string[] = [];
  const conclusion = state.conclusion?.conclusion;
  if (conclusion) {
    lines.push(`${conclusion.abstained ? "The evidence is too thin to name a cause. " : ""}${plain(conclusion.summary)}${best ? cite(best.evidence.map((c) => c.id)) : ""}`);
  } else if (best) {
    lines.push("Not concluded. The most likely cause so far:");
  } else {
    lines.push(state.started ? "Nothing is believed yet; the investigation goes on." : "Nobody has investigated it yet.");
  }
  if (best) lines.push("", ...few([best, ...others].filter((h) => h.probability >= 0.01).map((h) => believed(h, cite)), 4));
  return lines;
}

/** What a model argued: each step with what it rests on; what it cited and is not so is said. */
function argued(state: CaseState, cite: (ids: readonly ObservationId[]) => string): string[] {
  const argument = state.conclusion?.conclusion.argument;
  if (!argument) return [];
  const claim = ({ says, evidence }: Claim, mark: string) => [
    `${mark} ${plain(says)}${cite(evidence.flatMap((c) => (c.holds && c.id ? [c.id] : [])))}${evidence.length === 0 ? " (nothing is cited for this)" : ""}`,
    ...evidence.filter((c) => !c.holds).map((c) => `   - ✕ ${failing(c)}`),
  ];
  return [
    `By ${plain(argument.by)}; ${holding(argument)}.`,
    "",
    ...argument.chain.slice(0, MOST).flatMap((one, i) => claim(one, `${i + 1}.`)),
    ...argument.against.slice(0, MOST).flatMap((one) => claim(one, "- against it:")),
    ...few(argument.settles.map((one) => `- would settle it: ${plain(one)}`), 4),
  ];
}

const failing = ({ label, quote, why }: CheckedCitation): string => `“${plain(quote)}” (${plain(label)}) does not hold${why ? `: ${plain(why)}` : ""}`;

const believed = (h: Hypothesis, cite: (ids: readonly ObservationId[]) => string): string =>
  `- ${percentOf(h.probability)} **${h.failure_mode.replaceAll("-", " ")}** of ${named(h.object)}: ${plain(h.mechanism)}${cite(h.evidence.map((c) => c.id))}${h.against.length > 0 ? `; against it${cite(h.against.map((c) => c.id))}` : ""}`;

function known(incidents: readonly Incident[], cite: (ids: readonly ObservationId[]) => string): string[] {
  return few(incidents.flatMap((incident) => incident.signals.map((s) => `- ${plain(s.title)} (${named(s.subject)}${s.count > 1 ? `, ${s.count} times` : ""}, ${at(s.first_at)}–${at(s.last_at)})${cite(s.evidence)}`)));
}

function changed(incidents: readonly Incident[], timeline: Timeline | undefined): string[] {
  const all = incidents.flatMap((incident) => changesBefore(timeline, incident));
  const once = [...new Map(all.map((c) => [`${c.mark.at} ${c.mark.title}`, c])).values()];
  return few(once.map(({ mark, object }) => `- ${at(mark.at)} ${object ? `${named(object)}: ` : ""}${plain(mark.title)}`));
}

/** The turns of the story: when it began, what was decided, how the belief moved. Calls have their own list. */
function story(state: CaseState, incidents: readonly Incident[]): string[] {
  const turns: [Time, string][] = incidents.map((i) => [i.started_at, `it began: ${plain(i.title)}`]);
  for (const entry of state.entries) {
    if (entry.type === "opened") turns.push([entry.at, `the case was opened by ${who(entry.author)}`]);
    if (entry.type === "said" || entry.type === "noted") turns.push([entry.at, `${who(entry.author)}: ${plain(entry.text)}`]);
    if (entry.type === "stopped") turns.push([entry.at, `the investigation stopped: ${plain(entry.because)}`]);
    if (entry.type === "concluded") turns.push([entry.at, "concluded"]);
    if (entry.type === "moved") {
      const move = state.moves[entry.move];
      const best = move?.hypotheses[0];
      if (move && best) turns.push([entry.at, `${best.failure_mode.replaceAll("-", " ")} at ${percentOf(best.probability)}: ${plain(move.because)}`]);
    }
  }
  for (const call of state.calls.values()) if (changes(call) && call.state.is !== "proposed") turns.push([call.changedAt, `${call.call.tool} ${argumentsOf(call)}: ${became(call)}`]);
  return few(turns.sort((a, b) => a[0] - b[0]).map(([time, text]) => `- ${at(time)} ${text}`), 24);
}

function who(author: Author): string {
  return author.who === "program" ? "the program" : author.who === "rule" ? `rule ${author.rule}` : author.name;
}

const changes = (call: Call): boolean => call.risk === "write" || call.risk === "destructive";
const argumentsOf = (call: Call): string => `\`${Object.entries(call.call.args).map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ").replaceAll("`", "'")}\``;

function became({ state, decidedBy }: Call): string {
  const by = decidedBy ? ` by ${who(decidedBy)}` : "";
  switch (state.is) {
    case "released":
      return `ran, allowed${by}${state.edited ? "; its result was edited before release" : ""}`;
    case "withheld":
      return `ran, allowed${by}; its result was withheld: ${plain(state.reason)}`;
    case "denied":
      return `denied${by}: ${plain(state.reason)}`;
    case "forbidden":
      return `forbidden by ${state.rule}: ${plain(state.because)}`;
    case "failed":
      return `failed: ${plain(state.error)}`;
    case "outcome_unknown":
      return `**outcome unknown**: ${plain(state.because)}`;
    case "interrupted":
    case "withdrawn":
    case "expired":
    case "voided":
      return `${state.is}: ${plain(state.because)}`;
    case "awaiting_decision":
      return "waits for a decision";
    case "awaiting_release":
      return "has run; its result waits for release";
    case "running":
    case "approved":
    case "allowed":
      return "is running";
    case "proposed":
    case "edited":
      return "is being looked at";
  }
}

const isOpen = (call: Call): boolean => ["awaiting_decision", "awaiting_release", "running", "approved", "allowed", "proposed", "edited"].includes(call.state.is);

function done(state: CaseState): string[] {
  const calls = [...state.calls.values()].filter((call) => !isOpen(call));
  const lines = calls.filter((c) => changes(c)).map((call) => `- **${call.call.tool}** ${argumentsOf(call)} ${became(call)}`);
  const reads = calls.filter((c) => !changes(c)).map((call) => `- ${call.call.tool} ${argumentsOf(call)} ${became(call)}`);
  if (calls.length === 0) return ["- Nothing yet."];
  if (lines.length === 0) lines.push("- Nothing was changed in the cluster.");
  return [...lines, ...few(reads)];
}

function open(state: CaseState): string[] {
  const lines = waiting(state).map((call) => `- [ ] ${call.call.tool} ${argumentsOf(call)} ${became(call)}`);
  for (const call of state.calls.values()) if (call.state.is === "outcome_unknown") lines.push(`- [ ] read back what became of ${call.call.tool} ${argumentsOf(call)}`);
  const [best] = standing(state);
  if (best?.fix) {
    lines.push(`- [ ] next: ${plain(best.fix.text)}`);
    lines.push(...best.fix.conditions.map((c) => `  - only if ${plain(c)}`), ...best.fix.never.map((n) => `  - ⊘ ${plain(n)}`));
  }
  if (!state.conclusion) lines.push(...(best?.open_checks ?? []).slice(0, 5).map((c) => `- [ ] not looked at: ${plain(c)}`));
  lines.push(...(state.conclusion?.conclusion.not_checked ?? []).slice(0, 8).map((n) => `- [ ] not checked: ${plain(n.what)} (${plain(n.because)})`));
  return lines.length > 0 ? lines : [`- ${state.started ? "Nothing waits." : "The investigation was not started."}`];
}

/** What the numbers stand for; each piece is in the case under its id. */
function evidence(state: CaseState): string[] {
  const quotes = new Map<ObservationId, string>();
  for (const h of standing(state)) for (const c of [...h.evidence, ...h.against]) if (!quotes.has(c.id)) quotes.set(c.id, plain(c.quote).slice(0, 200));
  const lines = [...state.numbers].filter(([id]) => quotes.has(id)).map(([id, number]) => `- [${number}] “${quotes.get(id)?.replaceAll("`", "'")}” (\`${id}\`)`);
  return lines.length > 20 ? [...lines.slice(0, 20), `- and ${countOf(lines.length - 20, "piece")} more in the case`] : lines;
}
