import { toHash } from "../app/route";
import { BUILT_IN } from "../case/fold";
import { useAnswer } from "../ipc";
import { testids } from "../testids";
import type { ModelSetUp } from "../wire/wire";

const hostOf = (base: string): string => (URL.canParse(base) ? new URL(base).host : base);
const place = (model: ModelSetUp): string => (model.is_local ? "on this machine" : "leaves this machine");

/** Who investigates: the built-in investigator, which is always there, or a model that argues with it. */
export function ChooseInvestigator({ chosen, choose }: { chosen: string; choose: (name: string) => void }) {
  const answer = useAnswer("models_list", {});
  const models = answer.data?.models ?? [];
  const model = models.find((one) => one.name === chosen);
  const isGone = chosen !== BUILT_IN && !model;
  return (
    <div className="investigator small">
      <label>
        <span className="soft">Investigator</span>
        <select className="field" data-testid={testids.investigator} value={chosen} onChange={(e) => choose(e.target.value)}>
          <option value={BUILT_IN}>Built-in</option>
          {models.map((one) => (
            <option key={one.name} value={one.name}>
              {one.name} ({place(one)})
            </option>
          ))}
          {isGone ? <option value={chosen}>{chosen}</option> : null}
        </select>
      </label>
      <p className="faint" data-testid={testids.investigatorWords}>
        {chosen === BUILT_IN ? (
          "Asks no model. Nothing leaves this machine."
        ) : model?.is_local ? (
          <>Argues with the built-in one. The model runs on this machine; nothing leaves it.</>
        ) : model ? (
          <>
            Argues with the built-in one. What you release goes, redacted, to <span className="mono">{hostOf(model.base)}</span>.
          </>
        ) : answer.data ? (
          "This model is not set up here any more. Choose another."
        ) : (
          "Who this is, is being looked up."
        )}{" "}
        {answer.error ? (
          `The models could not be read: ${answer.error.title} ${answer.error.hint}`
        ) : answer.data && models.length === 0 ? (
          <a href={toHash({ at: "settings", part: "models" })} data-testid={testids.investigatorNone}>
            Set up a model
          </a>
        ) : null}
      </p>
    </div>
  );
}
