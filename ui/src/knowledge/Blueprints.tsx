import { useKeys } from "../app/keys";
import { go, toHash } from "../app/route";
import { useAct, useAnswer, useCommand } from "../ipc";
import { At, Button, Empty, Failed, Inline, Loading } from "../kit";
import { TextDiff } from "../kit/diff";
import { tell } from "../kit/told";
import { CommandFailed } from "../platform";
import { testids } from "../testids";
import type { Blueprint, BlueprintVersion } from "../wire/wire";
import { Used } from "./Used";
import { BlueprintEditor } from "./BlueprintEditor";
import { emptyBlueprint, scopeWords, toYaml } from "./draft";
import { Drift } from "./Drift";
import "./knowledge.css";

const NEW = "new blueprint";

/** What the team knows of its own system: a list, an editor, and every version that was. */
export function Blueprints({ name }: { name: string | null }) {
  const list = useAnswer("blueprints_list", {});
  const rows = list.data ?? [];
  const chosen = name === NEW ? null : (rows.find((b) => b.blueprint.name === name) ?? (name === null ? rows[0] : undefined) ?? null);
  useKeys([{ keys: "c", title: "Write a new blueprint", group: "Blueprints", run: () => go({ at: "blueprints", name: NEW }) }]);
  return (
    <div className="knowledge">
      <header className="bar">
        <h1 className="bar-title">Blueprints</h1>
        <span className="small faint">what the team knows of its own system</span>
        <span className="bar-space" />
        <Button hint="C" testid={testids.blueprintNew} onClick={() => go({ at: "blueprints", name: NEW })}>
          New blueprint
        </Button>
      </header>
      {list.error ? (
        <Failed failure={list.error} retry={() => void list.refetch()} />
      ) : !list.data ? (
        <Loading what="Reading the blueprints…" />
      ) : (
        <div className="knowledge-body">
          <ul className="knowledge-list" aria-label="Blueprints">
            {rows.length === 0 ? <li className="small faint knowledge-none">None yet.</li> : null}
            {rows.map((row) => (
              <li key={row.blueprint.name}>
                <a className="knowledge-row" href={toHash({ at: "blueprints", name: row.blueprint.name })} aria-current={chosen === row ? "page" : undefined} data-testid={testids.blueprintRow} data-id={row.blueprint.name}>
                  <span className="mono">{row.blueprint.name}</span>
                  <span className="small faint">
                    {scopeWords(row.blueprint.scope)} · v{row.version}
                    {row.blueprint.owner ? ` · ${row.blueprint.owner}` : ""}
                  </span>
                </a>
              </li>
            ))}
          </ul>
          {name === NEW ? (
            <BlueprintEditor key={NEW} blueprint={emptyBlueprint} version={null} />
          ) : chosen ? (
            <div className="knowledge-detail">
              <BlueprintEditor key={`${chosen.blueprint.name} ${chosen.version}`} blueprint={chosen.blueprint} version={chosen.version} />
              <Drift name={chosen.blueprint.name} />
              <Versions name={chosen.blueprint.name} blueprint={chosen.blueprint} />
              <Used key={`used ${chosen.blueprint.name}`} kind="blueprint" id={chosen.blueprint.name} />
            </div>
          ) : (
            <Empty title="No blueprint yet">
              <p>A blueprint says what only your team knows: who owns a service, what it needs, which causes are likely here and which fixes are not wanted. Press C to write one.</p>
            </Empty>
          )}
        </div>
      )}
    </div>
  );
}

function Versions({ name, blueprint }: { name: string; blueprint: Blueprint }) {
  const versions = useAnswer("blueprint_versions", { name });
  const retire = useAct("blueprint_retire");
  const command = useCommand();
  async function retireIt() {
    if (!(await retire.run({ name }))) return;
    go({ at: "blueprints", name: null });
    const back = () => void command("blueprint_put", { blueprint, yaml: null }).then(() => go({ at: "blueprints", name }), (thrown: unknown) => tell({ text: CommandFailed.from(thrown).title }));
    tell({ text: `Retired: the blueprint \`${name}\``, undo: back });
  }
  const rows = [...(versions.data ?? [])].sort((a, b) => b.version - a.version);
  return (
    <section className="versions" data-testid={testids.blueprintVersions}>
      <h2 className="label">Versions</h2>
      {versions.error ? <Inline failure={versions.error} /> : null}
      <ul>
        {rows.map((row, i) => (
          <Version key={row.version} row={row} before={rows[i + 1] ?? null} />
        ))}
      </ul>
      <p className="retire">
        <Button tone="quiet" onClick={() => void retireIt()} cannot={retire.busy ? "it is being retired" : null} title="It stops counting in every case; its versions are kept, and it can be brought back">
          Retire this blueprint
        </Button>
      </p>
      {retire.failed ? <Inline failure={retire.failed} dismiss={retire.dismiss} /> : null}
    </section>
  );
}

function Version({ row, before }: { row: BlueprintVersion; before: BlueprintVersion | null }) {
  return (
    <li>
      <details>
        <summary>
          <span className="mono">v{row.version}</span> <At time={row.at} /> <span className="faint">{row.author}</span>
        </summary>
        {before ? <TextDiff before={toYaml(before.blueprint)} after={toYaml(row.blueprint)} /> : <pre className="pane-text">{toYaml(row.blueprint)}</pre>}
      </details>
    </li>
  );
}
