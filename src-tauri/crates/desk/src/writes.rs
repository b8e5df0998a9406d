//! Whether a cluster may be changed from here: off until an engineer turns it on for that cluster, and remembered with
//! who did and when.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gate::Writes;
use model::{Author, ClusterId, Time};
use serde::{Deserialize, Serialize};

use crate::desk::lock;
use crate::rows::{ClusterKind, SetBy, Update, WritesView};
use crate::{Desk, DeskError};

/// What an engineer set for one cluster, as the desk file keeps it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Kept {
    enabled: bool,
    /// Every change is tried at the cluster before it is shown.
    try_first: bool,
    at: Time,
    by: String,
}

/// One switch for each cluster, shared with the tools that run: turned off, it stops what was approved before.
#[derive(Default)]
pub(crate) struct Switches(Mutex<HashMap<ClusterId, Arc<AtomicBool>>>);

/// What production is called in the names of contexts, as a word of its own.
const PRODUCTION: &[&str] = &["prod", "production", "prd"];
/// Production too, but also what anything running may be called: it counts where nothing else says what the cluster is.
const MAYBE: &str = "live";
/// What is not production, as a word of its own.
const OTHER: &[&str] = &[
    "dev",
    "develop",
    "development",
    "test",
    "testing",
    "qa",
    "uat",
    "stage",
    "staging",
    "stg",
    "sandbox",
    "demo",
    "preview",
    "local",
    "localhost",
    "kind",
    "minikube",
    "k3d",
    "playground",
];
/// Before the word for production it says that this is something else.
const NOT: &[&str] = &["non", "not", "no", "pre"];

pub(crate) fn looks_like_production(name: &str) -> bool {
    let words = words(name);
    let has = |set: &[&str]| words.iter().any(|word| set.contains(&word.as_str()));
    let named = words.iter().enumerate().any(|(index, word)| {
        let denied = index > 0 && NOT.contains(&words[index - 1].as_str());
        PRODUCTION.contains(&word.as_str()) && !denied
    });
    named || has(&[MAYBE]) && !has(OTHER)
}

/// The words of a name: apart by anything that is no letter and by capitals, without the numbers at their ends.
fn words(name: &str) -> Vec<String> {
    let mut apart = String::with_capacity(name.len() + 8);
    let mut before = ' ';
    for c in name.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            apart.push(' ');
        }
        apart.push(if c.is_alphanumeric() { c } else { ' ' });
        before = c;
    }
    let word = |word: &str| word.trim_end_matches(|c: char| c.is_ascii_digit()).to_lowercase();
    apart.split_whitespace().map(word).filter(|word| !word.is_empty()).collect()
}

/// Whether a cluster is one that people depend on, as far as its names tell.
pub(crate) fn is_production(kind: ClusterKind, name: &str, server: &str) -> bool {
    kind == ClusterKind::Kubeconfig && (looks_like_production(name) || looks_like_production(server))
}

impl Desk {
    pub fn writes(&self, cluster: &ClusterId) -> Result<WritesView, DeskError> {
        let row = self.cluster(cluster)?;
        let kept = self.kept(cluster)?;
        let never = match row.kind {
            ClusterKind::Recorded => "A recording cannot be changed.",
            ClusterKind::Kubeconfig | ClusterKind::Playground => "",
        };
        Ok(WritesView {
            cluster: cluster.clone(),
            enabled: self.allows_writes(cluster),
            try_first: kept.as_ref().is_some_and(|kept| kept.try_first),
            set: kept.map(|kept| SetBy { at: kept.at, by: kept.by }),
            production: row.production,
            name: row.name,
            never: never.into(),
        })
    }

    /// Turns changes of a cluster on or off. `typed` is the cluster's name as the engineer typed it, asked for where it
    /// looks like production; `confirm` is the error's code where it is missing.
    pub fn set_writes(
        &self,
        cluster: &ClusterId,
        enabled: bool,
        try_first: bool,
        typed: &str,
    ) -> Result<WritesView, DeskError> {
        let now = self.writes(cluster)?;
        if enabled && !now.never.is_empty() {
            return Err(DeskError::bad_request(now.never, "Open the live cluster to change it."));
        }
        if enabled && !now.enabled && now.production && typed.trim() != now.name {
            return Err(DeskError {
                code: "confirm",
                what: format!("`{}` looks like production, so changes are not turned on by a click.", now.name),
                hint: format!("Type its name, `{}`, to allow changes.", now.name),
            });
        }
        let Author::Engineer { name: by } = self.engineer() else {
            return Err(DeskError::not_found("There is nobody to ask."));
        };
        let kept = Kept { enabled, try_first, at: self.clock.now(), by };
        let text = serde_json::to_string(&kept).map_err(|error| DeskError {
            code: "failed",
            what: format!("The setting could not be written: {error}."),
            hint: "Please report this.".into(),
        })?;
        self.file.set_setting(&key(cluster), &text)?;
        tracing::info!(%cluster, enabled, by = kept.by, "changes of a cluster were turned on or off");
        self.turn(cluster, enabled);
        self.tell(Update::ClustersChanged);
        self.writes(cluster)
    }

    /// For this run of the program alone; nothing is remembered.
    pub fn allow_writes_for_this_run(&self, cluster: &ClusterId) {
        self.turn(cluster, true);
    }

    fn turn(&self, cluster: &ClusterId, on: bool) {
        self.switch(cluster).store(on, Ordering::Release);
        let works: Vec<_> = lock(&self.work).values().cloned().collect();
        for work in works.iter().filter(|work| work.cluster == *cluster) {
            work.policy.write().unwrap_or_else(PoisonError::into_inner).writes = as_policy(on);
        }
    }

    /// The switch as it stands; what cannot be read is off.
    pub(crate) fn switch(&self, cluster: &ClusterId) -> Arc<AtomicBool> {
        let mut switches = lock(&self.switches.0);
        let made = || {
            let kept = self.kept(cluster).unwrap_or_else(|error| {
                tracing::warn!(%cluster, %error, "whether changes are on could not be read; they are off");
                None
            });
            Arc::new(AtomicBool::new(kept.is_some_and(|kept| kept.enabled)))
        };
        Arc::clone(switches.entry(cluster.clone()).or_insert_with(made))
    }

    pub(crate) fn allows_writes(&self, cluster: &ClusterId) -> bool {
        self.switch(cluster).load(Ordering::Acquire)
    }

    pub(crate) fn writes_policy(&self, cluster: &ClusterId) -> Writes {
        as_policy(self.allows_writes(cluster))
    }

    pub(crate) fn tries_first(&self, cluster: &ClusterId) -> bool {
        self.kept(cluster).ok().flatten().is_some_and(|kept| kept.try_first)
    }

    fn kept(&self, cluster: &ClusterId) -> Result<Option<Kept>, DeskError> {
        let Some(text) = self.file.setting(&key(cluster))? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| DeskError {
            code: "damaged",
            what: format!("Whether `{}` may be changed could not be read: {error}.", self.name_of(cluster)),
            hint: "Turn changes on again; until then they are off.".into(),
        })
    }
}

fn key(cluster: &ClusterId) -> String {
    format!("writes:{cluster}")
}

fn as_policy(on: bool) -> Writes {
    if on { Writes::On } else { Writes::Off }
}

#[cfg(test)]
mod tests;
