import { describe, expect, it } from "vitest";
import { closedRow } from "../platform/rows";
import type { ClusterRow } from "../wire/wire";
import { atHand, clustersOf, linesOf, pathParts, step } from "./list";

function row(name: string, rest: Partial<ClusterRow> = {}, phase: ClusterRow["state"]["phase"] = "closed"): ClusterRow {
  const made = closedRow(name, { server: "https://10.0.0.1:6443", ...rest }, { phase });
  return { ...made, id: `${made.source}#${name}` };
}
const names = (lines: ReturnType<typeof linesOf>) => lines.map((l) => (l.is === "source" ? `[${l.source}]` : l.row.name));
const none = new Set<string>();

describe("the fleet's lines", () => {
  it("groups contexts by their file and tells same-named ones apart", () => {
    const lines = linesOf([row("dev", { source: "/b" }), row("prod"), row("dev")], "", "all", none);
    expect(names(lines)).toEqual(["[/b]", "dev", "[/home/o/.kube/config]", "dev", "prod"]);
    expect(lines.filter((l) => l.is === "cluster" && l.twin)).toHaveLength(2);
  });

  it("finds a context by any words of its name, its server or its file", () => {
    const rows = [row("eu-1", { server: "https://shop.example" }), row("eu-2"), row("us-1", { source: "/shop/config" })];
    expect(names(linesOf(rows, "shop", "all", none))).toEqual(["[/home/o/.kube/config]", "eu-1", "[/shop/config]", "us-1"]);
    expect(clustersOf(linesOf(rows, "shop us", "all", none)).map((r) => r.name)).toEqual(["us-1"]);
  });

  it("keeps its order when a cluster comes alive, so that nothing moves under the pointer", () => {
    const before = names(linesOf([row("a"), row("b")], "", "all", none));
    expect(names(linesOf([row("a"), row("b", {}, "live")], "", "all", none))).toEqual(before);
  });

  it("counts names as people do", () => {
    expect(names(linesOf([row("edge-10"), row("edge-9")], "", "all", none)).slice(1)).toEqual(["edge-9", "edge-10"]);
  });

  it("unfolds a folded file while something is searched for", () => {
    const folded = new Set(["/home/o/.kube/config"]);
    expect(names(linesOf([row("a")], "", "all", folded))).toEqual(["[/home/o/.kube/config]"]);
    expect(names(linesOf([row("a")], "a", "all", folded))).toEqual(["[/home/o/.kube/config]", "a"]);
  });

  it("shows only what is open, or only what is in trouble", () => {
    const rows = [row("a"), row("b", {}, "live"), row("c", {}, "failed"), row("d", { open_incidents: 2 }, "live")];
    expect(clustersOf(linesOf(rows, "", "open", none)).map((r) => r.name)).toEqual(["b", "c", "d"]);
    expect(clustersOf(linesOf(rows, "", "trouble", none)).map((r) => r.name)).toEqual(["c", "d"]);
  });

  it("moves the cursor over clusters only and stops at both ends", () => {
    const lines = linesOf([row("a"), row("b", { source: "/z" })], "", "all", none);
    const first = step(lines, null, 1);
    expect(first).toBe("/home/o/.kube/config#a");
    expect(step(lines, first, 1)).toBe("/z#b");
    expect(step(lines, "/z#b", 1)).toBe("/z#b");
    expect(step([], null, 1)).toBeNull();
  });

  it("finds a few among five hundred contexts in forty files", () => {
    const rows = Array.from({ length: 500 }, (_, i) => row(`ctx-${i}`, { source: `/f/${i % 40}` }));
    expect(clustersOf(linesOf(rows, "ctx-49", "all", none))).toHaveLength(11);
  });
});

describe("the rail", () => {
  it("lists everything while there is little, and what is at hand when there is much", () => {
    const many = Array.from({ length: 40 }, (_, i) => row(`c-${i}`));
    expect(atHand([...many.slice(0, 5)])).toHaveLength(5);
    const kept = atHand([...many, row("on", {}, "live"), row("play", { kind: "playground" })]);
    expect(kept.map((r) => r.name)).toEqual(["on", "play"]);
  });
});

it("splits a path before its last part", () => {
  expect(pathParts("/home/o/.kube/config")).toEqual({ folder: "/home/o/.kube/", name: "config" });
  expect(pathParts("pasted")).toEqual({ folder: "", name: "pasted" });
});
