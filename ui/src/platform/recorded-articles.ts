import type { ArticleVersion, Issue, LibraryEntry } from "../wire/wire";
import { type Acts, failure } from "./recorded";
import type { Answer } from "./recording";

/** Articles of a recording, kept as long as the window. The core's lint knows more; this one looks at the front matter alone. */
export function articleActs(answers: readonly Answer[], publish: () => void): Acts {
  const own = new Map<string, ArticleVersion[]>();
  const list = answers.find((answer) => answer.name === "knowledge_list");
  const library = list?.name === "knowledge_list" ? list.response : null;
  const textOf = (entry: LibraryEntry) => `---\nid: ${entry.id}\ntitle: ${entry.title}\n---\n\n${entry.body}\n`;
  const inUse = (id: string): string => {
    const [newest] = own.get(id) ?? [];
    const entry = library?.entries.find((one) => one.kind === "article" && one.id === id);
    return newest?.text || (entry ? textOf(entry) : "");
  };
  const view = (id: string) => ({ id, text: inUse(id), versions: own.get(id) ?? [] });
  const lint = (id: string, text: string): Issue[] => {
    const issue = (line: number, what: string, hint: string): Issue => ({ path: `articles/${id}.md`, line, what, hint, kept_last_good: false });
    const lines = text.split("\n");
    if (lines[0] !== "---") return [issue(1, "the file has no front matter", "Begin it with a line `---`, the fields, and another line `---`.")];
    const end = lines.indexOf("---", 1);
    if (end < 0) return [issue(1, "the front matter does not end", "Close it with a line `---` before the text.")];
    const unknown = lines.slice(1, end).findIndex((line) => /^\w/.test(line) && !/^(id|title|failure_modes|tags):/.test(line));
    if (unknown >= 0) return [issue(unknown + 2, `unknown field \`${lines[unknown + 1]?.split(":")[0] ?? ""}\``, "Remove the field or correct its name; `knowledge/README.md` lists the fields.")];
    return lines.slice(end + 1).join("").trim() ? [] : [issue(lines.length, "the text is empty", "Write what an engineer should read at 03:00.")];
  };
  return {
    article_get: ({ id }) => {
      if (!inUse(id)) throw failure("not_found", `There is no article \`${id}\`.`, "Reload the list and choose again.");
      return view(id);
    },
    article_lint: ({ id, text }) => lint(id, text),
    article_put: ({ id, text }) => {
      const before = own.get(id) ?? [];
      own.set(id, [{ id, version: before.length + 1, at: Date.now() * 1000, author: "you", text }, ...before]);
      publish();
      return view(id);
    },
    knowledge_list: () => {
      if (!library) throw failure("unavailable", "This recording has no library.", "Try it in the window.");
      const entries = library.entries.filter((entry) => entry.kind !== "article" || !own.get(entry.id)?.[0]?.text);
      for (const [id, [newest]] of own) {
        if (!newest?.text) continue;
        const title = /^title: *(.*)$/m.exec(newest.text)?.[1] ?? id;
        entries.push({ kind: "article", id, title, category: null, body: newest.text.split("\n---\n").slice(1).join("\n---\n").trim(), file: `articles/${id}.md` });
      }
      return { ...library, entries };
    },
  };
}
