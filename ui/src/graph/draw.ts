import { chip, fit, hue, shortKind } from "../timeline/shapes";
import type { Ink } from "../tokens/ink";
import type { ObservationId, Severity } from "../wire/wire";
import { drawFar, FAR } from "./far";
import { BOX_H, BOX_W, type Box, type Camera, type Scene, type Wire } from "./scene";

export interface GraphPicture {
  width: number;
  height: number;
  camera: Camera;
  chosen: string | null;
  hovered: string | null;
  wire: Wire | null;
  numbers: ReadonlyMap<ObservationId, number>;
  evidence: ObservationId | null;
  pointed: ObservationId | null;
  /** Objects that the pointed or chosen evidence is about. */
  lit: ReadonlySet<string>;
  /** Objects that stand out, the others are faint; null: all alike. */
  keep: ReadonlySet<string> | null;
  /** A sign for each object that differs from another time. */
  signs: ReadonlyMap<string, string>;
}

const FAINT = 0.2;

export const toScreen = ({ camera, width, height }: Pick<GraphPicture, "camera" | "width" | "height">, x: number, y: number): [number, number] => [(x - camera.x) * camera.k + width / 2, (y - camera.y) * camera.k + height / 2];
export const toScene = ({ camera, width, height }: Pick<GraphPicture, "camera" | "width" | "height">, x: number, y: number): [number, number] => [(x - width / 2) / camera.k + camera.x, (y - height / 2) / camera.k + camera.y];

/** Draws what is in view; below a size at which text cannot be read it draws blocks. */
export function drawGraph(context: CanvasRenderingContext2D, scene: Scene, picture: GraphPicture, ink: Ink): void {
  const { width, height, camera } = picture;
  context.clearRect(0, 0, width, height);
  context.save();
  context.translate(width / 2, height / 2);
  context.scale(camera.k, camera.k);
  context.translate(-camera.x, -camera.y);
  const halfW = width / 2 / camera.k + BOX_W;
  const halfH = height / 2 / camera.k + BOX_H;
  const near = (box: Box) => Math.abs(box.x - camera.x) < halfW && Math.abs(box.y - camera.y) < halfH;
  if (camera.k < FAR) {
    drawFar(context, scene, camera.k, ink);
    drawMarked(context, scene, picture, ink);
    context.restore();
    return;
  }
  for (const wire of scene.wires) {
    if (near(wire.from) || near(wire.to)) drawWire(context, scene, wire, picture, ink);
  }
  for (const box of scene.boxes) if (near(box)) drawBox(context, box, picture, ink);
  context.restore();
}

/** From afar only what is pointed at or chosen is drawn by itself. */
function drawMarked(context: CanvasRenderingContext2D, scene: Scene, picture: GraphPicture, ink: Ink) {
  const of = picture.hovered ?? picture.chosen;
  if (of !== null || picture.wire) {
    for (const wire of scene.wires) if (picture.wire === wire || wire.from.key === of || wire.to.key === of) drawWire(context, scene, wire, picture, ink);
  }
  for (const key of new Set([...picture.lit, ...(picture.keep ?? []), ...(picture.chosen ? [picture.chosen] : [])])) {
    const box = scene.byKey.get(key);
    if (box) drawBox(context, box, picture, ink);
  }
}

/** The four points of a wire's curve. */
export function curveOf(scene: Scene, { from, to }: Wire): [number, number][] {
  const right = scene.direction === "right";
  const forward = right ? to.x >= from.x : to.y >= from.y;
  const sign = forward ? 1 : -1;
  const a: [number, number] = right ? [from.x + (sign * BOX_W) / 2, from.y] : [from.x, from.y + (sign * BOX_H) / 2];
  const b: [number, number] = right ? [to.x - (sign * BOX_W) / 2, to.y] : [to.x, to.y - (sign * BOX_H) / 2];
  const bend = Math.max(18, (right ? Math.abs(b[0] - a[0]) : Math.abs(b[1] - a[1])) * 0.5) * sign;
  return right ? [a, [a[0] + bend, a[1]], [b[0] - bend, b[1]], b] : [a, [a[0], a[1] + bend], [b[0], b[1] - bend], b];
}

function drawWire(context: CanvasRenderingContext2D, scene: Scene, wire: Wire, picture: GraphPicture, ink: Ink) {
  const points = curveOf(scene, wire);
  const [a, c1, c2, b] = points as [[number, number], [number, number], [number, number], [number, number]];
  const of = picture.hovered ?? picture.chosen;
  const touches = of !== null && (wire.from.key === of || wire.to.key === of);
  const carries = Boolean(wire.from.state?.severity && wire.to.state?.severity);
  const kept = picture.keep === null ? null : picture.keep.has(wire.from.key) && picture.keep.has(wire.to.key);
  const strong = touches || picture.wire === wire || kept === true;
  context.globalAlpha = kept === false && picture.wire !== wire ? FAINT : 1;
  const colour = strong ? ink.ink : carries ? ink.text2 : ink.lineStrong;
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = (strong ? 1.75 : carries ? 1.5 : 1) / Math.min(1, picture.camera.k + 0.3);
  context.setLineDash(wire.edge.class === "inferred" ? [4, 4] : wire.edge.class === "observed" ? [9, 3] : []);
  context.beginPath();
  context.moveTo(...a);
  context.bezierCurveTo(...c1, ...c2, ...b);
  context.stroke();
  context.setLineDash([]);
  if (picture.camera.k < FAR) {
    context.globalAlpha = 1;
    return;
  }
  const angle = Math.atan2(b[1] - c2[1], b[0] - c2[0]);
  context.beginPath();
  context.moveTo(...b);
  context.lineTo(b[0] - 7 * Math.cos(angle - 0.42), b[1] - 7 * Math.sin(angle - 0.42));
  context.lineTo(b[0] - 7 * Math.cos(angle + 0.42), b[1] - 7 * Math.sin(angle + 0.42));
  context.fill();
  context.globalAlpha = 1;
}

function drawBox(context: CanvasRenderingContext2D, box: Box, picture: GraphPicture, ink: Ink) {
  const { camera } = picture;
  const x = box.x - BOX_W / 2;
  const y = box.y - BOX_H / 2;
  const severity = box.state?.severity ?? null;
  const gone = box.state?.exists === false;
  const chosen = picture.chosen === box.key;
  const lit = picture.lit.has(box.key);
  context.globalAlpha = picture.keep && !picture.keep.has(box.key) && !chosen ? FAINT : gone ? 0.55 : 1;
  if (box.standsFor > 1 && camera.k >= FAR) {
    // A second sheet behind the first: it stands for several.
    context.fillStyle = ink.panel;
    context.strokeStyle = ink.lineStrong;
    context.lineWidth = 1;
    context.beginPath();
    context.roundRect(x + 3, y + 3, BOX_W, BOX_H, 4);
    context.fill();
    context.stroke();
  }
  context.fillStyle = chosen ? ink.chosen : ink.raised;
  context.strokeStyle = chosen || lit ? ink.ink : severity && severity !== "info" ? hue(ink, severity) : ink.lineStrong;
  context.lineWidth = chosen || lit ? 2 : 1;
  if (gone) context.setLineDash([3, 3]);
  context.beginPath();
  context.roundRect(x, y, BOX_W, BOX_H, 4);
  context.fill();
  context.stroke();
  context.setLineDash([]);
  if (severity) {
    context.fillStyle = hue(ink, severity);
    context.fillRect(x, y + 4, 3, BOX_H - 8);
  }
  if (camera.k < FAR) {
    context.globalAlpha = 1;
    return;
  }
  context.textBaseline = "middle";
  context.textAlign = "left";
  const left = x + 11;
  let textLeft = left;
  // Small pictures say less, in letters that can still be read.
  const small = camera.k < 0.82;
  const chipScale = small ? Math.min(0.85 / camera.k, 1.35) : 1;
  const first = y + (small && !severity ? BOX_H / 2 : 13);
  if (severity) {
    shape(context, severity, left + 4, first, ink);
    textLeft += 14;
  }
  context.font = `400 ${small ? Math.min(8.2 / camera.k, 12) : 10}px ${ink.fontText}`;
  context.fillStyle = ink.text3;
  const kind = shortKind(box.object.kind);
  context.fillText(kind, textLeft, first);
  textLeft += context.measureText(kind).width + 5;
  context.font = `500 ${small ? Math.min(10 / camera.k, 16) : 12}px ${ink.fontMono}`;
  context.fillStyle = ink.text;
  context.fillText(fit(context, box.object.name, x + BOX_W - 8 - textLeft), textLeft, first + 0.5);
  if (!small || severity) {
    context.font = `400 ${small ? Math.min(8.8 / camera.k, 13.5) : 10.5}px ${ink.fontMono}`;
    context.fillStyle = severity && severity !== "info" ? hue(ink, severity) : ink.text3;
    const room = BOX_W - 20 - Math.min(box.evidence.length, 2) * 20 * chipScale;
    context.fillText(fit(context, box.state?.status ?? "", room), left, y + 29);
  }
  // Where letters are large for their box the numbers sit on its lower edge: a name is never under them.
  const chipY = y + BOX_H - (small ? 0 : 12);
  box.evidence.slice(0, 2).forEach((id, i) => chip(context, { numbers: picture.numbers, chosen: picture.evidence, pointed: picture.pointed }, ink, id, x + BOX_W - (13 + i * 20) * chipScale, chipY, chipScale));
  const differs = picture.signs.get(box.key);
  if (differs) {
    context.fillStyle = ink.ink;
    context.beginPath();
    context.arc(x + BOX_W - 2, y + 2, 8, 0, 7);
    context.fill();
    context.fillStyle = ink.onInk;
    context.font = `600 11px ${ink.fontText}`;
    context.textAlign = "center";
    context.fillText(differs, x + BOX_W - 2, y + 2.5);
  }
  context.globalAlpha = 1;
}

function shape(context: CanvasRenderingContext2D, severity: Severity, x: number, y: number, ink: Ink) {
  context.fillStyle = hue(ink, severity);
  context.strokeStyle = hue(ink, severity);
  context.lineWidth = 1.5;
  context.beginPath();
  if (severity === "critical") {
    context.moveTo(x, y - 5.5);
    context.lineTo(x + 5.5, y);
    context.lineTo(x, y + 5.5);
    context.lineTo(x - 5.5, y);
    context.fill();
  } else if (severity === "major") {
    context.moveTo(x, y - 5);
    context.lineTo(x + 5, y + 4);
    context.lineTo(x - 5, y + 4);
    context.fill();
  } else if (severity === "minor") {
    context.rect(x - 3.5, y - 3.5, 7, 7);
    context.stroke();
  } else {
    context.arc(x, y, 3.5, 0, 7);
    context.stroke();
  }
}
