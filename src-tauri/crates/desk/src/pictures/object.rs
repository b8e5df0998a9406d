use model::{Body, Doc, Fact, Held, ObjectRef, Observation, Snapshot};
use similar::TextDiff;
use topology::Graph;

use super::status::status;
use crate::rows::{EventRow, ObjectView, ObservationView};

/// One object as of the snapshot's time, with the versions it was in until then, oldest first.
pub fn object(snapshot: &Snapshot, graph: &Graph, facts: &[Fact], object: &ObjectRef, past: &[Held]) -> ObjectView {
    let held = snapshot.get(object);
    let text = held.map(|held| yaml(&held.object)).unwrap_or_default();
    let before =
        held.and_then(|held| past.iter().rev().find(|version| version.at <= held.at && version.object != held.object));
    let last_change = before.map(|before| {
        TextDiff::from_lines(yaml(&before.object).as_str(), text.as_str())
            .unified_diff()
            .context_radius(2)
            .header(&before.at.to_string(), &snapshot.at.to_string())
            .to_string()
    });
    let mut related: Vec<(ObjectRef, String)> = Vec::new();
    for edge in graph.dependencies(object) {
        related.push((edge.to.clone(), edge.relation.words().to_owned()));
    }
    for edge in graph.dependents(object) {
        related.push((edge.from.clone(), format!("{} this", edge.relation.words())));
    }
    ObjectView {
        object: object.clone(),
        at: snapshot.at,
        exists: held.is_some(),
        status: status(snapshot, object),
        yaml: text,
        changed_at: past.iter().map(|version| version.at).collect(),
        last_change,
        events: snapshot
            .events_of(object)
            .iter()
            .rev()
            .map(|seen| EventRow {
                observation: seen.observation.clone(),
                at: seen.event.last_at,
                warning: seen.event.event_type == "Warning",
                reason: seen.event.reason.to_string(),
                message: seen.event.message.to_string(),
                count: seen.event.count,
            })
            .collect(),
        facts: facts.iter().filter(|fact| &fact.subject == object).cloned().collect(),
        related,
    }
}

fn yaml(value: &Doc) -> String {
    serde_saphyr::to_string(value).unwrap_or_else(|_| value.to_string())
}

/// An observation as a person reads it.
pub fn observation(observation: Observation) -> ObservationView {
    let text = match &observation.body {
        Body::Object { object, .. } => yaml(object),
        Body::Event(event) => {
            let times = if event.count > 1 { format!(" ({} times)", event.count) } else { String::new() };
            format!("{} {}{times}\n{}", event.event_type, event.reason, event.message)
        }
        Body::Log(log) => log.text.clone(),
        Body::ToolResult { text, .. } | Body::Note { text, .. } => text.clone(),
        Body::Probe(probe) => probe.output.clone(),
        Body::NodeAgent(agent) => agent.output.clone(),
        Body::Change { reference, author, message, diff } => {
            format!("{reference} {author}\n{message}\n{}", diff.as_deref().unwrap_or(""))
        }
        Body::Metric(_)
        | Body::Alert(_)
        | Body::Shape(_)
        | Body::Dependencies { .. }
        | Body::Coverage { .. }
        | Body::Gap { .. } => serde_json::to_value(&observation.body).map(|v| yaml(&Doc::from(&v))).unwrap_or_default(),
    };
    ObservationView { observation, text }
}

#[cfg(test)]
mod tests;
