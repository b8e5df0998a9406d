use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use redact::Redactor;
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, ResourceContents};
use tokio::sync::Mutex;
use tools::Tool;

use crate::link::Link;
use crate::tool::Foreign;
use crate::{Configured, Definition, Trouble};

/// A server that the engineer trusts, with the definitions of its tools that he accepted. It is started, or connected to,
/// by the first call, and again after it ended.
pub struct Server {
    pub(crate) configured: Configured,
    /// Tools as they were accepted, by the server's names.
    accepted: BTreeMap<String, Definition>,
    /// As the server has them now, where it was asked.
    current: RwLock<BTreeMap<String, Definition>>,
    link: Mutex<Option<Arc<Link>>>,
    pub(crate) redactor: Arc<Redactor>,
}

/// How a server stands in this run of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// Nothing was asked of it.
    Unused,
    /// It is being started, or connected to.
    Opening,
    Up,
    /// It ended; the next call starts it again.
    Ended,
}

impl Server {
    pub fn new(configured: Configured, accepted: Vec<Definition>, redactor: Arc<Redactor>) -> Arc<Self> {
        let accepted: BTreeMap<String, Definition> =
            accepted.into_iter().map(|definition| (definition.name().to_owned(), definition)).collect();
        let current = RwLock::new(accepted.clone());
        Arc::new(Server { configured, accepted, current, link: Mutex::new(None), redactor })
    }

    pub fn configured(&self) -> &Configured {
        &self.configured
    }

    /// Contacts nothing.
    pub fn stands(&self) -> Stands {
        match self.link.try_lock() {
            Err(_) => Stands::Opening,
            Ok(link) => match link.as_ref() {
                None => Stands::Unused,
                Some(link) if link.is_up() => Stands::Up,
                Some(_) => Stands::Ended,
            },
        }
    }

    /// Its tools that were accepted and that the team takes in. Contacts nothing.
    pub fn tools(self: &Arc<Self>) -> Vec<Arc<dyn Tool>> {
        let taken = self.accepted.values().filter(|definition| self.configured.takes(definition.name()));
        taken.map(|definition| Foreign::of(Arc::clone(self), definition.name())).collect()
    }

    /// Asks what it offers now, all of it.
    pub async fn look(&self) -> Result<Vec<Definition>, Trouble> {
        let link = self.up().await?;
        let now = link.definitions(&self.configured.name).await?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) =
            now.iter().map(|definition| (definition.name().to_owned(), definition.clone())).collect();
        Ok(now)
    }

    pub(crate) fn accepted(&self, tool: &str) -> Option<&Definition> {
        self.accepted.get(tool)
    }

    /// As it is now; `None` where the server does not have it any more.
    pub(crate) fn now(&self, tool: &str) -> Option<Definition> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).get(tool).cloned()
    }

    pub(crate) async fn call(&self, tool: &str, args: JsonObject) -> Result<(bool, String), Trouble> {
        let link = self.up().await?;
        let answered = link.call(&self.configured.name, tool, args, self.configured.patience).await?;
        Ok(match answered {
            Ok(result) => (!result.is_error.unwrap_or(false), told(&result)),
            Err(error) => (false, error),
        })
    }

    async fn up(&self) -> Result<Arc<Link>, Trouble> {
        let mut link = self.link.lock().await;
        if let Some(up) = link.as_ref().filter(|link| link.is_up()) {
            return Ok(Arc::clone(up));
        }
        *link = None;
        let opened = Arc::new(Link::open(&self.configured).await?);
        *link = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// Puts a server in the place of the one that would be started.
    #[cfg(test)]
    pub(crate) async fn connected(&self, link: Link) {
        *self.link.lock().await = Some(Arc::new(link));
    }
}

/// The parts of an answer that can be read, and how many others there were.
fn told(result: &CallToolResult) -> String {
    let mut parts = Vec::new();
    for block in &result.content {
        parts.push(match block {
            ContentBlock::Text(text) => text.text.clone(),
            ContentBlock::Image(image) => format!("[an image of {} bytes in base64 was left out]", image.data.len()),
            ContentBlock::Audio(audio) => format!("[a recording of {} bytes in base64 was left out]", audio.data.len()),
            ContentBlock::Resource(resource) => match &resource.resource {
                ResourceContents::TextResourceContents { uri, text, .. } => format!("{uri}:\n{text}"),
                ResourceContents::BlobResourceContents { uri, blob, .. } => {
                    format!("{uri}: [{} bytes in base64 were left out]", blob.len())
                }
                _ => "[a part of a kind that is not known was left out]".to_owned(),
            },
            ContentBlock::ResourceLink(link) => format!("see {}", link.uri),
            _ => "[a part of a kind that is not known was left out]".to_owned(),
        });
    }
    // Said again as words, it would be read twice.
    if parts.iter().all(|part| part.trim().is_empty())
        && let Some(structured) = &result.structured_content
    {
        parts.push(serde_json::to_string_pretty(structured).unwrap_or_default());
    }
    parts.join("\n\n")
}
