import type { Page } from "playwright-core";

/** What differs between two pictures, in blocks of a hundred and seventy-five by hundred and twelve. */
export interface Difference {
  /** The share of blocks that differ visibly. */
  share: number;
  /** Where the first of them is, in pixels of the window. */
  at: [number, number];
}

const uriOf = (bytes: Buffer, type: string) => `data:image/${type};base64,${bytes.toString("base64")}`;

/** A picture of half the size, as it is kept: a person still recognises every part. */
export async function small(blank: Page, shot: Buffer): Promise<Buffer> {
  const uri = await blank.evaluate(async (from) => {
    const image = new Image();
    image.src = from;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width / 2, image.height / 2];
    const pen = canvas.getContext("2d");
    if (pen) pen.imageSmoothingQuality = "high";
    pen?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/webp", 0.5);
  }, uriOf(shot, "png"));
  return Buffer.from(uri.slice(uri.indexOf(",") + 1), "base64");
}

/** Compares block by block: letters that are drawn a little differently have the same grey from afar. `blank` reads the pictures. */
export function compare(blank: Page, approved: Buffer, shot: Buffer): Promise<Difference> {
  return blank.evaluate(
    async ([before, now]) => {
      const [columns, rows] = [175, 112];
      const blocks = async (from: string) => {
        const image = new Image();
        image.src = from;
        await image.decode();
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [columns, rows];
        const pen = canvas.getContext("2d", { willReadFrequently: true });
        if (!pen) throw new Error("This browser draws nothing.");
        pen.imageSmoothingQuality = "high";
        pen.drawImage(image, 0, 0, columns, rows);
        return pen.getImageData(0, 0, columns, rows).data;
      };
      const [a, b] = [await blocks(before), await blocks(now)];
      let count = 0;
      let first = -1;
      for (let i = 0; i < columns * rows; i++) {
        const worst = Math.max(...[0, 1, 2].map((c) => Math.abs((a[i * 4 + c] ?? 0) - (b[i * 4 + c] ?? 0))));
        // A tenth of the range from black to white: text against its ground averages to less.
        if (worst <= 26) continue;
        if (first < 0) first = i;
        count++;
      }
      return { share: count / (columns * rows), at: [(first % columns) * 8, Math.floor(first / columns) * 8] as [number, number] };
    },
    [uriOf(approved, "webp"), uriOf(shot, "png")] as const,
  );
}

/** How wide the bundled fonts and the signs that come from this machine's own are drawn. */
export function lettering(page: Page): Promise<Record<string, number>> {
  return page.evaluate(async () => {
    await document.fonts.ready;
    const pen = document.createElement("canvas").getContext("2d");
    const style = getComputedStyle(document.documentElement);
    const widths: Record<string, number> = {};
    for (const [font, text] of [
      ["--font-text", "Incidents of all open clusters"],
      ["--font-mono", "deploy/checkout 0/3"],
      ["--font-text", "✕ ⊘ ▲ ▼ ✓ ✗"],
    ] as const) {
      if (!pen) continue;
      pen.font = `13px ${style.getPropertyValue(font)}`;
      widths[text] = Math.round(pen.measureText(text).width * 10) / 10;
    }
    return widths;
  });
}
