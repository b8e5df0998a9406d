use async_trait::async_trait;
use gate::Permit;
use model::{ObjectRef, ObservationId, Preview};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, recall, unstored};
use crate::path::object;
use crate::scene::Scene;
use crate::typed::{Typed, blank_is_none};
use crate::{Surroundings, ToolError};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// The workload that calls: `Kind/namespace/name`.
    #[schemars(title = "From", length(min = 1))]
    pub from: String,
    /// The workload or the Service that is called, written in the same way.
    #[schemars(title = "To", length(min = 1))]
    pub to: String,
    /// Of a Service its own port. Left out: every port that it offers.
    #[serde(default)]
    #[schemars(title = "Port", range(min = 1, max = 65535))]
    pub port: Option<u16>,
    /// `TCP` (left out), `UDP` or `SCTP`.
    #[serde(default, deserialize_with = "blank_is_none")]
    #[schemars(title = "Protocol")]
    pub protocol: Option<String>,
}

pub(crate) struct MayReach;

#[async_trait]
impl Typed for MayReach {
    type Args = Args;
    const NAME: &'static str = "may_reach";
    const TITLE: &'static str = "May it reach that";
    const DESCRIPTION: &'static str = "Judges by the NetworkPolicies of both ends whether pods of one workload may open a \
        connection to another or to a Service, port by port, and names the rule that says so.";

    fn consistent(args: &Args) -> Result<(), String> {
        object(&args.from, "from")?;
        object(&args.to, "to")?;
        match args.protocol.as_deref().map(str::to_ascii_uppercase).as_deref() {
            None | Some("TCP" | "UDP" | "SCTP") => Ok(()),
            Some(other) => Err(format!("`protocol` is `{other}`; it takes TCP, UDP or SCTP")),
        }
    }

    fn would(&self, args: &Args, surroundings: &Surroundings) -> Preview {
        let port = args.port.map(|port| format!(" on port {port}")).unwrap_or_default();
        Preview {
            does: format!(
                "Judges whether `{}` may reach `{}`{port} by the NetworkPolicies as of {}.",
                args.from, args.to, surroundings.as_of
            ),
            diff: None,
            cost: "nothing: from the history alone; no connection is made".into(),
            undo: None,
        }
    }

    async fn answer(&self, args: Args, _permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let unfit = |why: String| ToolError { what: "the objects do not fit".into(), why, hint: String::new() };
        let scene = Scene::of(surroundings).map_err(|e| unstored(Self::NAME, &e))?;
        let (from, to) = (object(&args.from, "from").map_err(unfit)?, object(&args.to, "to").map_err(unfit)?);
        let protocol = args.protocol.as_deref().map(str::to_ascii_uppercase);
        let port = args.port.map(i64::from);
        let judged = detect::may_reach(&scene.view, &scene.graph, &from, &to, port, protocol.as_deref());
        if judged.is_empty() {
            let without = if scene.graph.pods_of(&scene.graph.workload_of(&from)).is_empty() { &from } else { &to };
            return Err(ToolError {
                what: format!("whether {from} may reach {to} cannot be judged"),
                why: format!("no pods are known of {without}, or behind it"),
                hint: "Check kind, namespace and name; a Service that selects no pods leads nowhere.".into(),
            });
        }
        let (mut lines, mut evidence, mut open) = (Vec::new(), Vec::<ObservationId>::new(), 0);
        let mut unknown = 0;
        for way in &judged {
            let passes = way.directions.iter().all(|one| one.passes);
            let stopped = way.directions.iter().any(|one| !one.passes && !one.unknown);
            open += usize::from(passes);
            unknown += usize::from(!passes && !stopped);
            let port = way.port.map_or("any port".to_owned(), |port| format!("port {port}"));
            let verdict = match (passes, stopped) {
                (true, _) => "may reach",
                (false, true) => "may NOT reach",
                (false, false) => "may or may not reach (not known)",
            };
            lines.push(format!("{} {verdict} {} on {port}/{}", way.from, way.to, way.protocol));
            for one in &way.directions {
                let mark = match (one.passes, one.unknown) {
                    (true, _) => "passes",
                    (false, true) => "is not known",
                    (false, false) => "stops",
                };
                lines.push(format!("  {} {mark}: {}", one.direction, one.says));
                evidence.push(one.evidence.clone());
            }
        }
        let summary = match (open, judged.len()) {
            (open, all) if unknown > 0 && open + unknown == all => {
                format!("Not known: what is seen of the cluster does not tell whether {from} may reach {to}.")
            }
            (0, _) => format!("No: NetworkPolicies do not let {from} reach {to}."),
            (open, all) if open == all => format!("Yes: no NetworkPolicy stops {from} from reaching {to}."),
            (open, all) => format!("In part: {open} of {all} ways from {from} to {to} are open."),
        };
        let mut answer = Answer::new(summary).part(lines.join("\n"));
        for note in unseen(&scene, [&from, &to]) {
            answer = answer.part(note);
        }
        let evidence = recall(Self::NAME, &evidence, surroundings)?;
        Ok(answer.resting_on(evidence))
    }
}

/// What may stop the connection all the same.
fn unseen(scene: &Scene, ends: [&ObjectRef; 2]) -> Vec<String> {
    let snapshot = &scene.view.snapshot;
    let mut notes = Vec::new();
    for namespace in ends.map(|end| &end.namespace) {
        if !snapshot.absence_is_known("NetworkPolicy", namespace) {
            notes.push(format!("Not all NetworkPolicies of `{namespace}` may be known here."));
        }
    }
    notes.dedup();
    let others: Vec<&str> = [
        "CiliumNetworkPolicy",
        "CiliumClusterwideNetworkPolicy",
        "GlobalNetworkPolicy",
        "AuthorizationPolicy",
        "AdminNetworkPolicy",
    ]
    .into_iter()
    .filter(|kind| snapshot.of_kind(kind).next().is_some())
    .collect();
    if !others.is_empty() {
        notes.push(format!("There are objects of {} too, which are not judged.", others.join(", ")));
    }
    notes.push(
        "Rules that select by addresses, and whether the network enforces policies at all, are not judged.".into(),
    );
    notes
}
