//! Container logs.

use axum::response::{IntoResponse, Response};
use model::Time;
use serde_json::Value;

use super::request::Asked;
use super::{Site, now};
use crate::status::Refusal;

pub(super) fn answer(site: &Site, asked: &Asked) -> Result<Response, Refusal> {
    let pod = site.world.store.read(|kept| kept.get("Pod", &asked.namespace, &asked.name).cloned());
    let pod = pod.ok_or_else(|| Refusal::not_found(&asked.resource, &asked.name))?;
    let container = container(asked, &pod)?;
    let previous = asked.flag("previous");
    check(asked, &pod, &container, previous)?;
    let key = (asked.namespace.clone(), asked.name.clone(), container, previous);
    let pieces = site.world.store.read(|kept| kept.logs.get(&key).cloned().unwrap_or_default());
    let since = match (asked.number("sinceSeconds")?, asked.text("sinceTime")) {
        (Some(seconds), _) => Some(now().plus_seconds(-i64::try_from(seconds).unwrap_or(i64::MAX))),
        (None, Some(time)) => Some(time.parse::<Time>().map_err(|e| Refusal::bad_request(e.to_string()))?),
        (None, None) => None,
    };
    // A line is as old as it says, else as the piece it came with.
    let mut lines: Vec<(Time, &str)> = Vec::new();
    for piece in &pieces {
        lines.extend(piece.text.lines().map(|line| (said(line).unwrap_or(piece.at), line)));
    }
    lines.retain(|(at, _)| since.is_none_or(|since| *at >= since));
    if let Some(tail) = asked.number("tailLines")? {
        let keep = usize::try_from(tail).unwrap_or(usize::MAX).min(lines.len());
        lines.drain(..lines.len() - keep);
    }
    let stamped = asked.flag("timestamps");
    let mut text = String::new();
    for (at, line) in lines {
        if stamped {
            text.push_str(&at.to_string());
            text.push(' ');
        }
        text.push_str(line);
        text.push('\n');
    }
    if let Some(limit) = asked.number("limitBytes")? {
        let mut cut = usize::try_from(limit).unwrap_or(usize::MAX).min(text.len());
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        text.truncate(cut);
    }
    Ok(text.into_response())
}

/// The time at the beginning of a line.
fn said(line: &str) -> Option<Time> {
    line.split_whitespace().next()?.parse().ok()
}

fn names<'a>(pod: &'a Value, field: &str) -> Vec<&'a str> {
    pod["spec"][field].as_array().into_iter().flatten().filter_map(|c| c["name"].as_str()).collect()
}

fn container(asked: &Asked, pod: &Value) -> Result<String, Refusal> {
    let (main, first) = (names(pod, "containers"), names(pod, "initContainers"));
    match (asked.text("container"), main.as_slice()) {
        (Some(name), _) if main.contains(&name) || first.contains(&name) => Ok(name.to_owned()),
        (Some(name), _) => Err(Refusal::bad_request(format!("container {name} is not valid for pod {}", asked.name))),
        (None, [only]) => Ok((*only).to_owned()),
        (None, []) => {
            Err(Refusal::bad_request(format!("the recording does not name the containers of pod {}", asked.name)))
        }
        (None, many) => Err(Refusal::bad_request(format!(
            "a container name must be specified for pod {}, choose one of: [{}]",
            asked.name,
            many.join(" ")
        ))),
    }
}

/// A container that has not run has no log, and one that has run once has no previous one.
fn check(asked: &Asked, pod: &Value, container: &str, previous: bool) -> Result<(), Refusal> {
    let statuses = ["containerStatuses", "initContainerStatuses"];
    let status = statuses
        .iter()
        .flat_map(|field| pod["status"][*field].as_array().into_iter().flatten())
        .find(|s| s["name"] == container);
    let Some(status) = status else { return Ok(()) };
    if previous {
        if status["lastState"]["terminated"].is_object() {
            return Ok(());
        }
        let message = format!("previous terminated container \"{container}\" in pod \"{}\" not found", asked.name);
        return Err(Refusal::bad_request(message));
    }
    let reason = status["state"]["waiting"]["reason"].as_str();
    match reason {
        Some(reason) if !status["lastState"]["terminated"].is_object() => {
            let problem = match reason {
                "ContainerCreating" | "PodInitializing" => format!("waiting to start: {reason}"),
                "ErrImagePull" | "ImagePullBackOff" => "waiting to start: trying and failing to pull image".to_owned(),
                other => format!("waiting to start: {other}"),
            };
            Err(Refusal::bad_request(format!("container \"{container}\" in pod \"{}\" is {problem}", asked.name)))
        }
        _ => Ok(()),
    }
}
