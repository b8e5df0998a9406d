import { closedRow, closedState } from "../rows";
import type { ClusterRow, ClusterState } from "../../wire/wire";
import type { Recording } from "../recording";
import { ago } from "./demo/names";

const teams = ["shop", "basket", "payments", "search", "ledger", "edge", "data", "mail"];
const stages = ["dev", "staging", "prod", "prod-eu", "prod-us", "preview"];

/** A recording with many more contexts in many files, for looking at a list that is as long as on a busy laptop. */
export function withFleet(recording: Recording, count: number): Recording {
  const listed = recording.answers.find((answer) => answer.name === "clusters_list");
  const rows: ClusterRow[] = listed?.name === "clusters_list" ? [...listed.response] : [];
  const opened: Recording["opened"] = { ...recording.opened };
  for (let i = 0; rows.length < count; i++) {
    const team = teams[i % teams.length] ?? "shop";
    const stage = stages[(i >> 3) % stages.length] ?? "dev";
    // Every eleventh is called as another team calls its own.
    const name = i % 11 === 0 ? `admin@${stage}` : `${team}-${stage}-${1 + Math.floor(i / 48)}`;
    const id = `cluster:f${i}`;
    rows.push(
      closedRow(name, {
        id,
        source: `/home/o/.kube/teams/${team}${i % 3 === 0 ? "-legacy" : ""}.yaml`,
        server: `https://${name.replace("@", ".")}.k8s.example.internal:6443`,
        namespace: i % 4 === 0 ? team : "",
        insecure: i % 17 === 5,
      }),
    );
    if (i % 7 === 3) opened[id] = [unreachable(name)];
  }
  const answers = recording.answers.map((answer) => (answer.name === "clusters_list" ? { ...answer, response: rows } : answer));
  return { ...recording, answers, opened };
}

function unreachable(name: string): ClusterState {
  return closedState({
    phase: "unreachable",
    since: ago(1),
    trouble: "network",
    message: `Could not reach ${name}: the connection was refused.`,
    hint: "Look whether the VPN is up; it is tried again by itself.",
  });
}
