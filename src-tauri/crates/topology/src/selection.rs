//! Who selects whose pods: Services, network policies and disruption budgets, counted by workload.

use std::sync::Arc;

use model::{Doc, Fields, Held, ObjectRef, Ordered, Text};

use crate::line::{Line, Lines, Origin, Reason};
use crate::place::{Id, Places};
use crate::selector::{labels_of, matches_labels, matches_selector};
use crate::{EdgeClass, Relation};

/// Kinds that select pods by labels.
pub(crate) const SELECTING: &[&str] = &["NetworkPolicy", "PodDisruptionBudget", "Service"];
/// Kinds whose pod templates are selected as their pods are.
const SELECTED: &[&str] = &["DaemonSet", "Deployment", "StatefulSet"];

/// The selectors of every namespace. A clone shares everything.
#[derive(Clone, Default)]
pub(crate) struct Selections(Ordered<Text, Arc<Room>>);

/// Those of one namespace.
#[derive(Clone, Default)]
struct Room {
    all: Vec<Selecting>,
    /// Places in `all` by a pair that the labels must have: what makes selecting cheap in big namespaces.
    by_pair: Ordered<(Text, Text), Vec<u32>>,
    /// Places of selectors without such a pair.
    others: Vec<u32>,
}

#[derive(Clone)]
struct Selecting {
    object: Id,
    selector: Doc,
    what: What,
    /// By workload: how many of its pods and of its templates it selects.
    counts: Ordered<Id, Count>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    pods: u32,
    templates: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Service,
    Policy,
    Budget,
}

/// The labels by which an object is selected: a pod's own, or those of a template; `None` where it is never selected.
pub(crate) fn selected_by<'a>(object: &ObjectRef, held: &'a Held) -> Option<Fields<'a>> {
    if object.kind == "Pod" {
        return Some(labels_of(&held.object));
    }
    if !SELECTED.contains(&object.kind.as_str()) {
        return None;
    }
    held.object.pointer("/spec/template").map(labels_of)
}

impl Selections {
    pub fn clear(&mut self, namespace: &Text) {
        self.0.remove(namespace);
    }

    /// Enters what an object selects by; nothing is selected yet.
    pub fn enter(&mut self, id: Id, object: &ObjectRef, held: &Held) {
        let (what, selector) = match object.kind.as_str() {
            // An empty selector of a Service selects nothing.
            "Service" => match held.object.pointer("/spec/selector").filter(|s| s.is_object()) {
                Some(selector) => (What::Service, selector.clone()),
                None => return,
            },
            "NetworkPolicy" => (What::Policy, held.object.pointer("/spec/podSelector").cloned().unwrap_or_default()),
            "PodDisruptionBudget" => match held.object.pointer("/spec/selector") {
                Some(selector) => (What::Budget, selector.clone()),
                None => return,
            },
            _ => return,
        };
        let room = Arc::make_mut(self.0.or_default(object.namespace.clone()));
        let place = room.all.len() as u32;
        let pairs = match what {
            What::Service => selector.as_object(),
            What::Policy | What::Budget => selector.get("matchLabels").and_then(Doc::as_object),
        };
        match pairs.and_then(|pairs| pairs.iter().next()) {
            Some((key, value)) => {
                if let Some(value) = value.as_text() {
                    room.by_pair.or_default((key.into(), value)).push(place);
                }
            }
            None if what == What::Service => {}
            None => room.others.push(place),
        }
        room.all.push(Selecting { object: id, selector, what, counts: Ordered::new() });
    }

    /// Counts a pod or a template in, or out again, and draws or takes away the edges that this makes or ends.
    pub fn count(
        &mut self,
        object: &ObjectRef,
        labels: Fields<'_>,
        there: bool,
        workload: Id,
        lines: &mut Lines,
        places: &Places,
    ) {
        let Some(room) = self.0.get_mut(&object.namespace) else { return };
        let mut found: Vec<u32> = Vec::new();
        if !room.by_pair.is_empty() {
            for (key, value) in labels {
                let Some(value) = value.as_text() else { continue };
                found.extend(room.by_pair.get(&(Text::from(key), value)).into_iter().flatten());
            }
        }
        found.extend(&room.others);
        found.retain(|place| room.all[*place as usize].matches(labels));
        if found.is_empty() {
            return;
        }
        let pod = object.kind == "Pod";
        let room = Arc::make_mut(room);
        for place in found {
            room.all[place as usize].count(pod, there, workload, lines, places);
        }
    }
}

impl Selecting {
    fn matches(&self, labels: Fields<'_>) -> bool {
        match self.what {
            What::Service => self.selector.as_object().is_some_and(|selector| matches_labels(selector, labels)),
            What::Policy | What::Budget => matches_selector(&self.selector, labels),
        }
    }

    fn count(&mut self, pod: bool, there: bool, workload: Id, lines: &mut Lines, places: &Places) {
        let before = self.counts.get(&workload).copied().unwrap_or_default();
        let mut now = before;
        let number = if pod { &mut now.pods } else { &mut now.templates };
        *number = if there { *number + 1 } else { number.saturating_sub(1) };
        if now == Count::default() {
            self.counts.remove(&workload);
        } else {
            self.counts.insert(workload, now);
        }
        let (was, is) = (self.class(before), self.class(now));
        if was == is {
            return;
        }
        let origin = Origin::Object(self.object);
        let (from, relation, to) = match self.what {
            What::Policy => (workload, Relation::LimitedBy, self.object),
            What::Service | What::Budget => (self.object, Relation::Selects, workload),
        };
        lines.remove((from, relation, to), origin);
        if let Some(class) = is {
            let reason = Reason::Words(self.words(&places.object(self.object).name).into());
            lines.add(Line { from, to, relation, class, reason }, origin, places);
        }
    }

    /// How it is known that these are selected; `None` where none is.
    fn class(&self, count: Count) -> Option<EdgeClass> {
        match (self.what, count) {
            (_, Count { pods: 0, templates: 0 }) => None,
            (What::Service, Count { pods: 1.., .. }) => Some(EdgeClass::Observed),
            _ => Some(EdgeClass::Declared),
        }
    }

    fn words(&self, name: &str) -> String {
        match self.what {
            What::Service => {
                let pairs = self.selector.as_object().into_iter().flatten();
                let pairs: Vec<String> = pairs.map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or(""))).collect();
                format!("{name} selects its pods ({})", pairs.join(","))
            }
            What::Policy => format!("network policy {name} selects its pods"),
            What::Budget => format!("disruption budget {name} selects its pods"),
        }
    }
}
