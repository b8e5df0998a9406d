//! The JSON of a pod, written by filling the blanks of a text.

use std::fmt::Write;

use model::Time;
use serde_json::{Map, Value};

use super::{PodPhase, REPLICAS, Slot, app, hash, namespace, node, owner, subject, uid};

/// Texts with blanks, by phase; each begins behind the opening brace of an object.
pub(super) struct Template {
    pending: Vec<Piece>,
    running: Vec<Piece>,
    crashing: Vec<Piece>,
}

enum Piece {
    Text(String),
    Blank(String),
}

impl Template {
    pub fn read() -> Template {
        // The text is part of the program; a test reads it.
        let parts: Value = serde_json::from_str(include_str!("pod.json")).unwrap_or_default();
        let pieces = |status: &str| {
            let mut pod = Map::new();
            for (name, part) in [("metadata", "metadata"), ("spec", "spec"), ("status", status)] {
                pod.insert(name.to_owned(), parts[part].clone());
            }
            // A number is a blank too, but not in quotes.
            let text = Value::Object(pod).to_string().replace("\"{{restarts}}\"", "{{restarts}}");
            split(text.strip_prefix('{').unwrap_or(&text))
        };
        Template { pending: pieces("pending"), running: pieces("running"), crashing: pieces("crashing") }
    }

    pub fn write(&self, started: Time, place: u32, slot: &Slot, into: &mut String) {
        let pieces = match slot.phase {
            PodPhase::Pending => &self.pending,
            PodPhase::Running => &self.running,
            PodPhase::Crashing => &self.crashing,
        };
        let number = place / REPLICAS;
        let name = subject(place, slot).name;
        let own = uid(&format!("{name}/{}", slot.created.max(started.seconds())));
        let (place_high, place_low) = (place / 250, place % 250 + 2);
        for piece in pieces {
            match piece {
                Piece::Text(text) => into.push_str(text),
                Piece::Blank(blank) => match blank.as_str() {
                    "name" => into.push_str(&name),
                    "namespace" => into.push_str(&namespace(place)),
                    "app" => into.push_str(&app(number)),
                    "hash" => into.push_str(&hash(number)),
                    "owner" => into.push_str(&owner(number)),
                    "owner_uid" => into.push_str(&uid(&owner(number))),
                    "node" => into.push_str(&node(place)),
                    "uid" => into.push_str(&own),
                    "container_id" => {
                        let _ = write!(into, "{0}{0}{1:08x}", own.replace('-', ""), slot.restarts);
                    }
                    "ip" => {
                        let _ = write!(into, "10.{}.{}.{place_low}", 128 + place_high / 256, place_high % 256);
                    }
                    "host_ip" => {
                        let _ = write!(into, "192.168.{}.{}", place / 3_000, place % REPLICAS + 10);
                    }
                    "revision" => {
                        let _ = write!(into, "{}", slot.revision);
                    }
                    "restarts" => {
                        let _ = write!(into, "{}", slot.restarts);
                    }
                    "created" => {
                        let _ = write!(into, "{}", Time::from_seconds(slot.created));
                    }
                    "since" => {
                        let _ = write!(into, "{}", Time::from_seconds(slot.since));
                    }
                    other => into.push_str(other),
                },
            }
        }
    }
}

fn split(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((blank, behind)) = after.split_once("}}") else { break };
        pieces.push(Piece::Text(before.to_owned()));
        pieces.push(Piece::Blank(blank.to_owned()));
        rest = behind;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    pieces
}
