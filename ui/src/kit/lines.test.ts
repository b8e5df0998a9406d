import { describe, expect, it } from "vitest";
import { diffArgs, diffLines, readUnified } from "./lines";

describe("differences", () => {
  it("keeps what is the same and shows what went and what came", () => {
    expect(diffLines("a\nb\nc", "a\nx\nc")).toEqual([
      { kind: "same", text: "a" },
      { kind: "removed", text: "b" },
      { kind: "added", text: "x" },
      { kind: "same", text: "c" },
    ]);
  });

  it("can be put together again into both texts", () => {
    const before = "one\ntwo\nthree\nfour\n";
    const after = "zero\none\nthree\n\nfour";
    const lines = diffLines(before, after);
    expect(lines.filter((l) => l.kind !== "added").map((l) => l.text).join("\n")).toBe(before);
    expect(lines.filter((l) => l.kind !== "removed").map((l) => l.text).join("\n")).toBe(after);
  });

  it("reads a unified diff", () => {
    expect(readUnified("--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n same\n").map((l) => l.kind)).toEqual(["head", "removed", "added", "same"]);
  });

  it("names the arguments that differ and takes null and absent for the same", () => {
    expect(diffArgs({ tail: 200, pod: null, a: [1] }, { tail: 500, a: [1], b: true })).toEqual([
      { key: "b", before: undefined, after: true },
      { key: "tail", before: 200, after: 500 },
    ]);
  });
});
