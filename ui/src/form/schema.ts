/** The part of JSON Schema that tools use for their arguments, read into fields that a form can show. */
export interface Field {
  key: string;
  title: string;
  description: string;
  kind: "text" | "integer" | "number" | "boolean" | "choice" | "list" | "json";
  required: boolean;
  /** Absence is a value of its own (`null`). */
  nullable: boolean;
  choices: string[];
  least: number | null;
  most: number | null;
  usual: unknown;
}

type Schema = Record<string, unknown>;

const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null && !Array.isArray(value);

export function fieldsOf(schema: unknown): Field[] {
  if (!isSchema(schema)) return [];
  const defs = { ...(isSchema(schema["definitions"]) ? schema["definitions"] : {}), ...(isSchema(schema["$defs"]) ? schema["$defs"] : {}) };
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const properties = isSchema(schema["properties"]) ? schema["properties"] : {};
  return Object.entries(properties).map(([key, value]) => fieldOf(key, value, required.includes(key), defs));
}

function resolve(schema: unknown, defs: Schema): Schema {
  if (!isSchema(schema)) return {};
  const reference = schema["$ref"];
  if (typeof reference === "string") {
    const found = defs[reference.split("/").at(-1) ?? ""];
    return { ...resolve(found, defs), ...Object.fromEntries(Object.entries(schema).filter(([k]) => k !== "$ref")) };
  }
  return schema;
}

function fieldOf(key: string, raw: unknown, required: boolean, defs: Schema): Field {
  let schema = resolve(raw, defs);
  let nullable = false;
  for (const word of ["anyOf", "oneOf", "allOf"] as const) {
    const options = schema[word];
    if (!Array.isArray(options)) continue;
    const rest = options.map((o) => resolve(o, defs)).filter((o) => o["type"] !== "null");
    nullable ||= rest.length < options.length;
    const consts = rest.map((o) => o["const"]).filter((c) => typeof c === "string");
    if (consts.length === rest.length && rest.length > 1) schema = { ...schema, type: "string", enum: consts };
    else if (rest.length === 1) schema = { ...rest[0], ...Object.fromEntries(Object.entries(schema).filter(([k]) => k !== word)) };
  }
  const types = Array.isArray(schema["type"]) ? schema["type"] : [schema["type"]];
  nullable ||= types.includes("null");
  const type = types.find((t) => t !== "null");
  const choices = Array.isArray(schema["enum"]) ? schema["enum"].filter((c): c is string => typeof c === "string") : [];
  const items = resolve(schema["items"], defs);
  return {
    key,
    title: typeof schema["title"] === "string" ? schema["title"] : key,
    description: typeof schema["description"] === "string" ? schema["description"] : "",
    kind: choices.length ? "choice" : type === "string" ? "text" : type === "integer" ? "integer" : type === "number" ? "number" : type === "boolean" ? "boolean" : type === "array" && items["type"] === "string" ? "list" : "json",
    required,
    nullable,
    choices,
    least: typeof schema["minimum"] === "number" ? schema["minimum"] : null,
    most: typeof schema["maximum"] === "number" ? schema["maximum"] : null,
    usual: schema["default"],
  };
}

/** A value as the field shows it. */
export function shownValue(field: Field, value: unknown): string {
  if (value === undefined || value === null) return "";
  if (field.kind === "list" && Array.isArray(value)) return value.join("\n");
  if (field.kind === "json") return JSON.stringify(value);
  return String(value);
}

/** What was typed, as a value; `undefined` takes the argument out, an Error says what is wrong with it. */
export function typedValue(field: Field, text: string): unknown {
  const plain = text.trim();
  if (plain === "") return field.required ? new Error("It must be given.") : undefined;
  switch (field.kind) {
    case "integer":
    case "number": {
      const number = Number(plain);
      if (!Number.isFinite(number)) return new Error("It must be a number.");
      if (field.kind === "integer" && !Number.isInteger(number)) return new Error("It must be a whole number.");
      if (field.least !== null && number < field.least) return new Error(`It must be ${field.least} or more.`);
      if (field.most !== null && number > field.most) return new Error(`It must be ${field.most} or less.`);
      return number;
    }
    case "boolean":
      return plain === "true";
    case "list":
      return plain.split(/\n|,/).map((s) => s.trim()).filter(Boolean);
    case "json":
      try {
        return JSON.parse(plain) as unknown;
      } catch (error) {
        return new Error(`It is not JSON: ${error instanceof Error ? error.message : String(error)}`);
      }
    case "choice":
      return field.choices.includes(plain) ? plain : new Error(`It must be one of ${field.choices.join(", ")}.`);
    case "text":
      return plain;
  }
}

/** What is wrong with arguments that came as JSON, by argument; unknown names are named too. */
export function mistakes(fields: readonly Field[], args: Record<string, unknown>): Record<string, string> {
  const out: Record<string, string> = {};
  for (const field of fields) {
    const value = args[field.key];
    if (value === undefined || value === null) {
      if (field.required) out[field.key] = "It must be given.";
      continue;
    }
    const wrong =
      (field.kind === "text" && typeof value !== "string") ||
      (field.kind === "boolean" && typeof value !== "boolean") ||
      ((field.kind === "integer" || field.kind === "number") && typeof value !== "number") ||
      (field.kind === "list" && !Array.isArray(value));
    const typed = wrong ? new Error(`It must be ${field.kind === "list" ? "a list" : `a ${field.kind}`}.`) : typedValue(field, shownValue(field, value));
    if (typed instanceof Error) out[field.key] = typed.message;
  }
  const known = new Set(fields.map((f) => f.key));
  for (const key of Object.keys(args)) if (fields.length > 0 && !known.has(key)) out[key] = "The tool has no such argument.";
  return out;
}
