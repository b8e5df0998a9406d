import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { toHash } from "../app/route";
import { FINISHED, finishedCase } from "../platform/recordings/demo/case";
import { testids } from "../testids";
import { show } from "../testing/show";

const person = userEvent.setup();
const patient = { timeout: 20_000 };
const cart = { kind: "Deployment", namespace: "shop", name: "cart" };
const until = finishedCase.events[3]?.at ?? 0;
const linked = toHash({ at: "case", case: FINISHED, place: { time: until, known: false, object: cart, evidence: null, large: "board" } });

it("a link brings back the time, what was chosen and the large panel", async () => {
  show(linked);
  const screenOf = await screen.findByTestId(testids.caseScreen, {}, patient);
  expect(screenOf.dataset["scrubbed"]).toBe("true");
  expect(screenOf.dataset["large"]).toBe("board");
  expect((await screen.findByTestId(testids.inspector, {}, patient)).textContent).toContain("cart");
});

it("what is done is written into the address, and going back undoes it", async () => {
  show(linked);
  await screen.findByTestId(testids.inspector, {}, patient);
  await person.keyboard("{Escape}");
  await waitFor(() => expect(location.hash).not.toContain("object="), patient);
  act(() => history.back());
  await screen.findByTestId(testids.inspector, {}, patient);
  await person.keyboard("0");
  await waitFor(() => expect(location.hash).toBe(`#/case/${FINISHED}?object=Deployment/shop/cart&panel=board`), patient);
  await waitFor(() => expect(screen.getByTestId(testids.caseScreen).dataset["scrubbed"]).toBe("false"), patient);
});

it("the link that is copied leads there again, pasted into the palette", async () => {
  const written = vi.fn((_: string) => Promise.resolve());
  Object.defineProperty(navigator, "clipboard", { configurable: true, value: { writeText: written } });
  show(linked);
  await screen.findByTestId(testids.inspector, {}, patient);
  await person.keyboard("y");
  const [link = ""] = written.mock.calls[0] ?? [];
  expect(link).toBe(`caseboard://${linked.slice(2)}`);
  act(() => void (location.hash = "#/cases"));
  await screen.findAllByTestId(testids.caseRow, {}, patient);
  await person.keyboard("{Control>}k{/Control}");
  await person.click(screen.getByTestId(testids.paletteInput));
  await person.paste(link);
  await person.keyboard("{Enter}");
  await waitFor(() => expect(location.hash).toBe(linked));
});
