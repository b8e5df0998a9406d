import { useSyncExternalStore } from "react";
import { objectKey, parseObject } from "../kit/format";
import { isPart, type SettingsPart } from "../settings/parts";
import type { ObjectRef, ObservationId, Time } from "../wire/wire";

/** What of a case is shown: the time, what is chosen, and the panel that is the whole screen. */
export interface Place {
  /** Null is now. */
  time: Time | null;
  /** What the time means: how things were then, or (true) what was known then. */
  known: boolean;
  object: ObjectRef | null;
  evidence: ObservationId | null;
  large: string | null;
}

export const NOWHERE: Place = { time: null, known: false, object: null, evidence: null, large: null };

/** A time that is not now, and what it means. */
export interface Then {
  time: Time;
  known: boolean;
}

/** Where the window is. Kept in the hash, so that every place, time and selection is a link. */
export type Route =
  | { at: "start" }
  | { at: "incidents" }
  | { at: "cluster"; cluster: string; incident: string | null; then?: Then }
  | { at: "connection"; cluster: string }
  | { at: "object"; cluster: string; object: ObjectRef; time: Time | null; known?: true }
  | { at: "cases" }
  | { at: "case"; case: string; place?: Place }
  | { at: "night"; case: string | null }
  | { at: "blueprints"; name: string | null }
  | { at: "library"; entry: string | null }
  | { at: "scenarios"; run: string | null }
  | { at: "settings"; part: SettingsPart | null };

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [head, first, second, third, fourth] = path.split("/").map(decoded);
  switch (head) {
    case "cluster":
      return first ? { at: "cluster", cluster: first, incident: second ?? null, ...thenOf(query) } : { at: "start" };
    case "incidents":
      return { at: "incidents" };
    case "connection":
      return first ? { at: "connection", cluster: first } : { at: "start" };
    case "object": {
      const { then } = thenOf(query);
      const object = { kind: second ?? "", namespace: third ?? "", name: fourth ?? "" };
      return first && second && fourth ? { at: "object", cluster: first, object, time: then?.time ?? null, ...(then?.known ? { known: true } : {}) } : { at: "start" };
    }
    case "cases":
      return { at: "cases" };
    case "case":
      return first ? { at: "case", case: first, place: placeOf(query) } : { at: "cases" };
    case "night":
      return { at: "night", case: first || null };
    case "blueprints":
      return { at: "blueprints", name: first ?? null };
    case "library":
      return { at: "library", entry: first ?? null };
    case "scenarios":
      return { at: "scenarios", run: first || null };
    case "settings":
      return { at: "settings", part: first && isPart(first) ? first : null };
    default:
      return { at: "start" };
  }
}

export function toHash(route: Route): string {
  const e = encodeURIComponent;
  switch (route.at) {
    case "start":
      return "#/";
    case "cluster":
      return `#/cluster/${e(route.cluster)}${route.incident ? `/${e(route.incident)}` : ""}${thenText(route.then)}`;
    case "incidents":
      return "#/incidents";
    case "connection":
      return `#/connection/${e(route.cluster)}`;
    case "object": {
      const { kind, namespace, name } = route.object;
      const then = thenText(route.time === null ? undefined : { time: route.time, known: route.known === true });
      return `#/object/${e(route.cluster)}/${e(kind)}/${e(namespace)}/${e(name)}${then}`;
    }
    case "cases":
      return "#/cases";
    case "case":
      return `#/case/${e(route.case)}${queryOf(route.place ?? NOWHERE)}`;
    case "night":
      return `#/night${route.case ? `/${e(route.case)}` : ""}`;
    case "blueprints":
      return `#/blueprints${route.name ? `/${e(route.name)}` : ""}`;
    case "library":
      return `#/library${route.entry ? `/${e(route.entry)}` : ""}`;
    case "scenarios":
      return `#/scenarios${route.run ? `/${e(route.run)}` : ""}`;
    case "settings":
      return `#/settings${route.part ? `/${e(route.part)}` : ""}`;
  }
}

/** A percent sign that stands for nothing must not stop a link from leading somewhere. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const KNOWN = "known";

function thenOf(query: string): { then?: Then } {
  const words = new URLSearchParams(query);
  const time = timeFrom(words.get("time"));
  return time === null ? {} : { then: { time, known: words.get("by") === KNOWN } };
}

const thenText = (then: Then | undefined): string => (then ? `?time=${timeText(then.time)}${then.known ? `&by=${KNOWN}` : ""}` : "");

function placeOf(query: string): Place {
  const words = new URLSearchParams(query);
  const object = words.get("object");
  return { time: timeFrom(words.get("time")), known: words.get("by") === KNOWN, object: object ? parseObject(object) : null, evidence: words.get("evidence") || null, large: words.get("panel") || null };
}

function queryOf({ time, known, object, evidence, large }: Place): string {
  const said = Object.entries({ time: time === null ? null : timeText(time), by: known ? KNOWN : null, object: object && objectKey(object), evidence, panel: large });
  const words = said.flatMap(([name, value]) => (value ? [`${name}=${encodeURIComponent(value).replaceAll("%2F", "/").replaceAll("%3A", ":")}`] : []));
  return words.length > 0 ? `?${words.join("&")}` : "";
}

/** `2026-11-23T03:14:07.123456Z`: a link says a time as a person can read it, to the microsecond. */
function timeText(time: Time): string {
  const micros = String(((time % 1000) + 1000) % 1000).padStart(3, "0");
  return `${new Date(Math.floor(time / 1000)).toISOString().slice(0, -1)}${micros}Z`;
}

function timeFrom(text: string | null): Time | null {
  const found = /^(.+T\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z$/.exec(text ?? "");
  const seconds = found ? Date.parse(`${found[1]}Z`) : Number.NaN;
  return Number.isNaN(seconds) ? null : seconds * 1000 + Number((found?.[2] ?? "").padEnd(6, "0"));
}

export const SCHEME = "caseboard://";

/** A route as a link that another window, a chat or a ticket can carry. */
export const linkOf = (route: Route): string => SCHEME + toHash(route).replace(/^#\/?/, "");
/** What is shown now. */
export const linkHere = (): string => linkOf(parseRoute(location.hash));

/** The route that a link names; null for what is no link of ours. */
export function followed(link: string): Route | null {
  const text = link.trim();
  if (!text.toLowerCase().startsWith(SCHEME)) return null;
  return parseRoute(`#/${text.slice(SCHEME.length)}`);
}

const listeners = new Set<() => void>();

/** Shows a route at once: the browser tells of a new hash a moment later, and a key pressed in between would act on what is no longer chosen. */
export function go(route: Route): void {
  location.hash = toHash(route);
  for (const listener of [...listeners]) listener();
}

/** Says more exactly where the window already is; going back does not come through here. */
export function stay(route: Route): void {
  history.replaceState(history.state, "", toHash(route));
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("hashchange", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("hashchange", listener);
  };
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return parseRoute(hash);
}
