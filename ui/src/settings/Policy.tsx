import { useState } from "react";
import { toHash } from "../app/route";
import { useAct, useAnswer } from "../ipc";
import { At, Button, countOf, Failed, Inline, Loading, spanOf } from "../kit";
import { useNow } from "../kit/now";
import { Redacted, Words } from "../kit/words";
import { testids } from "../testids";
import type { Redaction, RuleDoes, RulesFile } from "../wire/wire";

/** What may run without asking just now, and what the policy promises, tried on the code that rules. */
export function PolicyRules() {
  const policy = useAnswer("policy_get", {});
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
      <h3 className="label settings-label">Rules of files</h3>
      {policy.data.files.every((file) => !file.exists) ? (
        <p className="small soft">
          None.{" "}
          {policy.data.files.length > 0 ? (
            <>
              They would stand in <span className="mono">{policy.data.files.map((file) => file.path).join(", ")}</span>.
            </>
          ) : null}
        </p>
      ) : null}
      {policy.data.files
        .filter((file) => file.exists)
        .map((file) => (
          <RulesOf key={file.path} file={file} />
        ))}
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

const does: Record<RuleDoes, string> = { allow: "allows", ask: "asks for", forbid: "forbids" };

/** The rules of one file, which is edited as a file; the strictest that covers a call counts. */
function RulesOf({ file }: { file: RulesFile }) {
  return (
    <section className="rules-file" data-testid={testids.rulesFile} aria-label={file.path}>
      <p className="small faint mono">{file.path}</p>
      {file.broken ? (
        <p className="small form-wrong" role="status">
          <Words text={`${file.broken.what} ${file.broken.why} ${file.broken.hint}`} />
        </p>
      ) : file.rules.length === 0 ? (
        <p className="small soft">It holds no rule.</p>
      ) : null}
      <ul className="rules small">
        {file.rules.map((rule) => (
          <li key={rule.name} data-over={rule.is_over}>
            <strong>{rule.name}</strong> <span className="faint mono">line {rule.line}</span>: {does[rule.does]} <Words text={rule.covers} />
            {rule.until === null ? null : (
              <>
                , until <At time={rule.until} />
              </>
            )}
            {rule.uses === null ? null : `, used ${rule.used} of ${countOf(rule.uses, "time")}`}
            {rule.is_over ? " · is over" : ""}
            <span className="faint">
              {" "}
              · {rule.because} · {rule.tests === 0 ? "carries no test" : `${countOf(rule.tests, "test")}, which ${rule.tests === 1 ? "holds" : "hold"}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
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
