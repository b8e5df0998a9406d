import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { ARGUED, FINISHED } from "../platform/recordings/demo/case";
import { testids } from "../testids";
import { requests, show } from "../testing/show";

const person = userEvent.setup();
const patient = { timeout: 20_000 };

beforeEach(async () => {
  show(`#/case/${FINISHED}`);
  await screen.findByTestId(testids.conclusion, {}, patient);
});

describe("a branch", () => {
  it("begins at the step that was pointed at, and is shown", async () => {
    const call = screen.getAllByTestId(testids.entry).find((entry) => entry.dataset["type"] === "call") as HTMLElement;
    await person.click(within(call).getByTestId(testids.branchHere));
    await screen.findByText(/holds this one's steps 1 to 5, without the/);
    await person.click(screen.getByTestId(testids.branchConfirm));
    await waitFor(() => expect(requests("case_fork")).toEqual([{ case: FINISHED, at: 5 }]));
    await waitFor(() => expect(location.hash).toContain("#/case/branch-"));
    await screen.findByText(/A branch of case/, {}, patient);
    expect(screen.queryByTestId(testids.conclusion)).toBeNull();
  });

  it("begins by one key at what is shown, and nothing is made before it is confirmed", async () => {
    await person.keyboard("f");
    await screen.findByTestId(testids.branch);
    await person.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByTestId(testids.branch)).toBeNull());
    expect(requests("case_fork")).toEqual([]);
  });
});

describe("two cases", () => {
  it("are shown side by side, with who investigated and where they part", async () => {
    await person.keyboard("c");
    fireEvent.change(await screen.findByTestId(testids.compareWith, {}, patient), { target: { value: ARGUED } });
    const compared = await screen.findByTestId(testids.compared, {}, patient);
    await waitFor(() => expect(requests("cases_compare")).toContainEqual({ one: FINISHED, other: ARGUED }));
    expect(compared.dataset["same"]).toBe("true");
    expect(compared.textContent).toContain("first step in common");
    expect(within(compared).getByRole("row", { name: /^Investigator built-in house$/, hidden: true })).toBeTruthy();
    expect(compared.textContent).toContain("4 answers");
  });
});
