import type { MetricPoint } from "../wire/wire";

/** A small line with its least and greatest value; the numbers are in the text as well. */
export function Line({ points, unit }: { points: readonly MetricPoint[]; unit: string }) {
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last || first === last) return null;
  const values = points.map((p) => p.value);
  const most = Math.max(...values);
  const least = Math.min(0, ...values);
  const path = points
    .map((p, i) => `${i ? "L" : "M"}${(((p.at - first.at) / Math.max(last.at - first.at, 1)) * 300).toFixed(1)} ${(56 - ((p.value - least) / Math.max(most - least, 1e-9)) * 52).toFixed(1)}`)
    .join("");
  return (
    <figure className="line">
      <svg viewBox="0 0 300 60" preserveAspectRatio="none" aria-hidden="true">
        <path d={path} />
      </svg>
      <figcaption className="small faint mono">
        0 – {Math.round(most)} {unit}
      </figcaption>
    </figure>
  );
}
