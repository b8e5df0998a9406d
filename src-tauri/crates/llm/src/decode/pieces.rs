use std::collections::HashSet;

use serde_json::Value;

use crate::{Delta, Finish, Opaque, Usage};

/// What a fold hands out: the pieces of an answer, with an id for every call that no other call has.
pub(super) struct Pieces {
    out: Vec<Delta>,
    maker: String,
    used: HashSet<String>,
    /// Parts whose place is not known yet: before the text, or before the next call.
    waiting: Vec<Value>,
}

impl Pieces {
    pub fn new(maker: String, used: impl Iterator<Item = String>) -> Pieces {
        Pieces { out: Vec::new(), maker, used: used.collect(), waiting: Vec::new() }
    }

    pub fn take(&mut self) -> Vec<Delta> {
        std::mem::take(&mut self.out)
    }

    pub fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.place(None);
            self.out.push(Delta::Text(text.to_owned()));
        }
    }

    pub fn thought(&mut self, text: &str) {
        if !text.is_empty() {
            self.out.push(Delta::Thought(text.to_owned()));
        }
    }

    /// A call begins; its id, which is the model's own where nobody used it before.
    pub fn call(&mut self, id: Option<&str>, tool: &str) -> String {
        let id = self.id(id);
        self.place(Some(&id));
        self.out.push(Delta::CallBegins { id: id.clone(), tool: tool.to_owned() });
        id
    }

    pub fn arguments(&mut self, id: &str, text: &str) {
        if !text.is_empty() {
            self.out.push(Delta::CallArguments { id: id.to_owned(), text: text.to_owned() });
        }
    }

    /// A part to be given back, before what comes next.
    pub fn keep(&mut self, part: Value) {
        self.waiting.push(part);
    }

    /// A part that belongs to a call, or to the text.
    pub fn keep_with(&mut self, call: Option<&str>, json: Value) {
        let before = call.map(str::to_owned);
        self.out.push(Delta::Kept(Opaque { maker: self.maker.clone(), before, json }));
    }

    pub fn end(&mut self, finish: Finish, usage: Usage) {
        self.place(None);
        self.out.push(Delta::End { finish, usage });
    }

    pub fn id(&mut self, told: Option<&str>) -> String {
        let told = told.filter(|id| !id.is_empty() && !self.used.contains(*id)).map(str::to_owned);
        let id = told.unwrap_or_else(|| {
            let mut number = self.used.len() + 1;
            while self.used.contains(&format!("call-{number}")) {
                number += 1;
            }
            format!("call-{number}")
        });
        self.used.insert(id.clone());
        id
    }

    fn place(&mut self, call: Option<&str>) {
        for part in std::mem::take(&mut self.waiting) {
            self.keep_with(call, part);
        }
    }
}
