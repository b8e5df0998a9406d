import { useAnswer } from "../ipc";
import { Kbd } from "../kit";
import { Dialog } from "../kit/dialog";
import { Words } from "../kit/words";
import { testids } from "../testids";
import { capsOf, useBindings } from "./keys";
import { toHash } from "./route";

/** Every key that does something right now, and where the program keeps its things. */
export function Help({ close }: { close: () => void }) {
  const bindings = useBindings();
  const about = useAnswer("about", {});
  const groups = new Map<string, typeof bindings>();
  for (const binding of bindings) groups.set(binding.group, [...(groups.get(binding.group) ?? []), binding]);
  return (
    <Dialog title="Keys" close={close} testid={testids.help}>
      <div className="help-groups">
        {[...groups].map(([group, members]) => (
          <section key={group}>
            <h3 className="label">{group}</h3>
            <dl className="help-keys">
              {members.map((b) => (
                <div key={`${b.keys} ${b.title}`} data-cannot={Boolean(b.cannot)}>
                  <dt>
                    {capsOf(b.keys).map((cap, i) => (
                      <Kbd key={i}>{cap}</Kbd>
                    ))}
                  </dt>
                  <dd>
                    {b.title}
                    {b.cannot ? <span className="faint"> · {b.cannot}</span> : null}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p className="small">
        These work here. <a className="link" href={toHash({ at: "settings", part: "keys" })} onClick={close}>Every key of the window</a>
      </p>
      {about.data && about.data.warnings.length > 0 ? (
        <section className="help-warnings">
          <h3 className="label">What the program goes on without</h3>
          <ul>
            {about.data.warnings.map((w, i) => (
              <li key={i}>
                <Words text={`${w.what}: ${w.why} ${w.hint}`} />
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      {about.data ? (
        <p className="small faint help-about">
          Caseboard <span className="mono">{about.data.version}</span> · logs in <span className="mono">{about.data.log_dir}</span> · cases in{" "}
          <span className="mono">{about.data.state_dir}</span>
        </p>
      ) : null}
    </Dialog>
  );
}
