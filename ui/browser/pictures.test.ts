// @vitest-environment node
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Site } from "./chromium";
import { compare, lettering, small, type Difference } from "./picture";
import { decide, decisions, overlays, readyBefore, views } from "./views";

/**
 * Every view in both themes, as it was approved. `CASEBOARD_APPROVE=1 npx vitest run browser/pictures.test.ts` writes the
 * pictures anew; look at what changed before it is committed.
 */
const folder = join(import.meta.dirname, "approved");
const approving = Boolean(process.env["CASEBOARD_APPROVE"]);
/** Letters may be drawn a little differently by another Chromium; a moved, missing or recoloured part covers more than this share of the blocks. */
const MOST = 0.003;

const slugOf = (name: string) => name.replaceAll(/[^a-z0-9]+/gi, "-").toLowerCase();

let site: Site;
let blank: Page;
/** Why nothing can be compared here; null where it can. */
let differs: string | null = null;
beforeAll(async () => {
  site = await Site.open();
  blank = await site.blank();
  const page = await site.still("dark");
  const drawn = await lettering(page);
  await page.close();
  const known = join(folder, "lettering.json");
  if (approving) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(known, `${JSON.stringify(drawn, null, 1)}\n`);
  } else if (!existsSync(known)) differs = "no picture was approved yet";
  else {
    const before = JSON.parse(readFileSync(known, "utf8")) as Record<string, number>;
    const other = Object.keys(before).filter((text) => Math.abs((before[text] ?? 0) - (drawn[text] ?? 0)) > 0.5);
    if (other.length > 0) differs = `the fonts of this machine are others: ${other.join(", ")} is drawn in another width`;
  }
}, 120_000);
afterAll(() => site?.close());

describe.each(["dark", "light"] as const)("in the %s theme", (theme) => {
  let page: Page;
  beforeAll(async () => {
    page = await site.still(theme);
    await page.waitForSelector('[data-testid="fleet-row"]');
  });
  afterAll(() => page.close());

  async function look(name: string, page: Page) {
    // Canvases draw in the next frame, lists measure themselves in the one after.
    await page.evaluate(() => document.fonts.ready.then(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))));
    await page.waitForTimeout(250);
    await page.mouse.move(0, 0);
    const shot = await page.screenshot({ animations: "disabled", caret: "hide" });
    const path = join(folder, theme, `${slugOf(name)}.webp`);
    if (approving) {
      mkdirSync(join(folder, theme), { recursive: true });
      writeFileSync(path, await small(blank, shot));
      return;
    }
    expect(existsSync(path), `${path} was not approved yet`).toBe(true);
    const difference: Difference = await compare(blank, readFileSync(path), shot);
    if (difference.share > MOST) {
      const seen = join(tmpdir(), `caseboard-${theme}-${slugOf(name)}.png`);
      writeFileSync(seen, shot);
      expect.fail(`${name} looks different in ${(difference.share * 100).toFixed(1)} % of its parts, first around ${difference.at.join(", ")}. Approved: ${path}; now: ${seen}`);
    }
  }

  it.for(views)("%s looks as it was approved", async ([name, hash, there], { skip }) => {
    skip(differs !== null, differs ?? "");
    await page.evaluate((to) => (location.hash = to), hash);
    await page.waitForSelector(`[data-testid="${there}"]`);
    await look(name, page);
  });

  it.for(decisions)("%s looks as it was approved", async ([name, keys, there], { skip }) => {
    skip(differs !== null, differs ?? "");
    // A question that was answered is gone: each begins in a window of its own.
    const fresh = await site.still(theme);
    await fresh.waitForSelector('[data-testid="fleet-row"]');
    await decide(fresh, keys, there);
    await look(name, fresh);
    await fresh.close();
  });

  it.for(overlays)("%s looks as it was approved", async ([name, hash, keys, there], { skip }) => {
    skip(differs !== null, differs ?? "");
    await page.evaluate((to) => (location.hash = to), hash);
    await page.waitForSelector(`[data-testid="${readyBefore(hash)}"]`);
    await page.keyboard.press(keys);
    await page.waitForSelector(`[data-testid="${there}"]`);
    await look(name, page);
    await page.keyboard.press("Escape");
    await page.waitForSelector(`[data-testid="${there}"]`, { state: "detached" });
  });
});

it("a part that is gone is noticed, and letters that are drawn a little heavier are not", async () => {
  const page = await site.still("dark");
  await page.waitForSelector('[data-testid="fleet-row"]');
  await page.waitForTimeout(300);
  const before = await small(blank, await page.screenshot());
  await page.addStyleTag({ url: "data:text/css,body{-webkit-text-stroke:0.2px}" }).catch(() => page.evaluate(() => void (document.body.style.webkitTextStroke = "0.2px")));
  expect((await compare(blank, before, await page.screenshot())).share).toBeLessThan(MOST);
  await page.evaluate(() => document.querySelector('[data-testid="rail"]')?.remove());
  expect((await compare(blank, before, await page.screenshot())).share).toBeGreaterThan(MOST);
  await page.close();
});
