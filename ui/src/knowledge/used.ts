import { foldCase, standing } from "../case/fold";
import type { CaseView } from "../wire/wire";

/** How a piece of knowledge took part in a case; null where it did not. */
export interface Use {
  words: string;
  /** It was believed most at the end. */
  decided: boolean;
}

/** A case as knowledge sees it: what was believed in the end, and every word that moved it. */
export function useOf(view: CaseView, kind: string, id: string): Use | null {
  const state = foldCase(view.events);
  const believed = standing(state);
  if (kind === "failure-mode") {
    const place = believed.findIndex((h) => h.failure_mode === id);
    const found = believed[place];
    if (!found || found.probability < 0.01) return null;
    return { words: `${Math.round(found.probability * 100)} %${state.conclusion ? ", concluded" : ", not concluded"}`, decided: place === 0 };
  }
  // The investigator names a blueprint with its version wherever it shifts the odds.
  const name = new RegExp(`blueprint \`${id.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}\` v(\\d+)`);
  const all = state.moves.flatMap((move) => move.hypotheses);
  const found = all.flatMap((h) => name.exec(JSON.stringify(h)) ?? []);
  if (found.length === 0) return null;
  const [first] = believed;
  return { words: `v${found.at(1) ?? "?"}${first ? `, in the end ${first.failure_mode.replaceAll("-", " ")}` : ""}`, decided: first !== undefined && name.test(JSON.stringify(first)) };
}
