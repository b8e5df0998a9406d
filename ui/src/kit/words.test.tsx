import { render } from "@testing-library/react";
import { expect, it } from "vitest";
import { clockOf } from "./format";
import { Words } from "./words";

it("sets names as names and moments as everywhere else, and nothing as HTML", () => {
  const now = new Date().toISOString();
  const { container } = render(<Words text={`Since ${now} \`night.db\` cannot be written <b>.`} />);
  expect(container.querySelector("code")?.textContent).toBe("night.db");
  expect(container.querySelector("time")?.textContent).toBe(clockOf(Date.parse(now) * 1000));
  expect(container.textContent).toBe(`Since ${clockOf(Date.parse(now) * 1000)} night.db cannot be written <b>.`);
});
