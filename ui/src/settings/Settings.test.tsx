import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { testids } from "../testids";
import { CASE } from "../platform/recordings/demo/case";
import { listening, requests, show } from "../testing/show";
import { restoreTheme } from "../tokens/theme";

const patient = { timeout: 10_000 };
const person = userEvent.setup();

beforeEach(() => {
  Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, get: () => 700 });
  Object.defineProperty(HTMLElement.prototype, "offsetHeight", { configurable: true, get: () => 28 });
});

describe("the settings", () => {
  it("are one key away, and their parts are gone through by keys", async () => {
    show("#/cases");
    await screen.findByTestId(testids.rail, {}, patient);
    await person.keyboard("gs");
    expect((await screen.findByRole("heading", { name: "Kubeconfigs" })).tagName).toBe("H2");
    await person.keyboard("j");
    await screen.findByRole("heading", { name: "History" });
    await person.keyboard("kk");
    await screen.findByRole("heading", { name: "About" });
  });

  it("show every login program with what was decided, and a trusted one is revoked", async () => {
    show("#/settings/logins");
    const rows = await screen.findAllByTestId(testids.loginRow, {}, patient);
    expect(rows.map((row) => row.dataset["trust"])).toEqual(["trusted", "undecided"]);
    await person.click(within(rows[0] as HTMLElement).getByTestId(testids.loginRevoke));
    await waitFor(() => expect(requests("trust_decide")).toEqual([{ digest: "7a", trust: "undecided" }]));
    await waitFor(() => expect(screen.getAllByTestId(testids.loginRow)[0]?.dataset["trust"]).toBe("undecided"));
  });

  it("set what one cluster is trusted by, and leave the others", async () => {
    show("#/settings/clusters");
    const row = (await screen.findAllByTestId(testids.settingsCluster, {}, patient)).find((one) => one.dataset["name"] === "dev-sandbox");
    await person.click(row as HTMLElement);
    await person.click(await screen.findByTestId(testids.machineCertificates));
    await waitFor(() => expect(requests("cluster_settings_put")).toEqual([{ cluster: "cluster:dev-sandbox", settings: { machine_certificates: true } }]));
  });

  it("set how much history is kept, within what can be kept, and say that less forgets", async () => {
    show("#/settings/history");
    const days = await screen.findByTestId(testids.keepDays, {}, patient);
    await person.clear(days);
    await person.type(days, "0");
    expect(screen.getByText(/days are a number from 1 to 365/)).toBeTruthy();
    await person.click(screen.getByTestId(testids.keepSet));
    expect(requests("histories_keep")).toEqual([]);
    await person.clear(days);
    await person.type(days, "3");
    expect(screen.getByText(/cannot be taken back/)).toBeTruthy();
    await person.click(screen.getByTestId(testids.keepSet));
    await waitFor(() => expect(requests("histories_keep")).toEqual([{ days: 3, megabytes: 2048 }]));
  });

  it("show what lies on the disk with its gaps, and forget only after a second word", async () => {
    show("#/settings/history");
    const rows = await screen.findAllByTestId(testids.historyRow, {}, patient);
    expect(rows.map((row) => row.dataset["name"])).toEqual(["prod-eu-west-1", "playground", "staging-eu", "/home/o/.local/state/caseboard/clusters/4f.db"]);
    expect(rows[0]?.textContent).toContain("14,201 observations gone");
    expect(within(rows[1] as HTMLElement).getByRole("alert").textContent).toContain("Not written to the disk now");
    expect(within(rows[3] as HTMLElement).queryByTestId(testids.historyForget)).toBeNull();
    await person.click(within(rows[2] as HTMLElement).getByTestId(testids.historyForget));
    expect(requests("history_forget")).toEqual([]);
    await person.click(within(rows[2] as HTMLElement).getByTestId(testids.historyForgetAll));
    await waitFor(() => expect(requests("history_forget")).toEqual([{ cluster: "cluster:staging", what: "everything" }]));
  });

  it("keep the theme for the next start", async () => {
    show("#/settings/appearance");
    const light = (await screen.findAllByTestId(testids.settingsTheme, {}, patient)).find((one) => one.dataset["themeChoice"] === "light");
    await person.click(light as HTMLElement);
    expect(document.documentElement.dataset["theme"]).toBe("light");
    delete document.documentElement.dataset["theme"];
    restoreTheme();
    expect(document.documentElement.dataset["theme"]).toBe("light");
    await person.click((await screen.findAllByTestId(testids.settingsTheme)).find((one) => one.dataset["themeChoice"] === "dark") as HTMLElement);
  });

  it("find a key by what it does", async () => {
    show("#/settings/keys");
    await person.type(await screen.findByTestId(testids.keysSearch, {}, patient), "approve");
    expect(screen.getAllByTestId(testids.keyRow).map((row) => row.textContent)).toContain("AApprove the call");
    expect(screen.getAllByTestId(testids.keyRow).length).toBeLessThan(4);
  });
});

describe("another kind", () => {
  it("is found among those the cluster serves and watched from then on", async () => {
    show("#/connection/cluster%3Astaging");
    await screen.findAllByTestId(testids.watchRow, {}, patient);
    await person.keyboard("w");
    const dialog = await screen.findByTestId(testids.kinds, {}, patient);
    expect(await within(dialog).findByText(/gave no answer/)).toBeTruthy();
    await person.type(within(dialog).getByTestId(testids.kindsSearch), "certif");
    const row = within(dialog).getByTestId(testids.kindRow);
    expect(row.dataset["kind"]).toBe("Certificate");
    await person.click(within(row).getByTestId(testids.kindWatch));
    await waitFor(() => expect(within(dialog).getByTestId(testids.kindRow).dataset["watched"]).toBe("true"));
    expect(requests("cluster_watch_kind")).toEqual([{ cluster: "cluster:staging", kind: "Certificate" }]);
  });

  it("show that the policy holds what it promises, and what is taken out of a text", async () => {
    show("#/settings/calls");
    expect((await screen.findByTestId(testids.promises, {}, patient)).dataset["broken"]).toBe("0");
    await screen.findByText(/every call of every case asks/);
    await person.type(screen.getByTestId(testids.redactionText), "connecting password=hunter2");
    await person.click(screen.getByTestId(testids.redactionTry));
    const left = await screen.findByTestId(testids.redactionLeft, {}, patient);
    expect(left.textContent).toContain("Taken out: 1 password");
    expect(left.textContent).not.toContain("hunter2");
    expect(requests("redaction_try")).toEqual([{ text: "connecting password=hunter2" }]);
  });

  it("switch on what models are told under another name", async () => {
    show("#/settings/calls");
    const names = await screen.findByTestId<HTMLInputElement>(testids.pseudonym("names"), {}, patient);
    expect(names.checked).toBe(false);
    await person.click(names);
    await waitFor(() => expect(screen.getByTestId<HTMLInputElement>(testids.pseudonym("names")).checked).toBe(true));
    expect(requests("pseudonyms_put")).toEqual([{ names: true, hosts: false, addresses: false }]);
  });

  it("end a standing rule before its time", async () => {
    const host = listening();
    show("#/settings/calls", host);
    await screen.findByTestId(testids.promises, {}, patient);
    await host.call("rule_allow", { case: CASE, tools: [], namespace: "shop", minutes: 30, because: "on call" });
    const row = await screen.findByTestId(testids.ruleRow, {}, patient);
    expect(row.textContent).toContain("All reads in shop");
    await person.click(within(row).getByTestId(testids.ruleEnd));
    await waitFor(() => expect(screen.queryByTestId(testids.ruleRow)).toBeNull());
  });

  it("leave the desktop alone until somebody says otherwise, and take only hours for quiet ones", async () => {
    show("#/settings/notices");
    const on = (await screen.findByTestId(testids.noticesOn, {}, patient)) as HTMLInputElement;
    expect([on.checked, (screen.getByTestId(testids.trayOn) as HTMLInputElement).checked]).toEqual([false, false]);
    await person.click(on);
    await person.click(screen.getByTestId(testids.quietOn));
    const [from] = screen.getAllByTestId(testids.quietTime) as HTMLInputElement[];
    await person.clear(from as HTMLInputElement);
    await person.type(from as HTMLInputElement, "25:99");
    expect(from?.getAttribute("aria-invalid")).toBe("true");
    await person.clear(from as HTMLInputElement);
    await person.type(from as HTMLInputElement, "23:15");
    expect(JSON.parse(localStorage.getItem("notices") ?? "{}")).toMatchObject({ told: true, quiet: { on: true, from: 23 * 60 + 15, until: 7 * 60 } });
    await person.click(on);
  });
});

it("a rule is written, kept while it is not copied, and copied once it has all that a file of rules asks for", async () => {
  const first = show("#/settings/calls");
  const field = (name: string) => screen.getByTestId(testids.ruleWriter).querySelector<HTMLInputElement>(`[data-field=${name}]`) as HTMLInputElement;
  await person.click(within(await screen.findByTestId(testids.ruleWriter, {}, patient)).getByText("Write a rule"));
  await person.type(field("name"), "events of the shop");
  await person.type(field("because"), "on call");
  first.unmount();
  show("#/settings/calls");
  await screen.findByTestId(testids.ruleWriter, {}, patient);
  await person.click(screen.getByTestId(testids.draftTake));
  expect(field("name").value).toBe("events of the shop");
  expect(screen.getByTestId(testids.ruleCopy).getAttribute("title")).toContain("test");
  await person.type(field("testTool"), "events");
  await waitFor(() => expect(screen.getByTestId(testids.ruleCopy).getAttribute("aria-disabled")).toBeNull());
  expect(screen.getByTestId(testids.ruleText).textContent).toContain("because: on call");
});
