import { describe, expect, it } from "vitest";
import { incidents } from "../platform/recordings/demo/incidents";
import type { Incident } from "../wire/wire";
import { type Choice, UNTOLD } from "./choice";
import { due, tellings, type Open } from "./due";
import { isQuiet, minuteFrom, minuteText } from "./quiet";

const [first] = incidents as [Incident];
const signal = (of: string) => ({ ...first.signals[0]!, name: "crash_loop", subject: { kind: "Deployment", namespace: "shop", name: of } });
const open = (id: string, part: Partial<Incident> = {}, cluster = "prod"): Open => ({ cluster, clusterName: cluster, incident: { ...first, id, severity: "critical", state: "open", signals: [signal(id)], ...part } });
const on: Choice = { ...UNTOLD, told: true };
const looked = new Set(["prod"]);
const noon = 12 * 60;

describe("quiet hours", () => {
  it("go over midnight", () => {
    const night = { from: 22 * 60, until: 7 * 60 };
    const at = (text: string) => isQuiet(night, minuteFrom(text) ?? -1);
    expect(["21:59", "22:00", "23:59", "00:00", "03:14", "06:59", "07:00", "12:00"].map(at)).toEqual([false, true, true, true, true, true, false, false]);
  });

  it("lie within a day, or are none", () => {
    const lunch = { from: 12 * 60, until: 13 * 60 };
    expect([719, 720, 779, 780].map((m) => isQuiet(lunch, m))).toEqual([false, true, true, false]);
    expect(isQuiet({ from: 60, until: 60 }, 60)).toBe(false);
  });

  it("are read as people write them, and nothing else is", () => {
    expect(["7:05", "07:05", "24:00", "12:60", "noon", ""].map(minuteFrom)).toEqual([425, 425, null, null, null, null]);
    expect(minuteText(425)).toBe("07:05");
  });
});

describe("the desktop", () => {
  it("is told nothing before somebody turned it on", () => {
    expect(due([open("a")], new Set(), looked, UNTOLD, noon)).toEqual({ notices: [], told: [], old: [] });
  });

  it("is told of a new severe incident once", () => {
    const news = due([open("a")], new Set(), looked, on, noon);
    expect(news.notices).toEqual([{ about: "prod crash_loop Deployment/shop/a@3", title: "Critical incident in prod", body: first.title.replaceAll("`", ""), place: "#/cluster/prod/a" }]);
    expect(due([open("a")], new Set(news.told), looked, on, noon).notices).toEqual([]);
  });

  it("is not told again of an incident whose id moved because a signal joined it", () => {
    const { told } = due([open("a")], new Set(), looked, on, noon);
    const grown = open("moved", { signals: [signal("aa"), signal("a")] });
    expect(due([grown], new Set(told), looked, on, noon)).toEqual({ notices: [], told: [], old: [] });
  });

  it("is told once more when an incident gets worse, and not when it gets better", () => {
    const majors: Choice = { ...on, from: "major" };
    const { told } = due([open("a", { severity: "major" })], new Set(), looked, majors, noon);
    const worse = due([open("a")], new Set(told), looked, majors, noon);
    expect(worse.notices.map((n) => n.title)).toEqual(["An incident in prod got worse: it is critical now"]);
    const known = new Set([...told, ...worse.told]);
    expect(due([open("a")], known, looked, majors, noon).notices).toEqual([]);
    expect(due([open("a", { severity: "major" })], known, looked, majors, noon).notices).toEqual([]);
  });

  it("is not told of what was there when the cluster was opened", () => {
    const before = due([open("a")], new Set(), new Set(), on, noon);
    expect(before).toEqual({ notices: [], told: [], old: ["prod crash_loop Deployment/shop/a@3"] });
    expect(due([open("a"), open("b")], new Set(before.old), looked, on, noon).notices.map((n) => n.place)).toEqual(["#/cluster/prod/b"]);
  });

  it("is told of majors only where that was chosen, and never of what somebody has acknowledged", () => {
    const some = [open("a", { severity: "major" }), open("b", { severity: "minor" }), open("c", { state: "acknowledged" })];
    expect(due(some, new Set(), looked, on, noon).notices).toEqual([]);
    expect(due(some, new Set(), looked, { ...on, from: "major" }, noon).notices.map((n) => n.place)).toEqual(["#/cluster/prod/a"]);
  });

  it("is left alone in quiet hours, and told afterwards of what is still open", () => {
    const quiet: Choice = { ...on, quiet: { on: true, from: 22 * 60, until: 7 * 60 } };
    expect(due([open("a")], new Set(), looked, quiet, 3 * 60)).toEqual({ notices: [], told: [], old: [] });
    expect(due([open("a")], new Set(), looked, quiet, 7 * 60).notices).toHaveLength(1);
  });

  it("is told of many in one sentence", () => {
    const many = ["a", "b", "c", "d"].map((id) => open(id));
    const { notices, told } = due(many, new Set(), looked, on, noon);
    expect(notices.map((n) => [n.title, n.place])).toEqual([["4 new incidents", "#/incidents"]]);
    expect(told).toEqual(many.flatMap(tellings));
  });
});
