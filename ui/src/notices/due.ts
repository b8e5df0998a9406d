import { toHash } from "../app/route";
import { countOf, objectKey } from "../kit/format";
import type { Incident, Severity } from "../wire/wire";
import type { Choice } from "./choice";
import { isQuiet } from "./quiet";

/** An open incident, where it is. */
export interface Open {
  incident: Incident;
  cluster: string;
  clusterName: string;
}

export interface Notice {
  /** What it is about: it is said once. */
  about: string;
  title: string;
  body: string;
  /** Where a click on it leads. */
  place: string;
}

export interface Due {
  notices: Notice[];
  /** What is told by these, in every window: see [`tellings`]. */
  told: string[];
  /** Of those that were there when this window first looked: no news to it, but perhaps to another one. */
  old: string[];
}

/** More than this at a time are said in one notice. */
const MOST = 3;

const rank: Record<Severity, number> = { info: 0, minor: 1, major: 2, critical: 3 };

/**
 * What an incident is about, as acknowledgements see it: its signals, each with its subject. The id is made of all of them
 * and moves when one more joins; these stay.
 */
function aboutOf({ cluster, incident }: Open): string[] {
  const about = incident.signals.length > 0 ? incident.signals.map((s) => `${s.name} ${objectKey(s.subject)}`) : [...incident.subjects.map(objectKey), incident.id].slice(0, Math.max(incident.subjects.length, 1));
  return [...new Set(about)].sort().map((one) => `${cluster} ${one}`);
}

/** What is kept of an incident that was told: each signal, with how bad it was called. */
export const tellings = (one: Open): string[] => aboutOf(one).map((about) => `${about}@${rank[one.incident.severity]}`);

/** How bad each signal was called when it was told. */
function toldAs(known: ReadonlySet<string>): Map<string, number> {
  const as = new Map<string, number>();
  for (const telling of known) {
    const at = telling.lastIndexOf("@");
    const [about, was] = [telling.slice(0, at), Number(telling.slice(at + 1))];
    if (at > 0) as.set(about, Math.max(as.get(about) ?? 0, was));
  }
  return as;
}

const plain = (text: string): string => text.replaceAll("`", "").replace(/\s+/g, " ").trim();

/**
 * What the desktop is to be told now. What was there when a cluster was first looked at (`looked` does not have it yet) is
 * no news; of each incident is told once, and once more when it gets worse; in quiet hours nothing is, and what is still
 * open when they end is told then. `known` has what earlier tellings left.
 */
export function due(open: readonly Open[], known: ReadonlySet<string>, looked: ReadonlySet<string>, choice: Choice, minute: number): Due {
  const as = toldAs(known);
  const before = (one: Open) => Math.max(-1, ...aboutOf(one).map((about) => as.get(about) ?? -1));
  const fresh = open.filter((one) => rank[one.incident.severity] > before(one));
  const old = fresh.filter((one) => !looked.has(one.cluster)).flatMap(tellings);
  if (!choice.told || (choice.quiet?.on && isQuiet(choice.quiet, minute))) return { notices: [], told: [], old };
  const news = fresh.filter(({ cluster, incident }) => looked.has(cluster) && rank[incident.severity] >= rank[choice.from] && (incident.state === "open" || incident.state === "reopened"));
  const told = news.flatMap(tellings);
  if (news.length === 0) return { notices: [], told, old };
  if (news.length > MOST) {
    const clusters = [...new Set(news.map((one) => one.clusterName))];
    const body = `${clusters.slice(0, 3).join(", ")}${clusters.length > 3 ? ` and ${clusters.length - 3} more` : ""}: ${plain(news[0]?.incident.title ?? "")}, …`;
    const worse = news.filter((one) => before(one) >= 0).length;
    const title = worse === 0 ? countOf(news.length, "new incident") : worse === news.length ? `${countOf(worse, "incident")} got worse` : `${countOf(news.length, "incident")} new or worse`;
    return { notices: [{ about: news.map((one) => tellings(one)[0]).join(" "), title, body, place: toHash({ at: "incidents" }) }], told, old };
  }
  return { notices: news.map((one) => ({ about: tellings(one)[0] ?? one.incident.id, title: titleOf(one, before(one) >= 0), body: plain(one.incident.title), place: toHash({ at: "cluster", cluster: one.cluster, incident: one.incident.id }) })), told, old };
}

function titleOf({ incident, clusterName }: Open, worse: boolean): string {
  if (worse) return `An incident in ${clusterName} got worse: it is ${incident.severity} now`;
  return `${incident.severity === "critical" ? "Critical" : "Major"} incident in ${clusterName}`;
}
