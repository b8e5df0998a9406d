/**
 * What stays on this machine between two starts of the window: choices, and drafts of what was written and not stored.
 * Nothing of a cluster's data is kept here. Storage may be refused or full: then nothing is kept, and nothing fails.
 */
export function readKept(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null") as unknown;
  } catch {
    return null;
  }
}

export function keep(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // It then lasts as long as the window.
  }
}

function forget(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // What cannot be read cannot be forgotten.
  }
}

const DRAFT = "draft:";
/** So many drafts are kept; with one more the oldest goes. */
export const MOST_DRAFTS = 40;
/** A longer text is not kept, in characters: storage of a page is some five million, and shared. */
export const LONGEST_DRAFT = 200_000;

/** Something that was begun and not stored. */
export interface Draft {
  /** Microseconds since 1970. */
  at: number;
  /** What it was begun on, such as a version; null where that says nothing. */
  on: string | null;
  value: unknown;
}

export function readDraft(about: string): Draft | null {
  const found = readKept(DRAFT + about);
  if (typeof found !== "object" || found === null) return null;
  const { at, on, value } = found as Partial<Draft>;
  return typeof at === "number" && value !== undefined ? { at, on: typeof on === "string" ? on : null, value } : null;
}

export function keepDraft(about: string, draft: Draft): void {
  if (JSON.stringify(draft.value).length > LONGEST_DRAFT) return;
  keep(DRAFT + about, draft);
  const all = drafts();
  if (all.length <= MOST_DRAFTS) return;
  const oldest = all.filter((one) => one !== about).sort((a, b) => (readDraft(a)?.at ?? 0) - (readDraft(b)?.at ?? 0))[0];
  if (oldest !== undefined) dropDraft(oldest);
}

export const dropDraft = (about: string): void => forget(DRAFT + about);

/** What drafts there are, by what they are about. */
export function drafts(): string[] {
  try {
    return Object.keys(localStorage).flatMap((key) => (key.startsWith(DRAFT) ? [key.slice(DRAFT.length)] : []));
  } catch {
    return [];
  }
}
