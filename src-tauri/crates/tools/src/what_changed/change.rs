use history::History;
use model::{Doc, Held, ObjectRef, ObservationId, Time, controller_of};
use serde_json::Value;

use crate::difference::{Field, fields};
use crate::scene::Scene;

const SHOWN_FIELDS: usize = 6;

/// A change that the history holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    pub at: Time,
    pub says: String,
    pub evidence: Vec<ObservationId>,
}

/// Kinds whose changes say nothing that another kind does not say better, or that change all the time.
const QUIET_KINDS: &[&str] =
    &["Event", "Lease", "EndpointSlice", "Endpoints", "Pod", "ReplicaSet", "ControllerRevision", "Namespace", "Node"];

/// Versions of one object that are read of the history, the newest.
const MOST_VERSIONS: usize = 100;

/// Changes of objects within the window, newest first.
pub(super) fn changes(
    scene: &Scene,
    history: &History,
    namespace: Option<&str>,
    from: Time,
    to: Time,
) -> Result<Vec<Change>, history::Error> {
    let snapshot = &scene.view.snapshot;
    let wanted = |object: &ObjectRef| namespace.is_none_or(|n| object.namespace == n);
    let within = |at: Time| from <= at && at <= to;
    let mut found = Vec::new();

    for (object, held) in snapshot.objects.iter().filter(|(object, _)| wanted(object)) {
        let earlier = snapshot.earlier_of(object);
        let mut versions: Vec<&Held> = earlier.iter().chain([held]).collect();
        // A snapshot holds few earlier versions; where they begin within the window, the history may have older ones.
        let begun = versions.first().is_some_and(|first| within(first.at));
        let past =
            if begun && !is_quiet(object) { history.versions_of(object, held.at, MOST_VERSIONS)? } else { Vec::new() };
        if past.len() > versions.len() {
            versions = past.iter().collect();
        }
        for pair in versions.windows(2).filter(|pair| within(pair[1].at)) {
            found.extend(difference(object, pair[0], pair[1]));
        }
        if object.kind == "ReplicaSet" {
            continue;
        }
        if !QUIET_KINDS.contains(&object.kind.as_str())
            && let Some(at) = created(&held.object).filter(|at| within(*at))
        {
            found.push(Change { at, says: format!("{object} was created"), evidence: vec![held.observation.clone()] });
        }
    }
    for (object, held) in snapshot.deleted.iter().filter(|(object, held)| wanted(object) && within(held.at)) {
        if !QUIET_KINDS.contains(&object.kind.as_str()) {
            let evidence = vec![held.observation.clone()];
            found.push(Change { at: held.at, says: format!("{object} was deleted"), evidence });
        }
    }
    found.extend(
        revisions(scene).into_iter().filter(|(object, change)| wanted(object) && within(change.at)).map(|(_, c)| c),
    );
    found.sort_by(|a, b| (b.at, &a.says).cmp(&(a.at, &b.says)));
    Ok(found)
}

/// Whether changes of the object's fields are not told.
fn is_quiet(object: &ObjectRef) -> bool {
    QUIET_KINDS.contains(&object.kind.as_str()) && !matches!(object.kind.as_str(), "Node" | "Namespace")
}

fn created(object: &Doc) -> Option<Time> {
    object.pointer("/metadata/creationTimestamp")?.as_str()?.parse().ok()
}

fn difference(object: &ObjectRef, before: &Held, after: &Held) -> Option<Change> {
    let evidence = vec![before.observation.clone(), after.observation.clone()];
    if before.uid != after.uid && !before.uid.is_empty() && !after.uid.is_empty() {
        return Some(Change {
            at: after.at,
            says: format!("{object} was replaced by another one of its name"),
            evidence,
        });
    }
    let fields = fields(&before.object.to_value(), &after.object.to_value());
    if fields.is_empty() || is_quiet(object) {
        return None;
    }
    Some(Change { at: after.at, says: format!("{object} changed: {}", told(&fields)), evidence })
}

fn told(fields: &[Field]) -> String {
    let mut words: Vec<String> = fields.iter().take(SHOWN_FIELDS).map(Field::told).collect();
    if fields.len() > SHOWN_FIELDS {
        words.push(format!("{} more fields", fields.len() - SHOWN_FIELDS));
    }
    words.join("; ")
}

/// New revisions of Deployments: their newest replica set against the one before.
fn revisions(scene: &Scene) -> Vec<(ObjectRef, Change)> {
    let snapshot = &scene.view.snapshot;
    let mut by_owner: std::collections::BTreeMap<ObjectRef, Vec<(i64, &Held)>> = std::collections::BTreeMap::new();
    for (object, held) in snapshot.of_kind("ReplicaSet") {
        let revision = held.object.pointer("/metadata/annotations/deployment.kubernetes.io~1revision");
        let Some(revision) = revision.and_then(Doc::as_str).and_then(|r| r.parse().ok()) else { continue };
        let Some(owner) = controller_of(&object.namespace, &held.object) else { continue };
        by_owner.entry(owner).or_default().push((revision, held));
    }
    let mut found = Vec::new();
    for (owner, mut sets) in by_owner {
        sets.sort_by_key(|(revision, _)| *revision);
        for pair in sets.windows(2) {
            let ((_, before), (revision, after)) = (pair[0], pair[1]);
            let Some(at) = created(&after.object) else { continue };
            let template = |held: &Held| {
                let mut template = held.object.pointer("/spec/template").map(Doc::to_value).unwrap_or_default();
                if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
                    labels.remove("pod-template-hash");
                }
                template
            };
            let fields = fields(&template(before), &template(after));
            let what = if fields.is_empty() { "the same template again".to_owned() } else { told(&fields) };
            let says = format!("{owner} was rolled out as revision {revision}: {what}");
            let evidence = vec![before.observation.clone(), after.observation.clone()];
            found.push((owner.clone(), Change { at, says, evidence }));
        }
    }
    found
}
