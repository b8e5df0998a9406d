//! Reads that another program's agent asks for over MCP. They pass the gate like any call: proposed in the agent's name,
//! allowed by a rule that covers reads and nothing else, released by a rule, and written into a case.

use std::sync::Arc;

use gate::{Approve, CallState, Policy};
use investigate::Ids;
use model::{Author, CaseId, ToolCall};
use serde_json::Value;

use crate::{Desk, DeskError};

/// The name under which results for other agents are released; starting the server is the engineer's word for it.
const RELEASED: &str = "caseboard mcp: redacted reads";

impl Desk {
    /// Makes one read for an agent and gives its redacted text. Whatever is not of class `read` is refused.
    pub async fn read_for(
        self: &Arc<Self>,
        case: CaseId,
        agent: &str,
        tool: &str,
        args: Value,
    ) -> Result<String, DeskError> {
        let tool = self.tool(tool)?;
        tool.check(&args).map_err(|error| DeskError::bad_request(error.to_string(), error.hint))?;
        let surroundings = self.surroundings_now(case)?;
        let call = ToolCall {
            tool: tool.spec().name,
            cluster: surroundings.history.cluster().clone(),
            args,
            reason: "Another agent asks over MCP.".into(),
            expects: String::new(),
            tainted: Vec::new(),
            shown: None,
            definition: None,
            user: None,
        }
        .under(crate::acts::terms(tool.as_ref(), &surroundings));
        let (id, risk, preview) = (self.ids.call(), tool.risk(&call.args), tool.preview(&call, &surroundings));
        let context = self.name_of(&call.cluster);
        let policy = self.with_rules(Policy { approve: Approve::Reads, context, ..Policy::default() });
        let author = Author::Investigator { name: agent.to_owned() };
        let put = self.door.propose(case, id, call, risk, preview, &policy, author.clone())?;
        if !matches!(put.state, CallState::Allowed { .. }) {
            if matches!(put.state, CallState::AwaitingDecision { .. }) {
                self.door.withdraw(case, id, "no agent outside may ask for it", author)?;
            }
            return Err(DeskError {
                code: "refused",
                what: format!("`{}` is not a plain read; other agents get no more.", put.call.tool),
                hint: "Ask the engineer to make the call in Caseboard.".into(),
            });
        }
        let permit = self.door.start(case, id)?;
        let _running = permit.running();
        match tool.run(permit, &surroundings).await {
            Ok(outcome) => {
                let text = outcome.result.text.clone();
                self.door.succeeded(case, id, outcome.result)?;
                self.door.release(case, id, None, &[], Author::Rule { rule: RELEASED.into() })?;
                Ok(text)
            }
            Err(error) => {
                let (why, hint) = error.put_down(&self.door, case, id, &self.redactor)?;
                Err(DeskError { code: "failed", what: format!("{why}."), hint })
            }
        }
    }
}
