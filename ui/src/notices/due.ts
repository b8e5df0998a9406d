import { toHash } from "../app/route";
import { countOf } from "../kit/format";
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
  /** Incidents that are told by these, in every window. */
  told: string[];
  /** Those that were there when this window first looked: no news to it, but perhaps to another one. */
  old: string[];
}

/** More than this at a time are said in one notice. */
const MOST = 3;

const rank: Record<Severity, number> = { info: 0, minor: 1, major: 2, critical: 3 };

export const keyOf = ({ cluster, incident }: Open): string => `${cluster} ${incident.id}`;

const plain = (text: string): string => text.replaceAll("`", "").replace(/\s+/g, " ").trim();

/**
 * What the desktop is to be told now. What was there when a cluster was first looked at (`looked` does not have it yet) is
 * no news; of each incident is told once; in quiet hours nothing is, and what is still open when they end is told then.
 */
export function due(open: readonly Open[], known: ReadonlySet<string>, looked: ReadonlySet<string>, choice: Choice, minute: number): Due {
  const fresh = open.filter((one) => !known.has(keyOf(one)));
  const old = fresh.filter((one) => !looked.has(one.cluster)).map(keyOf);
  if (!choice.told || (choice.quiet?.on && isQuiet(choice.quiet, minute))) return { notices: [], told: [], old };
  const news = fresh.filter(({ cluster, incident }) => looked.has(cluster) && rank[incident.severity] >= rank[choice.from] && (incident.state === "open" || incident.state === "reopened"));
  const told = news.map(keyOf);
  if (news.length === 0) return { notices: [], told, old };
  if (news.length > MOST) {
    const clusters = [...new Set(news.map((one) => one.clusterName))];
    const body = `${clusters.slice(0, 3).join(", ")}${clusters.length > 3 ? ` and ${clusters.length - 3} more` : ""}: ${plain(news[0]?.incident.title ?? "")}, …`;
    return { notices: [{ about: news.map(keyOf).join(" "), title: `${countOf(news.length, "new incident")}`, body, place: toHash({ at: "incidents" }) }], told, old };
  }
  return { notices: news.map((one) => ({ about: keyOf(one), title: `${one.incident.severity === "critical" ? "Critical" : "Major"} incident in ${one.clusterName}`, body: plain(one.incident.title), place: toHash({ at: "cluster", cluster: one.cluster, incident: one.incident.id }) })), told, old };
}
