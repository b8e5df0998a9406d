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

  async close(): Promise<void> {
    await this.browser.close();
    await new Promise((done) => this.server.httpServer.close(done));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
