import type { Ink } from "../tokens/ink";
import type { ObservationId, Severity } from "../wire/wire";
import type { TimeMark } from "./marks";

export const hue = (ink: Ink, severity: Severity): string => ({ critical: ink.critical, major: ink.major, minor: ink.minor, info: ink.info })[severity];

export function fit(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
    else high = middle - 1;
  }
  return `${text.slice(0, low)}…`;
}

const shortKinds: Record<string, string> = {
  Deployment: "deploy",
  StatefulSet: "sts",
  DaemonSet: "ds",
  Service: "svc",
  ConfigMap: "cm",
  PersistentVolumeClaim: "pvc",
  PersistentVolume: "pv",
  HorizontalPodAutoscaler: "hpa",
  NetworkPolicy: "netpol",
  Ingress: "ing",
  ReplicaSet: "rs",
  StorageClass: "sc",
  ServiceAccount: "sa",
};
/** kubectl's short name where it has one. */
export const shortKind = (kind: string): string => shortKinds[kind] ?? kind.toLowerCase();

export function hatch(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, colour: string) {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  for (let i = -height; i < width; i += 7) {
    context.moveTo(x + i, y + height);
    context.lineTo(x + i + height, y);
  }
  context.stroke();
  context.restore();
}

/** Which evidence has which number, and which is chosen or pointed at. */
export interface Lit {
  numbers: ReadonlyMap<ObservationId, number>;
  chosen: ObservationId | null;
  pointed: ObservationId | null;
}

/** The evidence chip as a canvas draws it: the same box and number as everywhere else. */
export function chip(context: CanvasRenderingContext2D, view: Lit, ink: Ink, id: ObservationId, x: number, y: number, scale = 1) {
  const text = String(view.numbers.get(id) ?? "·");
  const lit = id === view.chosen || id === view.pointed;
  context.font = `500 ${10 * scale}px ${ink.fontMono}`;
  const width = Math.max(context.measureText(text).width + 8 * scale, 16 * scale);
  context.fillStyle = lit ? ink.ink : ink.raised;
  context.strokeStyle = lit ? ink.ink : ink.lineStrong;
  context.lineWidth = 1;
  context.beginPath();
  context.roundRect(Math.round(x - width / 2) + 0.5, Math.round(y - 7.5 * scale) + 0.5, width, 15 * scale, 3);
  context.fill();
  context.stroke();
  context.fillStyle = lit ? ink.onInk : ink.text;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, Math.round(x) + 0.5, y + 0.5);
}

/** A moment by its kind: shape says what, colour how bad. */
export function moment(context: CanvasRenderingContext2D, mark: TimeMark, x: number, y: number, ink: Ink, lit: boolean) {
  const colour = hue(ink, mark.severity);
  context.fillStyle = colour;
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  const r = lit ? 5.5 : 4;
  const path = (points: [number, number][], fill: boolean) => {
    context.beginPath();
    points.forEach(([px, py], i) => (i ? context.lineTo(x + px, y + py) : context.moveTo(x + px, y + py)));
    context.closePath();
    if (fill) context.fill();
    else context.stroke();
  };
  switch (mark.kind) {
    case "change":
      // A step: what was, and what is since.
      context.strokeStyle = lit ? ink.ink : ink.text;
      context.lineWidth = lit ? 2.5 : 2;
      context.beginPath();
      context.moveTo(x - 5, y + 5);
      context.lineTo(x, y + 5);
      context.lineTo(x, y - 5);
      context.lineTo(x + 5, y - 5);
      context.stroke();
      return;
    case "restart":
      context.beginPath();
      context.arc(x, y, r - 0.5, -0.4, 4.6);
      context.stroke();
      return;
    case "alert":
      path([[0, -r - 1], [r + 1, r], [-r - 1, r]], true);
      return;
    case "event":
    case "signal":
      context.beginPath();
      context.arc(x, y, mark.severity === "info" ? r - 1.5 : r - 0.5, 0, 7);
      if (mark.severity === "info") context.stroke();
      else context.fill();
      return;
    case "log":
    case "metric":
    case "note":
      context.fillRect(x - 1, y - 5, 2, 10);
      return;
    case "asked":
      context.strokeStyle = ink.decide;
      path([[0, -5], [5, 0], [0, 5], [-5, 0]], false);
      return;
    case "approved":
      context.fillStyle = ink.decide;
      path([[0, -5], [5, 0], [0, 5], [-5, 0]], true);
      return;
    case "denied":
      context.strokeStyle = ink.text;
      context.lineWidth = 2;
      context.beginPath();
      context.moveTo(x - 4, y - 4);
      context.lineTo(x + 4, y + 4);
      context.moveTo(x + 4, y - 4);
      context.lineTo(x - 4, y + 4);
      context.stroke();
      return;
    case "moved":
      context.fillStyle = ink.text2;
      context.fillRect(x - 4, y + 1, 2, 4);
      context.fillRect(x - 1, y - 2, 2, 7);
      context.fillRect(x + 2, y - 5, 2, 10);
      return;
    case "concluded":
      context.fillStyle = ink.ink;
      path([[-5, -6], [5, -1], [-3, 2], [-3, 7], [-5, 7]], true);
      return;
    case "result":
    case "released":
      context.fillStyle = ink.text2;
      context.strokeStyle = ink.text2;
      context.beginPath();
      context.rect(x - 3.5, y - 3.5, 7, 7);
      if (mark.kind === "released") context.fill();
      else context.stroke();
      return;
    case "said":
    case "begun":
      context.fillStyle = ink.text3;
      context.beginPath();
      context.arc(x, y, 2.5, 0, 7);
      context.fill();
  }
}
