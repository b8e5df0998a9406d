import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { emptyRule, fits, lacking, ruleText } from "./rule";

const NOW = Date.parse("2026-11-24T03:00:00Z");
const logs = { ...emptyRule, name: "logs of the shop", tools: "logs, events", namespaces: "shop", clusters: "staging-*", uses: "50", because: "the sale: until it is over", testTool: "logs", testCluster: "staging-1", testArgs: '{"namespace": "shop", "pod": "cart-0"}' };

describe("a rule that is written", () => {
  it("is what a file of rules reads", () => {
    expect(parse(ruleText(logs, true))).toEqual({
      rules: [{ name: "logs of the shop", does: "allow", tools: ["logs", "events"], clusters: ["staging-*"], namespaces: ["shop"], uses: 50, because: "the sale: until it is over", tests: [{ tool: "logs", cluster: "staging-1", args: { namespace: "shop", pod: "cart-0" }, gives: "allow" }] }],
    });
  });

  it("can be put at the end of a file that is there", () => {
    const both = parse(`rules:\n  - name: before\n    does: ask\n${ruleText(logs, false)}`) as { rules: { name: string }[] };
    expect(both.rules.map(({ name }) => name)).toEqual(["before", "logs of the shop"]);
  });

  it("counts uses only where it allows something", () => {
    expect(ruleText({ ...logs, does: "forbid" }, true)).not.toContain("uses");
    expect(lacking({ ...logs, uses: "0" }, [], NOW)).toContain("above 0");
    expect(lacking({ ...logs, does: "forbid", uses: "0" }, [], NOW)).toBeNull();
  });

  it("says what it lacks, and is not taken for one before it has it", () => {
    expect(lacking(logs, [], NOW)).toBeNull();
    expect(lacking({ ...logs, name: " " }, [], NOW)).toContain("name");
    expect(lacking(logs, ["logs of the shop"], NOW)).toContain("already");
    expect(lacking({ ...logs, because: "" }, [], NOW)).toContain("why");
    expect(lacking({ ...logs, testTool: "" }, [], NOW)).toContain("test");
    expect(lacking({ ...logs, testTool: "delete_pod" }, [], NOW)).toContain("does not cover");
    expect(lacking({ ...logs, testCluster: "prod" }, [], NOW)).toContain("does not cover");
    expect(lacking({ ...logs, testArgs: '{"namespace": "bank"}' }, [], NOW)).toContain("does not cover");
    expect(lacking({ ...logs, testArgs: "[1]" }, [], NOW)).toContain("JSON");
    expect(lacking({ ...logs, until: "2026-11-23T00:00" }, [], NOW)).toContain("ended");
  });

  it("covers by patterns in which only the star means something", () => {
    expect([fits("", "any"), fits("mcp.*", "mcp.grafana"), fits("a.c", "abc"), fits("x, *-1", "staging-1")]).toEqual([true, true, false, true]);
  });
});
