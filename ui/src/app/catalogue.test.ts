import { expect, it } from "vitest";
import { catalogue } from "./catalogue";

const sources = import.meta.glob<string>("../**/*.tsx", { query: "?raw", import: "default", eager: true });

it("lists every key that a view binds", () => {
  const listed = new Set(catalogue.flatMap(({ keys }) => keys.map(([caps]) => caps)));
  const bound = Object.entries(sources)
    .filter(([file]) => !file.includes(".test."))
    .flatMap(([file, text]) => [...text.matchAll(/\bkeys: "([^"]+)"/g)].map((match) => `${match[1]} (${file})`));
  expect(bound.length).toBeGreaterThan(30);
  expect(bound.filter((one) => !listed.has(one.slice(0, one.lastIndexOf(" ("))))).toEqual([]);
});

it("lists no key twice in one place", () => {
  for (const { where, keys } of catalogue) expect(new Set(keys.map(([caps]) => caps)).size, where).toBe(keys.length);
});
