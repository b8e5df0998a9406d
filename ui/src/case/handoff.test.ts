import { describe, expect, it } from "vitest";
import { arguedCase, finishedCase, openCase } from "../platform/recordings/demo/case";
import { timeline } from "../platform/recordings/demo/timeline";
import type { CaseEvent, Time } from "../wire/wire";
import { foldCase } from "./fold";
import { handOffNote } from "./handoff";

const now = (finishedCase.events.at(-1)?.at ?? 0) + 60e6;
const noteOf = (events: readonly CaseEvent[], until: Time | null = null) => handOffNote("0193", foldCase(events, until), timeline, now);
const sectionOf = (note: string, title: string) => note.split("\n## ").find((part) => part.startsWith(title)) ?? "";

describe("the hand-off note of a concluded case", () => {
  const note = noteOf(finishedCase.events);

  it("says what is broken, since when, and where the case is", () => {
    expect(note).toMatch(/^# Hand-off: `cart` is killed for memory again and again/);
    expect(note).toContain("caseboard://case/0193");
    expect(note).toMatch(/\*\*critical\*\*, open: .*\n- since \d{4}-\d\d-\d\d \d\d:\d\d UTC \(\d+ min so far\)/);
    expect(note).toContain("`Deployment/shop/cart`");
  });

  it("says the verdict with the numbers of its evidence, and what each number stands for", () => {
    const verdict = sectionOf(note, "Verdict");
    expect(verdict).toContain("The memory limit of `cart` was halved");
    const [, numbers = ""] = /behind it\. \[([\d, ]+)\]/.exec(verdict) ?? [];
    expect(numbers).not.toBe("");
    for (const number of numbers.split(", ")) expect(sectionOf(note, "Evidence")).toContain(`[${number}] “`);
  });

  it("says what changed just before", () => {
    expect(sectionOf(note, "What changed just before")).toMatch(/- \d\d:\d\d `Deployment\/shop\/cart`: /);
  });

  it("says what was done, and that nothing was changed", () => {
    const done = sectionOf(note, "What was done");
    expect(done).toContain("Nothing was changed in the cluster.");
    expect(done).toContain("- logs `namespace=shop workload=cart previous=true tail=200` ran, allowed by you");
  });

  it("says the next safe step with its conditions, and what was not checked", () => {
    const open = sectionOf(note, "What is open");
    expect(open).toContain("- [ ] next: Put the memory limit of `cart` back to 512Mi");
    expect(open).toContain("only if nothing else in 2.8.1 is needed tonight");
    expect(open).toContain("⊘ Do not restart the pods one by one");
    expect(open).toContain("not checked: Network policies");
  });
});

it("says what a model argued, and what it cited that is not so", () => {
  const argument = sectionOf(noteOf(arguedCase.events), "The argument");
  expect(argument).toContain("1 of 5 citations does not hold");
  expect(argument).toMatch(/1\. Generation 42 halved the limit of `cart`\. \[\d+\]/);
  expect(argument).toContain("   - ✕ “MemoryPressure” (e9) does not hold: nothing that was shown is called e9");
  expect(argument).toContain("- against it: A leak would climb");
  expect(sectionOf(noteOf(finishedCase.events), "The argument")).toBe("");
});

it("says of a case that nobody investigated that nothing is known of the cause", () => {
  const note = noteOf(openCase.events);
  expect(sectionOf(note, "Verdict")).toContain("Nobody has investigated it yet.");
  expect(sectionOf(note, "What was done")).toContain("Nothing yet.");
});

it("says as of a moment only what was known then", () => {
  const asked = finishedCase.events.find((e) => e.fact.type === "call" && e.fact.step.step === "asked");
  const note = noteOf(finishedCase.events, asked?.at ?? 0);
  expect(sectionOf(note, "Verdict")).toContain("Not concluded.");
  expect(sectionOf(note, "What is open")).toContain("- [ ] logs `namespace=shop workload=cart previous=true tail=200` waits for a decision");
  expect(note).not.toContain("was halved to 256Mi");
});

it("lets no text of a cluster begin a heading or a list", () => {
  const said: CaseEvent = { case: "0193", seq: 2, at: now, author: { who: "engineer", name: "you" }, fact: { type: "noted", text: "first\n# second\n- third" } };
  expect(noteOf([...openCase.events, said])).toContain("you: first # second - third");
});
