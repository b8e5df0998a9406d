import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { EditorView } from "@codemirror/view";
import { toHash } from "../app/route";
import { testids } from "../testids";
import { requests, show } from "../testing/show";
import { blankArticle } from "./article";

const person = userEvent.setup();
const patient = { timeout: 20_000 };
const OURS = "---\nid: quota-first\ntitle: Quota first\n---\n\nLook at the **quota**.\n";

async function write(text: string) {
  const place = await screen.findByTestId(testids.articleText, {}, patient);
  const view = await waitFor(() => {
    const found = EditorView.findFromDOM(place.querySelector<HTMLElement>(".cm-editor") as HTMLElement);
    if (!found) throw new Error("the editor is not there yet");
    return found;
  }, patient);
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
}

it("a new article is previewed and looked through while it is written, stored, edited, and taken back", async () => {
  show(toHash({ at: "library", entry: null }));
  await screen.findAllByTestId(testids.libraryEntry, {}, patient);
  await person.keyboard("c");
  await screen.findByTestId(testids.articleEditor, {}, patient);
  expect(screen.getByTestId(testids.articlePreview).textContent).toContain("What an engineer should read");
  await write(blankArticle.replace("tags:", "tag:"));
  await waitFor(() => expect(screen.getByTestId(testids.articleIssues).textContent).toContain("line 5"), patient);
  expect(screen.getByTestId(testids.articleSave).getAttribute("aria-disabled")).toBe("true");
  await write(OURS);
  expect((await within(screen.getByTestId(testids.articlePreview)).findByText("quota", {}, patient)).tagName).toBe("STRONG");
  await waitFor(() => expect(screen.getByTestId(testids.articleSave).getAttribute("aria-disabled")).toBeNull(), patient);
  await person.click(screen.getByTestId(testids.articleSave));
  await waitFor(() => expect(location.hash).toBe(toHash({ at: "library", entry: "article:quota-first" })), patient);
  expect(requests("article_put")).toEqual([{ id: "quota-first", text: OURS }]);
  await person.keyboard("e");
  await waitFor(() => expect(screen.getByTestId(testids.articleSave).textContent).toContain("v2"), patient);
  await write(OURS.replace("quota**", "limits**"));
  await waitFor(() => expect(screen.getByTestId(testids.articleSave).getAttribute("aria-disabled")).toBeNull(), patient);
  await person.click(screen.getByTestId(testids.articleSave));
  await person.click(await screen.findByTestId(testids.toldUndo, {}, patient));
  await waitFor(() => expect(requests("article_put").at(-1)).toEqual({ id: "quota-first", text: OURS }), patient);
  await person.keyboard("e");
  const versions = await screen.findByTestId(testids.articleVersions, {}, patient);
  await waitFor(() => expect(versions.querySelectorAll("summary")).toHaveLength(3), patient);
  expect(versions.textContent).toContain("−Look at the **quota**.");
});
