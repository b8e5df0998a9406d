import type { Page } from "playwright-core";
import { ARGUED, CASE, FINISHED } from "../src/platform/recordings/demo/case";
import { CLUSTER } from "../src/platform/recordings/demo/names";
import { parts } from "../src/settings/parts";

const e = encodeURIComponent;
/** Every view, and what of it must be there before it is looked at. */
export const views: [name: string, hash: string, there: string][] = [
  ["the fleet", "/", "fleet-row"],
  ["the incidents of a cluster", `/cluster/${e(CLUSTER)}`, "incident-row"],
  ["the incidents of all clusters", "/incidents", "incident-row"],
  ["a cluster whose login has expired", "/cluster/cluster%3Aprod-us", "stale"],
  ["a cluster whose login program is not trusted", "/cluster/cluster%3Anew", "trust"],
  ["a cluster that is closed", "/cluster/cluster%3Aedge", "picture-blank"],
  ["a connection that is partly broken", "/connection/cluster%3Aprod-eu", "watch-row"],
  ["a connection that may not see everything", "/connection/cluster%3Ascoped", "unseen"],
  ["the incidents that were known at a time", `/cluster/${e(CLUSTER)}?time=2026-11-23T02:55:00Z&by=known`, "then-bar"],
  ["an object", `/object/${e(CLUSTER)}/Deployment/shop/cart`, "object-yaml"],
  ["an object as it was", `/object/${e(CLUSTER)}/Deployment/shop/cart?time=2026-11-23T02:30:00.000000Z`, "object-yaml"],
  ["a case as it was known at a time", `/case/${e(FINISHED)}?time=2026-11-23T03:09:00Z&by=known&object=Deployment/shop/cart`, "incidents-then"],
  ["the cases", "/cases", "case-row"],
  ["a case that waits", `/case/${e(CASE)}`, "timeline-canvas"],
  ["a case with its conclusion", `/case/${e(FINISHED)}`, "conclusion"],
  ["a case that a model argued", `/case/${e(ARGUED)}`, "argument"],
  ["the 3 a.m. mode", "/night", "night-incident"],
  ["a case that waits, in the 3 a.m. mode", `/night/${e(CASE)}`, "investigate"],
  ["a case with its conclusion, in the 3 a.m. mode", `/night/${e(FINISHED)}`, "night-verdict"],
  ["the scenarios", "/scenarios", "run"],
  ["the blueprints", "/blueprints", "blueprint-row"],
  ["a blueprint", "/blueprints/cart", "blueprint-form"],
  ["the library", "/library", "library-entry"],
  ["an article that is written", "/library/edit:reading-oomkilled", "article-issues"],
  ...parts.map(([part, title]): [string, string, string] => [`the settings: ${title}`, `/settings/${part}`, "settings"]),
];

/** What lies over a view, and the key that brings it. */
export const overlays: [name: string, hash: string, keys: string, there: string][] = [
  ["the keys", "/settings/about", "?", "help"],
  ["the palette", "/settings/about", "Control+k", "palette"],
  ["the sources of kubeconfigs", "/", "s", "sources"],
  ["taking an incident apart", `/cluster/${e(CLUSTER)}`, "x", "split"],
  ["putting incidents together", `/cluster/${e(CLUSTER)}`, "Shift+M", "merge"],
  ["the hand-off note", `/case/${e(FINISHED)}`, "h", "hand-off"],
  ["what left this machine", `/case/${e(ARGUED)}`, "l", "leaves-text"],
  ["a branch from what is shown", `/case/${e(ARGUED)}`, "f", "branch-confirm"],
  ["two cases side by side", `/case/${e(ARGUED)}`, "c", "compared"],
  ["the kinds of a cluster", "/connection/cluster%3Astaging", "w", "kind-row"],
];

/** What is asked in a case, and the keys that lead there; each answers only what has been there long enough to be seen. */
export const decisions: [name: string, keys: string[], there: string][] = [
  ["a call that waits for a decision", ["i"], "pending-call"],
  ["a call that is edited", ["i", "e"], "edit-form"],
  ["a call that is denied", ["i", "d"], "deny-reason"],
  ["a result with redactions", ["i", "a"], "pending-result"],
];

/** Leads a window that is at a case without questions to a decision. */
export async function decide(page: Page, keys: readonly string[], there: string) {
  await page.evaluate((to) => (location.hash = to), `/case/${e(CASE)}`);
  await page.waitForSelector('[data-testid="investigate"]');
  for (const key of keys) {
    await page.waitForSelector(key === "i" ? '[data-testid="investigate"]' : '[data-testid="dock"][data-asks="true"][data-seen="true"]');
    await page.keyboard.press(key);
  }
  await page.waitForSelector(`[data-testid="${there}"]`);
}

/** What must be there before an overlay's key is pressed. */
export const readyBefore = (hash: string): string => (hash.startsWith("/case/") ? "case-screen" : hash.startsWith("/cluster/") ? "incident-detail" : "cluster-row");
