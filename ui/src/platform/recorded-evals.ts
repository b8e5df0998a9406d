import type { EvalsView, ModelsView, RunningEvals, RunRow, RunView, ScenarioRow, ScenarioVerdict, Update } from "../wire/wire";
import { failure, type Acts } from "./recorded";

const kinds = ["resource-exhaustion", "image-deployment", "config-secrets", "cascading", "storage", "app-infra"] as const;

/** Scenarios by their number: a recording has none that could be played. */
const scenarios: ScenarioRow[] = Array.from({ length: 61 }, (_, i) => {
  const category = i % 8 === 7 ? null : (kinds[i % 6] ?? null);
  return { name: `scenario-${i}`, title: `Number ${i} of what a recording has`, cluster: "cluster:playground", category, healthy: category === null, several: false, twin: null };
});

const run = (id: string, at: number, right: number): RunRow => ({ id, at, only: "", knowledge: `digest-${id}`, scenarios: 198, right, pairs: 126, pairs_right: right - 72, fixes_right: 176, fixes_judged: 181, fixes_forbidden: right < 197 ? 1 : 0, healthy: 8, false_alarms: 0 });

const verdict = (name: string, said: string, truth: string): ScenarioVerdict => ({ name, category: "storage", healthy: false, right: false, object_right: true, mode_right: false, fix_right: false, fix_forbidden: false, evidence_cited: 0.5, abstained: false, calls: 3, seconds: 0.2, said, truth, says: "", failed: null });

export function evalsActs(publish: (update: Update) => void): Acts {
  const now = Date.now() * 1000;
  let running: RunningEvals | null = null;
  let runs: RunRow[] = [run("2", now - 3600e6, 197), run("1", now - 90_000e6, 195)];
  const view = (): EvalsView => ({ running: running && { ...running }, runs });
  const step = () => {
    if (!running) return;
    running = { ...running, done: running.done + 3, right: running.right + 3, now: `scenario-${running.done}` };
    if (running.done >= running.of) {
      runs = [run(String(runs.length + 1), Date.now() * 1000, 198), ...runs];
      running = null;
    } else setTimeout(step, 250);
    publish({ type: "progress", what: "evals", done: running?.done ?? 1, of: running?.of ?? 1 });
  };
  return {
    scenarios_list: () => scenarios,
    scenario_play: () => {
      throw failure("unavailable", "A recording plays no scenario.", "Play it in the window.");
    },
    scenario_score: () => null,
    evals_get: view,
    evals_start: ({ only }) => {
      running = { only, done: 0, of: 198, now: "scenario-0", right: 0, began_at: Date.now() * 1000 };
      setTimeout(step, 250);
      return view();
    },
    evals_stop: () => {
      running = null;
      return view();
    },
    run_get: ({ id }): RunView => {
      const found = runs.find((r) => r.id === id);
      if (!found) throw failure("not_found", "There is no such run.", "Choose another one.");
      return {
        run: found,
        categories: kinds.map((category, i) => ({ category, scenarios: 28 + i, faulty: 28 + i, object: 1, mode: 0.97, both: i === 4 ? 0.94 : 1, calls: 3.2 })),
        verdicts: found.right >= 198 ? [] : [verdict("claim-zone-mismatch", "claim-unbound @ PersistentVolumeClaim/shop/data", "volume-zone-conflict @ PersistentVolumeClaim/shop/data")],
      };
    },
    run_remove: ({ id }) => {
      runs = runs.filter((r) => r.id !== id);
      return view();
    },
    runs_compare: ({ before, now: later }) => {
      const one = { name: "oom-limit-lowered", before: "memory-leak @ Deployment/shop/cart", now: "memory-limit-too-low @ Deployment/shop/cart", truth: "memory-limit-too-low @ Deployment/shop/cart" };
      const better = Number(before) < Number(later);
      return { helped: better ? [one] : [], harmed: better ? [] : [{ ...one, before: one.now, now: one.before }], newly_forbidden: [], added: [], removed: [], worse: !better };
    },
  };
}

export function modelActs(): Acts {
  let view: ModelsView = {
    models: [
      { name: "house", provider: "anthropic", base: "https://api.anthropic.com/v1", model: "the-model", tools: "native", thinks: true, key: "keyring", variable: "", key_for_now: false, is_local: false, price: [3, 15] },
      { name: "laptop", provider: "ollama", base: "http://127.0.0.1:11434/v1", model: "a-small-one", tools: "schema", thinks: false, key: "nowhere", variable: "", key_for_now: false, is_local: true, price: null },
    ],
    providers: [
      { provider: "open-ai", base: "https://api.openai.com/v1", variable: "OPENAI_API_KEY" },
      { provider: "azure", base: "", variable: "AZURE_OPENAI_API_KEY" },
      { provider: "anthropic", base: "https://api.anthropic.com/v1", variable: "ANTHROPIC_API_KEY" },
      { provider: "ollama", base: "http://127.0.0.1:11434/v1", variable: "" },
    ],
  };
  const change = (models: ModelsView["models"]) => (view = { ...view, models });
  return {
    models_list: () => view,
    model_put: ({ name, provider, base, model, thinks, price }) => {
      const usual = view.providers.find((p) => p.provider === provider)?.base ?? "";
      const at = base || usual;
      return change([...view.models.filter((m) => m.name !== name), { name, provider, base: at, model, tools: "native", thinks, key: "nowhere", variable: "", key_for_now: false, is_local: at.includes("127.0.0.1"), price }]);
    },
    model_remove: ({ name }) => change(view.models.filter((m) => m.name !== name)),
    model_key_put: ({ name, for_now }) => change(view.models.map((m) => (m.name === name ? { ...m, ...(for_now ? { key_for_now: true } : { key: "keyring" as const }) } : m))),
    model_key_point: ({ name, variable }) => change(view.models.map((m) => (m.name === name ? { ...m, key: variable ? "environment" : "nowhere", variable } : m))),
    model_try: () => ({ offered: ["the-model", "another"], tools: "native", tried: [], tokens_read: 812, tokens_written: 64, cost: 3396 }),
  };
}
