import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import { testids } from "../testids";
import { priceOf } from "./Models";
import { requests, show } from "../testing/show";

const person = userEvent.setup();
const patient = { timeout: 20_000 };
const row = (name: string) => screen.getAllByTestId(testids.modelRow).find((r) => r.dataset["id"] === name) as HTMLElement;

beforeEach(async () => {
  show("#/settings/models");
  await screen.findAllByTestId(testids.modelRow, {}, patient);
});

it("says of each model whether what it is asked leaves this machine", () => {
  expect(row("house").textContent).toContain("leaves this machine");
  expect(row("laptop").textContent).toContain("on this machine");
  expect(screen.getByText(/Trying a model sends small fixed questions/).textContent).toContain("api.anthropic.com");
});

it("sets a model up without contacting it, and asks for a key before it can be tried", async () => {
  await person.click(screen.getByTestId(testids.modelAdd));
  expect(screen.getByTestId(testids.modelSave).getAttribute("title")).toBe("give it a name");
  await person.type(screen.getByTestId(testids.modelName), "mine");
  await person.selectOptions(screen.getByTestId(testids.modelProvider), "open-ai");
  await person.type(screen.getByTestId(testids.modelModel), "large");
  await person.click(screen.getByTestId(testids.modelSave));
  await waitFor(() => expect(row("mine")).toBeTruthy(), patient);
  expect(requests("model_put")).toEqual([{ name: "mine", provider: "open-ai", base: "", model: "large", thinks: false, price: null }]);
  expect(within(row("mine")).getByTestId(testids.modelTry).getAttribute("title")).toBe("it needs a key first");
});

it("puts a key into the keyring and never shows it again", async () => {
  await person.click(within(row("laptop")).getByTestId(testids.modelKey));
  const field = screen.getByTestId<HTMLInputElement>(testids.modelKeyText);
  expect(field.type).toBe("password");
  await person.type(field, "sk-secret");
  await person.click(screen.getByTestId(testids.modelKeySave));
  await waitFor(() => expect(row("laptop").textContent).toContain("key in the keyring"), patient);
  expect(requests("model_key_put")).toEqual([{ name: "laptop", key: "sk-secret", for_now: false }]);
  expect(document.body.innerHTML).not.toContain("sk-secret");
});

it("tries a model and says what it can do and what it cost", async () => {
  await person.click(within(row("house")).getByTestId(testids.modelTry));
  const tried = await screen.findByTestId(testids.modelTried, {}, patient);
  expect(tried.textContent).toContain("asks for calls in its own way");
  expect(tried.textContent).toContain("$0.0034");
});

it("forgets a model only after it was asked twice", async () => {
  await person.click(within(row("laptop")).getByTestId(testids.modelRemove));
  expect(requests("model_remove")).toEqual([]);
  await person.click(within(row("laptop")).getByTestId(testids.modelRemove));
  await waitFor(() => expect(screen.getAllByTestId(testids.modelRow)).toHaveLength(1), patient);
});

it("takes a price for what is read and written, or none, and never half of one", async () => {
  await person.click(within(row("laptop")).getByTestId(testids.modelChange));
  expect(screen.getByTestId<HTMLInputElement>(testids.modelName).value).toBe("laptop");
  await person.type(screen.getByTestId(testids.modelPriceRead), "2.5");
  expect(screen.getByTestId(testids.modelSave).getAttribute("title")).toContain("both prices");
  await person.type(screen.getByTestId(testids.modelPriceWritten), "10");
  await person.click(screen.getByTestId(testids.modelSave));
  await waitFor(() => expect(row("laptop").textContent).toContain("$2.5 read, $10 written"), patient);
  expect(requests("model_put")).toMatchObject([{ name: "laptop", price: [2.5, 10] }]);
});

it.each([
  ["", "", null],
  ["0", "0", [0, 0]],
  [" 3 ", "15", [3, 15]],
])("%j and %j are the price %j", (read, written, price) => expect(priceOf(read, written)).toEqual(price));

it.each([
  ["3", ""],
  ["-1", "2"],
  ["three", "4"],
  ["Infinity", "4"],
])("%j and %j are no price", (read, written) => expect(priceOf(read, written)).toBeInstanceOf(Error));
