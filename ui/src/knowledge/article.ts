import { parse } from "yaml";

/** The text of an article that nobody wrote yet. */
export const blankArticle = `---
id: a-new-article
title: What it is about, in a line
failure_modes: []
tags: []
---

What an engineer should read at 03:00.
`;

/** An article's text taken apart for the preview. While the front matter cannot be read, its fields are empty. */
export interface ArticleFace {
  id: string;
  title: string;
  failureModes: string[];
  body: string;
}

export function faceOf(text: string): ArticleFace {
  const found = /^---\r?\n([\s\S]*?)^---[ \t]*\r?$/m.exec(text);
  const body = found ? text.slice(found.index + found[0].length).trim() : text.trim();
  let front: Record<string, unknown> = {};
  try {
    const read: unknown = parse(found?.[1] ?? "");
    if (typeof read === "object" && read !== null) front = read as Record<string, unknown>;
  } catch {
    // The lint says where it is torn.
  }
  const word = (key: string) => (typeof front[key] === "string" ? front[key] : "");
  const modes = front["failure_modes"];
  return { id: word("id"), title: word("title"), failureModes: Array.isArray(modes) ? modes.filter((one) => typeof one === "string") : [], body };
}
