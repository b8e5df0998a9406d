import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import type { CommandName } from "../platform/host";
import { recordedHost } from "../platform/recorded";
import { demo } from "../platform/recordings/demo";
import { withFleet } from "../platform/recordings/fleet";
import { testids } from "../testids";
import { listening, requests, show } from "../testing/show";

const COUNT = 500;
const patient = { timeout: 10_000 };
const person = userEvent.setup();

/** The recorded fleet; `answer` may hold an answer back. */
const host = (answer?: (name: CommandName) => Promise<void>) => listening(recordedHost(withFleet(demo, COUNT), 0), answer);
const opened = () => requests("cluster_open").map((request) => (request as { cluster: string }).cluster);
const rows = () => screen.getAllByTestId(testids.fleetRow);
const namesShown = () => rows().map((row) => row.dataset["name"]);

// jsdom lays nothing out: the list is given a height to fill, and every line one of its own.
beforeEach(() => {
  const of = (grid: number, rest: number) => ({
    configurable: true,
    get(this: HTMLElement) {
      return this.getAttribute("role") === "grid" ? grid : rest;
    },
  });
  Object.defineProperty(HTMLElement.prototype, "clientWidth", of(900, 900));
  Object.defineProperty(HTMLElement.prototype, "clientHeight", of(800, 30));
  Object.defineProperty(HTMLElement.prototype, "offsetHeight", of(800, 30));
});

describe("the fleet", () => {
  it("draws a screenful of five hundred contexts, and contacts none", async () => {
    show("#/", host());
    await screen.findAllByTestId(testids.fleetRow, {}, patient);
    expect(rows().length).toBeLessThan(60);
    expect(screen.getByPlaceholderText(`Search ${COUNT} contexts`)).toBeTruthy();
    expect(opened()).toEqual([]);
  });

  it("does not say that there is nothing while the kubeconfigs are being read", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    show("#/", host((name) => (name === "clusters_list" ? held : Promise.resolve())));
    await screen.findByTestId("picture-loading");
    expect(screen.queryByText(/No kubeconfig|No context/)).toBeNull();
    release();
    await screen.findAllByTestId(testids.fleetRow, {}, patient);
  });

  it("is searched by one key, and Enter opens and shows the first that was found", async () => {
    show("#/", host());
    await screen.findAllByTestId(testids.fleetRow, {}, patient);
    await person.keyboard("/");
    expect(document.activeElement).toBe(screen.getByTestId(testids.clusterSearch));
    await person.keyboard("payments-dev-3");
    await waitFor(() => expect(new Set(namesShown())).toEqual(new Set(["payments-dev-3"])));
    const wanted = rows()[0]?.dataset["id"];
    await person.keyboard("{Enter}");
    await waitFor(() => expect(opened()).toEqual([wanted]));
    expect(location.hash).toContain(encodeURIComponent(wanted ?? "?"));
  });

  it("opens several at once by keys alone; one that fails says why beside itself and holds up none", async () => {
    show("#/", host());
    await screen.findAllByTestId(testids.fleetRow, {}, patient);
    await person.keyboard("/");
    await person.keyboard("search-dev");
    await waitFor(() => expect(namesShown().every((name) => name?.startsWith("search-dev"))).toBe(true));
    const many = rows().length;
    expect(many).toBeGreaterThan(1);
    // In the search, Ctrl+A chooses what is typed; in the list, all that was found.
    fireEvent.keyDown(screen.getByRole("grid"), { key: "a", ctrlKey: true });
    await waitFor(() => expect(screen.getByTestId(testids.fleetChosen).dataset["count"]).toBe(String(many)));
    fireEvent.keyDown(screen.getByRole("grid"), { key: "Enter" });
    await waitFor(() => expect(opened()).toHaveLength(many));
    await waitFor(() => expect(rows().some((row) => row.dataset["phase"] === "unreachable")).toBe(true), patient);
    await waitFor(() => expect(rows().some((row) => row.dataset["phase"] === "live")).toBe(true), patient);
    expect(within(rows().find((row) => row.dataset["phase"] === "unreachable") as HTMLElement).getByText(/connection was refused/)).toBeTruthy();
  });

  it("asks once more before it contacts very many, and says how many of them are not shown", async () => {
    show("#/", host());
    await screen.findAllByTestId(testids.fleetRow, {}, patient);
    fireEvent.keyDown(screen.getByRole("grid"), { key: "a", ctrlKey: true });
    await waitFor(() => expect(screen.getByTestId(testids.fleetChosen).dataset["count"]).toBe(String(COUNT)));
    await person.keyboard("/");
    await person.keyboard("payments-dev-3");
    await waitFor(() => expect(screen.getByTestId(testids.fleetChosen).textContent).toContain("not shown by this search"));
    await person.keyboard("{Enter}");
    await waitFor(() => expect(screen.getByTestId(testids.fleetOpenChosen).textContent).toContain("contact all"));
    expect(opened()).toEqual([]);
    await person.keyboard("{Escape}");
    await waitFor(() => expect(screen.getByTestId(testids.fleetChosen).dataset["count"]).toBe("0"));
  });

  it("tells same-named contexts apart by their file", async () => {
    show("#/", host());
    await screen.findAllByTestId(testids.fleetRow, {}, patient);
    await person.keyboard("/");
    await person.keyboard("admin@dev");
    await waitFor(() => expect(new Set(namesShown())).toEqual(new Set(["admin@dev"])));
    const files = rows().map((row) => row.textContent?.match(/from (\S+?\.yaml)/)?.[1]);
    expect(new Set(files).size).toBe(files.length);
  });
});
