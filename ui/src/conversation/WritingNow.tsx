import { testids } from "../testids";
import type { CaseId } from "../wire/wire";
import { useWriting } from "./writing";

/** What a model is writing, while it writes. It is no evidence yet and nothing in it is drawn. */
export function WritingNow({ caseId, lastSeq }: { caseId: CaseId; lastSeq: number }) {
  const writing = useWriting(caseId, lastSeq);
  if (writing === null || writing.text.trim() === "") return null;
  return (
    <article className="entry writing" data-testid={testids.writing} aria-busy="true">
      <span className="entry-at small faint">now</span>
      <div className="entry-body">
        <p>
          <span className="small faint">{writing.speaker} writes</span> {writing.text}
          <span className="writing-caret" aria-hidden="true" />
        </p>
      </div>
    </article>
  );
}
