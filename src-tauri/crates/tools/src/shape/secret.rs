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
    /// Empty: every Secret in the namespace, to find the one that differs.
    #[serde(default)]
    #[schemars(title = "Name")]
    pub name: String,
}

pub(crate) struct SecretShape;

#[async_trait]
impl Typed for SecretShape {
    type Args = Args;
    const NAME: &'static str = "secret_shape";
    const TITLE: &'static str = "Shape of a Secret";
    const DESCRIPTION: &'static str = "Reads the keys, sizes, keyed digests, encoding and certificate dates of a Secret, \
        or of all in a namespace; never a value.";
    const RISK: Risk = Risk::ReadSensitive;

    fn consistent(args: &Args) -> Result<(), String> {
        if args.namespace.trim().is_empty() { Err("`namespace` is empty".into()) } else { Ok(()) }
    }

    fn would(&self, args: &Args, surroundings: &Surroundings) -> Preview {
        asked(args).preview(surroundings)
    }

    async fn answer(&self, args: Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        asked(&args).answer(permit, surroundings).await
    }
}

fn asked(args: &Args) -> Asked<'_> {
    Asked { tool: SecretShape::NAME, kind: "Secret", namespace: args.namespace.trim(), name: args.name.trim() }
}
