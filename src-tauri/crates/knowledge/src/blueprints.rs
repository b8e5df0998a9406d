//! Which blueprint speaks for an object: the narrower scope wins.

use model::{Blueprint, BlueprintVersion, ClusterId, Declared, Fix, ObjectRef, Scope};
use serde_saphyr::Spanned;

use crate::document::Document;
use crate::invariant::{self, Promise, Source};
use crate::{Condition, FailureMode, Issue};

/// The blueprints of one investigation with their conditions compiled, broadest scope first.
#[derive(Debug, Default)]
pub struct Blueprints {
    entries: Vec<Entry>,
    /// Conditions that do not compile; they count as never true.
    pub issues: Vec<Issue>,
}

#[derive(Debug)]
struct Entry {
    blueprint: Blueprint,
    version: u32,
    /// Invariants that compile.
    promises: Vec<Promise>,
    /// Same order as `blueprint.odds`; `None` where the condition does not compile.
    conditions: Vec<Option<Condition>>,
}

/// How a blueprint shifts the odds of one failure mode for one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Shift {
    pub ratio: f64,
    pub because: String,
    pub blueprint: String,
    pub version: u32,
}

impl Blueprints {
    /// Versions from the desk win over files of the same name (give them last).
    pub fn new(versions: impl IntoIterator<Item = BlueprintVersion>) -> Self {
        let mut newest: Vec<BlueprintVersion> = Vec::new();
        for version in versions {
            newest.retain(|v| v.blueprint.name != version.blueprint.name);
            newest.push(version);
        }
        let mut issues = Vec::new();
        let mut entries: Vec<Entry> = newest
            .into_iter()
            .map(|v| {
                let conditions = v.blueprint.odds.iter().map(|shift| match Condition::compile(&shift.when) {
                    Ok(condition) => Some(condition),
                    Err((_, why)) => {
                        issues.push(
                            Issue::new(
                                0,
                                format!("the condition `{}` does not compile: {why}", shift.when),
                                "The shift is not applied until its condition is corrected.",
                            )
                            .at(&format!("blueprint `{}`", v.blueprint.name)),
                        );
                        None
                    }
                });
                let conditions = conditions.collect();
                let promises = v.blueprint.invariants.iter().filter_map(|invariant| {
                    let not_asked = |why: String| {
                        issues.push(
                            Issue::new(
                                0,
                                format!("the invariant `{}` does not compile: {why}", invariant.name),
                                "It is not looked at until it is corrected.",
                            )
                            .at(&format!("blueprint `{}`", v.blueprint.name)),
                        );
                    };
                    invariant::compile(invariant).map_err(not_asked).ok()
                });
                let promises = promises.collect();
                Entry { conditions, promises, version: v.version, blueprint: v.blueprint }
            })
            .collect();
        entries.sort_by(|a, b| {
            (breadth(&a.blueprint), &a.blueprint.name).cmp(&(breadth(&b.blueprint), &b.blueprint.name))
        });
        Blueprints { entries, issues }
    }

    /// What applies to an object, narrowest scope first.
    pub fn applying<'a>(
        &'a self,
        cluster: &'a ClusterId,
        object: &'a ObjectRef,
    ) -> impl Iterator<Item = &'a Blueprint> + 'a {
        self.over(cluster, object).map(|e| &e.blueprint)
    }

    fn over<'a>(&'a self, cluster: &'a ClusterId, object: &'a ObjectRef) -> impl Iterator<Item = &'a Entry> + 'a {
        self.entries.iter().rev().filter(move |e| covers(e.blueprint.scope.as_ref(), cluster, object))
    }

    /// The shift for a failure mode on an object: of the narrowest blueprint that has one whose condition holds for any
    /// of the facts in the scene.
    pub fn shift(
        &self,
        cluster: &ClusterId,
        object: &ObjectRef,
        failure_mode: &str,
        mut holds: impl FnMut(&Condition) -> bool,
    ) -> Option<Shift> {
        for entry in self.over(cluster, object) {
            for (shift, condition) in entry.blueprint.odds.iter().zip(&entry.conditions) {
                let usable = shift.failure_mode == failure_mode && shift.ratio > 0.0 && shift.ratio.is_finite();
                if usable && condition.as_ref().is_some_and(&mut holds) {
                    return Some(Shift {
                        ratio: shift.ratio,
                        because: shift.because.clone(),
                        blueprint: entry.blueprint.name.clone(),
                        version: entry.version,
                    });
                }
            }
        }
        None
    }

    /// The fix for a failure mode here: the team's preference where its condition holds, else the first whose condition
    /// holds; never a forbidden one. Forbidden ones are said in [`Fix::never`].
    pub fn fix(
        &self,
        cluster: &ClusterId,
        object: &ObjectRef,
        mode: &FailureMode,
        mut holds: impl FnMut(&Condition) -> bool,
    ) -> Option<Fix> {
        let applying: Vec<&Entry> = self.over(cluster, object).collect();
        let forbidden: Vec<&(String, String)> = applying.iter().flat_map(|e| &e.blueprint.forbidden_fixes).collect();
        let allowed: Vec<&Fix> = mode
            .fixes
            .iter()
            .filter(|rule| !forbidden.iter().any(|(id, _)| *id == rule.fix.id))
            .filter(|rule| holds(&rule.when))
            .map(|rule| &rule.fix)
            .collect();
        let preferred = applying.iter().flat_map(|e| &e.blueprint.preferred_fixes).find_map(|preferred| {
            let known = allowed.iter().find(|fix| fix.id == preferred.id)?;
            let mut fix = (*known).clone();
            if !preferred.text.is_empty() {
                fix.text.clone_from(&preferred.text);
            }
            fix.conditions.extend(preferred.conditions.iter().cloned());
            fix.never.extend(preferred.never.iter().cloned());
            Some(fix)
        });
        let mut fix = preferred.or_else(|| allowed.first().map(|f| (*f).clone()))?;
        let known = |id: &str| mode.fixes.iter().any(|rule| rule.fix.id == id);
        for (id, reason) in forbidden.into_iter().filter(|(id, _)| known(id)) {
            fix.never.push(format!("`{id}` is forbidden here: {reason}"));
        }
        Some(fix)
    }

    /// Every dependency that a blueprint of this cluster declares.
    pub fn declared<'a>(&'a self, cluster: &'a ClusterId) -> impl Iterator<Item = &'a Declared> + 'a {
        let here =
            move |scope: &Option<Scope>| !matches!(scope, Some(Scope::Cluster { cluster: c }) if *c != cluster.0);
        self.entries.iter().filter(move |e| here(&e.blueprint.scope)).flat_map(|e| &e.blueprint.dependencies)
    }

    /// The same as from which object, on which, and why: of those that name objects.
    pub fn dependencies(&self, cluster: &ClusterId) -> Vec<(ObjectRef, ObjectRef, String)> {
        let named = |d: &Declared| Some((d.from.parse().ok()?, d.to.parse().ok()?, d.why.clone()));
        self.declared(cluster).filter_map(named).collect()
    }

    /// Whether any invariant is to be looked at.
    pub(crate) fn promises(&self) -> bool {
        self.entries.iter().any(|entry| !entry.promises.is_empty())
    }

    /// The invariants that apply to an object, narrowest scope first. Those of a scope that names no object are about
    /// workloads.
    pub(crate) fn promises_over<'a>(
        &'a self,
        cluster: &'a ClusterId,
        object: &'a ObjectRef,
        workload: bool,
    ) -> impl Iterator<Item = (Source<'a>, &'a Promise)> + 'a {
        let entries = self.entries.iter().rev().filter(move |entry| {
            !entry.promises.is_empty()
                && (workload || matches!(entry.blueprint.scope, Some(Scope::Workload { .. })))
                && covers(entry.blueprint.scope.as_ref(), cluster, object)
        });
        entries.flat_map(|entry| {
            entry.promises.iter().map(move |promise| {
                let Blueprint { name, owner, .. } = &entry.blueprint;
                (Source { name, version: entry.version, owner }, promise)
            })
        })
    }

    /// A text that is the same for the same blueprints, for a digest.
    pub fn fingerprint(&self) -> String {
        let all: Vec<&Blueprint> = self.entries.iter().map(|e| &e.blueprint).collect();
        serde_json::to_value(all).map(|v| model::digest_json(&v)).unwrap_or_default()
    }
}

/// 0 for the fleet, 3 for a workload.
fn breadth(blueprint: &Blueprint) -> u8 {
    match blueprint.scope {
        None | Some(Scope::Fleet) => 0,
        Some(Scope::Cluster { .. }) => 1,
        Some(Scope::Namespace { .. }) => 2,
        Some(Scope::Workload { .. }) => 3,
    }
}

fn covers(scope: Option<&Scope>, cluster: &ClusterId, object: &ObjectRef) -> bool {
    match scope {
        None | Some(Scope::Fleet) => true,
        Some(Scope::Cluster { cluster: c }) => *c == cluster.0,
        Some(Scope::Namespace { namespace }) => {
            *namespace == object.namespace || (object.kind == "Namespace" && *namespace == object.name)
        }
        Some(Scope::Workload { namespace, kind, name }) => {
            *namespace == object.namespace && *kind == object.kind && *name == object.name
        }
    }
}

const FIELDS: [&str; 10] = [
    "name",
    "scope",
    "owner",
    "summary",
    "dependencies",
    "invariants",
    "odds",
    "preferred_fixes",
    "forbidden_fixes",
    "notes",
];

/// Reads a blueprint from a file: YAML, or Markdown whose front matter has the fields and whose text is the notes.
pub(crate) fn read(path: &str, text: &str) -> Result<Blueprint, Issue> {
    let parse = || {
        let document = Document::split(path, text)?;
        let Fields(keys) = document.read()?;
        for key in &keys {
            if !FIELDS.contains(&key.value.as_str()) {
                return Err(Issue::new(
                    document.line_of(key),
                    format!("unknown field `{}`", key.value),
                    format!("A blueprint has {}.", FIELDS.join(", ")),
                ));
            }
        }
        let mut blueprint: Blueprint = document.read()?;
        if blueprint.name.is_empty() {
            return Err(Issue::new(1, "the blueprint has no name", "Add `name:`."));
        }
        check(&blueprint, text)?;
        if blueprint.notes.is_empty() {
            document.body.clone_into(&mut blueprint.notes);
        }
        Ok(blueprint)
    };
    parse().map_err(|issue: Issue| issue.at(path))
}

/// Reads a blueprint that somebody typed: YAML, or Markdown with YAML front matter.
pub fn read_blueprint(text: &str) -> Result<Blueprint, Issue> {
    read(if text.starts_with("---") { "blueprint.md" } else { "blueprint.yaml" }, text)
}

/// A blueprint as [`read_blueprint`] reads it: YAML, or Markdown whose text is the notes. What is empty is left out.
pub fn write_blueprint(blueprint: &Blueprint, markdown: bool) -> String {
    let value = serde_json::to_value(blueprint).unwrap_or_default();
    let empty = |value: &serde_json::Value| {
        value.is_null() || value.as_str().is_some_and(str::is_empty) || value.as_array().is_some_and(Vec::is_empty)
    };
    let told = FIELDS.iter().filter(|field| !(markdown && **field == "notes")).filter_map(|field| {
        let said = value.get(field).filter(|said| !empty(said))?;
        let one = serde_json::Map::from_iter([((*field).to_owned(), said.clone())]);
        serde_saphyr::to_string(&one).ok().map(|text| format!("{}\n", text.trim_end()))
    });
    let fields: String = told.collect();
    if markdown { format!("---\n{fields}---\n{}\n", blueprint.notes.trim_end()) } else { fields }
}

/// Checks a blueprint that a form made.
pub fn check_blueprint(blueprint: &Blueprint) -> Result<(), Issue> {
    if blueprint.name.is_empty() {
        return Err(Issue::new(1, "the blueprint has no name", "Give it one."));
    }
    check(blueprint, "")
}

/// Conditions compile, and ratios are ratios. `text` gives the lines.
fn check(blueprint: &Blueprint, text: &str) -> Result<(), Issue> {
    for shift in &blueprint.odds {
        if let Err((_, why)) = Condition::compile(&shift.when) {
            return Err(Issue::new(
                line_with(text, &shift.when),
                format!("the condition `{}` does not compile: {why}", shift.when),
                "Conditions are CEL over `fact`, `object`, `facts` and `near`.",
            ));
        }
        if !shift.ratio.is_finite() || shift.ratio <= 0.0 {
            return Err(Issue::new(
                line_with(text, &shift.failure_mode),
                format!("the ratio {} of `{}` is not a likelihood ratio", shift.ratio, shift.failure_mode),
                "Above 1 makes the failure mode more likely, between 0 and 1 less likely.",
            ));
        }
    }
    for invariant in &blueprint.invariants {
        if let Err(why) = invariant::compile(invariant) {
            let place = if invariant.holds.is_empty() { &invariant.name } else { &invariant.holds };
            return Err(Issue::new(
                line_with(text, place),
                format!("the invariant `{}` does not compile: {why}", invariant.name),
                format!("Invariants are CEL over {}.", invariant::VARIABLES.map(|v| format!("`{v}`")).join(", ")),
            ));
        }
    }
    Ok(())
}

fn line_with(text: &str, needle: &str) -> u32 {
    let position = text.lines().position(|line| line.contains(needle));
    position.map_or(0, |p| u32::try_from(p + 1).unwrap_or(0))
}

/// The top-level keys with their places.
struct Fields(Vec<Spanned<String>>);

impl<'de> serde::Deserialize<'de> for Fields {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> serde::de::Visitor<'de> for Keys {
            type Value = Fields;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a mapping")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, serde::de::IgnoredAny)) = map.next_entry()? {
                    keys.push(key);
                }
                Ok(Fields(keys))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

#[cfg(test)]
mod tests;
