//! The team's own blueprints: versioned in the desk's file.

use std::collections::{BTreeMap, BTreeSet};

use model::{Blueprint, BlueprintVersion, ClusterId, Fact, ObjectRef, Scope, View};
use serde::Serialize;
use similar::TextDiff;
use topology::{Graph, Relation};

use crate::rows::{DriftKind, DriftRow, Update};
use crate::{Desk, DeskError};

impl Desk {
    /// The newest version of each blueprint, the library's own among them (version 0).
    pub fn blueprint_list(&self) -> Result<Vec<BlueprintVersion>, DeskError> {
        let own = self.file.blueprints()?;
        let mut list: Vec<BlueprintVersion> = self
            .library()
            .blueprints()
            .into_iter()
            .filter(|file| own.iter().all(|version| version.blueprint.name != file.blueprint.name))
            .collect();
        list.extend(own);
        list.sort_by(|a, b| a.blueprint.name.cmp(&b.blueprint.name));
        Ok(list)
    }

    /// Checks a blueprint and stores it as a new version.
    pub fn put_blueprint(&self, blueprint: &Blueprint) -> Result<BlueprintVersion, DeskError> {
        knowledge::check_blueprint(blueprint).map_err(|issue| DeskError::bad_request(issue.to_string(), issue.hint))?;
        let version = self.file.put_blueprint(&self.engineer_name(), self.clock.now(), blueprint)?;
        self.forget_looks();
        self.tell(Update::BlueprintsChanged);
        Ok(version)
    }

    /// The same from YAML or from Markdown with YAML front matter; what is wrong is said with its line.
    pub fn put_blueprint_yaml(&self, text: &str) -> Result<BlueprintVersion, DeskError> {
        let blueprint =
            knowledge::read_blueprint(text).map_err(|issue| DeskError::bad_request(issue.to_string(), issue.hint))?;
        self.put_blueprint(&blueprint)
    }

    pub fn blueprint_versions(&self, name: &str) -> Result<Vec<BlueprintVersion>, DeskError> {
        Ok(self.file.blueprint_versions(name)?)
    }

    pub fn retire_blueprint(&self, name: &str) -> Result<(), DeskError> {
        self.file.retire_blueprint(&self.engineer_name(), self.clock.now(), name)?;
        self.forget_looks();
        self.tell(Update::BlueprintsChanged);
        Ok(())
    }

    /// A blueprint as it was in a version; `None` is the newest, 0 the library's own.
    pub fn blueprint(&self, name: &str, version: Option<u32>) -> Result<BlueprintVersion, DeskError> {
        let of_library = || self.library().blueprints().into_iter().find(|v| v.blueprint.name == name);
        let mut versions = self.file.blueprint_versions(name)?;
        let found = match version {
            None => self.blueprint_list()?.into_iter().find(|v| v.blueprint.name == name),
            Some(0) => of_library(),
            Some(number) => versions.iter().position(|v| v.version == number).map(|at| versions.swap_remove(at)),
        };
        found.ok_or_else(|| match version {
            None => DeskError::not_found(format!("There is no blueprint `{name}`.")),
            Some(version) => DeskError::not_found(format!("The blueprint `{name}` has no version {version}.")),
        })
    }

    /// What changed between two versions, as a unified diff of their YAML; without numbers, the newest change.
    pub fn blueprint_diff(&self, name: &str, from: Option<u32>, to: Option<u32>) -> Result<String, DeskError> {
        let new = self.blueprint(name, to)?;
        let old = match from.or(new.version.checked_sub(1)) {
            // Before its first version there was nothing, or the library's.
            Some(0) | None => self.blueprint(name, Some(0)).ok(),
            Some(version) => Some(self.blueprint(name, Some(version))?),
        };
        let text = |v: &BlueprintVersion| knowledge::write_blueprint(&v.blueprint, false);
        let (before, after) = (old.as_ref().map(text).unwrap_or_default(), text(&new));
        let label = |version: u32| format!("{name} v{version}");
        let old = old.map_or_else(|| "nothing".to_owned(), |v| label(v.version));
        Ok(TextDiff::from_lines(&before, &after).unified_diff().header(&old, &label(new.version)).to_string())
    }

    /// Declared dependencies that nothing shows, and seen ones that nobody declares, of the workloads whose blueprints
    /// declare any.
    pub fn blueprint_drift(&self, cluster: &ClusterId) -> Result<Vec<Drift>, DeskError> {
        let look = self.look(cluster, None)?;
        // What is declared must not count as seen.
        let seen = Graph::build(&View::inventory(std::sync::Arc::clone(&look.snapshot)), &[]);
        let mut blueprints = self.blueprint_list()?;
        blueprints.extend(crate::desk::lock(&self.practice).get(cluster).into_iter().flatten().cloned());
        let broken = look.facts.iter().filter(|fact| fact.name == "invariant_broken");
        let mut drift = drift(&seen, cluster, blueprints.iter().map(|v| &v.blueprint));
        drift.extend(broken.map(Drift::of_invariant));
        Ok(drift)
    }
}

/// Where a cluster is not what its blueprints say.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Drift {
    /// Declared, and nothing in the cluster shows it.
    Unseen {
        blueprint: String,
        from: String,
        to: String,
        why: String,
    },
    /// The cluster shows it, and the blueprint does not declare it.
    Undeclared {
        blueprint: String,
        from: String,
        to: String,
        reason: String,
    },
    /// Declared of something that is not there.
    Missing {
        blueprint: String,
        object: String,
    },
    Invariant {
        blueprint: String,
        object: String,
        says: String,
        unknown: bool,
    },
}

impl Drift {
    fn of_invariant(fact: &Fact) -> Self {
        let blueprint = fact.args.get("blueprint").and_then(|name| name.as_str()).unwrap_or_default().to_owned();
        let unknown = matches!(fact.certainty, model::Certainty::Unknown { .. });
        Drift::Invariant { blueprint, object: fact.subject.to_string(), says: fact.says.clone(), unknown }
    }

    /// As a window shows it.
    pub fn row(&self) -> DriftRow {
        let (blueprint, kind, objects) = match self {
            Drift::Unseen { blueprint, from, to, .. } => (blueprint, DriftKind::Unseen, vec![from, to]),
            Drift::Undeclared { blueprint, from, to, .. } => (blueprint, DriftKind::Undeclared, vec![from, to]),
            Drift::Missing { blueprint, object } => (blueprint, DriftKind::Missing, vec![object]),
            Drift::Invariant { blueprint, object, .. } => (blueprint, DriftKind::Invariant, vec![object]),
        };
        DriftRow {
            blueprint: blueprint.clone(),
            kind,
            says: self.in_words(),
            objects: objects.into_iter().filter_map(|object| object.parse().ok()).collect(),
            unknown: matches!(self, Drift::Invariant { unknown: true, .. }),
        }
    }

    /// In a sentence.
    pub fn in_words(&self) -> String {
        match self {
            Drift::Unseen { blueprint, from, to, why } => {
                format!("{from} is declared to need {to} and nothing shows it ({why}; blueprint `{blueprint}`)")
            }
            Drift::Undeclared { blueprint, from, to, reason } => {
                format!("{from} needs {to}, which blueprint `{blueprint}` does not declare ({reason})")
            }
            Drift::Missing { blueprint, object } => {
                format!("{object} is not there, and blueprint `{blueprint}` declares dependencies of it or on it")
            }
            Drift::Invariant { says, unknown: true, .. } => format!("not known: {says}"),
            Drift::Invariant { says, .. } => says.clone(),
        }
    }
}

/// A Service is as good as the workload behind it.
fn behind(graph: &Graph, object: &ObjectRef) -> BTreeSet<ObjectRef> {
    let mut all = BTreeSet::from([object.clone(), graph.workload_of(object)]);
    let edges = graph.dependencies(object).into_iter().filter(|edge| edge.relation == Relation::Selects);
    all.extend(edges.map(|edge| graph.workload_of(edge.to)));
    all
}

fn drift<'b>(seen: &Graph, cluster: &ClusterId, blueprints: impl Iterator<Item = &'b Blueprint>) -> Vec<Drift> {
    let mut drift = Vec::new();
    for blueprint in blueprints {
        if matches!(&blueprint.scope, Some(Scope::Cluster { cluster: only }) if *only != cluster.0) {
            continue;
        }
        let mut declared: BTreeMap<ObjectRef, Vec<(ObjectRef, &str)>> = BTreeMap::new();
        for one in &blueprint.dependencies {
            let (Ok(from), Ok(to)) = (one.from.parse::<ObjectRef>(), one.to.parse::<ObjectRef>()) else { continue };
            declared.entry(from).or_default().push((to, &one.why));
        }
        let name = || blueprint.name.clone();
        let mut missing: BTreeSet<&ObjectRef> = BTreeSet::new();
        for (from, needs) in &declared {
            let objects = std::iter::once(from).chain(needs.iter().map(|(to, _)| to));
            missing.extend(objects.filter(|object| !seen.knows(object)));
            if missing.contains(from) {
                continue;
            }
            let calls: Vec<_> =
                seen.dependencies(from).into_iter().filter(|edge| edge.relation == Relation::Calls).collect();
            let reached: BTreeSet<ObjectRef> = calls.iter().flat_map(|edge| behind(seen, edge.to)).collect();
            for (to, why) in needs.iter().filter(|(to, _)| !missing.contains(to)) {
                if behind(seen, to).is_disjoint(&reached) {
                    let (from, to) = (from.to_string(), to.to_string());
                    drift.push(Drift::Unseen { blueprint: name(), from, to, why: (*why).to_owned() });
                }
            }
            let wanted: BTreeSet<ObjectRef> = needs.iter().flat_map(|(to, _)| behind(seen, to)).collect();
            for edge in calls.iter().filter(|edge| behind(seen, edge.to).is_disjoint(&wanted)) {
                let (from, to) = (from.to_string(), edge.to.to_string());
                drift.push(Drift::Undeclared { blueprint: name(), from, to, reason: edge.reason() });
            }
        }
        drift
            .extend(missing.into_iter().map(|object| Drift::Missing { blueprint: name(), object: object.to_string() }));
    }
    drift
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests;
