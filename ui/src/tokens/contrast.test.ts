// @vitest-environment node
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const [tokens, night] = ["tokens.css", "../night/night.css"].map((file) => readFileSync(join(import.meta.dirname, file), "utf8")) as [string, string];

/** The colours of a block of the style sheet, by their names. */
function block(css: string, selector: string): Map<string, [number, number, number]> {
  const from = css.indexOf(selector);
  const inside = css.slice(css.indexOf("{", from), css.indexOf("}", from));
  return new Map([...inside.matchAll(/--([a-z0-9-]+):\s*#([0-9a-f]{6})/gi)].map(([, name = "", hex = ""]) => [name, [0, 2, 4].map((i) => Number.parseInt(hex.slice(i, i + 2), 16)) as [number, number, number]]));
}

/** The relative luminance of WCAG 2. */
function luminance(colour: readonly number[]): number {
  const [r = 0, g = 0, b = 0] = colour.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const contrast = (a: readonly number[], b: readonly number[]): number => {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
};

const palettes = [
  ["the dark theme", block(tokens, ':root,\n[data-theme="dark"]')],
  ["the light theme", block(tokens, '[data-theme="light"] {')],
  ["the 3 a.m. mode", block(night, ":root[data-night]")],
] as const;

/** On which grounds letters and signs stand, on the page and on the canvases, which no other check sees. */
const pairs: [front: string[], grounds: string[], least: number][] = [
  [["text", "text-2", "text-3", "ink"], ["ground", "panel", "raised", "well", "chosen"], 4.5],
  [["critical", "major", "minor", "info", "decide"], ["ground", "panel", "raised"], 3],
  [["on-ink"], ["ink"], 4.5],
  [["on-decide"], ["decide"], 4.5],
];

describe.each(palettes)("%s", (_, colours) => {
  it("has the contrast of WCAG's AA between what is read and what it stands on", () => {
    const poor: string[] = [];
    for (const [fronts, grounds, least] of pairs) {
      for (const front of fronts) {
        for (const ground of grounds) {
          const [a, b] = [colours.get(front), colours.get(ground)];
          if (!a || !b) poor.push(`${front} or ${ground} is no colour`);
          else if (contrast(a, b) < least) poor.push(`${front} on ${ground}: ${contrast(a, b).toFixed(2)}`);
        }
      }
    }
    expect(poor).toEqual([]);
  });
});

it("black and white are as far from each other as can be", () => {
  expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21, 5);
});
