import { describe, expect, it } from "vitest";
import { emptyBlueprint, fromYaml, lacking, scopeWords, toYaml } from "./draft";

describe("a blueprint being written", () => {
  it("reads back what it wrote", () => {
    const blueprint = { ...emptyBlueprint, name: "cart", scope: { level: "namespace" as const, namespace: "shop" }, notes: "a\nb", odds: [{ failure_mode: "memory-leak", when: "", ratio: 0.5, because: "never seen" }] };
    expect(fromYaml(toYaml(blueprint))).toEqual(blueprint);
  });

  it("names the field it does not know instead of dropping it", () => {
    const read = fromYaml("name: cart\nonwer: me\n");
    expect(read).toBeInstanceOf(Error);
    expect((read as Error).message).toContain("onwer");
    expect(fromYaml("a: [")).toBeInstanceOf(Error);
  });

  it("can be read at every moment of being typed", () => {
    const text = "name: night-shift\nscope: {level: workload, namespace: shop, kind: Deployment, name: cart}\nodds: [{failure_mode: oom, when: '', ratio: 400, because: seen}]\nnotes: x\n";
    for (let i = 0; i <= text.length; i++) {
      const read = fromYaml(text.slice(0, i));
      if (read instanceof Error) continue;
      expect(() => [lacking(read), scopeWords(read.scope), toYaml(read)]).not.toThrow();
    }
    expect(fromYaml("name: 7")).toBeInstanceOf(Error);
    expect(fromYaml("scope: {level: galaxy}")).toBeInstanceOf(Error);
  });

  it("says what is lacking before it is sent", () => {
    expect(lacking(emptyBlueprint)).toBe("it needs a name");
    expect(lacking({ ...emptyBlueprint, name: "x", scope: { level: "namespace", namespace: "" } })).toContain("namespace");
    expect(lacking({ ...emptyBlueprint, name: "x", odds: [{ failure_mode: "oom", when: "", ratio: 0, because: "" }] })).toContain("ratio");
    expect(lacking({ ...emptyBlueprint, name: "x" })).toBeNull();
  });
});
