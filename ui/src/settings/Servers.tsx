import { useEffect, useState } from "react";
import { useAct, useAnswer } from "../ipc";
import { At, Button, countOf, Failed, Inline, Loading } from "../kit";
import { TextDiff } from "../kit/diff";
import { Blank } from "../kit/pictures";
import { tell } from "../kit/told";
import { Words } from "../kit/words";
import { testids } from "../testids";
import type { McpOffer, McpServerRow, McpServerState, McpTool, TrustState } from "../wire/wire";

const trusts: Record<TrustState, string> = { undecided: "not decided", trusted: "may be used", refused: "never used" };
const states: Record<McpServerState, string> = { unused: "not used in this run", opening: "is being opened", up: "is up", ended: "has ended" };
/** So long a new question takes no answer: a click that was meant for what stood there before must start nothing. */
const SETTLE_MS = 700;

/** The team's MCP servers: other programs whose tools an investigation may ask for, through the same gate as ours. */
export function ServersPart() {
  const servers = useAnswer("mcp_servers_list", {});
  if (servers.error) return <Failed failure={servers.error} retry={() => void servers.refetch()} />;
  if (!servers.data) return <Loading what="Reading the list of servers…" rows={3} />;
  const { path, servers: rows, problems } = servers.data;
  return (
    <>
      {problems.length > 0 ? (
        <ul className="issues" role="list" aria-live="polite" data-testid={testids.serverProblems}>
          {problems.map(({ what, why, hint }) => (
            <li key={what}>
              <strong>
                <Words text={what} />:
              </strong>{" "}
              <Words text={`${why} ${hint}`} />
            </li>
          ))}
        </ul>
      ) : null}
      {rows.length === 0 ? (
        <Blank title="No server is named">
          <p>
            Name them in <span className="mono">{path}</span>, as other programs do: <code>{`{"mcpServers": {"grafana": {"command": "mcp-grafana"}}}`}</code>. It is asked about before it is started for the first time.
          </p>
        </Blank>
      ) : (
        <ul className="logins">
          {rows.map((row) => (
            <Server key={`${row.name} ${row.digest}`} row={row} />
          ))}
        </ul>
      )}
      <p className="small faint">
        {rows.length > 0 ? (
          <>
            They stand in <span className="mono">{path}</span>.{" "}
          </>
        ) : null}
        What a server's tools claim to do is what the server says; every call of them is asked about unless the file says that a tool only reads and a rule allows it. A definition that changed since it was accepted is not used until you have looked at it.
      </p>
    </>
  );
}

function Server({ row }: { row: McpServerRow }) {
  const [asking, setAsking] = useState(false);
  const [offer, setOffer] = useState<McpOffer | null>(null);
  const look = useAct("mcp_server_look");
  const trust = useAct("mcp_server_trust");
  const decide = useAct("mcp_server_decide");
  const { name, digest } = row;
  const shown = { name, digest };
  const busy = row.disabled ? "the file says that it is not used" : look.busy ? "it is being asked" : trust.busy || decide.busy ? "the answer is on its way" : null;
  const changed = (offer?.tools ?? []).filter((tool) => tool.is_new || tool.changes.length > 0);
  const differs = offer !== null && (changed.length > 0 || offer.gone.length > 0);
  async function start() {
    const found = await look.run(shown);
    if (!found) return;
    setAsking(false);
    setOffer(found);
  }
  async function accept() {
    const accepted = await trust.run(shown);
    if (!accepted) return;
    setOffer(null);
    tell({ text: `\`${name}\` may be used: ${countOf(accepted.tools.filter((tool) => tool.is_taken).length, "tool")} as they are now`, undo: row.trust === "trusted" ? undefined : () => void decide.run({ name, trust: "undecided" }) });
  }
  return (
    <li className="login server" data-testid={testids.serverRow} data-name={name} data-trust={row.trust} data-state={row.state}>
      <h3 className="server-name">
        {name} <span className="small faint">{row.is_remote ? "asked over HTTP" : "a program of this machine"}</span>
      </h3>
      <p className="login-line mono">{row.line}</p>
      <p className="small soft login-about">
        <strong data-trust={row.trust}>{row.disabled ? "turned off in the file" : trusts[row.trust]}</strong>
        {row.decided_at !== null && row.trust !== "undecided" ? (
          <>
            {" "}
            since <At time={row.decided_at} />
          </>
        ) : null}
        {" · "}
        {states[row.state]}
        {" · "}
        {countOf(row.tools, "tool")} accepted
        {row.clusters.length > 0 ? (
          <>
            {" · "}only in cases of <span className="mono">{row.clusters.join(", ")}</span>
          </>
        ) : null}
      </p>
      {asking ? <StartQuestion row={row} busy={look.busy} yes={() => void start()} no={() => setAsking(false)} /> : null}
      {offer ? (
        <section className="server-offer" aria-label={`What ${name} offers`} data-testid={testids.serverOffer}>
          <p className="small" role="status">
            {differs
              ? `${row.accepted.length === 0 ? "It offers" : "Since it was accepted"}: ${[changed.some((t) => t.is_new) ? `${countOf(changed.filter((t) => t.is_new).length, "new tool")}` : "", changed.some((t) => !t.is_new) ? `${countOf(changed.filter((t) => !t.is_new).length, "changed definition")}` : "", offer.gone.length > 0 ? `${countOf(offer.gone.length, "tool")} gone` : ""].filter(Boolean).join(", ")}.`
              : "Its tools are as they were accepted."}
          </p>
          {offer.gone.length > 0 ? (
            <p className="small soft">
              Gone: <span className="mono">{offer.gone.join(", ")}</span>
            </p>
          ) : null}
          <Tools tools={offer.tools} open={differs} />
        </section>
      ) : row.accepted.length > 0 ? (
        <details className="server-tools">
          <summary className="small">The tools as they were accepted</summary>
          <Tools tools={row.accepted} open={false} />
        </details>
      ) : null}
      <p className="login-acts">
        {offer && (differs || row.trust !== "trusted") ? (
          <Button tone="decide" testid={testids.serverTrust} cannot={busy} onClick={() => void accept()}>
            {row.trust === "trusted" ? "Accept them as they are now" : "Trust it, with these tools"}
          </Button>
        ) : null}
        {asking || offer || row.trust === "refused" ? null : (
          <Button testid={testids.serverLook} cannot={busy} onClick={() => (row.trust === "trusted" ? void start() : setAsking(true))} title={row.is_remote ? "Connects to it and asks for its tools" : "Starts it and asks for its tools"}>
            {row.trust === "trusted" ? "Look for changes" : "See what it offers…"}
          </Button>
        )}
        {row.trust === "undecided" ? null : (
          <Button testid={testids.serverRevoke} cannot={busy} onClick={() => void decide.run({ name, trust: "undecided" })} title="It is asked about again before it is used">
            {row.trust === "trusted" ? "Revoke" : "Ask again"}
          </Button>
        )}
        {row.trust === "refused" ? null : (
          <Button tone="quiet" testid={testids.serverRefuse} cannot={busy} onClick={() => void decide.run({ name, trust: "refused" })} title="It is not started, whatever the file says">
            Never
          </Button>
        )}
      </p>
      {[look, trust, decide].map((act, i) => (act.failed ? <Inline key={i} failure={act.failed} dismiss={act.dismiss} /> : null))}
    </li>
  );
}

/** Before a server is started for the first time: the whole command, and what it may do. */
function StartQuestion({ row, busy, yes, no }: { row: McpServerRow; busy: boolean; yes: () => void; no: () => void }) {
  const [settled, setSettled] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(true), SETTLE_MS);
    return () => clearTimeout(timer);
  }, []);
  const cannot = !settled ? "read it first" : busy ? "it is being asked" : null;
  return (
    <div className="trust server-question" role="group" aria-labelledby={`ask-${row.digest}`} data-testid={testids.serverQuestion} data-settled={settled}>
      <h4 id={`ask-${row.digest}`}>
        <span className="dock-diamond" aria-hidden="true" /> {row.is_remote ? "May this server be contacted?" : "May this program be started?"}
      </h4>
      <p className="small">
        {row.is_remote
          ? "It is asked for its tools and nothing else. Whoever runs it sees that you asked, and what the file sends along."
          : "It runs as you, with your rights, and is asked for its tools; nothing of a cluster is given to it. Nothing has been run yet."}
      </p>
      <p className="trust-what mono">{row.line}</p>
      <div className="trust-acts">
        <Button tone="decide" testid={testids.serverStart} cannot={cannot} onClick={yes}>
          {row.is_remote ? "Contact it" : "Start it"}
        </Button>
        <Button onClick={no}>Not now</Button>
      </div>
    </div>
  );
}

/** Tools with their whole definitions, and what in them is not as it was accepted. */
function Tools({ tools, open }: { tools: readonly McpTool[]; open: boolean }) {
  if (tools.length === 0) return <p className="small faint">It offers no tools.</p>;
  return (
    <ul className="server-tool-list">
      {tools.map((tool) => (
        <li key={tool.name} data-testid={testids.serverTool} data-name={tool.name} data-changed={tool.is_new || tool.changes.length > 0}>
          <details open={open && tool.changes.length > 0}>
            <summary>
              <span className="mono">{tool.name}</span>{" "}
              <span className="small faint">
                {[tool.is_new ? "new" : "", tool.changes.length > 0 ? "changed" : "", tool.is_taken ? "" : "left out by the file", tool.is_read ? "read, says the file" : "asks every time"].filter(Boolean).join(" · ")}
              </span>
            </summary>
            <p className="small soft">
              It claims: <Words text={tool.claims} /> <span className="faint">Nobody has checked it.</span>
            </p>
            {tool.changes.map(({ part, before, now }) => (
              <div key={part}>
                <p className="small">
                  <strong>{part}</strong> is not as it was accepted:
                </p>
                <TextDiff before={before} after={now} />
              </div>
            ))}
            <p className="small faint">
              fingerprint <span className="mono">{tool.fingerprint}</span>
            </p>
            <pre className="pane-text" tabIndex={0} aria-label={`The definition of ${tool.name}`}>
              {JSON.stringify(tool.definition, null, 2)}
            </pre>
          </details>
        </li>
      ))}
    </ul>
  );
}
