import { useCommand } from "../ipc";
import { tell } from "../kit/told";
import { CommandFailed } from "../platform";
import type { Arrange, Arranged, ClusterId, Incident, ObjectRef, TriageView } from "../wire/wire";

/** What was done, in the words of the line that offers to undo it. */
const done: Record<Arrange, string> = {
  acknowledge: "Acknowledged, until it gets worse",
  pin: "Pinned to the top, as a rule",
  set_aside: "Set aside, until it grows or gets worse",
  split: "Taken apart, as a rule",
  merge: "Put together, as a rule",
};

/** The same decision in a list of decisions. */
export const decided: Record<Arrange, string> = {
  acknowledge: "acknowledged",
  pin: "pinned",
  set_aside: "set aside",
  split: "taken apart",
  merge: "put together",
};

/** The newest decision of a kind that concerns an incident now. */
export const decisionOn = (view: TriageView | undefined, incident: Incident, act: Arrange): Arranged | null => view?.arranged.find((a) => a.act === act && a.incident === incident.id) ?? null;

export interface Arranging {
  /** Does it, says so, and offers to undo it. */
  arrange: (incidents: readonly Incident[], act: Arrange, signals?: readonly [string, ObjectRef][]) => Promise<void>;
  takeBack: (decision: Arranged) => Promise<void>;
  /** Does it, or takes it back where it is done already. */
  toggle: (view: TriageView | undefined, incident: Incident, act: Arrange) => Promise<void>;
}

export function useArranging(cluster: ClusterId): Arranging {
  const command = useCommand();
  const failing = async (act: () => Promise<void>) => {
    try {
      await act();
    } catch (thrown) {
      const { title, hint } = CommandFailed.from(thrown);
      tell({ text: `${title} ${hint}` });
    }
  };
  const takeBack = (decision: Arranged) =>
    failing(async () => {
      await command("incidents_take_back", { cluster, id: decision.id });
      tell({ text: `No longer ${decided[decision.act]}: ${decision.title}` });
    });
  const arrange: Arranging["arrange"] = (incidents, act, signals = []) =>
    failing(async () => {
      const decision = await command("incidents_arrange", { cluster, incidents: incidents.map((i) => i.id), act, signals: [...signals] });
      tell({ text: `${done[act]}: ${decision.title}`, undo: () => void takeBack(decision) });
    });
  const toggle: Arranging["toggle"] = (view, incident, act) => {
    const before = decisionOn(view, incident, act);
    return before ? takeBack(before) : arrange([incident], act);
  };
  return { arrange, takeBack, toggle };
}
