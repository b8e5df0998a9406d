import { useAct, useAnswer } from "../ipc";
import { Button, bytesOf, Inline } from "../kit";
import { testids } from "../testids";
import type { CaseId } from "../wire/wire";

/** The first request to a model, exactly as it would leave, before it does. It waits here for a word. */
export function BeforeSending({ caseId, model }: { caseId: CaseId; model: string }) {
  const answer = useAnswer("case_leaves", { case: caseId });
  const send = useAct("investigation_send");
  // Whether the first request waits is not known then: it must not wait without a word.
  if (answer.error)
    return (
      <section className="before-sending" aria-label="Before the first request is sent">
        <Inline failure={answer.error} />
        <p className="small">Whether a request to {model} waits for your word could not be read. It is not sent without it.</p>
        <Button onClick={() => void answer.refetch()} cannot={answer.isFetching ? "it is being read" : null}>
          Look again
        </Button>
      </section>
    );
  if (!answer.data?.waits) return null;
  return (
    <section className="before-sending" data-testid={testids.beforeSending} aria-label="Before the first request is sent">
      <p className="small">
        The first request to <strong>{model}</strong> is ready: {bytesOf(answer.data.bytes)}. Nothing was sent yet. Later ones in this case go without asking here; calls and results still wait for you.
      </p>
      <details className="small">
        <summary>What would leave, exactly</summary>
        <pre className="mono leaves-text" tabIndex={0} aria-label="The request that would leave" data-testid={testids.beforeSendingText}>
          {answer.data.text}
        </pre>
      </details>
      <Button tone="strong" testid={testids.beforeSendingSend} onClick={() => void send.run({ case: caseId })} cannot={send.busy ? "it is being sent" : null}>
        Send it
      </Button>
      {send.failed ? <Inline failure={send.failed} dismiss={send.dismiss} /> : null}
    </section>
  );
}
