use async_trait::async_trait;
use gate::Permit;
use model::{Doc, Held, ObjectRef, Preview, SeenEvent};

use crate::answer::{Answer, count, from_history, recall, short, unstored, yaml};
use crate::scene::Scene;
use crate::typed::{Named, Typed};
use crate::{Surroundings, ToolError};

const SHOWN_EVENTS: usize = 15;
const SHOWN_RELATED: usize = 25;

pub(crate) struct Describe;

#[async_trait]
impl Typed for Describe {
    type Args = Named;
    const NAME: &'static str = "describe";
    const TITLE: &'static str = "Describe an object";
    const DESCRIPTION: &'static str = "Tells all that the inventory knows of one object: its conditions and containers, \
        what is wrong with it, its events, what it depends on, its specification.";

    fn consistent(args: &Named) -> Result<(), String> {
        args.consistent()
    }

    fn would(&self, args: &Named, surroundings: &Surroundings) -> Preview {
        let object = args.object();
        let known = Scene::of(surroundings).is_ok_and(|scene| scene.view.snapshot.get(&object).is_some());
        let unknown = if known { "" } else { "; the inventory does not know it" };
        from_history(format!("Describes `{object}` as of {}{unknown}.", surroundings.as_of))
    }

    async fn answer(&self, args: Named, _permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let object = args.object();
        let scene = Scene::of(surroundings).map_err(|e| unstored(Self::NAME, &e))?;
        let snapshot = &scene.view.snapshot;
        let (held, state) = match (snapshot.get(&object), snapshot.deleted.get(&object)) {
            (Some(held), _) => (held, "exists"),
            (None, Some(held)) => (held, "was deleted"),
            (None, None) => return Err(unknown(&scene, &object)),
        };
        let workload = scene.graph.workload_of(&object);
        let of = if workload == object { String::new() } else { format!(", part of {workload}") };
        let mut answer = Answer::new(format!("{object} {state}{of}; in this version since {}.", held.at));

        let facts = detect::facts(&scene.view, &scene.graph);
        let facts: Vec<String> =
            facts.iter().filter(|f| f.subject == object).map(|f| format!("  {}: {}", f.name, f.says)).collect();
        answer = answer.part(section("What is so", facts)).part(section("Conditions", conditions(&held.object)));
        answer = answer.part(section("Containers", containers(&held.object)));
        let events = snapshot.events_of(&object);
        let lines: Vec<String> =
            events.iter().rev().take(SHOWN_EVENTS).map(|seen| format!("  {}", event(seen))).collect();
        let hidden = events.len().saturating_sub(SHOWN_EVENTS);
        answer =
            answer.part(section("Events, newest first", lines)).cut_if(hidden > 0, format!("{hidden} older events"));

        let mut related: Vec<String> = scene
            .graph
            .dependencies(&object)
            .iter()
            .map(|e| format!("  {} {} ({})", e.relation.words(), e.to, e.reason()))
            .collect();
        related.extend(
            scene
                .graph
                .dependents(&object)
                .iter()
                .map(|e| format!("  {} {} it ({})", e.from, e.relation.words(), e.reason())),
        );
        let hidden = related.len().saturating_sub(SHOWN_RELATED);
        related.truncate(SHOWN_RELATED);
        answer = answer.part(section("Related", related)).cut_if(hidden > 0, format!("{hidden} more relations"));

        let evidence = [&held.observation].into_iter().chain(events.iter().map(|seen| &seen.observation));
        let evidence = recall(Self::NAME, evidence, surroundings)?;
        Ok(answer.part(specification(held)).resting_on(evidence))
    }
}

fn unknown(scene: &Scene, object: &ObjectRef) -> ToolError {
    let listed = scene.view.snapshot.absence_is_known(&object.kind, &object.namespace);
    let why = if listed {
        "the whole list of its kind is known, and it is not in it"
    } else {
        "its kind is not watched here"
    };
    let closest = scene.view.snapshot.in_namespace(&object.kind, &object.namespace).map(|(o, _)| o.name.as_str());
    let names: Vec<&str> = closest.take(8).collect();
    let hint = match (listed, &names[..]) {
        (false, _) => "Ask for `get_object`, which reads any kind.".to_owned(),
        (true, []) => format!("There is no {} in `{}`; check the namespace.", object.kind, object.namespace),
        (true, names) => format!("There are: {}.", names.join(", ")),
    };
    ToolError { what: format!("{object} cannot be described"), why: why.into(), hint }
}

fn section(title: &str, lines: Vec<String>) -> String {
    if lines.is_empty() { String::new() } else { format!("{title}:\n{}", lines.join("\n")) }
}

fn conditions(object: &Doc) -> Vec<String> {
    let list = object.pointer("/status/conditions").and_then(Doc::as_array).into_iter().flatten();
    list.map(|c| {
        let text = |field: &str| c[field].as_str().unwrap_or_default();
        let line = format!("  {}={} {} {}", text("type"), text("status"), text("reason"), text("message"));
        format!("{} since {}", short(&line, 220), text("lastTransitionTime"))
    })
    .collect()
}

fn containers(object: &Doc) -> Vec<String> {
    let mut lines = Vec::new();
    for field in ["initContainerStatuses", "containerStatuses"] {
        for status in object["status"][field].as_array().into_iter().flatten() {
            let name = status["name"].as_str().unwrap_or("?");
            let restarts = status["restartCount"].as_u64().unwrap_or(0);
            let now = state(&status["state"]);
            let before = state(&status["lastState"]);
            let before = if before.is_empty() { before } else { format!("; before that {before}") };
            lines.push(format!(
                "  {name}: {now}, {}{before}",
                count(usize::try_from(restarts).unwrap_or(usize::MAX), "restart", "restarts")
            ));
        }
    }
    lines
}

fn state(state: &Doc) -> String {
    let Some((name, of)) = state.as_object().and_then(|s| s.iter().next()) else { return String::new() };
    let text = |field: &str| of[field].as_str().unwrap_or_default();
    let code = of["exitCode"].as_i64().map(|code| format!(" with exit code {code}")).unwrap_or_default();
    let line = format!("{name}{code} {} {}", text("reason"), text("message"));
    short(line.trim_end(), 240)
}

pub(crate) fn event(seen: &SeenEvent) -> String {
    let event = &seen.event;
    let times = if event.count > 1 { format!(" ({}×)", event.count) } else { String::new() };
    format!("{} {} {}{times}: {}", event.last_at, event.event_type, event.reason, short(&event.message, 300))
}

fn specification(held: &Held) -> String {
    let mut object = held.object.to_value();
    if let Some(map) = object.as_object_mut() {
        map.remove("status");
    }
    format!("Specification:\n{}", yaml(&object))
}
