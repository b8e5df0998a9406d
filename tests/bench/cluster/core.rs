//! The core without a window: a desk that opens contexts and asks for their triage whenever they change.
//!
//! It reads `open`, `watch` and `end of input`; it says, a JSON object a line: `ready`, `rows` and `full` (milliseconds
//! after `open`), and while watching `incident` and `over` with the subject and the time.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use desk::rows::{TriageView, Update};
use desk::{Desk, Opening, Paths};
use model::ClusterId;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::broadcast::error::RecvError;

use crate::process::now_micros;

/// Says something to who started us.
fn say(value: &serde_json::Value) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    // Nobody listens any more when this fails, and then the input ends too.
    let _ = writeln!(out, "{value}").and_then(|()| out.flush());
}

/// One cluster that is followed.
struct Followed {
    id: ClusterId,
    name: String,
    changed: Mutex<bool>,
    wake: Condvar,
}

impl Followed {
    fn wake(&self) {
        *self.changed.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake.notify_one();
    }

    fn wait(&self) {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        while !*changed {
            changed = self.wake.wait(changed).unwrap_or_else(PoisonError::into_inner);
        }
        *changed = false;
    }
}

pub async fn run(arguments: &[String]) -> Result<()> {
    let opening = Opening {
        paths: Paths::of_this_machine()?,
        in_memory: false,
        knowledge: Vec::new(),
        kubeconfigs: cluster::Sources {
            files: arguments.iter().map(PathBuf::from).collect(),
            ..cluster::Sources::default()
        },
        with_added: false,
    };
    let desk = Desk::open(opening)?;
    say(&json!({ "ready": desk.clusters().len() }));
    let watching = Arc::new(AtomicBool::new(false));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match line.as_str() {
            "open" => open(&desk, &watching)?,
            "watch" => watching.store(true, Ordering::Relaxed),
            _ => {}
        }
    }
    for row in desk.clusters() {
        desk.close_cluster(&row.id).await?;
    }
    Ok(())
}

/// Opens every context and follows it on a thread of its own, as the window does in its own process.
fn open(desk: &Arc<Desk>, watching: &Arc<AtomicBool>) -> Result<()> {
    let started = Instant::now();
    let mut updates = desk.updates();
    let mut followed: HashMap<ClusterId, Arc<Followed>> = HashMap::new();
    for row in desk.clusters() {
        let one = Followed { id: row.id.clone(), name: row.name, changed: Mutex::new(true), wake: Condvar::new() };
        followed.insert(row.id, Arc::new(one));
    }
    for one in followed.values() {
        desk.open_cluster(&one.id)?;
        let (desk, one, watching) = (Arc::clone(desk), Arc::clone(one), Arc::clone(watching));
        std::thread::spawn(move || follow(&desk, &one, &watching, started));
    }
    tokio::spawn(async move {
        loop {
            match updates.recv().await {
                Ok(Update::ClusterChanged { cluster }) => {
                    if let Some(one) = followed.get(&cluster) {
                        one.wake();
                    }
                }
                Ok(_) => {}
                // Too many at once: any of them may have changed.
                Err(RecvError::Lagged(_)) => followed.values().for_each(|one| one.wake()),
                Err(RecvError::Closed) => return,
            }
        }
    });
    Ok(())
}

fn follow(desk: &Arc<Desk>, one: &Followed, watching: &AtomicBool, started: Instant) {
    let (mut rows, mut full) = (false, false);
    let mut known: BTreeSet<String> = BTreeSet::new();
    loop {
        one.wait();
        let view = match desk.triage(&one.id, None) {
            Ok(view) => view,
            Err(error) => {
                say(&json!({ "failed": error.to_string(), "cluster": one.name }));
                std::thread::sleep(Duration::from_secs(1));
                continue;
            }
        };
        let (at, millis) = (now_micros(), started.elapsed().as_secs_f64() * 1e3);
        let pods = pods(&view);
        if !rows && pods > 0 {
            rows = true;
            say(&json!({ "rows": millis, "pods": pods, "cluster": one.name }));
        }
        if !full && !view.partial {
            full = true;
            say(
                &json!({ "full": millis, "pods": pods, "cluster": one.name, "incidents": view.triage.incidents.len() }),
            );
        }
        let subjects: BTreeSet<String> = view
            .triage
            .incidents
            .iter()
            .flat_map(|incident| incident.subjects.iter().map(ToString::to_string))
            .collect();
        if watching.load(Ordering::Relaxed) {
            for new in subjects.difference(&known) {
                say(&json!({ "incident": new, "at": at, "cluster": one.name }));
            }
            for gone in known.difference(&subjects) {
                say(&json!({ "over": gone, "at": at, "cluster": one.name }));
            }
        }
        known = subjects;
    }
}

fn pods(view: &TriageView) -> u32 {
    view.looked_at.iter().filter(|(kind, _)| kind == "Pod").map(|(_, count)| count).sum()
}
