use model::ToolSpec;
use redact::Redactor;
use serde_json::json;

use crate::{Effort, Endpoint, Key, Message, Model, ModelError, Patience, Remote, Request, ToolMode, Usage};

/// What asking a model a small question showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The best way in which it asks for calls; `None` where it answers, but asks for none in any way.
    pub tools: Option<ToolMode>,
    /// Why each better way did not do.
    pub tried: Vec<(ToolMode, String)>,
    /// What the questions took.
    pub usage: Usage,
}

/// Enough for a call and a few words, and for the thoughts of those that cannot help thinking.
const MOST_TOKENS: u32 = 1_024;

impl Probe {
    /// Asks for one call in each way, the best first, until one comes whose arguments can be read. Nothing of a cluster is
    /// in the question. An error is one that no way changes: no server, no key, no such model.
    pub async fn of(
        endpoint: &Endpoint,
        key: Option<Key>,
        patience: Patience,
        authority: Option<&[u8]>,
    ) -> Result<Probe, ModelError> {
        // There is nothing to find in a question that is written here.
        let redactor = std::sync::Arc::new(Redactor::new([0; 32]));
        let mut probe = Probe { tools: None, tried: Vec::new(), usage: Usage::default() };
        for mode in [ToolMode::Native, ToolMode::Schema, ToolMode::Text] {
            if mode == ToolMode::Schema && !endpoint.provider.keeps_schemas() {
                continue;
            }
            let endpoint = Endpoint { tools: mode, ..endpoint.clone() };
            let remote = Remote::new(endpoint, key.clone(), redactor.clone(), patience, authority)?;
            let answered = match remote.ask(&question(&redactor)).await {
                Ok(mut answering) => answering.whole().await,
                Err(error) => Err(error),
            };
            let why = match answered {
                Ok(answer) => {
                    probe.usage += answer.usage;
                    match answer.calls.iter().find(|call| call.tool == "weather") {
                        Some(call) if call.args["city"].is_string() => {
                            probe.tools = Some(mode);
                            return Ok(probe);
                        }
                        Some(_) => "it asked without what it was to ask with".to_owned(),
                        None if answer.broken.is_empty() => "it asked for nothing".to_owned(),
                        None => "what it asked for cannot be read".to_owned(),
                    }
                }
                // A server that cannot do it this way refuses the request; the next way may do.
                Err(error @ (ModelError::Rejected { .. } | ModelError::Broken { .. } | ModelError::Busy { .. })) => {
                    error.to_string()
                }
                Err(error) => return Err(error),
            };
            probe.tried.push((mode, why));
        }
        Ok(probe)
    }
}

fn question(redactor: &Redactor) -> Request {
    let schema = json!({
        "type": "object",
        "properties": { "city": { "type": "string", "description": "The name of a city." } },
        "required": ["city"],
        "additionalProperties": false,
    });
    let tool = ToolSpec {
        name: "weather".into(),
        title: "Weather".into(),
        description: "Tells the weather in a city.".into(),
        schema,
    };
    Request {
        instructions: redactor.text("You answer by calling the tool that you are given."),
        messages: vec![Message::Said { text: redactor.text("Call the tool `weather` for Vienna.") }],
        tools: vec![tool],
        most_tokens: MOST_TOKENS,
        effort: Effort::Low,
    }
}
