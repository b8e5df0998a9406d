use async_trait::async_trait;
use gate::Permit;
use model::{Body, ChangeKind, Doc, ObjectRef, Preview, Risk};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, count, keep, short, unread, yaml};
use crate::typed::Typed;
use crate::{Surroundings, ToolError};

/// So many objects of a list are shown whole.
const SHOWN_WHOLE: usize = 3;
const SHOWN: usize = 60;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    /// Kubernetes' own word for the kind, such as `Certificate`; with its group, as `Service.serving.knative.dev`, where
    /// a built-in kind has the same name.
    #[schemars(title = "Kind", length(min = 1))]
    pub kind: String,
    /// Empty for objects that have none, and for all namespaces.
    #[serde(default)]
    #[schemars(title = "Namespace")]
    pub namespace: String,
    /// Empty: lists the kind.
    #[serde(default)]
    #[schemars(title = "Name")]
    pub name: String,
}

impl Args {
    fn object(&self) -> ObjectRef {
        ObjectRef::new(self.kind.trim(), self.namespace.trim(), self.name.trim())
    }
}

pub(crate) struct GetObject;

#[async_trait]
impl Typed for GetObject {
    type Args = Args;
    const NAME: &'static str = "get_object";
    const TITLE: &'static str = "An object as it is";
    const DESCRIPTION: &'static str = "Reads an object of any kind that the cluster serves, custom resources and kinds \
        that are not watched included, or lists a kind. Values of Secrets and ConfigMaps are not shown.";
    const RISK: Risk = Risk::ReadSensitive;

    fn consistent(args: &Args) -> Result<(), String> {
        if args.kind.trim().is_empty() { Err("`kind` is empty".into()) } else { Ok(()) }
    }

    /// Of a Secret even the names of its keys tell something.
    fn risk_of(&self, args: &Args) -> Risk {
        if args.kind.trim().eq_ignore_ascii_case("secret") { Risk::ReadSensitive } else { Risk::Read }
    }

    fn would(&self, args: &Args, _surroundings: &Surroundings) -> Preview {
        let object = args.object();
        let does = match (object.name.as_str(), object.namespace.as_str()) {
            ("", "") => format!("Lists every {}.", object.kind),
            ("", namespace) => format!("Lists every {} in `{namespace}`.", object.kind),
            _ => format!("Reads `{object}`."),
        };
        Preview { does, diff: None, cost: "one read".into(), undo: None }
    }

    async fn answer(&self, args: Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let object = args.object();
        let read = surroundings.reach.object(&permit, &object, surroundings.as_of).await;
        let found = keep(Self::NAME, read.map_err(|e| unread(Self::NAME, &e))?, surroundings)?;
        let gone = |change: ChangeKind| if change == ChangeKind::Deleted { " (deleted)" } else { "" };
        let mut answer = match &found[..] {
            [] => Answer::new(format!("There is no {} here: the whole list is empty.", object.kind)),
            found => Answer::new(format!("{}.", count(found.len(), &object.kind, &format!("{} objects", object.kind)))),
        };
        let whole = found.len() <= SHOWN_WHOLE;
        let mut rows = Vec::new();
        for o in found.iter().take(SHOWN) {
            let (Some(subject), Body::Object { object, change, .. }) = (&o.subject, &o.body) else { continue };
            let gone = gone(*change);
            if whole {
                answer = answer.part(format!("== {subject}{gone} as of {}\n{}", o.at, yaml(&object.to_value())));
            } else {
                rows.push(format!("{subject}{gone}: {}", short(&status_of(object), 200)));
            }
        }
        let hidden = found.len().saturating_sub(SHOWN);
        Ok(answer.part(rows.join("\n")).cut_if(hidden > 0, format!("{hidden} more")).resting_on(found))
    }
}

/// Conditions that are not as they should be, or what else the status says in a word.
fn status_of(object: &Doc) -> String {
    let conditions = object.pointer("/status/conditions").and_then(|c| c.as_array());
    let words: Vec<String> = conditions
        .into_iter()
        .flatten()
        .map(|c| {
            let text = |field: &str| c[field].as_str().unwrap_or_default().to_owned();
            let (kind, status, reason, message) = (text("type"), text("status"), text("reason"), text("message"));
            format!("{kind}={status} {reason} {message}").trim_end().to_owned()
        })
        .collect();
    if !words.is_empty() {
        return words.join("; ");
    }
    let phase = object.pointer("/status/phase").or_else(|| object.pointer("/status/state"));
    phase.and_then(|p| p.as_str()).unwrap_or("no conditions").to_owned()
}
