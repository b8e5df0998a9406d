import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it } from "vitest";
import { EditorView } from "@codemirror/view";
import { toHash } from "../app/route";
import { testids } from "../testids";
import { drafts } from "../platform/kept";
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

it("what was written and left is offered again, can be thrown away, and brought back", async () => {
  const first = show(toHash({ at: "library", entry: "edit:" }));
  await write(OURS);
  await waitFor(() => expect(screen.getByTestId(testids.articlePreview).textContent).toContain("quota"), patient);
  first.unmount();
  show(toHash({ at: "library", entry: "edit:" }));
  await screen.findByTestId(testids.draftOffer, {}, patient);
  expect(screen.getByTestId(testids.articlePreview).textContent).not.toContain("quota");
  await person.click(screen.getByTestId(testids.draftDiscard));
  expect(screen.queryByTestId(testids.draftOffer)).toBeNull();
  await person.click(await screen.findByTestId(testids.toldUndo, {}, patient));
  await person.click(await screen.findByTestId(testids.draftTake, {}, patient));
  await waitFor(() => expect(screen.getByTestId(testids.articlePreview).textContent).toContain("quota"), patient);
  await waitFor(() => expect(screen.getByTestId(testids.articleSave).getAttribute("aria-disabled")).toBeNull(), patient);
  await person.click(screen.getByTestId(testids.articleSave));
  await waitFor(() => expect(requests("article_put")).toHaveLength(1), patient);
  expect(drafts()).toEqual([]);
});

it("a blueprint that was begun is offered again with the version that it was begun on", async () => {
  const hash = toHash({ at: "blueprints", name: "cart" });
  const first = show(hash);
  const owner = () => screen.getByTestId(testids.blueprintForm).querySelector<HTMLInputElement>("[data-field=owner]") as HTMLInputElement;
  await screen.findByTestId(testids.blueprintForm, {}, patient);
  await person.type(owner(), "-night");
  first.unmount();
  show(hash);
  const offer = await screen.findByTestId(testids.draftOffer, {}, patient);
  expect(owner().value).not.toContain("-night");
  await person.click(within(offer).getByTestId(testids.draftTake));
  expect(owner().value).toContain("-night");
  await person.click(screen.getByTestId(testids.blueprintSave));
  await waitFor(() => expect(requests("blueprint_put")).toHaveLength(1), patient);
  await waitFor(() => expect(drafts()).toEqual([]), patient);
});
