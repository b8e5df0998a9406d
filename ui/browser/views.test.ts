// @vitest-environment node
import axe from "axe-core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Site } from "./chromium";
import { FINISHED } from "../src/platform/recordings/demo/case";
import { CLUSTER } from "../src/platform/recordings/demo/names";
import { decide, decisions, overlays, readyBefore, views } from "./views";

let site: Site;
beforeAll(async () => {
  site = await Site.open();
}, 120_000);
afterAll(() => site?.close());

const shown = (page: Page, testid: string) => page.waitForSelector(`[data-testid="${testid}"]`);

/** What axe finds serious, each with the first place where it is so. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const axe = (window as unknown as { axe: typeof import("axe-core") }).axe;
    return (await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] })).violations;
  });
  return found.filter((one) => one.impact === "serious" || one.impact === "critical").map((one) => `${one.id}: ${one.help}; ${one.nodes.length} × ${one.nodes[0]?.html.slice(0, 160)} ${one.nodes[0]?.failureSummary?.split("\n")[1]?.trim() ?? ""}`);
}

describe.each(["dark", "light"] as const)("in the %s theme", (theme) => {
  let page: Page;
  beforeAll(async () => {
    page = await site.page("/", theme);
    await shown(page, "fleet-row");
  });
  afterAll(() => page.close());

  it.each(views)("%s has no serious finding", async (_, hash, there) => {
    await page.evaluate((to) => (location.hash = to), hash);
    await shown(page, there);
    expect(await findings(page)).toEqual([]);
  });

  it.each(overlays)("%s has no serious finding", async (_, hash, keys, there) => {
    await page.evaluate((to) => (location.hash = to), hash);
    await shown(page, readyBefore(hash));
    await page.keyboard.press(keys);
    await shown(page, there);
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.waitForSelector(`[data-testid="${there}"]`, { state: "detached" });
  });
});

describe.each(["dark", "light"] as const)("what unfolds, in the %s theme,", (theme) => {
  it.each([
    ["a rule that is written", "/settings/calls", '[data-testid="rule-writer"] summary', "rule-text"],
    ["a model that is changed", "/settings/models", '[data-testid="model-change"]', "model-form"],
  ])("%s has no serious finding", async (_, hash, opens, there) => {
    const page = await site.page(hash, theme);
    await page.click(opens);
    await shown(page, there);
    expect(await findings(page)).toEqual([]);
    await page.close();
  });

  it("a draft that was left is offered, and has no serious finding", async () => {
    const page = await site.page("/blueprints/cart", theme);
    await page.fill('[data-field="owner"]', "team-night");
    await page.evaluate(() => (location.hash = "/cases"));
    await shown(page, "case-row");
    await page.evaluate(() => (location.hash = "/blueprints/cart"));
    await shown(page, "draft-offer");
    expect(await findings(page)).toEqual([]);
    await page.click('[data-testid="draft-take"]');
    expect(await page.inputValue('[data-field="owner"]')).toBe("team-night");
    await page.close();
  });
});

describe.each(["dark", "light"] as const)("what is asked, in the %s theme,", (theme) => {
  it.each(decisions)("%s has no serious finding", async (_, keys, there) => {
    const page = await site.page("/", theme);
    await shown(page, "fleet-row");
    await decide(page, keys, there);
    expect(await findings(page)).toEqual([]);
    await page.close();
  });
});

describe("for those who hear the window", () => {
  let page: Page;
  beforeAll(async () => {
    page = await site.page("/");
    await shown(page, "fleet-row");
  });
  afterAll(() => page.close());

  it.each(views)("%s has one heading of its own, and the window is named after it", async (_, hash, there) => {
    await page.evaluate((to) => (location.hash = to), hash);
    await shown(page, there);
    const headings = await page.$$eval("main h1", (all) => all.map((one) => one.textContent?.replace(/\s+/g, " ").trim() ?? ""));
    expect(headings).toHaveLength(1);
    expect(headings[0]).not.toBe("");
    await page.waitForFunction((name) => document.title.startsWith(name ?? "?") && document.title.endsWith("Caseboard"), headings[0]);
  });
});

describe("of five thousand rows", () => {
  it.each([
    ["the incidents of a cluster", `/cluster/${encodeURIComponent(CLUSTER)}`, "incident-row"],
    ["the incidents of all clusters", "/incidents", "incident-row"],
    ["the cases", "/cases", "case-row"],
  ])("%s hold a screenful in the document, and the keyboard reaches the last one", async (_, hash, there) => {
    const page = await site.long(5000, hash);
    await shown(page, there);
    const drawn = () => page.$$eval(`[data-testid="${there}"]`, (all) => all.length);
    expect(await drawn()).toBeLessThan(60);
    const focused = () => page.evaluate(() => Number(document.activeElement?.closest("li")?.getAttribute("aria-posinset") ?? 0));
    await page.focus(`[data-testid="${there}"]`);
    await page.keyboard.press("End");
    await page.waitForFunction(() => document.activeElement?.closest("li")?.getAttribute("aria-posinset") === document.activeElement?.closest("li")?.getAttribute("aria-setsize"));
    expect(await focused()).toBeGreaterThanOrEqual(5000);
    // What has the focus is seen, inside of what scrolls.
    await page.waitForFunction(() => {
      const [row, frame] = [document.activeElement?.getBoundingClientRect(), document.activeElement?.closest(".rows")?.parentElement?.getBoundingClientRect()];
      return row && frame && row.top >= frame.top - 1 && row.bottom <= frame.bottom + 1;
    });
    await page.keyboard.press("Home");
    for (let i = 0; i < 30; i++) await page.keyboard.press("Tab");
    expect(await focused()).toBe(31);
    // Scrolled away with the wheel, the row stays in the document and keeps the focus.
    await page.hover(`[data-testid="${there}"] >> nth=3`);
    for (let i = 0; i < 12; i++) await page.mouse.wheel(0, 4000);
    await page.waitForFunction(() => Number([...document.querySelectorAll(".rows > li")].at(-1)?.getAttribute("aria-posinset")) > 300);
    expect(await focused()).toBe(31);
    expect(await drawn()).toBeLessThan(60);
    expect(await findings(page)).toEqual([]);
    await page.close();
  });
});

describe("by the keyboard alone", () => {
  it("every view is walked with Tab: the focus is seen wherever it stands, and goes on", async () => {
    const page = await site.page("/");
    await shown(page, "fleet-row");
    const wrong: string[] = [];
    for (const [name, hash, there] of views) {
      await page.evaluate((to) => (location.hash = to), hash);
      await shown(page, there);
      await page.evaluate(() => document.querySelector<HTMLElement>("main")?.focus());
      const places = new Set<string>();
      for (let i = 0; i < 14; i++) {
        await page.keyboard.press("Tab");
        const on = await page.evaluate(() => {
          const now = document.activeElement;
          if (!now || now === document.body) return null;
          const all = [now, now.parentElement ?? now, ...now.querySelectorAll("*")].map((one) => getComputedStyle(one));
          // An editor shows its caret; that it has the focus it says a moment later.
          const seen = all.some((style) => (style.outlineStyle !== "none" && style.outlineWidth !== "0px") || style.boxShadow !== "none") || now.closest(".cm-editor") !== null;
          return { what: now.outerHTML.slice(0, 110), seen: Boolean(seen), at: [...document.querySelectorAll("*")].indexOf(now) };
        });
        if (!on) break;
        places.add(String(on.at));
        if (!on.seen) wrong.push(`${name}: the focus is not seen on ${on.what}`);
      }
      if (places.size < 2) wrong.push(`${name}: the focus stays in ${places.size} place`);
      await page.keyboard.press("Escape");
    }
    expect(wrong).toEqual([]);
    await page.close();
  }, 120_000);

  it("lanes of a timeline are gathered, and a group is shut and opened with the arrows", async () => {
    const page = await site.page(`/case/${encodeURIComponent(FINISHED)}`);
    await shown(page, "timeline-canvas");
    for (const key of ["v", "l", "v", "l"]) await page.keyboard.press(key);
    const head = await shown(page, "timeline-group");
    expect(await head.getAttribute("aria-expanded")).toBe("true");
    await head.focus();
    await page.keyboard.press("ArrowLeft");
    await page.waitForSelector('[data-testid="timeline-group"][aria-expanded="false"]');
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press("ArrowDown");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("data-group"))).not.toBe(await head.getAttribute("data-group"));
    for (const key of ["v", "s"]) await page.keyboard.press(key);
    await page.waitForFunction(() => [...document.querySelectorAll('[data-testid="timeline-group"]')].every((one) => one.getAttribute("aria-expanded") === "true"));
    await page.close();
  });

  it("0 goes back to now from the scrubber itself, and the scrubber is in view however close the timeline is", async () => {
    const page = await site.page(`/case/${encodeURIComponent(FINISHED)}`);
    const scrubber = await shown(page, "scrubber");
    const scrubbed = (is: boolean) => page.waitForSelector(`[data-testid="case-screen"][data-scrubbed="${is}"]`);
    await scrubber.focus();
    await page.keyboard.press("ArrowLeft");
    await scrubbed(true);
    await page.keyboard.press("0");
    await scrubbed(false);
    for (let i = 0; i < 8; i++) await page.keyboard.press("+");
    for (let i = 0; i < 25; i++) await page.keyboard.press(",");
    await scrubbed(true);
    const place = async () => {
      const [at, frame] = [await scrubber.boundingBox(), await (await shown(page, "timeline-canvas")).boundingBox()];
      return ((at?.x ?? 0) - (frame?.x ?? 0)) / (frame?.width ?? 1);
    };
    // Drawn at its own place: not held at the edge that the lanes' names end at, nor at the other one.
    expect(await place()).toBeGreaterThan(0.16);
    expect(await place()).toBeLessThan(0.98);
    await page.keyboard.press("0");
    await scrubbed(false);
    await page.close();
  });

  it("a case is opened from the list of clusters, and the way back is found", async () => {
    const page = await site.page("/");
    await shown(page, "fleet-row");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await shown(page, "incident-row");
    const first = await page.getAttribute('[data-testid="incident-row"] >> nth=0', "data-id");
    await page.keyboard.press("j");
    await page.waitForFunction((id) => !location.hash.includes(encodeURIComponent(id ?? "?")) && location.hash.split("/").length === 4, first);
    await page.keyboard.press("k");
    await page.waitForFunction((id) => location.hash.endsWith(encodeURIComponent(id ?? "?")), first);
    await page.keyboard.press("o");
    await shown(page, "case-screen");
    await page.keyboard.press("g");
    await page.keyboard.press("f");
    await shown(page, "fleet");
    await page.close();
  });

  it("every view is reached from the palette by its name", async () => {
    const page = await site.page("/cases");
    await shown(page, "rail");
    for (const [words, hash] of [["settings keys", "#/settings/keys"], ["go library", "#/library"], ["cluster staging", "#/cluster/cluster%3Astaging"], ["connection staging", "#/connection/cluster%3Astaging"]] as const) {
      await page.keyboard.press("Control+k");
      await shown(page, "palette");
      await page.keyboard.type(words);
      await page.keyboard.press("Enter");
      await page.waitForFunction((wanted) => location.hash === wanted, hash);
    }
    await page.close();
  });

  it("an object is found by a few letters, its versions are compared, and what it hangs together with is walked", async () => {
    const page = await site.page("/cases");
    await shown(page, "rail");
    await page.keyboard.press("Control+k");
    await shown(page, "palette");
    await page.keyboard.type("deployment shop cart");
    await page.waitForFunction(() => document.querySelector("[role=option][aria-selected=true]")?.textContent?.includes("Deployment/shop/cart"));
    await page.keyboard.press("Enter");
    await shown(page, "object-yaml");
    expect(await page.evaluate(() => location.hash)).toMatch(/^#\/object\/.*\/Deployment\/shop\/cart$/);
    await page.focus('[data-tab="State"]');
    await page.keyboard.press("ArrowRight");
    await shown(page, "object-versions");
    expect(await page.textContent('[data-testid="object-versions"]')).toContain("256Mi");
    for (const [keys, words] of [["h", "First broken hop: Deployment cart"], ["b", "need Deployment cart"]] as const) {
      await page.keyboard.press("v");
      await page.keyboard.press(keys);
      await page.waitForFunction((wanted) => document.querySelector('[data-testid="graph-says"]')?.textContent?.includes(wanted), words);
    }
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press("v");
    await page.keyboard.press("f");
    await page.keyboard.type("redis");
    await page.waitForFunction(() => document.querySelector('[data-testid="graph-says"]')?.textContent === "2 objects found");
    await page.close();
  });

  it("a case's graph says what differs from before, and its timeline goes by what was known when", async () => {
    const page = await site.page(`/case/${encodeURIComponent(FINISHED)}`);
    await shown(page, "graph-canvas");
    await page.keyboard.press("v");
    await page.keyboard.press("d");
    await page.waitForFunction(() => /\d+ objects differ/.test(document.querySelector('[data-testid="graph-says"]')?.textContent ?? ""));
    await page.keyboard.press("v");
    await page.keyboard.press("k");
    await page.waitForSelector('[data-testid="case-screen"][data-by="known"] [data-testid="timeline-by"][data-by="known_at"]');
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press("v");
    await page.keyboard.press("c");
    await page.keyboard.press("v");
    await page.keyboard.press("c");
    await page.waitForFunction(() => document.querySelector<HTMLSelectElement>('[data-testid="graph-collapse"]')?.value === "namespace");
    await page.close();
  });

  it("everything that takes a click takes the focus, and shows it", async () => {
    const page = await site.page("/settings/clusters");
    await shown(page, "settings-cluster");
    const unseen: string[] = [];
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press("Tab");
      const bare = await page.evaluate(() => {
        const on = document.activeElement;
        if (!on || on === document.body) return null;
        const style = getComputedStyle(on);
        return style.outlineStyle === "none" && style.boxShadow === "none" ? on.outerHTML.slice(0, 120) : null;
      });
      if (bare) unseen.push(bare);
    }
    expect(unseen).toEqual([]);
    await page.close();
  });
});
