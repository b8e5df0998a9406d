use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use redact::{Aliases, Hidden};

use crate::{Answering, Delta, Message, Model, ModelError, Request};

/// Gives the names that must not be told, as they are known when a question is asked.
pub type Names = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// A model that is told stand-ins for names, hosts and addresses: what leaves has the stand-ins, what comes back has the
/// true names again before anybody reads it. One conversation has one of these, so that the same thing keeps its stand-in.
///
/// The names of our own tools and of their arguments stay, and what only the model's maker can read goes back unchanged: it
/// was made from stand-ins.
pub struct Aliased {
    model: Arc<dyn Model>,
    names: Names,
    aliases: Arc<Mutex<Aliases>>,
}

impl Aliased {
    pub fn new(model: Arc<dyn Model>, hidden: Hidden, names: Names) -> Self {
        let aliases = Arc::new(Mutex::new(Aliases::new(hidden, names())));
        Aliased { model, names, aliases }
    }

    fn hidden(&self, request: &Request) -> Request {
        let names = (self.names)();
        let mut aliases = lock(&self.aliases);
        aliases.learn(names);
        let mut hidden = request.clone();
        hidden.instructions = aliases.hide(&hidden.instructions);
        for message in &mut hidden.messages {
            match message {
                Message::Said { text } | Message::Result { text, .. } => *text = aliases.hide(text),
                Message::Answered { text, calls, .. } => {
                    *text = aliases.hide(text);
                    calls.iter_mut().for_each(|call| call.args = aliases.hide_json(&call.args));
                }
            }
        }
        // What another program says of its tools may name what it serves; ours say the same everywhere.
        for tool in hidden.tools.iter_mut().filter(|tool| tool.name.starts_with("mcp.")) {
            tool.title = aliases.hide_plain(&tool.title);
            tool.description = aliases.hide_plain(&tool.description);
            aliases.hide_value(&mut tool.schema);
        }
        hidden
    }
}

#[async_trait]
impl Model for Aliased {
    fn name(&self) -> &str {
        self.model.name()
    }

    fn is_remote(&self) -> bool {
        self.model.is_remote()
    }

    fn leaves(&self, request: &Request) -> Option<String> {
        self.model.leaves(&self.hidden(request))
    }

    async fn ask(&self, request: &Request) -> Result<Box<dyn Answering>, ModelError> {
        let answering = self.model.ask(&self.hidden(request)).await?;
        let aliases = Arc::clone(&self.aliases);
        Ok(Box::new(Revealing {
            answering,
            aliases,
            text: Held::default(),
            thought: Held::default(),
            arguments: Vec::new(),
            ready: VecDeque::new(),
        }))
    }
}

/// An answer with the true names. A stand-in may come in two pieces, so the last word of a text waits for what follows it;
/// arguments are turned back when they are whole.
struct Revealing {
    answering: Box<dyn Answering>,
    aliases: Arc<Mutex<Aliases>>,
    text: Held,
    thought: Held,
    arguments: Vec<(String, String)>,
    ready: VecDeque<Delta>,
}

/// The beginning of a word whose end has not come.
#[derive(Default)]
struct Held(String);

impl Held {
    /// What is whole with this piece.
    fn whole(&mut self, more: &str, aliases: &Aliases) -> Option<String> {
        self.0.push_str(more);
        let belongs = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | ':' | '\\');
        let word = self.0.trim_end_matches(belongs).len();
        let rest = self.0.split_off(word);
        let whole = std::mem::replace(&mut self.0, rest);
        (!whole.is_empty()).then(|| aliases.reveal(&whole))
    }

    fn rest(&mut self, aliases: &Aliases) -> Option<String> {
        let rest = std::mem::take(&mut self.0);
        (!rest.is_empty()).then(|| aliases.reveal(&rest))
    }
}

impl Revealing {
    fn take(&mut self, delta: Delta) {
        let aliases = lock(&self.aliases);
        match delta {
            Delta::Text(more) => self.ready.extend(self.text.whole(&more, &aliases).map(Delta::Text)),
            Delta::Thought(more) => self.ready.extend(self.thought.whole(&more, &aliases).map(Delta::Thought)),
            Delta::CallArguments { id, text } => match self.arguments.iter_mut().rfind(|(known, _)| *known == id) {
                Some((_, before)) => before.push_str(&text),
                None => self.arguments.push((id, text)),
            },
            Delta::End { finish, usage } => {
                self.ready.extend(self.text.rest(&aliases).map(Delta::Text));
                self.ready.extend(self.thought.rest(&aliases).map(Delta::Thought));
                let arguments = std::mem::take(&mut self.arguments).into_iter();
                self.ready
                    .extend(arguments.map(|(id, text)| Delta::CallArguments { id, text: aliases.reveal_json(&text) }));
                self.ready.push_back(Delta::End { finish, usage });
            }
            other @ (Delta::CallBegins { .. } | Delta::Kept(_)) => self.ready.push_back(other),
        }
    }
}

#[async_trait]
impl Answering for Revealing {
    async fn next(&mut self) -> Option<Result<Delta, ModelError>> {
        loop {
            if let Some(delta) = self.ready.pop_front() {
                return Some(Ok(delta));
            }
            match self.answering.next().await? {
                Ok(delta) => self.take(delta),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

fn lock(aliases: &Mutex<Aliases>) -> MutexGuard<'_, Aliases> {
    aliases.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]
mod tests;
