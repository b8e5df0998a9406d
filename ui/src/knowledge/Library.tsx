import { useDeferredValue, useState } from "react";
import { useKeys } from "../app/keys";
import { go, toHash } from "../app/route";
import { useAnswer } from "../ipc";
import { Ago, Button, CategoryGlyph, countOf, Failed, Inline, Loading } from "../kit";
import { Blank } from "../kit/pictures";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { LibraryEntry } from "../wire/wire";
import { ArticleEditor } from "./ArticleEditor";
import { Markdown } from "./Markdown";
import { Used } from "./Used";
import "./knowledge.css";

/** What the address names while an article is written: `edit:` and its id, or nothing for a new one. */
const EDIT = "edit:";

const order = ["failure-mode", "article", "specialist", "blueprint"];
const plural: Record<string, string> = { "failure-mode": "Failure modes", article: "Articles", specialist: "Specialists", blueprint: "Blueprints" };

/** The knowledge files as they are loaded now: what is there, when it was read, and which file is broken and why. */
export function LibraryView({ chosen }: { chosen: string | null }) {
  const library = useAnswer("knowledge_list", {});
  const [text, setText] = useState("");
  const search = useDeferredValue(text.trim());
  const found = useAnswer("knowledge_search", { text: search }, { enabled: search.length > 1, keepLast: true });
  const written = chosen?.startsWith(EDIT) ? chosen.slice(EDIT.length) : null;
  const reading = library.data?.entries.find((e) => `${e.kind}:${e.id}` === chosen) ?? null;
  useKeys([
    { keys: "c", title: "Write a new article", group: "Library", run: () => go({ at: "library", entry: EDIT }) },
    { keys: "e", title: "Edit the article", group: "Library", run: () => reading && go({ at: "library", entry: EDIT + reading.id }), cannot: reading?.kind === "article" ? null : "no article is shown" },
  ]);
  if (library.error) return <Failed failure={library.error} retry={() => void library.refetch()} />;
  if (!library.data) return <Loading what="Reading the library…" />;
  const { entries, issues, folder, loaded_at, digest } = library.data;
  const shown = search.length > 1 ? (found.error ? [] : (found.data ?? [])) : entries;
  const kinds = [...new Set([...order, ...shown.map((e) => e.kind)])].filter((kind) => shown.some((e) => e.kind === kind));
  const entry = entries.find((e) => `${e.kind}:${e.id}` === chosen) ?? shown.find((e) => e.kind === kinds[0]) ?? null;

  return (
    <div className="knowledge">
      <header className="bar">
        <h1 className="bar-title">Library</h1>
        <span className="small faint" data-testid={testids.libraryLoaded} data-digest={digest} role="status">
          {countOf(entries.length, "entry", "entries")} · read <Ago time={loaded_at} />
          {folder ? <> · watching <span className="mono">{folder}</span></> : " · built in"} · <span className="mono">{digest.slice(0, 8)}</span>
        </span>
        <span className="bar-space" />
        <Button hint="C" testid={testids.articleNew} onClick={() => go({ at: "library", entry: EDIT })}>
          New article
        </Button>
        <input type="search" className="field" data-testid={testids.librarySearch} aria-label="Search the library" placeholder="Search" value={text} onChange={(e) => setText(e.target.value)} />
      </header>
      {issues.length > 0 ? (
        <ul className="issues" role="list" aria-live="polite">
          {issues.map((issue, i) => (
            <li key={i} data-testid={testids.libraryIssue}>
              <strong>
                <Words text={issue.what} />:
              </strong>{" "}
              <Words text={`${issue.why} ${issue.hint}`} />
            </li>
          ))}
        </ul>
      ) : null}
      <div className="knowledge-body">
        <div className="knowledge-list">
          {search.length > 1 && found.error ? (
            <div className="knowledge-none">
              <Inline failure={found.error} />
              <Button onClick={() => void found.refetch()}>Search again</Button>
            </div>
          ) : search.length > 1 && !found.data ? (
            <p className="small faint knowledge-none" role="status">
              Searching…
            </p>
          ) : shown.length === 0 ? (
            <p className="small faint knowledge-none">{search.length > 1 ? "Nothing says that." : "No file was read."}</p>
          ) : null}
          {kinds.map((kind) => (
            <section key={kind}>
              <h2 className="label knowledge-kind">{plural[kind] ?? kind}</h2>
              <ul>
                {shown
                  .filter((e) => e.kind === kind)
                  .map((e) => (
                    <Row key={`${e.kind}:${e.id}`} entry={e} here={written === null ? e === entry || (e.id === entry?.id && e.kind === entry.kind) : e.kind === "article" && e.id === written} />
                  ))}
              </ul>
            </section>
          ))}
        </div>
        {written !== null ? (
          <ArticleEditor id={written || null} />
        ) : entry ? (
          <article className="knowledge-detail library-entry">
            <div className="library-head">
              <h2>{entry.title}</h2>
              {entry.kind === "article" ? (
                <Button hint="E" testid={testids.articleEdit} onClick={() => go({ at: "library", entry: EDIT + entry.id })} title="Edit it, with its versions">
                  Edit
                </Button>
              ) : null}
            </div>
            <p className="small faint mono">{entry.file}</p>
            <Markdown text={entry.body} />
            {entry.kind === "failure-mode" ? <Used key={entry.id} kind={entry.kind} id={entry.id} /> : null}
          </article>
        ) : (
          <Blank title="The library is empty" />
        )}
      </div>
    </div>
  );
}

function Row({ entry, here }: { entry: LibraryEntry; here: boolean }) {
  return (
    <li>
      <a className="knowledge-row" href={toHash({ at: "library", entry: `${entry.kind}:${entry.id}` })} aria-current={here ? "page" : undefined} data-testid={testids.libraryEntry} data-id={entry.id}>
        <span className="knowledge-title">
          {entry.category ? <CategoryGlyph category={entry.category} /> : null}
          {entry.title}
        </span>
        <span className="small faint mono">{entry.id}</span>
      </a>
    </li>
  );
}
