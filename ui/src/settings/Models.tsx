import { useState } from "react";
import { useAct, useAnswer } from "../ipc";
import { Button, Failed, Inline, Loading } from "../kit";
import { testids } from "../testids";
import type { ModelSetUp, ModelsView, ModelTried, ProviderRow, PutModel } from "../wire/wire";

/** Providers in words; an unknown one is shown as the core calls it. */
const names: Record<string, string> = {
  "open-ai": "OpenAI",
  "open-ai-responses": "OpenAI (Responses)",
  azure: "Azure OpenAI",
  anthropic: "Anthropic",
  gemini: "Google Gemini",
  "open-router": "OpenRouter",
  ollama: "Ollama, on this machine",
  "llama-cpp": "llama.cpp, on this machine",
  "lm-studio": "LM Studio, on this machine",
  vllm: "vLLM",
};
const nameOf = (provider: string): string => names[provider] ?? provider;
const modes: Record<string, string> = { native: "in its own way", schema: "as JSON held to a schema", text: "as JSON in its text" };

export function ModelsPart() {
  const models = useAnswer("models_list", {});
  const [adding, setAdding] = useState(false);
  if (models.error) return <Failed failure={models.error} retry={() => void models.refetch()} />;
  if (!models.data) return <Loading what="Reading the settings…" />;
  const { data } = models;
  return (
    <>
      <ul>
        <li className="model">
          <h3>The built-in investigator</h3>
          <p className="soft">Always there. It needs no key, no model and no network.</p>
        </li>
        {data.models.map((model) => (
          <Model key={model.name} model={model} providers={data.providers} />
        ))}
      </ul>
      {adding ? (
        <Form providers={data.providers} before={null} close={() => setAdding(false)} />
      ) : (
        <p className="model-acts">
          <Button testid={testids.modelAdd} onClick={() => setAdding(true)}>
            Add a model…
          </Button>
        </p>
      )}
      <Leaves view={data} />
    </>
  );
}

/** What would leave this machine, said before anything does. */
function Leaves({ view }: { view: ModelsView }) {
  const remote = view.models.filter((m) => !m.is_local);
  return (
    <section>
      <h3 className="label settings-label">What leaves this machine</h3>
      {remote.length === 0 ? (
        <p className="soft">Nothing: {view.models.length === 0 ? "no model is set up." : "every model that is set up runs here."}</p>
      ) : (
        <ul className="rules">
          <li>
            Trying a model sends small fixed questions to <span className="mono">{remote.map((m) => hostOf(m.base)).join(", ")}</span>, and its key. Nothing of a cluster is in them.
          </li>
          <li>Only results that were released may be put to a model, after redaction; values that were learnt to be secret are looked for once more in the whole of what is about to be sent.</li>
          <li>Names of hosts, addresses and people are replaced by stand-ins, the same one for the same thing, and put back in the answer.</li>
        </ul>
      )}
    </section>
  );
}

function hostOf(base: string): string {
  try {
    return new URL(base).host;
  } catch {
    return base;
  }
}

function keyWords({ key, variable, key_for_now }: ModelSetUp): string {
  if (key_for_now) return "key given for this run of the program";
  return key === "keyring" ? "key in the keyring" : key === "environment" ? `key in $${variable}` : "no key";
}

function Model({ model, providers }: { model: ModelSetUp; providers: readonly ProviderRow[] }) {
  const attempt = useAct("model_try");
  const remove = useAct("model_remove");
  const [tried, setTried] = useState<ModelTried | null>(null);
  const [keying, setKeying] = useState(false);
  const [changing, setChanging] = useState(false);
  const [removing, setRemoving] = useState(false);
  const provider = providers.find((p) => p.provider === model.provider);
  const lacksKey = model.key === "nowhere" && !model.key_for_now && Boolean(provider?.variable) && !model.is_local;
  return (
    <li className="model" data-testid={testids.modelRow} data-id={model.name}>
      <h3>
        {model.name} <span className={model.is_local ? "tag" : "tag model-leaves"}>{model.is_local ? "on this machine" : "leaves this machine"}</span>
      </h3>
      <p className="soft">
        <span className="mono">{model.model}</span> · {nameOf(model.provider)} · <span className="mono">{model.base}</span>
      </p>
      <p className="small soft" data-lacks={lacksKey}>
        {keyWords(model)} · asks for calls {modes[model.tools] ?? model.tools}
        {model.thinks ? " · thinks before it answers" : ""}
        {model.price ? ` · $${model.price[0]} read, $${model.price[1]} written, a million tokens` : ""}
      </p>
      <p className="model-acts">
        <Button testid={testids.modelTry} onClick={() => void attempt.run({ name: model.name }).then(setTried)} cannot={attempt.busy ? "it is being asked" : lacksKey ? "it needs a key first" : null}>
          {attempt.busy ? "Asking…" : "Try it"}
        </Button>
        <Button tone="quiet" testid={testids.modelChange} aria-pressed={changing} onClick={() => setChanging(!changing)}>
          Change…
        </Button>
        <Button tone="quiet" testid={testids.modelKey} aria-pressed={keying} onClick={() => setKeying(!keying)}>
          Key…
        </Button>
        {removing ? (
          <>
            <Button testid={testids.modelRemove} onClick={() => void remove.run({ name: model.name })}>
              Forget it and its key
            </Button>
            <Button tone="quiet" onClick={() => setRemoving(false)}>
              Keep it
            </Button>
          </>
        ) : (
          <Button tone="quiet" testid={testids.modelRemove} onClick={() => setRemoving(true)}>
            Forget…
          </Button>
        )}
      </p>
      {changing ? <Form providers={providers} before={model} close={() => setChanging(false)} /> : null}
      {keying ? <KeyForm model={model} variable={provider?.variable ?? ""} close={() => setKeying(false)} /> : null}
      {attempt.failed ? <Inline failure={attempt.failed} dismiss={attempt.dismiss} /> : null}
      {remove.failed ? <Inline failure={remove.failed} dismiss={remove.dismiss} /> : null}
      {tried ? <Tried tried={tried} /> : null}
    </li>
  );
}

function Tried({ tried }: { tried: ModelTried }) {
  return (
    <div className="model-tried small" role="status" data-testid={testids.modelTried}>
      <p>{tried.tools ? `It answers, and asks for calls ${modes[tried.tools] ?? tried.tools}. That is kept.` : "It answers, but asks for no calls: it cannot investigate."}</p>
      {tried.tried.map(([mode, why]) => (
        <p key={mode} className="faint">
          Not {modes[mode] ?? mode}: {why}
        </p>
      ))}
      <p className="faint">
        {tried.tokens_read} tokens read, {tried.tokens_written} written
        {tried.cost === null ? "" : `, $${(tried.cost / 1e6).toFixed(4)}`}
        {tried.offered.length > 0 ? `. Its server has ${tried.offered.slice(0, 12).join(", ")}${tried.offered.length > 12 ? " and more" : ""}` : ""}
      </p>
    </div>
  );
}

/** The key is typed once and never shown again; where there is no keyring it can be kept for this run, or named by a variable. */
function KeyForm({ model, variable, close }: { model: ModelSetUp; variable: string; close: () => void }) {
  const put = useAct("model_key_put");
  const point = useAct("model_key_point");
  const [key, setKey] = useState("");
  const [named, setNamed] = useState(model.variable || variable);
  async function keep(for_now: boolean) {
    if (key.trim() && (await put.run({ name: model.name, key: key.trim(), for_now }))) {
      setKey("");
      close();
    }
  }
  const empty = key.trim() ? null : "type the key first";
  return (
    <div className="model-key">
      <form
        className="model-acts"
        onSubmit={(e) => {
          e.preventDefault();
          void keep(false);
        }}
      >
        <input className="field mono" type="password" autoComplete="off" autoFocus aria-label={`The key of ${model.name}`} placeholder="The key" data-testid={testids.modelKeyText} value={key} onChange={(e) => setKey(e.target.value)} />
        <Button type="submit" tone="strong" testid={testids.modelKeySave} cannot={put.busy ? "the keyring is asked" : empty}>
          Into the keyring
        </Button>
        <Button onClick={() => void keep(true)} cannot={empty} title="In memory until the program ends">
          For this run only
        </Button>
      </form>
      <form
        className="model-acts"
        onSubmit={(e) => {
          e.preventDefault();
          void point.run({ name: model.name, variable: named.trim() }).then((view) => view && close());
        }}
      >
        <input className="field mono" aria-label="The environment variable that has it" placeholder="ENVIRONMENT_VARIABLE" value={named} onChange={(e) => setNamed(e.target.value)} spellCheck={false} />
        <Button type="submit">{named.trim() ? "From this variable" : "It has none"}</Button>
      </form>
      {put.failed ? <Inline failure={put.failed} dismiss={put.dismiss} /> : null}
      {point.failed ? <Inline failure={point.failed} dismiss={point.dismiss} /> : null}
    </div>
  );
}

/** A price as it is typed: dollars a million tokens, read and written. An Error says what is missing. */
export function priceOf(read: string, written: string): [number, number] | null | Error {
  if (!read.trim() && !written.trim()) return null;
  const both = [read, written].map((text) => (text.trim() ? Number(text) : Number.NaN));
  const [input = Number.NaN, output = Number.NaN] = both;
  if (!(input >= 0) || !(output >= 0) || both.some((one) => !Number.isFinite(one))) return new Error("give both prices in dollars, or neither");
  return [input, output];
}

/** A model that is set up, or set up anew; `before` keeps its name, and its key stays where it is. */
function Form({ providers, before, close }: { providers: readonly ProviderRow[]; before: ModelSetUp | null; close: () => void }) {
  const put = useAct("model_put");
  const [model, setModel] = useState<PutModel>(before ? { name: before.name, provider: before.provider, base: before.base, model: before.model, thinks: before.thinks, price: before.price } : { name: "", provider: providers[0]?.provider ?? "", base: "", model: "", thinks: false, price: null });
  const [read, setRead] = useState(String(before?.price?.[0] ?? ""));
  const [written, setWritten] = useState(String(before?.price?.[1] ?? ""));
  const change = (some: Partial<PutModel>) => setModel({ ...model, ...some });
  const provider = providers.find((p) => p.provider === model.provider);
  const price = priceOf(read, written);
  const cannot = put.busy ? "it is being set up" : !model.name.trim() ? "give it a name" : !model.model.trim() ? "say which model" : !model.base.trim() && !provider?.base ? "this provider is at everybody's own address" : price instanceof Error ? price.message : null;
  return (
    <form
      className="model-form"
      data-testid={testids.modelForm}
      onSubmit={(e) => {
        e.preventDefault();
        if (!cannot && !(price instanceof Error)) void put.run({ ...model, price }).then((done) => done && close());
      }}
    >
      <label className="small">
        What you call it
        <input className="field" autoFocus={before === null} readOnly={before !== null} data-testid={testids.modelName} value={model.name} onChange={(e) => change({ name: e.target.value })} spellCheck={false} />
      </label>
      <label className="small">
        Provider
        <select className="field" data-testid={testids.modelProvider} value={model.provider} onChange={(e) => change({ provider: e.target.value, base: "" })}>
          {providers.map((p) => (
            <option key={p.provider} value={p.provider}>
              {nameOf(p.provider)}
            </option>
          ))}
        </select>
      </label>
      <label className="small">
        The provider's name of the model{model.provider === "azure" ? " (the deployment)" : ""}
        <input className="field mono" data-testid={testids.modelModel} value={model.model} onChange={(e) => change({ model: e.target.value })} spellCheck={false} />
      </label>
      <label className="small">
        Address
        <input className="field mono" placeholder={provider?.base || "https://NAME.openai.azure.com"} value={model.base} onChange={(e) => change({ base: e.target.value })} spellCheck={false} />
      </label>
      <fieldset className="model-price small">
        <legend>Price in dollars a million tokens</legend>
        <label>
          Read
          <input className="field mono" inputMode="decimal" placeholder="not known" aria-invalid={price instanceof Error} data-testid={testids.modelPriceRead} value={read} onChange={(e) => setRead(e.target.value)} />
        </label>
        <label>
          Written
          <input className="field mono" inputMode="decimal" placeholder="not known" aria-invalid={price instanceof Error} data-testid={testids.modelPriceWritten} value={written} onChange={(e) => setWritten(e.target.value)} />
        </label>
        <span className="faint">With it an investigation counts what it costs, and can have a limit in dollars. What the provider itself says goes before it.</span>
      </fieldset>
      <label className="small model-thinks">
        <input type="checkbox" checked={model.thinks} onChange={(e) => change({ thinks: e.target.checked })} /> It thinks before it answers
      </label>
      {put.failed ? <Inline failure={put.failed} dismiss={put.dismiss} /> : null}
      <p className="model-acts">
        <Button type="submit" tone="strong" testid={testids.modelSave} cannot={cannot}>
          {before ? "Keep it so" : "Set it up"}
        </Button>
        <Button onClick={close}>Cancel</Button>
        <span className="small faint">Contacts nothing. Try it afterwards.</span>
      </p>
    </form>
  );
}
