use std::collections::BTreeMap;

use async_trait::async_trait;
use gate::Permit;
use model::{ObjectRef, ObservationId, Preview, Severity, Signal};

use crate::answer::{Answer, count, from_history, recall, unstored};
use crate::path::known;
use crate::scene::Scene;
use crate::typed::{Named, Typed};
use crate::{Surroundings, ToolError};

pub(crate) struct FirstBrokenHop;

#[async_trait]
impl Typed for FirstBrokenHop {
    type Args = Named;
    const NAME: &'static str = "first_broken_hop";
    const TITLE: &'static str = "Where it breaks first";
    const DESCRIPTION: &'static str = "Follows what an object needs, from one thing in trouble to the next, down to one \
        of which nothing that it needs is in trouble, with the signals of each hop.";

    fn consistent(args: &Named) -> Result<(), String> {
        args.consistent()
    }

    fn would(&self, args: &Named, surroundings: &Surroundings) -> Preview {
        from_history(format!("Follows trouble below `{}` as of {}.", args.object(), surroundings.as_of))
    }

    async fn answer(&self, args: Named, _permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let scene = Scene::of(surroundings).map_err(|e| unstored(Self::NAME, &e))?;
        let from = scene.graph.workload_of(&known(&scene, args.object())?);
        let facts = detect::facts(&scene.view, &scene.graph);
        let triage = detect::triage(&scene.view, &scene.graph, &facts);
        let mut troubled: BTreeMap<ObjectRef, Vec<&Signal>> = BTreeMap::new();
        for signal in triage.incidents.iter().flat_map(|incident| &incident.signals) {
            if signal.severity > Severity::Info {
                troubled.entry(scene.graph.workload_of(&signal.subject)).or_default().push(signal);
            }
        }
        let Some(way) = scene.graph.first_broken(&from, |object| troubled.contains_key(object)) else {
            return Ok(Answer::new(format!(
                "Neither {from} nor anything that it is known to need is in trouble. What was not read (logs, metrics, \
                 probes) is not judged."
            )));
        };
        let told = |object: &ObjectRef| {
            let signals = troubled.get(object).map(Vec::as_slice).unwrap_or_default();
            let titles: Vec<&str> = signals.iter().take(3).map(|signal| signal.title.as_str()).collect();
            if titles.is_empty() { "well, as far as is known".to_owned() } else { titles.join("; ") }
        };
        let mut lines = vec![format!("{from}: {}", told(&from))];
        let mut last = from.clone();
        for hop in &way {
            last = scene.graph.workload_of(hop.to);
            lines.push(format!("{} {last} ({}): {}", hop.relation.words(), hop.reason(), told(&last)));
        }
        let summary = if way.is_empty() {
            format!("{from} itself: it is in trouble, and nothing that it is known to need is.")
        } else {
            format!("The first broken hop is {last}, {} from {from}.", count(way.len(), "step", "steps"))
        };
        let signals = troubled.get(&last).into_iter().flatten().flat_map(|signal| signal.evidence.iter().cloned());
        let evidence: Vec<ObservationId> = way.iter().flat_map(|hop| hop.evidence()).chain(signals).collect();
        let evidence = recall(Self::NAME, &evidence, surroundings)?;
        Ok(Answer::new(summary).part(lines.join("\n")).resting_on(evidence))
    }
}
