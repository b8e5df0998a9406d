use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::{Answering, Delta, Endpoint, Model, ModelError, Request};

type Piece = Result<Delta, ModelError>;

/// What decides on the next answer, by all of the question.
type Deciding = Box<dyn FnMut(&Request) -> Result<Vec<Delta>, ModelError> + Send>;

/// Answers from a script, or as a function says, and writes down what it was asked. For tests and measurements.
#[derive(Default)]
pub struct Scripted {
    answers: Mutex<VecDeque<Result<Vec<Piece>, ModelError>>>,
    deciding: Option<Mutex<Deciding>>,
    asked: Mutex<Vec<Request>>,
    endpoint: Option<Endpoint>,
}

impl Scripted {
    pub fn new() -> Self {
        Scripted::default()
    }

    /// Answers as this function says, for as long as it is asked.
    pub fn deciding(decide: impl FnMut(&Request) -> Result<Vec<Delta>, ModelError> + Send + 'static) -> Self {
        Scripted { deciding: Some(Mutex::new(Box::new(decide))), ..Scripted::default() }
    }

    /// What would leave is what would leave for this one.
    pub fn in_the_place_of(self, endpoint: Endpoint) -> Self {
        Scripted { endpoint: Some(endpoint), ..self }
    }

    /// The next answer, piece by piece.
    pub fn answering(self, deltas: impl IntoIterator<Item = Delta>) -> Self {
        self.then(Ok(deltas.into_iter().map(Ok).collect()))
    }

    /// The next answer breaks off with an error after these pieces.
    pub fn breaking_off(self, deltas: impl IntoIterator<Item = Delta>, error: ModelError) -> Self {
        let pieces = deltas.into_iter().map(Ok).chain([Err(error)]).collect();
        self.then(Ok(pieces))
    }

    /// The next question gets no answer.
    pub fn failing(self, error: ModelError) -> Self {
        self.then(Err(error))
    }

    fn then(self, answer: Result<Vec<Piece>, ModelError>) -> Self {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).push_back(answer);
        self
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Model for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }

    fn is_remote(&self) -> bool {
        false
    }

    fn leaves(&self, request: &Request) -> Option<String> {
        self.endpoint.as_ref().map(|endpoint| request.leaves(endpoint))
    }

    async fn ask(&self, request: &Request) -> Result<Box<dyn Answering>, ModelError> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(request.clone());
        if let Some(decide) = &self.deciding {
            let deltas = decide.lock().unwrap_or_else(PoisonError::into_inner)(request)?;
            return Ok(Box::new(Reading { pieces: deltas.into_iter().map(Ok).collect() }));
        }
        let next = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match next {
            Some(answer) => Ok(Box::new(Reading { pieces: answer?.into() })),
            None => Err(ModelError::Broken {
                why: "the script has no answer left".into(),
                hint: "Give the script one more answer.".into(),
            }),
        }
    }
}

struct Reading {
    pieces: VecDeque<Piece>,
}

#[async_trait]
impl Answering for Reading {
    async fn next(&mut self) -> Option<Piece> {
        let piece = self.pieces.pop_front();
        if matches!(piece, Some(Err(_) | Ok(Delta::End { .. }))) {
            self.pieces.clear();
        }
        piece
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

    use model::ToolSpec;
    use redact::Redactor;
    use serde_json::json;

    use super::*;
    use crate::{Answer, Effort, Finish, Message, Provider, ToolMode, Usage};

    fn request(text: &str) -> Request {
        let redactor = Redactor::new([1; 32]);
        let tool = ToolSpec {
            name: "logs".into(),
            title: "Logs".into(),
            description: "Reads logs.".into(),
            schema: json!({"type": "object"}),
        };
        Request {
            instructions: redactor.text("You find causes."),
            messages: vec![Message::Said { text: redactor.text(text) }],
            tools: vec![tool],
            most_tokens: 1_000,
            effort: Effort::Low,
        }
    }

    fn end() -> Delta {
        let usage = Usage { input_tokens: 10, output_tokens: 2, ..Usage::default() };
        Delta::End { finish: Finish::Done, usage }
    }

    #[tokio::test]
    async fn an_answer_comes_in_pieces_and_ends_once() {
        let model = Scripted::new().answering([Delta::Text("It is ".into()), Delta::Text("DNS.".into()), end()]);
        let mut answering = model.ask(&request("why?")).await.unwrap();
        let answer: Answer = answering.whole().await.unwrap();
        assert_eq!((answer.text.as_str(), answer.usage.output_tokens), ("It is DNS.", 2));
        assert_eq!(answering.next().await, None);
        assert_eq!(model.asked(), [request("why?")]);
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_an_error_and_not_half_an_answer() {
        let broken = ModelError::Unreachable { why: "the connection was reset".into(), hint: "Ask again.".into() };
        let model = Scripted::new().breaking_off([Delta::Text("It is".into())], broken.clone());
        let mut answering = model.ask(&request("why?")).await.unwrap();
        assert_eq!(answering.whole().await, Err(broken));
        let model = Scripted::new().answering([Delta::Text("It is".into())]);
        let cut = model.ask(&request("why?")).await.unwrap().whole().await;
        assert!(matches!(cut, Err(ModelError::Broken { .. })), "{cut:?}");
    }

    #[tokio::test]
    async fn a_question_without_an_answer_says_what_to_do() {
        let busy = ModelError::Busy { why: "429".into(), after_seconds: Some(7), hint: "Wait 7 s.".into() };
        let model = Scripted::new().failing(busy);
        assert_eq!(model.ask(&request("why?")).await.err().unwrap().hint(), "Wait 7 s.");
        assert!(matches!(model.ask(&request("why?")).await.err().unwrap(), ModelError::Broken { .. }));
    }

    #[test]
    fn a_secret_in_what_is_said_is_marked_before_it_is_in_a_request() {
        let endpoint = Endpoint {
            name: "local".into(),
            provider: Provider::LlamaCpp,
            base: "http://127.0.0.1:1/v1".into(),
            model: "m".into(),
            tools: ToolMode::Native,
            thinks: false,
        };
        let leaves = request("the token is ghp_0123456789abcdefghijABCDEFGHIJ012345").leaves(&endpoint);
        assert!(!leaves.contains("ghp_0123456789") && leaves.contains("[redacted: "), "{leaves}");
        assert!(leaves.contains("Reads logs."), "descriptions of tools leave as well");
    }
}
