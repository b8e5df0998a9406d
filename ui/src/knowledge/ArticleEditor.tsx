import { lazy, Suspense, useState } from "react";
import { useKeys } from "../app/keys";
import { go, toHash } from "../app/route";
import { useAct, useAnswer, useCommand } from "../ipc";
import { At, Button, countOf, Failed, Inline, Loading } from "../kit";
import { TextDiff } from "../kit/diff";
import { DraftOffer, useDraft } from "../kit/draft";
import { useThrottled } from "../kit/settled";
import { tell } from "../kit/told";
import { Words } from "../kit/words";
import { CommandFailed } from "../platform";
import { testids } from "../testids";
import type { ArticleVersion, ArticleView } from "../wire/wire";
import { blankArticle, faceOf } from "./article";
import { Markdown } from "./Markdown";

const Editor = lazy(() => import("../form/Editor"));
/** The text is looked at once the hand rests. */
const REST_MS = 300;

/** An article of the library under the pen; `id` of null is a new one. */
export function ArticleEditor({ id }: { id: string | null }) {
  const stored = useAnswer("article_get", { id: id ?? "" }, { enabled: id !== null });
  if (id === null) return <Writing key="new" view={null} />;
  if (stored.error) return <Failed failure={stored.error} retry={() => void stored.refetch()} />;
  if (!stored.data) return <Loading what="Reading the article…" />;
  return <Writing key={`${id} ${stored.data.versions[0]?.version ?? 0}`} view={stored.data} />;
}

const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null);
const newest = (view: ArticleView | null): number => view?.versions[0]?.version ?? 0;

function Writing({ view }: { view: ArticleView | null }) {
  const stored = view?.text ?? blankArticle;
  const [text, setText] = useState(stored);
  const on = view ? `v${newest(view)}` : null;
  const drafting = useDraft(`article:${view?.id ?? ""}`, textOf, on);
  const write = (next: string) => {
    if (next === text) return;
    setText(next);
    drafting.keep(next === stored ? null : next);
  };
  const [line, setLine] = useState<{ line: number } | null>(null);
  const face = faceOf(text);
  const id = view?.id ?? face.id;
  const rested = useThrottled(text, REST_MS);
  const lint = useAnswer("article_lint", { id: view?.id ?? faceOf(rested).id, text: rested }, { keepLast: true });
  const issues = lint.data ?? [];
  const put = useAct("article_put");
  const command = useCommand();
  const checked = rested === text && !lint.isFetching;
  const cannot = put.busy ? "it is being stored" : view && text === view.text ? "nothing differs from what is in use" : issues.length > 0 ? `${countOf(issues.length, "thing")} to mend` : !checked ? "it is being looked through" : null;

  async function store(next: string, said: string) {
    const before = view?.versions[0]?.text ?? "";
    const after = await put.run({ id, text: next });
    if (!after) return;
    drafting.done();
    // Where nothing was of the team's own, taking it back takes it away.
    const undo = () => void command("article_put", { id, text: before }).then(() => go({ at: "library", entry: `article:${id}` }), (thrown: unknown) => tell({ text: CommandFailed.from(thrown).title }));
    tell({ text: said, undo });
    go({ at: "library", entry: after.text ? `article:${id}` : null });
  }
  const save = () => {
    if (!cannot) void store(text, `Stored: \`${id}\` as v${newest(view) + 1}`);
  };
  const discard = () => {
    drafting.discard();
    setText(stored);
  };
  const leave = () => go({ at: "library", entry: view ? `article:${id}` : null });
  useKeys([
    { keys: "mod+s", title: "Store the article", group: "Library", run: save, cannot },
    { keys: "Escape", title: "Leave the editor; a draft is kept", group: "Library", run: leave },
  ]);

  return (
    <section className="blueprint article-editor" data-testid={testids.articleEditor} aria-label="Editor">
      <div className="blueprint-head">
        <h2 className="blueprint-name mono">{id || "A new article"}</h2>
        <span className="small faint">{view === null ? "not stored yet" : newest(view) === 0 ? "from the library; stored, yours lies over it" : `yours, v${newest(view)}`}</span>
        <span className="bar-space" />
        <span className="small faint">{cannot && !put.busy ? cannot : ""}</span>
        {text === stored ? null : (
          <Button tone="quiet" testid={testids.articleDiscard} onClick={discard} title="Back to what is stored">
            Discard
          </Button>
        )}
        <Button tone="quiet" hint="Esc" onClick={leave} title={text === stored ? undefined : "What you wrote is kept as a draft"}>
          Leave
        </Button>
        <Button tone="strong" testid={testids.articleSave} onClick={save} cannot={cannot}>
          Store as v{newest(view) + 1}
        </Button>
      </div>
      {put.failed ? <Inline failure={put.failed} dismiss={put.dismiss} /> : null}
      <DraftOffer drafting={drafting} onTake={write} now={on} />
      <div className="blueprint-faces">
        <div className="blueprint-yaml">
          <Suspense fallback={<div className="editor" />}>
            <Editor text={text} onChange={write} language="markdown" label="The article: front matter and Markdown" issues={issues} at={line} testid={testids.articleText} />
          </Suspense>
          <ul className="article-issues small" aria-label="What is wrong" aria-live="polite" data-testid={testids.articleIssues} data-checked={checked}>
            {lint.error ? (
              <li>
                <Inline failure={lint.error} />
              </li>
            ) : null}
            {issues.map((issue) => (
              <li key={`${issue.line} ${issue.what}`} className="form-wrong">
                <button type="button" className="link mono" onClick={() => setLine({ line: issue.line })} title="Go to the line">
                  line {issue.line}
                </button>{" "}
                <Words text={`${issue.what}. ${issue.hint}`} />
              </li>
            ))}
            {issues.length === 0 && checked ? <li className="faint">Nothing is wrong with it.</li> : null}
          </ul>
        </div>
        <div className="article-preview" role="region" aria-label="As it will be read" tabIndex={0} data-testid={testids.articlePreview}>
          <h3>{face.title || "Without a title"}</h3>
          {face.failureModes.length > 0 ? (
            <p className="small faint">
              about{" "}
              {face.failureModes.map((mode) => (
                <a key={mode} className="link mono" href={toHash({ at: "library", entry: `failure-mode:${mode}` })}>
                  {mode}{" "}
                </a>
              ))}
            </p>
          ) : null}
          <Markdown text={face.body} />
        </div>
      </div>
      {view && view.versions.length > 0 ? <Versions versions={view.versions} busy={put.busy} store={store} /> : null}
    </section>
  );
}

/** Every version that the team stored, each with what it changed; any can be brought back. */
function Versions({ versions, busy, store }: { versions: readonly ArticleVersion[]; busy: boolean; store: (text: string, said: string) => Promise<void> }) {
  const [current] = versions;
  return (
    <section className="versions" data-testid={testids.articleVersions}>
      <h2 className="label">Versions</h2>
      <ul>
        {versions.map((row, i) => (
          <li key={row.version}>
            <details>
              <summary>
                <span className="mono">v{row.version}</span> <At time={row.at} /> <span className="faint">{row.author}</span> {row.text ? null : <span className="faint">· taken away</span>}
              </summary>
              <TextDiff before={versions[i + 1]?.text ?? ""} after={row.text} />
              {i > 0 && row.text ? (
                <Button tone="quiet" cannot={busy ? "it is being stored" : null} onClick={() => void store(row.text, `Brought back: v${row.version} of \`${row.id}\``)}>
                  Bring v{row.version} back
                </Button>
              ) : null}
            </details>
          </li>
        ))}
      </ul>
      {current?.text ? (
        <p className="retire">
          <Button tone="quiet" testid={testids.articleRetire} cannot={busy ? "it is being stored" : null} title="What the library has under this name counts again; versions are kept" onClick={() => void store("", `Taken away: \`${current.id}\``)}>
            Take ours away
          </Button>
        </p>
      ) : null}
    </section>
  );
}
