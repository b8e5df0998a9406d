import { objectKey } from "../kit/format";
import type { ObjectHit } from "../wire/wire";
import type { Answer } from "./recording";

/** The objects of a recording's graphs in whose reference every word stands. */
export function searched(answers: readonly Answer[], text: string, most: number): ObjectHit[] {
  const words = text.toLowerCase().split(/[\s/]+/).filter(Boolean);
  const found = new Map<string, ObjectHit>();
  for (const answer of answers) {
    if (answer.name !== "graph_get") continue;
    const { cluster } = answer.request as { cluster: string };
    for (const { object, status, severity } of answer.response.states) {
      const key = objectKey(object);
      if (words.every((word) => key.toLowerCase().includes(word))) found.set(`${cluster} ${key}`, { cluster, cluster_name: cluster.replace("cluster:", ""), object, status, severity });
    }
  }
  return [...found.values()].slice(0, most);
}
