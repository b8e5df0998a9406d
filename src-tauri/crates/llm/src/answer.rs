use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A piece of an answer, in the order in which it comes.
#[derive(Clone, Debug, PartialEq)]
pub enum Delta {
    Text(String),
    /// A call begins. `id` is the model's own and comes back with the result.
    CallBegins {
        id: String,
        tool: String,
    },
    /// More of the arguments of the call that began last, as JSON text that may be cut anywhere.
    CallArguments(String),
    /// The answer is over.
    End {
        finish: Finish,
        usage: Usage,
    },
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

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub input_tokens: u64,
    /// Of these, so many were read from a cache.
    pub cached_tokens: u64,
    pub output_tokens: u64,
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
    pub calls: Vec<Asked>,
    /// Calls whose arguments are not a JSON object, with what came: they are told back to the model and never run.
    pub broken: Vec<(String, String)>,
    pub finish: Finish,
    pub usage: Usage,
}

impl Answer {
    /// `None` where the stream broke off before its end: half an answer is no answer.
    pub fn of(deltas: impl IntoIterator<Item = Delta>) -> Option<Answer> {
        let mut text = String::new();
        let mut calls: Vec<(String, String, String)> = Vec::new();
        for delta in deltas {
            match delta {
                Delta::Text(more) => text.push_str(&more),
                Delta::CallBegins { id, tool } => calls.push((id, tool, String::new())),
                Delta::CallArguments(more) => calls.last_mut()?.2.push_str(&more),
                Delta::End { finish, usage } => {
                    let mut answer = Answer { text, calls: Vec::new(), broken: Vec::new(), finish, usage };
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

    fn arguments(text: &str) -> Delta {
        Delta::CallArguments(text.into())
    }

    fn end(finish: Finish) -> Delta {
        Delta::End { finish, usage: Usage::default() }
    }

    #[test]
    fn arguments_that_come_in_pieces_are_one_call() {
        let deltas = [
            Delta::Text("I look. ".into()),
            begins("1"),
            arguments("{\"pod\":"),
            arguments("\"a\"}"),
            end(Finish::Calls),
        ];
        let answer = Answer::of(deltas);
        let calls = answer.map(|answer| answer.calls);
        assert_eq!(calls, Some(vec![Asked { id: "1".into(), tool: "logs".into(), args: json!({"pod": "a"}) }]));
    }

    #[test]
    fn calls_in_parallel_keep_their_own_arguments() {
        let answer =
            Answer::of([begins("1"), arguments("{\"n\":1}"), begins("2"), arguments("{\"n\":2}"), end(Finish::Calls)]);
        let args: Vec<Value> = answer.into_iter().flat_map(|a| a.calls).map(|call| call.args).collect();
        assert_eq!(args, [json!({"n": 1}), json!({"n": 2})]);
    }

    #[test]
    fn arguments_that_do_not_parse_are_no_call_whatever_the_model_says_of_its_end() {
        let answer = Answer::of([begins("1"), arguments("{\"pod\": "), end(Finish::Calls)]);
        let (calls, broken) = answer.map(|a| (a.calls, a.broken)).unwrap_or_default();
        assert!(calls.is_empty());
        assert_eq!(broken, [("1".to_owned(), "{\"pod\": ".to_owned())]);
    }

    #[test]
    fn an_answer_that_breaks_off_is_none() {
        assert_eq!(Answer::of([Delta::Text("half".into())]), None);
        assert_eq!(Answer::of([arguments("{}"), end(Finish::Done)]), None, "arguments of no call");
    }
}
