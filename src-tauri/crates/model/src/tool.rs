use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::{ClusterId, ObservationId, Time, digest_json};

/// What a call can do, decided by code from the tool and its arguments, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    Read,
    ReadSensitive,
    Write,
    Destructive,
}

/// A tool as a model, a form and a card see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ToolSpec {
    pub name: String,
    pub title: String,
    pub description: String,
    /// JSON Schema of the arguments; the form of the call card is made from it.
    #[ts(type = "unknown")]
    pub schema: Value,
}

/// A call somebody wants to make.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ToolCall {
    pub tool: String,
    pub cluster: ClusterId,
    #[ts(type = "Record<string, unknown>")]
    pub args: Value,
    /// Why it is asked, in a sentence.
    pub reason: String,
    /// What each answer would mean for the hypotheses, in a sentence.
    pub expects: String,
    /// Argument names whose values come from text that the cluster wrote, with the observation they come from.
    #[serde(default)]
    pub tainted: Vec<(String, ObservationId)>,
    /// What a write was shown to do: a run that would do anything else is refused. Nothing for a read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub shown: Option<Shown>,
    /// The fingerprint of the tool's definition as it was when the call was put to anybody: one that has changed since is
    /// another tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub definition: Option<String>,
    /// Who it was shown to run as, for a live cluster: the user of the kubeconfig, whom one acts as, and the beginning of a
    /// keyed digest of the credential. Another one is another call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub user: Option<String>,
}

/// What a call is put under, besides what it asks: a change of it asks again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The fingerprint of the tool's definition.
    pub definition: Option<String>,
    /// Who the cluster would see; nobody for a recording.
    pub user: Option<String>,
}

impl ToolCall {
    /// The same call under these terms.
    pub fn under(self, Terms { definition, user }: Terms) -> Self {
        ToolCall { definition, user, ..self }
    }

    /// Why what was decided on is not what would run now. What a call of an earlier version does not say is not compared, and
    /// neither is a user where a recording answers.
    pub fn outlived(&self, now: &Terms) -> Option<&'static str> {
        const REDEFINED: &str = "the tool is no longer what it was when this was decided; it is shown as it is now";
        const ANOTHER_USER: &str = "it would run as another user than when this was decided; it is asked again";
        let differs = |then: &Option<String>, now: &Option<String>| then.is_some() && now.is_some() && then != now;
        if differs(&self.definition, &now.definition) {
            return Some(REDEFINED);
        }
        differs(&self.user, &now.user).then_some(ANOTHER_USER)
    }

    /// A call for which no reason was given, none of whose arguments come from a cluster's text.
    pub fn new(tool: impl Into<String>, cluster: ClusterId, args: Value) -> Self {
        ToolCall {
            tool: tool.into(),
            cluster,
            args,
            reason: String::new(),
            expects: String::new(),
            tainted: Vec::new(),
            shown: None,
            definition: None,
            user: None,
        }
    }
}

impl ToolSpec {
    /// Of everything in it: equal specs have equal fingerprints.
    pub fn fingerprint(&self) -> String {
        digest_json(&serde_json::json!({
            "name": self.name, "title": self.title, "description": self.description, "schema": self.schema,
        }))
    }
}

impl ToolCall {
    /// What an approval binds to: the tool with its definition, its arguments, the cluster, the user there, and the target and
    /// difference that were shown; not the words around them.
    pub fn digest(&self) -> String {
        let mut bound = serde_json::json!({"tool": self.tool, "cluster": self.cluster, "args": self.args});
        if let Some(definition) = &self.definition {
            bound["definition"] = definition.as_str().into();
        }
        if let Some(user) = &self.user {
            bound["user"] = user.as_str().into();
        }
        if let Some(shown) = &self.shown {
            bound["uid"] = shown.uid.as_str().into();
            bound["fields"] = serde_json::to_value(&shown.fields).unwrap_or_default();
        }
        digest_json(&bound)
    }

    /// Whether somebody asks for the same thing again, whatever was shown of it.
    pub fn asks_the_same(&self, other: &ToolCall) -> bool {
        (&self.tool, &self.cluster, &self.args) == (&other.tool, &other.cluster, &other.args)
    }
}

/// What a write would change, as it was shown before anybody decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Shown {
    /// When it was worked out; what a write dates (a restart) is dated by this.
    pub at: Time,
    /// The target's uid; empty where the history does not know it.
    pub uid: String,
    /// Whether the cluster itself tried it (a dry run), or it was worked out from what watches learnt.
    pub at_cluster: bool,
    /// What would be done, in a sentence.
    pub does: String,
    /// How it would be taken back, in a sentence.
    pub undo: String,
    /// Every field that would change, redacted.
    pub fields: Vec<ShownField>,
}

/// A field with its values before and after, in a JSON Pointer's words; `null`: it is not there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ShownField {
    pub path: String,
    #[ts(type = "unknown")]
    pub from: Option<Value>,
    #[ts(type = "unknown")]
    pub to: Option<Value>,
}

/// A call that follows from another one: it takes it back, or sees whether it helped. It is proposed like any other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Suggestion {
    pub purpose: Purpose,
    pub tool: String,
    #[ts(type = "Record<string, unknown>")]
    pub args: Value,
    /// What it would do, or what to expect of it, in a sentence.
    pub says: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Undo,
    Verify,
}

/// How a call was decided, as a transcript tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Approved,
    Edited,
    Denied,
    AllowedByRule,
    Pending,
}
