import { afterEach, expect, it, vi } from "vitest";
import { drafts, dropDraft, keep, keepDraft, LONGEST_DRAFT, MOST_DRAFTS, readDraft, readKept } from "./kept";

afterEach(() => vi.restoreAllMocks());
const draft = (value: unknown, at = 1) => ({ at, on: null, value });

it("a draft is there until it is dropped, each beside the others", () => {
  keepDraft("article:a", { at: 5, on: "v1", value: "one" });
  keepDraft("article:b", draft("two"));
  expect(readDraft("article:a")).toEqual({ at: 5, on: "v1", value: "one" });
  dropDraft("article:a");
  expect(readDraft("article:a")).toBeNull();
  expect(drafts()).toEqual(["article:b"]);
});

it("of too many drafts the oldest goes, never the newest", () => {
  for (let i = 0; i <= MOST_DRAFTS; i++) keepDraft(`deny:${i}`, draft("no", i === MOST_DRAFTS ? 0 : i + 1));
  expect(drafts()).toHaveLength(MOST_DRAFTS);
  expect(readDraft("deny:0")).toBeNull();
  expect(readDraft(`deny:${MOST_DRAFTS}`)?.value).toBe("no");
});

it("what is too long to keep leaves the draft before it", () => {
  keepDraft("article:a", draft("short"));
  keepDraft("article:a", draft("x".repeat(LONGEST_DRAFT)));
  expect(readDraft("article:a")?.value).toBe("short");
});

it("a torn draft is none, and storage that is refused fails nobody", () => {
  localStorage.setItem("draft:article:a", "{");
  keep("draft:article:b", { at: "late", value: 1 });
  expect([readDraft("article:a"), readDraft("article:b")]).toEqual([null, null]);
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new Error("full");
  });
  vi.spyOn(Storage.prototype, "getItem").mockImplementation(() => {
    throw new Error("refused");
  });
  expect(() => keepDraft("article:c", draft("three"))).not.toThrow();
  expect(readKept("theme")).toBeNull();
});
