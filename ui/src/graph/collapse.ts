import { countOf, objectKey } from "../kit/format";
import type { Edge, GraphView, NodeState, ObjectRef, Placed, Severity } from "../wire/wire";

export type Collapse = "nothing" | "owner" | "namespace" | "node";

const rank: Record<Severity, number> = { info: 0, minor: 1, major: 2, critical: 3 };

/** The object that stands for a group, by each object that belongs to one. */
function homes(view: GraphView, by: Collapse): Map<string, ObjectRef> {
  const home = new Map<string, ObjectRef>();
  const { nodes, edges } = view.layout;
  if (by === "namespace") {
    for (const { object } of nodes) if (object.namespace) home.set(objectKey(object), { kind: "Namespace", namespace: "", name: object.namespace });
  } else if (by === "node") {
    const on = new Map<string, ObjectRef[]>();
    for (const { from, to, relation } of edges) if (relation === "runs_on") on.set(objectKey(from), [...(on.get(objectKey(from)) ?? []), to]);
    // What runs on several nodes belongs to none.
    for (const [key, [node, ...more]] of on) if (node && more.length === 0) home.set(key, node);
  } else if (by === "owner") {
    const owner = new Map(edges.filter((e) => e.relation === "owned_by").map((e) => [objectKey(e.from), e.to]));
    for (const { object } of nodes) {
      const seen = new Set([objectKey(object)]);
      let top = owner.get(objectKey(object));
      for (let next = top && owner.get(objectKey(top)); next && !seen.has(objectKey(next)); next = owner.get(objectKey(next))) {
        seen.add(objectKey(next));
        top = next;
      }
      if (top) home.set(objectKey(object), top);
    }
  }
  return home;
}

/** How many a group must hold: one alone is itself. */
const LEAST = 2;

/**
 * The same graph with each group as one box: its worst state, how many it stands for, and every edge that leaves it once.
 * Groups in `open` stay apart.
 */
export function collapsed(view: GraphView, by: Collapse, open: ReadonlySet<string> = new Set()): GraphView {
  if (by === "nothing") return view;
  const home = homes(view, by);
  const sizes = new Map<string, number>();
  for (const object of home.values()) sizes.set(objectKey(object), (sizes.get(objectKey(object)) ?? 0) + 1);
  const drawn = new Map(view.layout.nodes.map((n) => [objectKey(n.object), n]));
  const at = (object: ObjectRef): ObjectRef => {
    const group = home.get(objectKey(object));
    if (!group) return object;
    const key = objectKey(group);
    const members = (sizes.get(key) ?? 0) + (drawn.has(key) ? 1 : 0);
    return open.has(key) || members < LEAST ? object : group;
  };
  const states = new Map(view.states.map((s) => [objectKey(s.object), s]));
  const groups = new Map<string, { object: ObjectRef; members: Placed[] }>();
  for (const node of view.layout.nodes) {
    const object = at(node.object);
    const key = objectKey(object);
    const group = groups.get(key) ?? { object, members: [] };
    group.members.push(node);
    groups.set(key, group);
  }
  const nodes: Placed[] = [];
  const merged: NodeState[] = [];
  for (const [key, { object, members }] of groups) {
    const [only] = members;
    if (!only) continue;
    const own = states.get(key);
    if (members.length === 1 && objectKey(only.object) === key) {
      nodes.push(only);
      if (own) merged.push(own);
      continue;
    }
    nodes.push({ object, layer: Math.min(...members.map((m) => m.layer)), x: members.reduce((sum, m) => sum + m.x, 0) / members.length, y: Math.min(...members.map((m) => m.y)), stands_for: members.reduce((sum, m) => sum + m.stands_for, 0) });
    const of = members.flatMap((m) => states.get(objectKey(m.object)) ?? []);
    const bad = of.filter((s) => s.severity !== null);
    const severity = bad.reduce<Severity | null>((worst, s) => (s.severity && (!worst || rank[s.severity] > rank[worst]) ? s.severity : worst), null);
    merged.push({ object, severity, status: `${countOf(members.length, "object")}${bad.length > 0 ? `, ${bad.length} in trouble` : ""}`, exists: of.length === 0 || of.some((s) => s.exists) });
  }
  const once = new Map<string, Edge>();
  for (const edge of view.layout.edges) {
    const [from, to] = [at(edge.from), at(edge.to)];
    if (objectKey(from) === objectKey(to)) continue;
    const key = `${objectKey(from)} ${objectKey(to)} ${edge.relation}`;
    const known = once.get(key);
    once.set(key, known ? { ...known, reason: known.reason.endsWith(" and more") ? known.reason : `${known.reason} and more` } : { ...edge, from, to });
  }
  return { ...view, layout: { nodes, edges: [...once.values()], hidden: view.layout.hidden }, states: merged };
}
