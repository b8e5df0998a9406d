use async_trait::async_trait;
use gate::Permit;
use model::{Body, Preview};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, count, keep, short, unread};
use crate::typed::Typed;
use crate::{Surroundings, ToolError};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    #[schemars(title = "Namespace", length(min = 1))]
    pub namespace: String,
    #[schemars(title = "Service", length(min = 1))]
    pub service: String,
    /// One port; left out: all of the service's ports.
    #[serde(default)]
    #[schemars(title = "Port", range(min = 1, max = 65535))]
    pub port: Option<u16>,
}

pub(crate) struct Probe;

#[async_trait]
impl Typed for Probe {
    type Args = Args;
    const NAME: &'static str = "probe";
    const TITLE: &'static str = "Connection probe";
    const DESCRIPTION: &'static str = "Tells whether a service's port accepts connections.";

    fn consistent(args: &Args) -> Result<(), String> {
        match (args.namespace.trim(), args.service.trim()) {
            ("", _) => Err("`namespace` is empty".into()),
            (_, "") => Err("`service` is empty".into()),
            _ if args.port == Some(0) => Err("`port` is 0; it takes 1 to 65535".into()),
            _ => Ok(()),
        }
    }

    fn would(&self, args: &Args, _surroundings: &Surroundings) -> Preview {
        let port = args.port.map_or_else(|| "each of its ports".to_owned(), |port| format!("port {port}"));
        Preview {
            does: format!("Connects to the service `{}/{}` on {port} and closes again.", args.namespace, args.service),
            diff: None,
            cost: "one connection attempt for each port".into(),
            undo: None,
        }
    }

    async fn answer(&self, args: Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError> {
        let (namespace, service) = (args.namespace.trim(), args.service.trim());
        let read = surroundings.reach.probe(&permit, namespace, service, args.port, surroundings.as_of).await;
        let probes = keep(Self::NAME, read.map_err(|e| unread(Self::NAME, &e))?, surroundings)?;
        let mut lines = Vec::new();
        let mut reachable = 0;
        for o in &probes {
            let Body::Probe(probe) = &o.body else { continue };
            reachable += usize::from(probe.reachable);
            let word = if probe.reachable { "accepts connections" } else { "does not accept connections" };
            lines.push(format!("{} ({}) {word}: {}", probe.target, probe.protocol, short(&probe.output, 400)));
        }
        let tried = count(probes.len(), "attempt", "attempts");
        let summary = format!("`{namespace}/{service}`: {reachable} of {tried} succeeded.");
        Ok(Answer::new(summary).part(lines.join("\n")).resting_on(probes))
    }
}
