//! What an engine saw and said, for whoever wants to know why a scenario is not right or a variant does not move.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use model::{Body, Certainty, Observation, ObservationId};

use crate::{Answer, Engine, Golden, Mutated, Noise};

/// The answer to a recording, and with `mutation` to what is left of it without its deciding evidence and beside each
/// unrelated trouble that changed the answer, in words.
pub async fn explain<E: Engine>(engine: &E, golden: &Golden, mutation: bool) -> String {
    let answer = engine.answer(golden).await;
    let mut text = told(&golden.name, &answer);
    if !mutation {
        return text;
    }
    for noise in Noise::ALL {
        let noisy = golden.with(noise);
        let beside = engine.answer(&noisy).await.map(Golden::without_noise);
        if first(&beside) != first(&answer) {
            text += &told(&noisy.name, &beside);
        }
    }
    match golden.without_evidence(|golden| engine.facts(golden)) {
        Mutated::Without(without) => {
            let _ = write!(text, "{}", taken(golden, &without));
            text += &told(&without.name, &engine.answer(&without).await);
        }
        Mutated::Inseparable => text += "  its evidence cannot be taken away\n",
    }
    text
}

/// The failure mode that an answer names first, if it names one.
fn first(answer: &Result<Answer, String>) -> Option<&str> {
    let conclusion = &answer.as_ref().ok()?.conclusion;
    conclusion.hypotheses.first().filter(|_| !conclusion.abstained).map(|h| h.id.as_str())
}

fn told(name: &str, answer: &Result<Answer, String>) -> String {
    let mut text = format!("== {name}\n");
    let answer = match answer {
        Ok(answer) => answer,
        Err(why) => return format!("{text}  no answer: {why}\n"),
    };
    for fact in &answer.facts {
        let sure = if matches!(fact.certainty, Certainty::Known) { "" } else { " (unknown)" };
        let _ = writeln!(text, "  fact {}{sure} @ {}: {}", fact.name, fact.subject, fact.says);
    }
    let calls: Vec<&str> = answer.calls.iter().map(|(tool, _)| tool.as_str()).collect();
    let _ = writeln!(text, "  calls: {}", calls.join(", "));
    for hypothesis in answer.conclusion.hypotheses.iter().take(6) {
        let fix = hypothesis.fix.as_ref().map_or("none", |fix| fix.id.as_str());
        let _ = writeln!(text, "  {:.2} {} [{fix}]: {}", hypothesis.probability, hypothesis.id, hypothesis.mechanism);
        for one in &hypothesis.evidence {
            let _ = writeln!(text, "       + {}", one.quote);
        }
        for one in &hypothesis.against {
            let _ = writeln!(text, "       - {}", one.quote);
        }
    }
    let _ = writeln!(text, "  abstained: {}", answer.conclusion.abstained);
    text
}

/// What a mutation took, by subject.
fn taken(whole: &Golden, without: &Golden) -> String {
    let left: BTreeSet<&ObservationId> = without.observations.iter().map(|o| &o.id).collect();
    let was: BTreeSet<&ObservationId> = whole.observations.iter().map(|o| &o.id).collect();
    let name = |o: &Observation| {
        let subject = o.subject.as_ref().map(ToString::to_string).unwrap_or_default();
        match &o.body {
            Body::Object { .. } => subject,
            other => format!("what was told of {subject} ({})", sort_of(other)),
        }
    };
    let gone: BTreeSet<String> = whole.observations.iter().filter(|o| !left.contains(&o.id)).map(name).collect();
    let mut text = format!("  taken or altered: {}\n", gone.into_iter().collect::<Vec<_>>().join(", "));
    for altered in without.observations.iter().filter(|o| !was.contains(&o.id)) {
        if let (Body::Object { object, .. }, Some(subject)) = (&altered.body, &altered.subject) {
            let before = whole.observations.iter().rfind(|o| o.subject.as_ref() == Some(subject) && o.at <= altered.at);
            if let Some(Body::Object { object: before, .. }) = before.map(|o| &o.body) {
                let mut fields = Vec::new();
                lacking(&before.to_value(), &object.to_value(), "", &mut fields);
                let _ = writeln!(text, "  of {subject}: {}", fields.join(", "));
            }
        }
    }
    text
}

fn sort_of(body: &Body) -> &'static str {
    match body {
        Body::Event(_) => "an Event",
        Body::Log(_) => "a log",
        Body::Metric(_) => "a metric",
        Body::Alert(_) => "an alert",
        Body::NodeAgent(_) => "a node's agent",
        _ => "other",
    }
}

fn lacking(before: &serde_json::Value, now: &serde_json::Value, path: &str, fields: &mut Vec<String>) {
    use serde_json::Value;
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => {
            for (key, value) in before {
                let path = format!("{path}/{key}");
                match now.get(key) {
                    Some(other) => lacking(value, other, &path, fields),
                    None => fields.push(path),
                }
            }
        }
        (Value::Array(before), Value::Array(now)) => {
            for (nth, (before, now)) in before.iter().zip(now).enumerate() {
                lacking(before, now, &format!("{path}/{nth}"), fields);
            }
        }
        _ => {}
    }
}
