import { useAnswer } from "../ipc";
import { Failed, Loading } from "../kit";
import { Words } from "../kit/words";
import { testids } from "../testids";
import { PolicyRules, PseudonymSwitches, TryRedaction } from "./Policy";

const always = [
  "Every call waits for your approval before it runs, and its result waits before an investigation reads it.",
  "Reads of one namespace can be allowed for 30 minutes from a waiting call (⇧A). The permission ends by itself, and with its case.",
  "A change of a cluster always waits, whatever was allowed, and is possible only where changes are turned on.",
  "A call whose arguments come from logs, events or annotations always waits.",
  "Passwords, tokens, keys and certificates are taken out of results on this machine before anybody reads them; the marks stay visible.",
  "Values of Secrets and ConfigMaps are never read by a watch and never kept.",
];

/** What asks, what is taken out, and everything an investigation can ask for. */
export function CallsPart() {
  const tools = useAnswer("tools_list", {});
  return (
    <>
      <ul className="rules">
        {always.map((rule) => (
          <li key={rule}>{rule}</li>
        ))}
      </ul>
      <PolicyRules />
      <TryRedaction />
      <PseudonymSwitches />
      <h3 className="label settings-label">What can be asked for</h3>
      {tools.error ? (
        <Failed failure={tools.error} retry={() => void tools.refetch()} />
      ) : !tools.data ? (
        <Loading what="Reading the tools…" rows={4} />
      ) : (
        <dl className="tools">
          {tools.data.map((tool) => (
            <div key={tool.name} data-testid={testids.toolRow}>
              <dt>
                {tool.title} <span className="mono small faint">{tool.name}</span>
              </dt>
              <dd className="small soft">
                <Words text={tool.description} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </>
  );
}
