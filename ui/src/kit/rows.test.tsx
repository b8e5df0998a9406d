import { act, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { expect, it } from "vitest";
import { Rows } from "./rows";

const COUNT = 5_000;
const ids = Array.from({ length: COUNT }, (_, i) => `row ${i}`);
let give: (items: string[]) => void;

function Long({ at = null }: { at?: string | null }) {
  const [items, setItems] = useState(ids);
  give = setItems;
  return (
    <div>
      <Rows items={items} idOf={(id) => id} tall={40} at={at}>
        {(id) => <button type="button">{id}</button>}
      </Rows>
    </div>
  );
}
const drawn = () => screen.getAllByRole("listitem");

it("of five thousand rows a screenful is in the document, and each says its place among all", () => {
  render(<Long />);
  expect(drawn().length).toBeLessThan(60);
  expect(drawn()[2]?.getAttribute("aria-posinset")).toBe("3");
  expect(drawn()[2]?.getAttribute("aria-setsize")).toBe(String(COUNT));
});

it("the keyboard reaches the last row and comes back", () => {
  render(<Long />);
  act(() => screen.getByText("row 0").focus());
  fireEvent.keyDown(document.activeElement as Element, { key: "ArrowDown" });
  expect(document.activeElement?.textContent).toBe("row 1");
  fireEvent.keyDown(document.activeElement as Element, { key: "End" });
  expect(document.activeElement?.textContent).toBe(`row ${COUNT - 1}`);
  fireEvent.keyDown(document.activeElement as Element, { key: "PageUp" });
  expect(document.activeElement?.textContent).toBe(`row ${COUNT - 11}`);
  expect(drawn().length).toBeLessThan(60);
  fireEvent.keyDown(document.activeElement as Element, { key: "Home" });
  expect(document.activeElement?.textContent).toBe("row 0");
});

it("a row keeps the focus when the list is sorted anew around it", () => {
  render(<Long />);
  act(() => screen.getByText("row 3").focus());
  act(() => give([...ids].reverse()));
  expect(document.activeElement?.textContent).toBe("row 3");
  expect(document.activeElement?.closest("li")?.getAttribute("aria-posinset")).toBe(String(COUNT - 3));
});
