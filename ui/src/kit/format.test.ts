import { describe, expect, it } from "vitest";
import { bytesOf, dayOf, homeOf, momentOf, percentOf, spanOf } from "./format";

describe("how things are written", () => {
  it("says spans in at most two units", () => {
    expect([8, 75, 600, 7800, 86_400 * 3 + 4 * 3600].map((s) => spanOf(s * 1e6))).toEqual(["8 s", "1 min 15 s", "10 min", "2 h 10 min", "3 d 4 h"]);
    expect(spanOf(-5e6)).toBe("0 s");
  });

  it("says the year of a day that is not of this one", () => {
    const now = new Date();
    const before = new Date(now.getFullYear() - 1, 10, 23, 3, 14, 7);
    expect(momentOf(before.getTime() * 1000, now.getTime() * 1000)).toBe(`23 Nov ${before.getFullYear()} 03:14:07`);
    expect(dayOf(now.getTime() * 1000)).not.toContain(String(now.getFullYear()));
  });

  it("says sizes as disks are filled", () => {
    expect([0, 900, 184_320, 3_565_158, 2048 * 1024 * 1024].map(bytesOf)).toEqual(["0 B", "900 B", "180 kB", "3.4 MB", "2 GB"]);
  });

  it("never rounds doubt away", () => {
    expect([0, 0.004, 0.5, 0.996, 1].map(percentOf)).toEqual(["0 %", "<1 %", "50 %", ">99 %", "100 %"]);
  });

  it("finds the workload that a pod belongs to by the longest name that fits, never a service or another namespace", () => {
    const keys = new Set(["Deployment/shop/cart", "Deployment/shop/cart-cache", "Service/shop/cart-cache-x", "Deployment/other/cart-cache-7f"]);
    const pod = { kind: "Pod", namespace: "shop", name: "cart-cache-7f-abc" };
    expect(homeOf(pod, keys)).toBe("Deployment/shop/cart-cache");
    expect(homeOf({ ...pod, name: "web-1" }, keys)).toBeNull();
    expect(homeOf({ kind: "Node", namespace: "", name: "cart-1" }, keys)).toBeNull();
  });
});
