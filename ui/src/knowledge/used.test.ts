import { expect, it } from "vitest";
import { finishedCase, openCase } from "../platform/recordings/demo/case";
import type { CaseEvent } from "../wire/wire";
import { useOf } from "./used";

it("says in which cases a failure mode was believed, and in which it decided", () => {
  const moved = finishedCase.events.findLast((e) => e.fact.type === "hypotheses_moved");
  const hypotheses = moved?.fact.type === "hypotheses_moved" ? moved.fact.hypotheses : [];
  const sorted = [...hypotheses].sort((a, b) => b.probability - a.probability);
  expect(useOf(finishedCase, "failure-mode", sorted[0]?.failure_mode ?? "")).toMatchObject({ decided: true });
  expect(useOf(finishedCase, "failure-mode", sorted[1]?.failure_mode ?? "")).toMatchObject({ decided: false });
  expect(useOf(finishedCase, "failure-mode", "node-not-ready")).toBeNull();
  expect(useOf(openCase, "failure-mode", sorted[0]?.failure_mode ?? "")).toBeNull();
});

it("finds a blueprint by its whole name alone", () => {
  const events = structuredClone(finishedCase.events) as CaseEvent[];
  const moved = events.findLast((e) => e.fact.type === "hypotheses_moved");
  if (moved?.fact.type === "hypotheses_moved" && moved.fact.hypotheses[0]) moved.fact.hypotheses[0].evidence.push({ id: "obs:x", quote: "blueprint `cart` v3: seen here every week" });
  expect(useOf({ ...finishedCase, events }, "blueprint", "cart")?.words).toMatch(/^v3/);
  expect(useOf({ ...finishedCase, events }, "blueprint", "car")).toBeNull();
  expect(useOf(finishedCase, "blueprint", "cart")).toBeNull();
});
