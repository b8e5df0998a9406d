import { useState } from "react";
import { catalogue } from "../app/catalogue";
import { capsOf } from "../app/keys";
import { Kbd } from "../kit";
import { testids } from "../testids";

/** Every key of the window, whether it does something right now or not. */
export function KeysPart() {
  const [text, setText] = useState("");
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = catalogue
    .map(({ where, keys }) => ({ where, keys: keys.filter(([caps, title]) => words.every((word) => `${where} ${title} ${caps}`.toLowerCase().includes(word))) }))
    .filter((group) => group.keys.length > 0);
  return (
    <>
      <input type="search" className="field keys-search" aria-label="Search keys" placeholder="Search keys" data-testid={testids.keysSearch} value={text} onChange={(e) => setText(e.target.value)} />
      <div className="help-groups">
        {groups.map(({ where, keys }) => (
          <section key={where}>
            <h3 className="label">{where}</h3>
            <dl className="help-keys">
              {keys.map(([caps, title]) => (
                <div key={`${caps} ${title}`} data-testid={testids.keyRow}>
                  <dt>
                    {capsOf(caps).map((cap, i) => (
                      <Kbd key={i}>{cap}</Kbd>
                    ))}
                  </dt>
                  <dd>{title}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      {groups.length === 0 ? <p className="faint">No key does that.</p> : null}
    </>
  );
}
