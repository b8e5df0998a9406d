import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { HostProvider, newQueryClient } from "../ipc";
import { CommandFailed, type CommandName, type Host, type Request } from "../platform/host";
import { recordedHost } from "../platform/recorded";
import { demo } from "../platform/recordings/demo";
import { CASE } from "../platform/recordings/demo/case";
import { CLUSTER } from "../platform/recordings/demo/names";
import { App } from "./App";

const e = encodeURIComponent;
/** Where each read command is shown. */
const places: [CommandName, string][] = [
  ["clusters_list", "#/"],
  ["clusters_list", "#/incidents"],
  ["triage_get", `#/cluster/${e(CLUSTER)}`],
  ["back_ends_list", `#/connection/${e(CLUSTER)}`],
  ["writes_get", `#/connection/${e(CLUSTER)}`],
  ["cases_list", "#/cases"],
  ["case_get", `#/case/${e(CASE)}`],
  ["timeline_get", `#/case/${e(CASE)}`],
  ["graph_get", `#/case/${e(CASE)}`],
  ["blueprints_list", "#/blueprints"],
  ["knowledge_list", "#/library"],
  ["sources_list", "#/settings/sources"],
  ["histories_get", "#/settings/history"],
  ["trust_list", "#/settings/logins"],
  ["tools_list", "#/settings/calls"],
  ["about", "#/settings/about"],
];

function show(hash: string, wrong: CommandName, answer: () => Promise<never>) {
  const inner = recordedHost(demo, 0);
  const host: Host = {
    ...inner,
    call<N extends CommandName>(name: N, request: Request<N>) {
      return name === wrong ? answer() : inner.call(name, request);
    },
  };
  location.hash = hash;
  render(
    <QueryClientProvider client={newQueryClient()}>
      <HostProvider value={host}>
        <App />
      </HostProvider>
    </QueryClientProvider>,
  );
}

beforeEach(() => {
  Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, get: () => 700 });
});

describe.each(places)("where %s is shown, at %s,", (command, hash) => {
  it("a failure is told with what to do", async () => {
    show(hash, command, () => Promise.reject(new CommandFailed({ code: "failed", title: "The file `x.db` is damaged.", hint: "Open another one." })));
    await waitFor(() => expect(document.querySelector("main")?.textContent).toContain("Open another one."), { timeout: 10_000 });
    expect(screen.queryAllByTestId(/picture-failed|inline-failed/).length).toBeGreaterThan(0);
  });
});

describe.each(places.filter(([command]) => command !== "writes_get" && command !== "timeline_get"))("where %s is shown, at %s,", (command, hash) => {
  it("what has not come yet is not told to be nothing", async () => {
    show(hash, command, () => new Promise(() => {}));
    await waitFor(() => expect(document.querySelector('main [role="status"]')).toBeTruthy(), { timeout: 10_000 });
    expect(screen.queryByTestId("picture-empty")).toBeNull();
    expect(screen.queryByTestId("picture-healthy")).toBeNull();
  });
});
