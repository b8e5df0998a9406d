import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { Propose } from "../case/Propose";
import { BeforeSending } from "../conversation/BeforeSending";
import { useMarking } from "../graph/marking";
import { CommandFailed } from "../platform";
import { CASE } from "../platform/recordings/demo/case";
import { testids } from "../testids";
import { listening, mount, show } from "../testing/show";
import type { GraphView } from "../wire/wire";

const person = userEvent.setup();
const failure = new CommandFailed({ code: "failed", title: "It could not be read.", hint: "Try again." });
const failing = (...names: string[]) => listening(undefined, (name) => (names.includes(name) ? Promise.reject(failure) : undefined));

it("a search that failed does not say that nothing was found, and neither does one that goes on", async () => {
  let answer: () => void = () => undefined;
  const held = new Promise<void>((done) => (answer = done));
  let fails = true;
  show("#/library", listening(undefined, (name) => (name !== "knowledge_search" ? undefined : fails ? Promise.reject(failure) : held)));
  await person.type(await screen.findByTestId(testids.librarySearch, {}, { timeout: 20_000 }), "zz");
  expect((await screen.findByTestId("inline-failed")).textContent).toContain("It could not be read.");
  fails = false;
  await person.click(screen.getByText("Search again"));
  await person.type(screen.getByTestId(testids.librarySearch), "zz");
  expect(screen.queryByText("Nothing says that.")).toBeNull();
  answer();
  await screen.findByText("Nothing says that.");
});

it("whether the first request waits is asked again where it could not be read", async () => {
  mount(<BeforeSending caseId={CASE} model="house" />, failing("case_leaves"));
  expect((await screen.findByTestId("inline-failed")).textContent).toContain("It could not be read.");
  expect(screen.getByText("Look again")).toBeTruthy();
});

it("tools that could not be read do not load for ever", async () => {
  mount(<Propose caseId={CASE} object={null} close={() => undefined} />, failing("tools_list"));
  expect((await screen.findByTestId("picture-failed")).textContent).toContain("It could not be read.");
});

it("the other time of a graph that could not be read is not being read for ever", async () => {
  const view = { layout: { nodes: [{ object: { kind: "Pod", namespace: "a", name: "b" } }], edges: [], hidden: 0 }, states: [] } as unknown as GraphView;
  function Marked() {
    const { mark, says } = useMarking(view, [{ kind: "Pod", namespace: "a", name: "b" }], null, { time: 1, set: () => undefined, choices: [], view: undefined, failed: failure });
    return <button onClick={() => mark("changes")}>{says || "mark"}</button>;
  }
  mount(<Marked />);
  await person.click(screen.getByText("mark"));
  await waitFor(() => expect(screen.getByRole("button").textContent).toContain("It could not be read."));
});
