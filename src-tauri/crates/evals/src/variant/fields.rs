//! The fewest fields without which the deciding facts cannot be said.

use std::collections::{BTreeMap, BTreeSet};

use model::{Body, ObjectRef, ObservationId};
use serde_json::Value;

use super::{ROUNDS, rewrite};
use crate::Golden;

/// What makes an object this object, and whose it is: without it the cluster would be another one.
const IDENTITY: [&str; 7] =
    ["name", "namespace", "uid", "creationTimestamp", "generateName", "resourceVersion", "ownerReferences"];

/// Fields of all cited objects of a kind; what is in a list is meant in each of its items.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Field {
    kind: String,
    path: Vec<String>,
}

impl Golden {
    /// The same recording without the fewest fields of the objects behind `left` after which `cited` finds nothing any
    /// more; `None` where all of them together do not suffice. Fields that were observed go rather than fields that
    /// somebody wrote: each is put back in turn, the written ones first, and stays if nothing is said again.
    pub(super) fn forget_fields(
        &self,
        left: BTreeSet<ObservationId>,
        cited: impl Fn(&Golden) -> BTreeSet<ObservationId>,
    ) -> Option<Golden> {
        let mut whole = self.clone();
        let mut subjects = BTreeSet::new();
        let mut left = left;
        let mut all = Vec::new();
        let mut bare = whole.clone();
        for _ in 0..ROUNDS {
            // Others may say the same as those whose fields are gone, and what was told of it.
            subjects.extend(bare.objects_behind(&left));
            whole.forget_told(&left);
            all = whole.fields(&subjects);
            bare = whole.without_fields(&subjects, &all);
            left = cited(&bare);
            if left.is_empty() {
                break;
            }
        }
        if !left.is_empty() {
            return None;
        }
        let mut kept_out: Vec<Field> = Vec::new();
        while let Some(field) = all.pop() {
            let fewer: Vec<Field> = kept_out.iter().chain(&all).cloned().collect();
            if cited(&whole.without_fields(&subjects, &fewer)).is_empty() {
                continue;
            }
            let children = whole.children(&subjects, &field);
            // A list without what its items hold is still a list, and may say something as such.
            let apart: Vec<Field> = fewer.iter().chain(&children).cloned().collect();
            if children.is_empty() || !cited(&whole.without_fields(&subjects, &apart)).is_empty() {
                kept_out.push(field);
            } else {
                all.extend(children);
            }
        }
        Some(whole.without_fields(&subjects, &kept_out))
    }

    fn objects_behind(&self, cited: &BTreeSet<ObservationId>) -> BTreeSet<ObjectRef> {
        let of = self.observations.iter().filter(|o| cited.contains(&o.id) && matches!(o.body, Body::Object { .. }));
        of.filter_map(|o| o.subject.clone()).collect()
    }

    /// What can be taken from these objects at all, what is to be put back first standing last.
    fn fields(&self, subjects: &BTreeSet<ObjectRef>) -> Vec<Field> {
        let kinds: BTreeSet<String> = subjects.iter().map(|subject| subject.kind.to_string()).collect();
        let mut fields = Vec::new();
        for kind in kinds {
            let root = Field { kind, path: Vec::new() };
            for field in self.children(subjects, &root) {
                match field.path[0].as_str() {
                    "apiVersion" | "kind" => {}
                    "metadata" => fields.extend(self.children(subjects, &field)),
                    _ => fields.push(field),
                }
            }
        }
        fields.retain(|field| field.path[0] != "metadata" || !IDENTITY.contains(&field.path[1].as_str()));
        let rank = |field: &Field| match field.path[0].as_str() {
            "status" => 0,
            "metadata" => 2,
            _ => 1,
        };
        fields.sort_by_key(rank);
        fields
    }

    fn children(&self, subjects: &BTreeSet<ObjectRef>, field: &Field) -> Vec<Field> {
        let mut names = BTreeMap::new();
        for one in &self.observations {
            let Body::Object { object, .. } = &one.body else { continue };
            if one.subject.as_ref().is_some_and(|s| s.kind == *field.kind && subjects.contains(s)) {
                under(&object.to_value(), &field.path, &mut names);
            }
        }
        let child =
            |name: String| Field { kind: field.kind.clone(), path: field.path.iter().cloned().chain([name]).collect() };
        names.into_keys().map(child).collect()
    }

    fn without_fields(&self, subjects: &BTreeSet<ObjectRef>, fields: &[Field]) -> Golden {
        let mut without = self.clone();
        for one in &mut without.observations {
            let Some(subject) = one.subject.clone().filter(|subject| subjects.contains(subject)) else { continue };
            rewrite(one, |object| {
                let of = fields.iter().filter(|field| subject.kind == *field.kind);
                of.fold(false, |had, field| take(object, &field.path) || had)
            });
        }
        without
    }
}

/// The names of the fields at a path, through lists.
fn under(value: &Value, path: &[String], names: &mut BTreeMap<String, ()>) {
    match (value, path.split_first()) {
        (Value::Array(items), _) => items.iter().for_each(|item| under(item, path, names)),
        (Value::Object(map), None) => names.extend(map.keys().map(|key| (key.clone(), ()))),
        (Value::Object(map), Some((first, rest))) => {
            if let Some(inner) = map.get(first) {
                under(inner, rest, names);
            }
        }
        _ => {}
    }
}

/// Takes a field out, in each item of a list; whether it was there.
fn take(value: &mut Value, path: &[String]) -> bool {
    match (value, path) {
        (Value::Array(items), _) => items.iter_mut().fold(false, |had, item| take(item, path) || had),
        (Value::Object(map), [last]) => map.remove(last).is_some(),
        (Value::Object(map), [first, rest @ ..]) => map.get_mut(first).is_some_and(|inner| take(inner, rest)),
        _ => false,
    }
}
