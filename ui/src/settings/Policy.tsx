import { useState } from "react";
import { toHash } from "../app/route";
import { useAct, useAnswer } from "../ipc";
import { At, Button, countOf, Failed, Inline, Loading, spanOf } from "../kit";
import { useNow } from "../kit/now";
import { Redacted, Words } from "../kit/words";
import { testids } from "../testids";
import type { Redaction, RulesFile } from "../wire/wire";
import { RuleWriter } from "./RuleWriter";

/** What may run without asking just now, and what the policy promises, tried on the code that rules. */
export function PolicyRules() {
  const policy = useAnswer("policy_get", {});
  const tools = useAnswer("tools_list", {});
  const end = useAct("rule_end");
  const now = useNow(1000);
  if (policy.error) return <Failed failure={policy.error} retry={() => void policy.refetch()} />;
  if (!policy.data) return <Loading what="Trying the policy…" rows={3} />;
  const rules = policy.data.rules.filter((rule) => rule.until > now);
  const { promises } = policy.data;
  const broken = promises.filter((promise) => !promise.holds);
  return (
    <>
      <h3 className="label settings-label">Standing rules</h3>
      {rules.length === 0 ? <p className="small soft">None: every call of every case asks.</p> : null}
      <ul className="rules">
        {rules.map((rule) => (
          <li key={`${rule.case} ${rule.name}`} data-testid={testids.ruleRow}>
            <strong>{rule.tools.length === 0 ? "All reads" : rule.tools.join(", ")}</strong> in <span className="mono">{rule.namespace ?? "every namespace"}</span> of{" "}
            <a className="link" href={toHash({ at: "case", case: rule.case })}>
              <Words text={rule.case_title} />
            </a>
            , for {spanOf(rule.until - now)} more <span className="faint">· {rule.because}</span>{" "}
            <Button tone="quiet" testid={testids.ruleEnd} cannot={end.busy ? "it is being ended" : null} onClick={() => void end.run({ case: rule.case, name: rule.name })}>
              End it now
            </Button>
          </li>
        ))}
      </ul>
      {end.failed ? <Inline failure={end.failed} dismiss={end.dismiss} /> : null}
      {policy.data.files.map((file) => (
        <FileOfRules key={file.path} file={file} />
      ))}
      {tools.data ? <RuleWriter files={policy.data.files} tools={tools.data} /> : null}
      <details className="promises" open={broken.length > 0} data-testid={testids.promises} data-broken={broken.length}>
        <summary className="small">{broken.length === 0 ? `All ${promises.length} promises of the policy were tried just now, and hold` : `${countOf(broken.length, "promise")} of the policy ${broken.length === 1 ? "does" : "do"} not hold: allow nothing, and report this`}</summary>
        <ul className="rules small">
          {promises.map(({ says, holds, answered }) => (
            <li key={says}>
              {holds ? "✓" : <strong className="form-wrong">✕</strong>} <Words text={says} /> <span className="faint">· <Words text={answered} /></span>
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}

/** A file of rules as it stands; one that cannot be used forbids everything, so it is never left out. */
function FileOfRules({ file }: { file: RulesFile }) {
  if (!file.exists) return null;
  return (
    <>
      <h3 className="label settings-label">
        Rules in <span className="mono">{file.path}</span>
      </h3>
      {file.broken ? (
        <p role="alert" className="form-wrong">
          {file.broken.what}: {file.broken.why} {file.broken.hint}
        </p>
      ) : null}
      <ul className="rules">
        {file.rules.map(({ name, does, covers, until, is_over, uses, used, because, line, tests }) => (
          <li key={name}>
            <strong>{does}</strong> <Words text={covers} />
            {is_over ? " (over)" : null} <span className="faint">· {name}, line {line}</span>
            {until === null ? null : <span className="faint"> · until <At time={until} /></span>}
            {does === "allow" ? <span className="faint"> · used {uses === null ? countOf(used, "time") : `${used} of ${uses} times`}</span> : null} <span className="faint">· {countOf(tests, "test")} · {because}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

const HIDDEN = [
  { of: "names", words: "Names", more: "Of workloads, namespaces, nodes and the cluster. Those that every cluster has, such as kube-system, stay." },
  { of: "hosts", words: "Hosts", more: "Domain names outside of the cluster." },
  { of: "addresses", words: "Addresses", more: "IPv4 and IPv6." },
] as const;

/** What a language model is told under another name. */
export function PseudonymSwitches() {
  const chosen = useAnswer("pseudonyms_get", {});
  const put = useAct("pseudonyms_put");
  if (chosen.error) return <Failed failure={chosen.error} retry={() => void chosen.refetch()} />;
  if (!chosen.data) return <Loading what="Reading what models are told…" rows={3} />;
  const now = chosen.data;
  return (
    <>
      <h3 id="pseudonyms" className="label settings-label">Told to models under another name</h3>
      <fieldset className="choices" aria-labelledby="pseudonyms">
        {HIDDEN.map(({ of, words, more }) => (
          <label className="choice" key={of}>
            <input type="checkbox" data-testid={testids.pseudonym(of)} checked={now[of]} disabled={put.busy} onChange={(e) => void put.run({ ...now, [of]: e.target.checked })} />
            <span>
              {words}
              <span className="small faint choice-words">{more}</span>
            </span>
          </label>
        ))}
        <p className="small faint">You and the case keep the true ones: they are put back in what a model answers and asks for. Counts for every investigation that is started, or gone on with, from then on.</p>
        {put.failed ? <Inline failure={put.failed} dismiss={put.dismiss} /> : null}
      </fieldset>
    </>
  );
}

/** What is taken out of a text before anybody reads it, tried on a text of one's own. */
export function TryRedaction() {
  const [text, setText] = useState("");
  const [left, setLeft] = useState<Redaction | null>(null);
  const redact = useAct("redaction_try");
  return (
    <form
      className="try-redaction"
      onSubmit={(e) => {
        e.preventDefault();
        void redact.run({ text }).then(setLeft);
      }}
    >
      <h3 className="label settings-label">Try what is taken out</h3>
      <label className="small soft">
        A line of a log, or a piece of YAML. It stays on this machine and is kept nowhere.
        <textarea className="field mono" rows={3} data-testid={testids.redactionText} value={text} onChange={(e) => setText(e.target.value)} spellCheck={false} />
      </label>
      <p>
        <Button type="submit" testid={testids.redactionTry} cannot={redact.busy ? "it is being tried" : text.trim() ? null : "type a text first"}>
          Show what is left
        </Button>
      </p>
      {redact.failed ? <Inline failure={redact.failed} dismiss={redact.dismiss} /> : null}
      {left ? (
        <div role="status" data-testid={testids.redactionLeft}>
          <p className="small">{left.marks.length === 0 ? "Nothing was taken out." : `Taken out: ${left.marks.map(([kind, count]) => countOf(count, kind)).join(", ")}.`}</p>
          <pre className="pane-text">
            <Redacted text={left.text} />
          </pre>
        </div>
      ) : null}
    </form>
  );
}
