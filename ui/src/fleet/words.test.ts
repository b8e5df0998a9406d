import { describe, expect, it } from "vitest";
import { closedRow, watchRow } from "../platform/rows";
import type { ClusterRow, WatchRow } from "../wire/wire";
import { saying, troubleOf } from "./words";

const NOW = 1_000_000e6;
const watch = (phase: string): WatchRow => watchRow({ phase, since: NOW });
const row = (phase: ClusterRow["state"]["phase"], seen: number | null, watches: WatchRow[] = []): ClusterRow =>
  closedRow("c", {}, { phase, message: "Could not reach it.", hint: "Look.", watches, last_seen_at: seen === null ? null : NOW - seen * 1e6 });

describe("how a cluster stands", () => {
  it("says how old what is shown is, and that it is old once a bookmark is overdue", () => {
    expect(saying(row("live", 4), NOW)).toEqual({ text: "seen 4 s ago", tone: "plain" });
    expect(saying(row("live", 300), NOW)).toEqual({ text: "seen 5 min ago", tone: "old" });
  });

  it("counts what is listed while it is being listed, and never says that there is nothing", () => {
    expect(saying(row("connecting", null), NOW).text).toBe("connecting");
    expect(saying(row("connecting", null, [watch("live"), watch("listing"), watch("refused")]), NOW).text).toBe("listing, 1 of 2 kinds");
  });

  it("says of a lost cluster when it was last seen, and of one never reached that it was not", () => {
    expect(saying(row("failed", 60), NOW).text).toBe("lost, last seen 1 min ago");
    expect(saying(row("failed", null), NOW).text).toBe("could not connect");
    expect(troubleOf(row("failed", null))).toEqual({ text: "Could not reach it.", hint: "Look." });
  });

  it("tells apart why a cluster cannot be looked at", () => {
    const failed = (trouble: string) => saying(closedRow("c", {}, { phase: "failed", trouble }), NOW).text;
    expect(["refused", "tls", "busy", "server"].map(failed)).toEqual(["may not look", "certificate not trusted", "asked to wait", "server error"]);
  });

  it("says for how long a server did not answer", () => {
    expect(saying(closedRow("c", {}, { phase: "connecting", since: NOW - 9e6 }), NOW).text).toBe("connecting for 9 s");
  });

  it("counts the watches that broke off", () => {
    expect(saying(row("degraded", 4, [watch("failed"), watch("live")]), NOW)).toEqual({ text: "1 watch broken off, seen 4 s ago", tone: "old" });
  });
});
