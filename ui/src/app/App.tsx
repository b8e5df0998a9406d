import type { UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";
import { Blueprints } from "../knowledge/Blueprints";
import { LibraryView } from "../knowledge/Library";
import { CaseScreen } from "../case/CaseScreen";
import { Cases } from "../cases/Cases";
import { Connection } from "../connection/Connection";
import { Fleet } from "../fleet/Fleet";
import { isOpen } from "../fleet/phase";
import { Rail } from "../fleet/Rail";
import { AllIncidents } from "../incidents/AllIncidents";
import { Incidents } from "../incidents/Incidents";
import { ObjectScreen } from "../object/ObjectScreen";
import { Scenarios } from "../scenarios/Scenarios";
import { Settings } from "../settings/Settings";
import { useAnswer, useUpdates } from "../ipc";
import { Boundary } from "../kit/boundary";
import type { CommandFailed } from "../platform";
import { copy } from "../kit/copy";
import { objectKey } from "../kit/format";
import { ToldLine } from "../kit/told";
import { useChoice } from "../notices/choice";
import { Watch } from "../notices/Watch";
import { Night } from "../night/Night";
import { testids } from "../testids";
import { chooseTheme, useTheme } from "../tokens/theme";
import type { ClusterRow } from "../wire/wire";
import { Help } from "./Help";
import { useKeyboard, useKeys } from "./keys";
import { useRememberOpen } from "../fleet/lastOpen";
import { Palette } from "./Palette";
import { useOpenBeside } from "./beside";
import { useSayShown } from "./shown";
import { go, linkHere, type Route, useRoute } from "./route";
import { Spoken } from "./Spoken";
import "./app.css";

export function App() {
  useUpdates();
  useKeyboard();
  const route = useRoute();
  const theme = useTheme();
  const clusters = useAnswer("clusters_list", {});
  useRememberOpen(clusters.data ?? []);
  useSayShown(clusters.data !== undefined || clusters.error !== null);
  const [overlay, setOverlay] = useState<"help" | "palette" | null>(null);
  const [rail, setRail] = useState(true);
  const wide = route.at !== "case" && rail;
  const night = route.at === "night";
  const notices = useChoice();
  const openBeside = useOpenBeside();
  const last = lastCluster(route, clusters.data ?? []);

  useKeys([
    { keys: "?", title: "Show every key", group: "Window", run: () => setOverlay("help") },
    { keys: "mod+k", title: "Find a command or a place", group: "Window", run: () => setOverlay("palette") },
    { keys: "/", title: "Search clusters", group: "Window", run: () => searchClusters(route) },
    { keys: "[", title: "Fold or unfold the rail", group: "Window", run: () => setRail(!rail) },
    { keys: "g f", title: "Go to the clusters", group: "Go", run: () => go({ at: "start" }) },
    { keys: "g i", title: "Go to the incidents of the cluster", group: "Go", run: () => go(last ? { at: "cluster", cluster: last, incident: null } : { at: "incidents" }) },
    { keys: "g a", title: "Go to the incidents of all open clusters", group: "Go", run: () => go({ at: "incidents" }) },
    { keys: "g c", title: "Go to cases", group: "Go", run: () => go({ at: "cases" }) },
    { keys: "g b", title: "Go to blueprints", group: "Go", run: () => go({ at: "blueprints", name: null }) },
    { keys: "g l", title: "Go to the library", group: "Go", run: () => go({ at: "library", entry: null }) },
    { keys: "g e", title: "Go to the scenarios", group: "Go", run: () => go({ at: "scenarios", run: null }) },
    { keys: "g s", title: "Go to the settings", group: "Go", run: () => go({ at: "settings", part: null }) },
    { keys: "mod+,", title: "Go to the settings", group: "Window", run: () => go({ at: "settings", part: null }) },
    { keys: "shift+w", title: "Open what is shown in a window of its own", group: "Window", run: () => openBeside(location.hash || "#/") },
    { keys: "y", title: "Copy a link to what is shown", group: "Window", run: () => void copy(linkHere(), "The link") },
    { keys: "alt+ArrowLeft", title: "Back", group: "Go", run: () => history.back() },
    { keys: "alt+ArrowRight", title: "Forward", group: "Go", run: () => history.forward() },
    ...(night ? [] : [{ keys: "m", title: "3 a.m. mode: only what matters now, large, in low light", group: "Window", run: () => go({ at: "night", case: route.at === "case" ? route.case : null }) }]),
    { keys: "shift+l", title: `Switch to the ${theme === "dark" ? "light" : "dark"} theme`, group: "Window", run: () => chooseTheme(theme === "dark" ? "light" : "dark") },
  ]);

  return (
    <div className="app" data-rail={night ? "none" : wide ? "wide" : "narrow"}>
      <a
        className="skip"
        href="#main"
        onClick={(event) => {
          // The address says where the window is; only the focus goes.
          event.preventDefault();
          document.querySelector<HTMLElement>("main")?.focus();
        }}
      >
        Skip to the content
      </a>
      {night ? null : <Rail route={route} clusters={clusters} wide={wide} cluster={last} onHelp={() => setOverlay("help")} />}
      <main className="app-main" tabIndex={-1}>
        <Boundary key={route.at} what="This view">
          <Screen route={route} clusters={clusters} />
        </Boundary>
      </main>
      {notices.told || notices.tray ? <Watch choice={notices} /> : null}
      <Spoken route={route} />
      <ToldLine />
      {overlay === "help" ? <Help close={() => setOverlay(null)} /> : null}
      {overlay === "palette" ? <Palette clusters={clusters.data ?? []} close={() => setOverlay(null)} /> : null}
    </div>
  );
}

function Screen({ route, clusters }: { route: Route; clusters: UseQueryResult<ClusterRow[], CommandFailed> }) {
  switch (route.at) {
    case "start":
      return <Fleet clusters={clusters} />;
    case "cluster":
      return <Incidents key={route.cluster} cluster={route.cluster} chosen={route.incident} then={route.then ?? null} />;
    case "incidents":
      return <AllIncidents />;
    case "connection":
      return <Connection key={route.cluster} cluster={route.cluster} />;
    case "object":
      return <ObjectScreen key={`${route.cluster} ${objectKey(route.object)}`} cluster={route.cluster} object={route.object} time={route.time} known={route.known ?? false} />;
    case "cases":
      return <Cases />;
    case "case":
      return <CaseScreen key={route.case} id={route.case} />;
    case "night":
      return <Night id={route.case} />;
    case "blueprints":
      return <Blueprints name={route.name} />;
    case "library":
      return <LibraryView chosen={route.entry} />;
    case "scenarios":
      return <Scenarios run={route.run} />;
    case "settings":
      return <Settings part={route.part} />;
  }
}

/** The search stands in the fleet: wherever the window is, it is one key away. */
function searchClusters(route: Route) {
  const focus = () => document.querySelector<HTMLInputElement>(`[data-testid=${testids.clusterSearch}]`)?.focus();
  if (route.at === "start") return focus();
  go({ at: "start" });
  // The view is there after the hash was heard and drawn.
  setTimeout(() => requestAnimationFrame(focus), 0);
}

let remembered: string | null = null;

/** The cluster that "incidents" leads to: the one shown last, else the first that is open. */
function lastCluster(route: Route, rows: readonly ClusterRow[]): string | null {
  if (route.at === "cluster" || route.at === "connection" || route.at === "object") remembered = route.cluster;
  return remembered ?? rows.find((r) => isOpen(r.state.phase))?.id ?? null;
}
