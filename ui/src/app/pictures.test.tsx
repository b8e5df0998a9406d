import { screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { CommandFailed, type CommandName } from "../platform/host";
import { CASE } from "../platform/recordings/demo/case";
import { CLUSTER } from "../platform/recordings/demo/names";
import { listening, show } from "../testing/show";

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
  ["policy_get", "#/settings/calls"],
  ["pseudonyms_get", "#/settings/calls"],
  ["object_get", `#/object/${e(CLUSTER)}/Deployment/shop/cart`],
  ["graph_get", `#/object/${e(CLUSTER)}/Deployment/shop/cart`],
  ["scenarios_list", "#/scenarios"],
  ["evals_get", "#/scenarios"],
  ["run_get", "#/scenarios"],
  ["models_list", "#/settings/models"],
  ["about", "#/settings/about"],
];

const showWith = (hash: string, wrong: CommandName, answer: () => Promise<never>) => show(hash, listening(undefined, (name) => (name === wrong ? answer() : undefined)));

beforeEach(() => {
  Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, get: () => 700 });
});

describe.each(places)("where %s is shown, at %s,", (command, hash) => {
  it("a failure is told with what to do", async () => {
    showWith(hash, command, () => Promise.reject(new CommandFailed({ code: "failed", title: "The file `x.db` is damaged.", hint: "Open another one." })));
    await waitFor(() => expect(document.querySelector("main")?.textContent).toContain("Open another one."), { timeout: 10_000 });
    expect(screen.queryAllByTestId(/picture-failed|inline-failed/).length).toBeGreaterThan(0);
  });
});

describe.each(places.filter(([command]) => command !== "writes_get" && command !== "timeline_get"))("where %s is shown, at %s,", (command, hash) => {
  it("what has not come yet is not told to be nothing", async () => {
    showWith(hash, command, () => new Promise(() => {}));
    await waitFor(() => expect(document.querySelector('main [role="status"]')).toBeTruthy(), { timeout: 10_000 });
    expect(screen.queryByTestId("picture-empty")).toBeNull();
    expect(screen.queryByTestId("picture-healthy")).toBeNull();
  });
});
