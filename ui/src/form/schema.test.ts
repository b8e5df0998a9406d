import { describe, expect, it } from "vitest";
import { fieldsOf, mistakes, typedValue } from "./schema";

const schema = {
  type: "object",
  required: ["namespace", "mode"],
  properties: {
    namespace: { type: "string", description: "Where." },
    pod: { type: ["string", "null"] },
    tail: { type: "integer", minimum: 1, maximum: 5000, default: 200 },
    previous: { type: "boolean" },
    mode: { $ref: "#/$defs/Mode" },
    port: { anyOf: [{ type: "integer", minimum: 1 }, { type: "null" }] },
    level: { oneOf: [{ const: "warn" }, { const: "error" }] },
    only: { type: "array", items: { type: "string" } },
    filter: { type: "object" },
  },
  $defs: { Mode: { type: "string", enum: ["fast", "slow"] } },
};
const fields = fieldsOf(schema);
const field = (key: string) => fields.find((f) => f.key === key)!;

describe("the form of a call's arguments", () => {
  it("knows each kind of argument that a tool can have", () => {
    expect(Object.fromEntries(fields.map((f) => [f.key, f.kind]))).toEqual({
      namespace: "text",
      pod: "text",
      tail: "integer",
      previous: "boolean",
      mode: "choice",
      port: "integer",
      level: "choice",
      only: "list",
      filter: "json",
    });
    expect(field("mode").required).toBe(true);
    expect(field("pod").nullable).toBe(true);
    expect(field("port").nullable).toBe(true);
    expect(field("level").choices).toEqual(["warn", "error"]);
  });

  it("reads what was typed and refuses what the tool would refuse", () => {
    expect(typedValue(field("tail"), "500")).toBe(500);
    expect(typedValue(field("tail"), "9000")).toBeInstanceOf(Error);
    expect(typedValue(field("tail"), "1.5")).toBeInstanceOf(Error);
    expect(typedValue(field("namespace"), " ")).toBeInstanceOf(Error);
    expect(typedValue(field("pod"), "")).toBeUndefined();
    expect(typedValue(field("only"), "a, b\nc")).toEqual(["a", "b", "c"]);
    expect(typedValue(field("filter"), "{broken")).toBeInstanceOf(Error);
  });

  it("finds the same mistakes in JSON, and names that the tool does not have", () => {
    expect(mistakes(fields, { namespace: "shop", mode: "fast", tail: 10 })).toEqual({});
    expect(Object.keys(mistakes(fields, { namespace: 7, mode: "odd", tial: 10 })).sort()).toEqual(["mode", "namespace", "tial"]);
  });

  it("makes no form of what is no schema", () => {
    expect(fieldsOf(true)).toEqual([]);
    expect(fieldsOf(null)).toEqual([]);
  });
});
