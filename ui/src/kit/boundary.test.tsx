import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Boundary } from "./boundary";

it("a part that breaks says so, leaves the rest, and comes back", () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  let broken = true;
  function Part() {
    if (broken) throw new Error("no such lane");
    return <p>whole again</p>;
  }
  render(
    <>
      <Boundary what="The timeline">
        <Part />
      </Boundary>
      <p>the rest</p>
    </>,
  );
  expect(screen.getByRole("alert").textContent).toContain("The timeline could not be drawn: no such lane.");
  expect(screen.getByText("the rest")).toBeTruthy();
  broken = false;
  fireEvent.click(screen.getByText("Try again"));
  expect(screen.getByText("whole again")).toBeTruthy();
});
