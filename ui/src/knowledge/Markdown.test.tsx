import { render } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { blocksOf, Markdown } from "./Markdown";

describe("knowledge as Markdown", () => {
  it("keeps whatever looks like HTML as text", () => {
    const { container } = render(<Markdown text={'<img src=x onerror="alert(1)"> and <script>1</script>'} />);
    expect(container.querySelector("img, script")).toBeNull();
    expect(container.textContent).toContain("<img src=x");
  });

  it("makes no link that could be followed out of the window", () => {
    const { container } = render(<Markdown text="see [the page](https://example.com)" />);
    expect(container.querySelector("a")).toBeNull();
    expect(container.textContent).toBe("see the page");
  });

  it("tells headings, lists, code and tables apart", () => {
    expect(blocksOf("# A\n\nwords\nmore\n\n- one\n- two\n  more\n\n```\nx\n```\n| a | b |\n|---|---|\n| 1 | 2 |").map((b) => b.type)).toEqual(["heading", "paragraph", "list", "code", "table"]);
  });
});
