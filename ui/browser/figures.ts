import type { CDPSession, Page } from "playwright-core";
import { CASE, FINISHED } from "../src/platform/recordings/demo/case";
import { Site } from "./chromium";

/**
 * Script time of the canvases in a browser without a GPU, and the time from one case to another. Prints one JSON object;
 * `cargo xtask bench --only window` runs it.
 */
const MARKS = 100_000;
const NODES = 5_000;
const STEPS = 240;

const at = (values: number[], share: number) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
const tenth = (ms: number) => Math.round(ms * 10) / 10;

/** Milliseconds that scripts of the page have run so far, frame by frame: what the main thread spends on a step of panning. */
async function scriptTime(session: CDPSession): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  return (metrics.find(({ name }) => name === "ScriptDuration")?.value ?? 0) * 1000;
}

/** What a canvas was panned with: the script time of each frame, and how often the pen touched the canvas. */
interface Panned {
  spent: number[];
  calls: number[];
}

/** What paints; setting a colour or a path costs nothing before one of these. */
const PAINTS = ["fill", "stroke", "fillRect", "strokeRect", "clearRect", "fillText", "strokeText", "drawImage"] as const;
const COUNTED_STEPS = 60;

/** Draw calls of each frame. Counting costs time, so it is done after the time was measured. */
async function counted(page: Page, step: (i: number) => Promise<void>): Promise<number[]> {
  await page.evaluate((names) => {
    const counter = window as unknown as { drawCalls: number };
    counter.drawCalls = 0;
    const pen = CanvasRenderingContext2D.prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const name of names) {
      const paint = pen[name];
      if (!paint) continue;
      pen[name] = function (...args) {
        counter.drawCalls++;
        return paint.apply(this, args);
      };
    }
  }, PAINTS);
  const calls: number[] = [];
  for (let i = 0; i < COUNTED_STEPS; i++) {
    await step(i);
    calls.push(
      await page.evaluate(async () => {
        const counter = window as unknown as { drawCalls: number };
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const made = counter.drawCalls;
        counter.drawCalls = 0;
        return made;
      }),
    );
  }
  // A step that drew nothing is no frame.
  return calls.filter((made) => made > 0);
}

/** Pans to and fro. */
async function panned(page: Page, step: (i: number) => Promise<void>): Promise<Panned> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const spent: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    const before = await scriptTime(session);
    await step(i);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    spent.push((await scriptTime(session)) - before);
  }
  // The first steps compile.
  return { spent: spent.slice(20), calls: await counted(page, step) };
}

async function timeline(site: Site): Promise<Panned> {
  const page = await site.loaded(MARKS, 60);
  await page.evaluate((to) => (location.hash = to), `/case/${FINISHED}?panel=timeline`);
  const canvas = await page.waitForSelector('[data-testid="timeline-canvas"]');
  await page.waitForTimeout(1500);
  await canvas.hover();
  // An hour of the day, then to and fro.
  await page.keyboard.down("Control");
  for (let i = 0; i < 6; i++) await page.mouse.wheel(0, -130);
  await page.keyboard.up("Control");
  const spent = await panned(page, (i) => page.mouse.wheel(Math.floor(i / 40) % 2 === 0 ? -60 : 60, 0));
  await page.close();
  return spent;
}

async function graph(site: Site): Promise<Panned> {
  const page = await site.loaded(1_000, NODES);
  await page.evaluate((to) => (location.hash = to), `/case/${FINISHED}?panel=graph`);
  const canvas = await page.waitForSelector('[data-testid="graph-canvas"]');
  await page.waitForTimeout(1500);
  const box = await canvas.boundingBox();
  const [x, y] = [(box?.x ?? 0) + (box?.width ?? 0) / 2, (box?.y ?? 0) + (box?.height ?? 0) / 2];
  // All of it on the screen, as much as there can be to draw; then held and moved.
  await page.getByRole("button", { name: "Fit" }).click();
  await page.mouse.move(x, y);
  await page.mouse.down();
  const spent = await panned(page, (i) => page.mouse.move(x + 160 * Math.sin(i / 12), y + 90 * Math.cos(i / 12)));
  await page.mouse.up();
  await page.close();
  return spent;
}

/** From the key to the case's timeline being there and drawn; the answers are the recording's, at once. */
async function switching(site: Site): Promise<number[]> {
  const page = await site.loaded(2_000, 60);
  const spent: number[] = [];
  for (let i = 0; i < 24; i++) {
    const id = i % 2 === 0 ? CASE : FINISHED;
    spent.push(
      await page.evaluate(async (to) => {
        const began = performance.now();
        location.hash = `/case/${to}`;
        while (!document.querySelector(`[data-testid="case-screen"][data-id="${to}"] [data-testid="timeline-canvas"]`)) await new Promise(requestAnimationFrame);
        await new Promise(requestAnimationFrame);
        return performance.now() - began;
      }, id),
    );
  }
  await page.close();
  return spent.slice(4);
}

const site = await Site.open();
try {
  const [drawn, moved, switched] = [await timeline(site), await graph(site), await switching(site)];
  console.log(
    JSON.stringify({
      timeline_script_ms_p95: tenth(at(drawn.spent, 0.95)),
      graph_script_ms_p95: tenth(at(moved.spent, 0.95)),
      case_switch_ms: tenth(at(switched, 0.5)),
      timeline_script_ms_p50: tenth(at(drawn.spent, 0.5)),
      graph_script_ms_p50: tenth(at(moved.spent, 0.5)),
      case_switch_ms_p95: tenth(at(switched, 0.95)),
      timeline_draw_calls_p95: at(drawn.calls, 0.95),
      graph_draw_calls_p95: at(moved.calls, 0.95),
    }),
  );
} finally {
  await site.close();
}
