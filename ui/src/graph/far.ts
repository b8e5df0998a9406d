import { hue } from "../timeline/shapes";
import type { Ink } from "../tokens/ink";
import type { Severity } from "../wire/wire";
import { BOX_H, BOX_W, type Box, type Scene } from "./scene";

/** Below this size no letter can be read: blocks and straight lines are drawn. */
export const FAR = 0.35;

interface Paths {
  plain: Path2D;
  gone: Path2D;
  troubled: Map<Severity, Path2D>;
  wires: Path2D;
  /** Between two objects in trouble. */
  carrying: Path2D;
}

/** The whole scene as a few shapes, made once: moving the picture then costs a handful of calls, not two for every object. */
const made = new WeakMap<Scene, Paths>();

function pathsOf(scene: Scene): Paths {
  const known = made.get(scene);
  if (known) return known;
  const paths: Paths = { plain: new Path2D(), gone: new Path2D(), troubled: new Map(), wires: new Path2D(), carrying: new Path2D() };
  for (const box of scene.boxes) pathOf(paths, box).rect(box.x - BOX_W / 2, box.y - BOX_H / 2, BOX_W, BOX_H);
  const [dx, dy] = scene.direction === "right" ? [BOX_W / 2, 0] : [0, BOX_H / 2];
  for (const { from, to } of scene.wires) {
    const sign = (scene.direction === "right" ? to.x >= from.x : to.y >= from.y) ? 1 : -1;
    const path = from.state?.severity && to.state?.severity ? paths.carrying : paths.wires;
    path.moveTo(from.x + sign * dx, from.y + sign * dy);
    path.lineTo(to.x - sign * dx, to.y - sign * dy);
  }
  made.set(scene, paths);
  return paths;
}

function pathOf(paths: Paths, { state }: Box): Path2D {
  if (state?.exists === false) return paths.gone;
  if (!state?.severity) return paths.plain;
  const path = paths.troubled.get(state.severity) ?? new Path2D();
  paths.troubled.set(state.severity, path);
  return path;
}

/** The scene from afar, in its own coordinates; `k` is how many pixels a unit of it has. */
export function drawFar(context: CanvasRenderingContext2D, scene: Scene, k: number, ink: Ink): void {
  const { plain, gone, troubled, wires, carrying } = pathsOf(scene);
  const thin = 0.8 / Math.max(k, 0.05);
  context.lineWidth = thin;
  context.strokeStyle = ink.lineStrong;
  context.stroke(wires);
  context.strokeStyle = ink.text2;
  context.stroke(carrying);
  context.fillStyle = ink.raised;
  context.strokeStyle = ink.lineStrong;
  context.fill(plain);
  context.stroke(plain);
  context.globalAlpha = 0.55;
  context.fill(gone);
  context.stroke(gone);
  context.globalAlpha = 1;
  for (const [severity, path] of troubled) {
    context.fillStyle = ink.raised;
    context.fill(path);
    context.lineWidth = thin * 2;
    context.strokeStyle = hue(ink, severity);
    context.stroke(path);
  }
}
