import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { build, preview, type PreviewServer } from "vite";

const programs = ["chromium", "chromium-browser", "google-chrome"];

function installed(): string {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    for (const program of programs) {
      const path = join(folder, program);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // It may be in the next folder.
      }
    }
  }
  throw new Error("There is no Chromium here. Install it (`apt-get install chromium`), or let `cargo xtask test` do it.");
}

/** The window in a browser, over recorded data: what a person sees, without a core behind it. */
export class Site {
  private constructor(
    private readonly folder: string,
    private readonly server: PreviewServer,
    private readonly browser: Browser,
    private readonly address: string,
  ) {}

  static async open(): Promise<Site> {
    const executablePath = installed();
    const folder = mkdtempSync(join(tmpdir(), "caseboard-views-"));
    await build({ mode: "recorded", logLevel: "error", build: { outDir: folder, emptyOutDir: true } });
    const server = await preview({ build: { outDir: folder }, preview: { port: 0, strictPort: false }, logLevel: "error" });
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
    const address = server.resolvedUrls?.local[0] ?? "";
    return new Site(folder, server, browser, address);
  }

  async page(hash: string, theme: "dark" | "light" = "dark"): Promise<Page> {
    const page = await this.browser.newPage({ viewport: { width: 1400, height: 900 }, reducedMotion: "reduce" });
    await page.goto(`${this.address}?theme=${theme}#${hash}`);
    return page;
  }

  /** A page in which it is always the same time, in the same zone: what it shows can be compared with what it showed before. */
  async still(theme: "dark" | "light"): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width: 1400, height: 900 }, reducedMotion: "reduce", timezoneId: "UTC", locale: "en-GB" });
    const page = await context.newPage();
    await page.clock.setFixedTime(new Date("2026-11-23T03:14:07Z"));
    await page.goto(`${this.address}?theme=${theme}#/`);
    return page;
  }

  /** A page on a recording with so many marks on its timeline and nodes in its graph, at the size of a laptop's screen. */
  async loaded(marks: number, nodes: number): Promise<Page> {
    const page = await this.browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(`${this.address}?theme=dark&marks=${marks}&nodes=${nodes}#/cases`);
    return page;
  }

  /** A page on a recording with so many incidents and cases. */
  async long(rows: number, hash: string): Promise<Page> {
    const page = await this.browser.newPage({ viewport: { width: 1400, height: 900 }, reducedMotion: "reduce" });
    await page.goto(`${this.address}?theme=dark&rows=${rows}#${hash}`);
    return page;
  }

  /** A page with nothing in it, to work with pictures in. */
  blank(): Promise<Page> {
    return this.browser.newPage();
  }

  async close(): Promise<void> {
    await this.browser.close();
    await new Promise((done) => this.server.httpServer.close(done));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
