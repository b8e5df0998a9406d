import { useSyncExternalStore } from "react";
import { isPart, type SettingsPart } from "../settings/parts";

/** Where the window is. Kept in the hash, so that every place, time and selection is a link. */
export type Route =
  | { at: "start" }
  | { at: "incidents" }
  | { at: "cluster"; cluster: string; incident: string | null }
  | { at: "connection"; cluster: string }
  | { at: "cases" }
  | { at: "case"; case: string }
  | { at: "blueprints"; name: string | null }
  | { at: "library"; entry: string | null }
  | { at: "settings"; part: SettingsPart | null };

export function parseRoute(hash: string): Route {
  const [path = ""] = hash.replace(/^#\/?/, "").split("?");
  const [head, first, second] = path.split("/").map(decodeURIComponent);
  switch (head) {
    case "cluster":
      return first ? { at: "cluster", cluster: first, incident: second ?? null } : { at: "start" };
    case "incidents":
      return { at: "incidents" };
    case "connection":
      return first ? { at: "connection", cluster: first } : { at: "start" };
    case "cases":
      return { at: "cases" };
    case "case":
      return first ? { at: "case", case: first } : { at: "cases" };
    case "blueprints":
      return { at: "blueprints", name: first ?? null };
    case "library":
      return { at: "library", entry: first ?? null };
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
      return `#/cluster/${e(route.cluster)}${route.incident ? `/${e(route.incident)}` : ""}`;
    case "incidents":
      return "#/incidents";
    case "connection":
      return `#/connection/${e(route.cluster)}`;
    case "cases":
      return "#/cases";
    case "case":
      return `#/case/${e(route.case)}`;
    case "blueprints":
      return `#/blueprints${route.name ? `/${e(route.name)}` : ""}`;
    case "library":
      return `#/library${route.entry ? `/${e(route.entry)}` : ""}`;
    case "settings":
      return `#/settings${route.part ? `/${e(route.part)}` : ""}`;
  }
}

const listeners = new Set<() => void>();

/** Shows a route at once: the browser tells of a new hash a moment later, and a key pressed in between would act on what is no longer chosen. */
export function go(route: Route): void {
  location.hash = toHash(route);
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
