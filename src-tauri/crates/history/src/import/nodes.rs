use model::{Body, NodeAgentBody, ObjectRef};

use super::files::File;
use super::layout::without_extension;
use super::reading::{Reading, Reason};

/// `host-collectors/…/<node>/<service>.txt`, and what Troubleshoot's host collectors write of the machine itself.
pub(super) fn host(reading: &mut Reading, file: &File, segments: &[&str]) -> Result<(), Reason> {
    let Some((name, folders)) = segments.split_last() else { return Err("it has no name".into()) };
    let known = folders.iter().rev().find(|folder| reading.find(folder, None, &["Node"]).is_some());
    // Collectors that ran on several nodes keep a folder a node; one that ran on the machine itself has only its own.
    let node = match (known, folders) {
        (Some(known), _) => (*known).to_owned(),
        (None, ["run-host", .., node]) if folders.len() > 1 => (*node).to_owned(),
        _ => String::new(),
    };
    let text = file.text();
    if name.ends_with(".json") {
        super::parse::json(&text)?;
    }
    let body = NodeAgentBody {
        node: node.clone(),
        service: without_extension(name).to_owned(),
        state: state(&text),
        output: reading.redacted(text.trim_end()),
    };
    let subject = (!node.is_empty()).then(|| ObjectRef::global("Node", node));
    reading.note(reading.collected_at, subject, Body::NodeAgent(body));
    Ok(())
}

/// What systemd says after `Active:`, without since when; or that it knows no such unit.
fn state(text: &str) -> String {
    for line in text.lines() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("Active:") {
            let rest = rest.trim();
            let end = rest.find(" since ").or_else(|| rest.find(';')).unwrap_or(rest.len());
            return rest[..end].trim().to_owned();
        }
        if line.contains("could not be found") || line.contains("not-found") {
            return "not found".into();
        }
    }
    String::new()
}
