use async_trait::async_trait;
use gate::Permit;
use model::{Preview, Risk};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Asked;
use crate::answer::Answer;
use crate::typed::Typed;
use crate::{Surroundings, ToolError};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    #[schemars(title = "Namespace", length(min = 1))]
    pub namespace: String,
    /// A Secret asks for more than a ConfigMap does.
    #[serde(default)]
    #[schemars(title = "Kind")]
    pub kind: Kind,
    /// Empty: every one in the namespace.
    #[serde(default)]
    #[schemars(title = "Name")]
    pub name: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Kind {
    #[default]
    ConfigMap,
    Secret,
}

pub(crate) struct ConfigShape;

#[async_trait]
impl Typed for ConfigShape {
    type Args = Args;
    const NAME: &'static str = "config_shape";
    const TITLE: &'static str = "Shape of a configuration";
    const DESCRIPTION: &'static str = "Reads the keys, sizes and keyed digests of a ConfigMap, or of all in a namespace: \
        what changed and what differs can be told, values cannot.";
    const RISK: Risk = Risk::ReadSensitive;

    fn consistent(args: &Args) -> Result<(), String> {
        if args.namespace.trim().is_empty() { Err("`namespace` is empty".into()) } else { Ok(()) }
    }

    fn risk_of(&self, args: &Args) -> Risk {
        match args.kind {
            Kind::ConfigMap => Risk::Read,
            Kind::Secret => Risk::ReadSensitive,
        }
    }

    fn would(&self, args: &Args, surroundings: &Surroundings) -> Preview {
        asked(args).preview(surroundings)
    }

    async fn answer(&self, args: Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        asked(&args).answer(permit, surroundings).await
    }
}

fn asked(args: &Args) -> Asked<'_> {
    let kind = match args.kind {
        Kind::ConfigMap => "ConfigMap",
        Kind::Secret => "Secret",
    };
    Asked { tool: ConfigShape::NAME, kind, namespace: args.namespace.trim(), name: args.name.trim() }
}
