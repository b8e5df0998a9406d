import { useEffect, useState } from "react";
import { testids } from "../testids";
import type { Route } from "./route";

/** What stands in `main` is there, and has its name, a moment after the address changed. */
const THERE_MS = 250;

/** What makes another view of a route; a time, a selection and a large panel do not. */
function viewOf(route: Route): string {
  switch (route.at) {
    case "cluster":
    case "connection":
      return `${route.at} ${route.cluster}`;
    case "object":
      return `object ${route.cluster} ${route.object.kind} ${route.object.namespace} ${route.object.name}`;
    case "case":
    case "night":
      return `${route.at} ${route.case ?? ""}`;
    case "settings":
      return `settings ${route.part ?? ""}`;
    default:
      return route.at;
  }
}

/** Names the window after what it shows, and says it to those who do not see that the view is another one. */
export function Spoken({ route }: { route: Route }) {
  const [said, say] = useState("");
  const view = viewOf(route);
  useEffect(() => {
    const timer = setTimeout(() => {
      const main = document.querySelector("main");
      const name = [main?.querySelector("h1")?.textContent, view.startsWith("settings") ? main?.querySelector("h2")?.textContent : null].filter(Boolean).join(", ").replace(/\s+/g, " ").trim();
      document.title = name ? `${name} · Caseboard` : "Caseboard";
      say(name);
    }, THERE_MS);
    return () => clearTimeout(timer);
  }, [view]);
  return (
    <p className="unseen" role="status" aria-live="polite" data-testid={testids.spoken}>
      {said}
    </p>
  );
}
