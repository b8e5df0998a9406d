import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { testids } from "../testids";
import { requests, show } from "../testing/show";
import { namespacesOf } from "./Namespaces";

const patient = { timeout: 10_000 };
const person = userEvent.setup();

beforeEach(() => {
  Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, get: () => 700 });
  Object.defineProperty(HTMLElement.prototype, "offsetHeight", { configurable: true, get: () => 28 });
});

describe("the connection panel", () => {
  it("shows every watch with its state, its age and what is wrong with it, the broken ones first", async () => {
    show("#/connection/cluster%3Aprod-eu");
    const rows = await screen.findAllByTestId(testids.watchRow, {}, patient);
    expect(rows.slice(0, 2).map((row) => row.dataset["phase"])).toEqual(["failed", "refused"]);
    expect(within(rows[0] as HTMLElement).getByText(/connection reset/)).toBeTruthy();
    expect(within(rows[0] as HTMLElement).getByTestId(testids.watchAge).dataset["old"]).toBe("true");
    const event = rows.find((row) => row.dataset["kind"] === "Event") as HTMLElement;
    expect(within(event).getByText(/1 object could not be read/)).toBeTruthy();
    expect(within(event).getByText("paged")).toBeTruthy();
  });

  it("lists what a login does not see as not seen, and where it is seen all the same", async () => {
    show("#/connection/cluster%3Ascoped");
    const unseen = await screen.findByTestId(testids.unseen, {}, patient);
    expect(within(unseen).getByText(/is not known/)).toBeTruthy();
    expect(within(unseen).getByText("Node").closest("li")?.textContent).toContain("not at all");
    expect(within(unseen).getByText("Pod").closest("li")?.textContent).toContain("seen in payments, payments-jobs only");
  });

  it("sets the namespaces to look into, and refuses what cannot be one", async () => {
    show("#/connection/cluster%3Ascoped");
    const input = await screen.findByTestId(testids.namespacesInput, {}, patient);
    fireEvent.change(input, { target: { value: "payments-jobs, Not_One" } });
    await person.click(screen.getByTestId(testids.namespacesSave));
    expect(requests("cluster_settings_put")).toEqual([]);
    fireEvent.change(input, { target: { value: "payments-jobs ledger, ledger" } });
    await person.click(screen.getByTestId(testids.namespacesSave));
    await waitFor(() => expect(requests("cluster_settings_put")).toEqual([{ cluster: "cluster:scoped", settings: { namespaces: ["payments-jobs", "ledger"] } }]));
    expect(namespacesOf(" a,b\n a ")).toEqual(["a", "b"]);
  });

  it("renews a login in place: what was seen stays shown, with its age", async () => {
    show("#/cluster/cluster%3Aprod-us");
    const stale = await screen.findByTestId(testids.stale, {}, patient);
    expect(stale.textContent).toContain("what is shown is as of");
    expect(await screen.findAllByTestId(testids.incidentRow, {}, patient)).toHaveLength(1);
    await person.click(within(stale).getByTestId(testids.connectionRenew));
    expect(requests("cluster_renew")).toEqual([{ cluster: "cluster:prod-us" }]);
    await waitFor(() => expect(screen.getByTestId(testids.clusterBar).dataset["phase"]).toBe("live"), patient);
    expect(screen.queryByTestId(testids.stale)).toBeNull();
  });

  it("allows changes at a production-looking cluster only after its name was typed", async () => {
    show("#/connection/cluster%3Aprod-eu");
    await person.click(await screen.findByTestId(testids.writesSwitch, {}, patient));
    await person.click(screen.getByTestId(testids.writesConfirm));
    expect(requests("writes_set")).toEqual([]);
    await person.type(screen.getByTestId(testids.writesTyped), "prod-eu-west-1");
    await person.click(screen.getByTestId(testids.writesConfirm));
    await waitFor(() => expect(screen.getByTestId(testids.writes).dataset["enabled"]).toBe("true"), patient);
    await person.click(screen.getByTestId(testids.writesSwitch));
    await waitFor(() => expect(screen.getByTestId(testids.writes).dataset["enabled"]).toBe("false"), patient);
  });
});

describe("the trust prompt", () => {
  it("shows the whole command, and takes no answer before it could be read", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    try {
      show("#/cluster/cluster%3Anew");
      const prompt = await screen.findByTestId(testids.trust, {}, patient);
      for (const part of ["/home/o/Downloads/payments.yaml", "/home/o/Downloads/login.sh", "--tenant", "payments", "/tmp/p.json", "LOGIN_URL, HTTPS_PROXY"]) expect(within(prompt).getByText(part), part).toBeTruthy();
      expect(prompt.dataset["settled"]).toBe("false");
      fireEvent.click(screen.getByTestId(testids.trustAllow));
      fireEvent.keyDown(window, { key: "t" });
      expect(requests("trust_decide")).toEqual([]);
      await vi.advanceTimersByTimeAsync(1000);
      await waitFor(() => expect(screen.getByTestId(testids.trust).dataset["settled"]).toBe("true"));
      fireEvent.click(screen.getByTestId(testids.trustAllow), { detail: 2 });
      expect(requests("trust_decide")).toEqual([]);
      fireEvent.keyDown(window, { key: "t" });
      await waitFor(() => expect(requests("trust_decide")).toEqual([{ digest: "9c41e0", trust: "trusted" }]));
    } finally {
      vi.useRealTimers();
    }
  });

  it("closes the cluster where the engineer does not want to decide now", async () => {
    show("#/cluster/cluster%3Anew");
    await waitFor(() => expect(screen.getByTestId(testids.trust).dataset["settled"]).toBe("true"), patient);
    await person.keyboard("n");
    await waitFor(() => expect(requests("cluster_close")).toEqual([{ cluster: "cluster:new" }]));
    expect(requests("trust_decide")).toEqual([]);
  });
});

describe("the sources", () => {
  it("are listed with what is wrong in them, and take a folder by its path", async () => {
    show("#/");
    await person.click(await screen.findByTestId(testids.sourcesOpen, {}, patient));
    const rows = await screen.findAllByTestId(testids.sourceRow, {}, patient);
    expect(rows.some((row) => /line 14/.test(row.textContent ?? ""))).toBe(true);
    await person.type(screen.getByTestId(testids.sourcePath), "/home/o/more/{Enter}");
    await waitFor(() => expect(requests("source_add")).toEqual([{ kind: "folder", name: "/home/o/more/", text: null }]));
    await waitFor(() => expect(screen.getAllByTestId(testids.sourceRow)).toHaveLength(rows.length + 1));
  });

  it("say what is wrong with a pasted text beside it", async () => {
    show("#/");
    await person.click(await screen.findByTestId(testids.sourcesOpen, {}, patient));
    fireEvent.change(await screen.findByTestId(testids.sourceText, {}, patient), { target: { value: "hello" } });
    await person.click(screen.getByTestId(testids.sourcePaste));
    expect(await screen.findByText(/is no kubeconfig/)).toBeTruthy();
  });
});
