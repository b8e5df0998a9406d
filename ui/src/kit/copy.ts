import { tell } from "./told";

/** Puts a text where the engineer can paste it, and says so; `what` begins the sentence. */
export async function copy(text: string, what: string): Promise<boolean> {
  const done = (await toClipboard(text)) || byHand(text);
  tell({ text: done ? `${what} copied.` : `${what} could not be copied: the clipboard was refused. Choose the text and copy it by hand.` });
  return done;
}

/** The same for a text that is shown: where the clipboard is refused, what can be copied by hand is chosen already. */
export async function copyShown(text: string, what: string, shown: HTMLElement | null): Promise<boolean> {
  const done = await copy(text, what);
  if (!done && shown) getSelection()?.selectAllChildren(shown);
  return done;
}

async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Web views without the newer way still copy what is chosen in a field. A dialog keeps the focus to itself: the field is put into it. */
function byHand(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "unseen";
  const before = document.activeElement;
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  let done = false;
  try {
    done = document.execCommand("copy");
  } catch {
    done = false;
  }
  field.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}
