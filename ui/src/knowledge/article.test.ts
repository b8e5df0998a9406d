import { describe, expect, it } from "vitest";
import { blankArticle, faceOf } from "./article";

describe("the face of an article", () => {
  it("has its title, its failure modes and the text below the front matter", () => {
    expect(faceOf("---\nid: dns\ntitle: DNS first\nfailure_modes: [dns-down]\n---\n\n# Look\n\n---\nat it\n")).toEqual({ id: "dns", title: "DNS first", failureModes: ["dns-down"], body: "# Look\n\n---\nat it" });
    expect(faceOf(blankArticle).id).toBe("a-new-article");
  });

  it("goes on with the text while the front matter is being typed", () => {
    expect(faceOf("---\nid: [\n---\nText")).toEqual({ id: "", title: "", failureModes: [], body: "Text" });
    expect(faceOf("---\nid: dns\n")).toMatchObject({ id: "", body: "---\nid: dns" });
    expect(faceOf("")).toMatchObject({ body: "" });
  });
});
