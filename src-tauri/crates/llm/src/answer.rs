use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Usage;

/// A piece of an answer, in the order in which it comes.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    Text(String),
    /// What it thinks, where it shows that. It is for the engineer's eyes and goes back only as [`Delta::Kept`].
    Thought(String),
    /// A call begins. `id` is the model's own and comes back with the result; where the model gives none, or one that was
    /// used before, it is made here.
    CallBegins {
        id: String,
        tool: String,
    },
    /// More of the arguments of a call that began, as JSON text that may be cut anywhere.
    CallArguments {
        id: String,
        text: String,
    },
    /// Something to give back to the model with its answer.
    Kept(Opaque),
    /// The answer is over.
    End {
        finish: Finish,
        usage: Usage,
    },
}

/// A part of an answer that only who made it can read: a signature, an encrypted thought. It goes back to it byte for
/// byte, and to nobody else. It was made from what had left this machine already, and only a decoder makes one; a case
/// that is taken up again reads back what it kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opaque {
    pub(crate) maker: String,
    /// The call that it stands before; `None` where it stands before the text.
    pub(crate) before: Option<String>,
    pub(crate) json: Value,
}

impl Opaque {
    /// Every text in it.
    pub(crate) fn texts(&self) -> Vec<&str> {
        fn walk<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
            match value {
                Value::String(text) => into.push(text),
                Value::Array(items) => items.iter().for_each(|item| walk(item, into)),
                Value::Object(map) => map.values().for_each(|item| walk(item, into)),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        let mut texts = Vec::new();
        walk(&self.json, &mut texts);
        texts
    }
}

/// What the model says of why it stopped. It is not believed where it matters: a call counts when its arguments parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    Done,
    /// It waits for results.
    Calls,
    /// The longest answer was reached.
    Length,
    /// The provider refused to go on.
    Refused,
}

/// A call that a model asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    pub id: String,
    pub tool: String,
    pub args: Value,
}

/// An answer, put together from its pieces.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub text: String,
    pub thoughts: String,
    pub calls: Vec<Asked>,
    /// Calls whose arguments are not a JSON object, with what came: they are told back to the model and never run.
    pub broken: Vec<(String, String)>,
    /// To be given back with this answer.
    pub kept: Vec<Opaque>,
    pub finish: Finish,
    pub usage: Usage,
}

impl Answer {
    /// `None` where the stream broke off before its end: half an answer is no answer.
    pub fn of(deltas: impl IntoIterator<Item = Delta>) -> Option<Answer> {
        let (mut text, mut thoughts, mut kept) = (String::new(), String::new(), Vec::new());
        let mut calls: Vec<(String, String, String)> = Vec::new();
        for delta in deltas {
            match delta {
                Delta::Text(more) => text.push_str(&more),
                Delta::CallBegins { id, tool } => calls.push((id, tool, String::new())),
                Delta::Thought(more) => thoughts.push_str(&more),
                Delta::CallArguments { id, text } => calls.iter_mut().rfind(|call| call.0 == id)?.2.push_str(&text),
                Delta::Kept(part) => kept.push(part),
                Delta::End { finish, usage } => {
                    let mut answer =
                        Answer { text, thoughts, calls: Vec::new(), broken: Vec::new(), kept, finish, usage };
                    for (id, tool, arguments) in calls {
                        // A call without arguments may come with none at all.
                        let json = if arguments.trim().is_empty() { "{}" } else { &arguments };
                        match serde_json::from_str::<Value>(json) {
                            Ok(args) if args.is_object() => answer.calls.push(Asked { id, tool, args }),
                            _ => answer.broken.push((id, arguments)),
                        }
                    }
                    return Some(answer);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn begins(id: &str) -> Delta {
        Delta::CallBegins { id: id.into(), tool: "logs".into() }
    }

    fn arguments(id: &str, text: &str) -> Delta {
        Delta::CallArguments { id: id.into(), text: text.into() }
    }

    fn end(finish: Finish) -> Delta {
        Delta::End { finish, usage: Usage::default() }
    }

    #[test]
    fn arguments_that_come_in_pieces_are_one_call() {
        let deltas = [
            Delta::Text("I look. ".into()),
            begins("1"),
            arguments("1", "{\"pod\":"),
            arguments("1", "\"a\"}"),
            end(Finish::Calls),
        ];
        let answer = Answer::of(deltas);
        let calls = answer.map(|answer| answer.calls);
        assert_eq!(calls, Some(vec![Asked { id: "1".into(), tool: "logs".into(), args: json!({"pod": "a"}) }]));
    }

    #[test]
    fn calls_in_parallel_keep_their_own_arguments() {
        let answer = Answer::of([
            begins("1"),
            begins("2"),
            arguments("2", "{\"n\":"),
            arguments("1", "{\"n\":1}"),
            arguments("2", "2}"),
            end(Finish::Calls),
        ]);
        let args: Vec<Value> = answer.into_iter().flat_map(|a| a.calls).map(|call| call.args).collect();
        assert_eq!(args, [json!({"n": 1}), json!({"n": 2})]);
    }

    #[test]
    fn arguments_that_do_not_parse_are_no_call_whatever_the_model_says_of_its_end() {
        let answer = Answer::of([begins("1"), arguments("1", "{\"pod\": "), end(Finish::Calls)]);
        let (calls, broken) = answer.map(|a| (a.calls, a.broken)).unwrap_or_default();
        assert!(calls.is_empty());
        assert_eq!(broken, [("1".to_owned(), "{\"pod\": ".to_owned())]);
    }

    #[test]
    fn an_answer_that_breaks_off_is_none() {
        assert_eq!(Answer::of([Delta::Text("half".into())]), None);
        assert_eq!(Answer::of([arguments("1", "{}"), end(Finish::Done)]), None, "arguments of no call");
    }
}
