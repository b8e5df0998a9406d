import { describe, expect, it } from "vitest";
import type { ClusterPhase, ClusterRow, WatchRow } from "../wire/wire";
import { closedRow, watchRow } from "../platform/rows";
import { stepsOf } from "./steps";

const watch = (phase: string, listed = false): WatchRow => watchRow({ phase, listed });
const cluster = (phase: ClusterPhase, watches: WatchRow[] = [], rest: Partial<ClusterRow> = {}): ClusterRow => closedRow("c", { server: "https://10.0.0.1:6443", ...rest }, { phase, watches });
const kind = (name: string, phase: string): WatchRow => watchRow({ kind: name, phase });
const marks = (of: ClusterRow) => stepsOf(of).map((step) => step.mark);

describe("the way to a live connection", () => {
  it("has nothing behind it while the cluster is closed", () => {
    expect(new Set(marks(cluster("closed")))).toEqual(new Set(["ahead"]));
  });

  it("stops at the plugin that nobody has allowed, and names it", () => {
    const steps = stepsOf(cluster("awaiting_trust", [], { exec: { command: "/usr/bin/aws", args: [], env: [], line: "/usr/bin/aws", digest: "d", source: "/k", trust: "undecided", decided_at: null } }));
    expect(steps[0]).toEqual({ name: "Trust", mark: "asks", text: "may `aws` run?" });
    expect(steps.slice(1).every((step) => step.mark === "ahead")).toBe(true);
  });

  it("stops at the login where the credential is taken by nobody, and at the network where nothing answers", () => {
    expect(marks(cluster("logged_out"))).toEqual(["done", "asks", "ahead", "ahead", "ahead"]);
    expect(marks(cluster("unreachable"))).toEqual(["done", "ahead", "stopped", "ahead", "ahead"]);
  });

  it("stops at the certificate that is not trusted, and behind a server that answers and refuses", () => {
    const stopped = (phase: ClusterPhase, trouble: string) => {
      const row = cluster(phase);
      return stepsOf({ ...row, state: { ...row.state, trouble } }).find((step) => step.mark === "stopped");
    };
    expect(stopped("unreachable", "tls")).toEqual({ name: "Reach", mark: "stopped", text: "certificate not trusted" });
    expect(stopped("failed", "refused")).toEqual({ name: "List", mark: "stopped", text: "may not look" });
  });

  it("counts the kinds that are listed of those that can be", () => {
    const steps = stepsOf(cluster("connecting", [kind("Pod", "live"), kind("Node", "listing"), kind("Secret", "refused"), kind("Gateway", "not served")]));
    expect(steps[3]).toEqual({ name: "List", mark: "now", text: "1 of 2 kinds" });
  });

  it("follows, and says what it does not follow", () => {
    expect(marks(cluster("live", [watch("live"), watch("refused")]))).toEqual(["done", "done", "done", "done", "done"]);
    expect(stepsOf(cluster("degraded", [kind("Pod", "live"), watch("failed", true), kind("Node", "refused")]))[4]).toEqual({ name: "Follow", mark: "partly", text: "1 live, 1 broken off, 1 refused" });
  });
});
