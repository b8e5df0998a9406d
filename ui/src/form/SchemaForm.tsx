import { useState } from "react";
import { type Field, shownValue, typedValue } from "./schema";
import "./form.css";

interface Props {
  fields: readonly Field[];
  args: Record<string, unknown>;
  original: Record<string, unknown>;
  onChange: (args: Record<string, unknown>) => void;
  /** What is typed and cannot be taken, by argument; the arguments still hold what was valid before. */
  onWrong: (wrong: Record<string, string>) => void;
  tainted: readonly string[];
}

/** A form made from a tool's schema: one row an argument, checked while it is typed. */
export function SchemaForm({ fields, args, original, onChange, onWrong, tainted }: Props) {
  const [typed, setTyped] = useState<Record<string, string>>({});
  const [wrong, setWrong] = useState<Record<string, string>>({});

  function type(field: Field, text: string) {
    setTyped({ ...typed, [field.key]: text });
    const value = typedValue(field, text);
    const { [field.key]: _, ...others } = wrong;
    const now = value instanceof Error ? { ...others, [field.key]: value.message } : others;
    setWrong(now);
    onWrong(now);
    if (value instanceof Error) return;
    const next = { ...args };
    if (value === undefined) delete next[field.key];
    else next[field.key] = value;
    onChange(next);
  }

  // Arguments that are given come first; the rest waits behind a fold, so that what matters fits the card.
  const [given] = useState(() => new Set(fields.filter((f) => f.required || original[f.key] !== undefined).map((f) => f.key)));
  const first = fields.filter((f) => given.has(f.key));
  const others = fields.filter((f) => !given.has(f.key));
  return (
    <div className="form">
      {first.map(row)}
      {others.length > 0 ? (
        <details className="form-others" open={first.length === 0}>
          <summary className="small">
            Also: <span className="mono">{others.map((f) => f.key).join(", ")}</span>
          </summary>
          {others.map(row)}
        </details>
      ) : null}
    </div>
  );

  function row(field: Field) {
    {
        const text = typed[field.key] ?? shownValue(field, args[field.key]);
        const changed = JSON.stringify(args[field.key] ?? null) !== JSON.stringify(original[field.key] ?? null);
        const id = `argument-${field.key}`;
        const common = {
          id,
          "data-argument": field.key,
          "aria-invalid": Boolean(wrong[field.key]),
          "aria-describedby": `${id}-words`,
          value: text,
        };
        return (
          <div key={field.key} className="form-row" data-changed={changed}>
            <label htmlFor={id} className="mono">
              {field.key}
              {field.required ? <span title="must be given">*</span> : null}
            </label>
            <div className="form-value">
              {field.kind === "choice" ? (
                <select className="field" {...common} onChange={(e) => type(field, e.target.value)}>
                  {field.required ? null : <option value="">—</option>}
                  {field.choices.map((choice) => (
                    <option key={choice}>{choice}</option>
                  ))}
                </select>
              ) : field.kind === "boolean" ? (
                <select className="field" {...common} onChange={(e) => type(field, e.target.value)}>
                  {field.required ? null : <option value="">{field.usual === undefined ? "—" : `— (${String(field.usual)})`}</option>}
                  <option value="true">true</option>
                  <option value="false">false</option>
                </select>
              ) : field.kind === "list" || field.kind === "json" ? (
                <textarea className="field mono" rows={2} {...common} onChange={(e) => type(field, e.target.value)} />
              ) : (
                <input
                  className="field mono"
                  type="text"
                  inputMode={field.kind === "text" ? "text" : "decimal"}
                  placeholder={field.usual === undefined ? "" : String(field.usual)}
                  autoComplete="off"
                  spellCheck={false}
                  {...common}
                  onChange={(e) => type(field, e.target.value)}
                />
              )}
              <span id={`${id}-words`} className="form-words small">
                {wrong[field.key] ? <span className="form-wrong">{wrong[field.key]}</span> : field.description}
                {tainted.includes(field.key) ? <span className="tainted"> From text that the cluster wrote.</span> : null}
              </span>
            </div>
          </div>
        );
    }
  }
}
