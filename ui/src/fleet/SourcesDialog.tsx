import { useId, useState } from "react";
import { useAct, useAnswer, useCommand } from "../ipc";
import { Button, countOf, Failed, Inline, Loading } from "../kit";
import { Dialog } from "../kit/dialog";
import { tell } from "../kit/told";
import { Words } from "../kit/words";
import { CommandFailed } from "../platform/host";
import { testids } from "../testids";
import type { Problem, SourceKind, SourceRow } from "../wire/wire";

const kinds: Record<SourceKind, string> = { merged: "kubectl's", file: "file", folder: "folder", pasted: "pasted" };

/** Where kubeconfigs are looked for: what is there, what is wrong with it, and more of it by path or by paste. */
export function SourcesDialog({ close }: { close: () => void }) {
  return (
    <Dialog title="Where kubeconfigs come from" close={close} testid={testids.sources}>
      <SourcesPanel focus />
    </Dialog>
  );
}

export function SourcesPanel({ focus = false }: { focus?: boolean }) {
  const sources = useAnswer("sources_list", {});
  return (
    <>
      <AddPath focus={focus} />
      <AddText />
      <section className="sources" aria-label="Sources">
        {sources.error ? (
          <Failed failure={sources.error} retry={() => void sources.refetch()} />
        ) : !sources.data ? (
          <Loading what="Reading the sources…" rows={3} />
        ) : (
          <ul>
            {sources.data.map((row) => (
              <Source key={`${row.kind} ${row.name}`} row={row} />
            ))}
          </ul>
        )}
      </section>
      <p className="small faint">Files and folders are read again by themselves when they change. Nothing is contacted before a context is opened.</p>
    </>
  );
}

function Source({ row }: { row: SourceRow }) {
  const remove = useAct("source_remove");
  const command = useCommand();
  async function takeAway() {
    const { kind, name } = row;
    if (!(await remove.run({ kind, name }))) return;
    // What was pasted is kept nowhere, so it cannot be had back.
    const undo = kind === "pasted" ? undefined : () => void command("source_add", { kind, name, text: null }).catch((thrown: unknown) => tell({ text: CommandFailed.from(thrown).title }));
    tell({ text: `No longer looked at: \`${name}\``, undo });
  }
  return (
    <li className="source" data-testid={testids.sourceRow} data-kind={row.kind} data-name={row.name}>
      <span className="small faint">{kinds[row.kind]}</span>
      <span className="mono source-name">{row.name}</span>
      <span className="small soft">{row.exists ? countOf(row.contexts, "context") : "not there; watched for"}</span>
      {row.removable ? (
        <Button tone="quiet" className="small" testid={testids.sourceRemove} onClick={() => void takeAway()} cannot={remove.busy ? "it is being taken away" : null} aria-label={`Remove ${row.name} from the list`} title="Take it off the list; the file stays what it is">
          Remove
        </Button>
      ) : (
        <span />
      )}
      {(row.exists || row.removable ? row.problems : []).map((problem) => (
        <p key={`${problem.what} ${problem.why}`} className="source-problem small">
          <Words text={`${problem.what}: ${problem.why}`} /> <span className="faint"><Words text={problem.hint} /></span>
        </p>
      ))}
      {remove.failed ? <Inline failure={remove.failed} dismiss={remove.dismiss} /> : null}
    </li>
  );
}

/** A file or a folder by its path; which of the two it is, the disk knows. */
function AddPath({ focus }: { focus: boolean }) {
  const command = useCommand();
  const [path, setPath] = useState("");
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<CommandFailed | null>(null);
  async function add() {
    const name = path.trim();
    if (!name || busy) return;
    setBusy(true);
    setFailed(null);
    const [first, second]: SourceKind[] = /[/\\]$/.test(name) ? ["folder", "file"] : ["file", "folder"];
    try {
      await command("source_add", { kind: first as SourceKind, name, text: null }).catch((thrown: unknown) => {
        if (CommandFailed.from(thrown).code !== "bad_request") throw thrown;
        return command("source_add", { kind: second as SourceKind, name, text: null });
      });
      setPath("");
    } catch (thrown) {
      setFailed(CommandFailed.from(thrown));
    } finally {
      setBusy(false);
    }
  }
  return (
    <form
      className="source-add"
      onSubmit={(e) => {
        e.preventDefault();
        void add();
      }}
    >
      <input className="field mono" autoFocus={focus} data-testid={testids.sourcePath} aria-label="Path of a kubeconfig, or of a folder of them" placeholder="~/.kube/clusters or /path/to/kubeconfig.yaml" value={path} onChange={(e) => setPath(e.target.value)} />
      <Button type="submit" testid={testids.sourceAdd} cannot={busy ? "it is being read" : path.trim() ? null : "type the path of a file or a folder first"}>
        Add
      </Button>
      {failed ? <Inline failure={failed} dismiss={() => setFailed(null)} /> : null}
    </form>
  );
}

/** A kubeconfig as text: it stays in memory and is gone when the program ends. */
function AddText() {
  const add = useAct("source_add");
  const [text, setText] = useState("");
  const [name, setName] = useState("pasted");
  const id = useId();
  const [wrong, setWrong] = useState<Problem | null>(null);
  const remove = useAct("source_remove");
  async function submit() {
    setWrong(null);
    const source = { kind: "pasted" as const, name: name.trim() };
    const made = (await add.run({ ...source, text }))?.find((row) => row.kind === "pasted" && row.name === source.name);
    if (!made) return;
    const problem = made.contexts === 0 ? made.problems[0] : undefined;
    if (!problem) return setText("");
    // A text that nothing can be read from is no source; it stays here to be corrected.
    await remove.run(source);
    setWrong(problem);
  }
  const cannot = add.busy ? "it is being read" : !text.trim() ? "paste a kubeconfig first" : !name.trim() ? "give it a name first" : null;
  return (
    <details className="source-text">
      <summary className="small">Paste the text of a kubeconfig</summary>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (!cannot) void submit();
        }}
      >
        <textarea className="field mono" rows={6} data-testid={testids.sourceText} aria-label="Text of a kubeconfig" aria-describedby={id} placeholder="apiVersion: v1&#10;kind: Config" spellCheck={false} value={text} onChange={(e) => setText(e.target.value)} />
        <div className="source-paste">
          <input className="field mono" data-testid={testids.sourceName} aria-label="A name for the text" value={name} onChange={(e) => setName(e.target.value)} />
          <Button type="submit" testid={testids.sourcePaste} cannot={cannot}>
            Add the text
          </Button>
          <span className="small faint" id={id}>
            Kept in memory only, never on the disk.
          </span>
        </div>
      </form>
      {wrong ? <Inline failure={new CommandFailed({ code: "bad_request", title: `${wrong.what}: ${wrong.why}`, hint: "Correct the text, or paste the whole file." })} dismiss={() => setWrong(null)} /> : null}
      {add.failed ? <Inline failure={add.failed} dismiss={add.dismiss} /> : null}
    </details>
  );
}
