//! Shapes of ConfigMaps and Secrets: keys, sizes, keyed digests; never a value.

mod config;
mod secret;
mod table;

pub(crate) use config::ConfigShape;
pub(crate) use secret::SecretShape;

use cluster::ReadError;
use gate::Permit;
use history::Query;
use model::{ObjectRef, Observation, Preview, Time};
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::answer::{Answer, count, keep, unread, unstored};
use crate::{Surroundings, ToolError};

/// Kinds of Secrets that the cluster or Helm writes for itself: no workload is configured by them.
const OWN_TYPES: &[&str] =
    &["kubernetes.io/service-account-token", "helm.sh/release.v1", "bootstrap.kubernetes.io/token"];

/// What to read.
struct Asked<'a> {
    tool: &'static str,
    kind: &'static str,
    namespace: &'a str,
    /// Empty: all in the namespace.
    name: &'a str,
}

impl Asked<'_> {
    /// The objects to read, and how many were left aside because the cluster writes them for itself.
    fn objects(&self, surroundings: &Surroundings) -> Result<(Vec<ObjectRef>, usize), history::Error> {
        if !self.name.is_empty() {
            return Ok((vec![ObjectRef::new(self.kind, self.namespace, self.name)], 0));
        }
        let snapshot = surroundings.history.snapshot(surroundings.as_of)?;
        let mut own = BTreeSet::new();
        let mut objects = BTreeSet::new();
        for (object, held) in snapshot.in_namespace(self.kind, self.namespace) {
            let made = held.object["type"].as_str().is_some_and(|t| OWN_TYPES.contains(&t));
            if made || object.name == "kube-root-ca.crt" {
                own.insert(object.clone());
            } else {
                objects.insert(object.clone());
            }
        }
        let collected = surroundings.history.find(&Query {
            types: vec!["shape"],
            namespace: Some(self.namespace.to_owned()),
            to: Some(surroundings.as_of),
            ..Query::default()
        })?;
        let subjects = collected.into_iter().filter_map(|o| o.subject);
        objects.extend(subjects.filter(|s| s.kind == self.kind && !own.contains(s)));
        Ok((objects.into_iter().collect(), own.len()))
    }

    fn preview(&self, surroundings: &Surroundings) -> Preview {
        let objects = self.objects(surroundings).map_or(0, |(objects, _)| objects.len());
        let which = match self.name {
            "" => format!("all {objects} {}s in `{}`", self.kind, self.namespace),
            name => format!("the {} `{}/{name}`", self.kind, self.namespace),
        };
        Preview {
            does: format!(
                "Reads the keys, sizes and keyed digests of {which}; values are reduced where they are read."
            ),
            diff: None,
            cost: count(objects, "object", "objects"),
            undo: None,
        }
    }

    async fn answer(&self, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let Asked { tool, kind, namespace, name: _ } = *self;
        let (objects, own) = self.objects(surroundings).map_err(|e| unstored(tool, &e))?;
        if objects.is_empty() {
            return Err(ToolError {
                what: format!("`{tool}` has no answer"),
                why: format!("no {kind} is known in `{namespace}`"),
                hint: "Name one, or check the namespace.".into(),
            });
        }
        let mut read = Vec::new();
        let mut unreadable = Vec::new();
        for object in &objects {
            match self.read(&permit, &object.name, surroundings).await {
                Ok(shapes) => read.extend(shapes),
                Err(error) => unreadable.push(error),
            }
        }
        if read.is_empty()
            && let Some(first) = unreadable.first()
        {
            return Err(unread(tool, first));
        }
        let shapes: Vec<Arc<Observation>> = keep(tool, read, surroundings)?;
        let not_read =
            format!("{} of {} could not be read, first: {}", unreadable.len(), objects.len(), first(&unreadable));
        Ok(table::told(kind, &shapes, surroundings.as_of)
            .cut_if(!unreadable.is_empty(), not_read)
            .cut_if(own > 0, format!("{own} that the cluster writes for itself")))
    }

    async fn read(
        &self,
        permit: &Permit,
        name: &str,
        surroundings: &Surroundings,
    ) -> Result<Vec<Observation>, ReadError> {
        let to: Time = surroundings.as_of;
        match self.kind {
            "Secret" => surroundings.reach.secret_shape(permit, self.namespace, name, to).await,
            _ => surroundings.reach.config_shape(permit, self.namespace, name, to).await,
        }
    }
}

fn first(errors: &[ReadError]) -> String {
    errors.first().map(ToString::to_string).unwrap_or_default()
}
