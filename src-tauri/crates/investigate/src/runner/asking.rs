use std::time::{Duration, Instant};

use llm::{Answer, Answering, Delta, Finish, ModelError};
use model::{AskedFor, CaseFact, ModelAnswer, ModelSilence, Spent};

use super::{Heard, OnHear, Speaking};
use crate::Question;

/// Asks, and gives what the case holds of it. There is always such a fact: a model that cannot be asked is silent.
pub(super) async fn answer_of(question: &Question, speaking: Option<&Speaking>) -> CaseFact {
    let silent = |code: &str, why: String, hint: String| CaseFact::ModelSilent {
        silence: ModelSilence {
            speaker: question.speaker.clone(),
            turn: question.turn,
            code: code.to_owned(),
            why,
            hint,
        },
    };
    let Some(speaking) = speaking else {
        let hint = "Start the investigation again with a model.".to_owned();
        return silent("unreachable", "no model was given to this investigation".into(), hint);
    };
    let leaves = leaving(question, speaking);
    let began = Instant::now();
    let whole = async {
        let mut answering = speaking.model.ask(&question.request).await?;
        match &speaking.hears {
            Some(hears) => listened(answering.as_mut(), question, hears).await,
            None => answering.whole().await,
        }
    };
    let answered: Result<Answer, ModelError> =
        match tokio::time::timeout(Duration::from_secs(question.most_seconds.max(1)), whole).await {
            Ok(answered) => answered,
            Err(_) => {
                let why = format!("no whole answer came within {} s", question.most_seconds);
                return silent("out_of_time", why, "Give it more time, or choose a quicker model.".into());
            }
        };
    let answer = match answered {
        Ok(answer) => answer,
        Err(error) => return silent(error.code(), error.to_string(), error.hint().to_owned()),
    };
    let usage = &answer.usage;
    let spent = Spent {
        answers: 1,
        bytes: leaves.map_or(0, |text| text.len() as u64),
        input_tokens: usage.input_tokens,
        cached_tokens: usage.cached_tokens,
        output_tokens: usage.output_tokens,
        micro_dollars: speaking.price.map(|price| price.of(usage)).or(usage.micro_dollars),
        millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    CaseFact::ModelAnswered {
        answer: ModelAnswer {
            speaker: question.speaker.clone(),
            turn: question.turn,
            text: answer.text,
            thoughts: answer.thoughts,
            calls: answer
                .calls
                .into_iter()
                .map(|call| AskedFor { id: call.id, tool: call.tool, args: call.args })
                .collect(),
            broken: answer.broken,
            kept: answer.kept.iter().filter_map(|part| serde_json::to_value(part).ok()).collect(),
            cut: matches!(answer.finish, Finish::Length | Finish::Refused),
            spent,
        },
    }
}

/// Tells what leaves for a question, and gives it.
pub(super) fn leaving(question: &Question, speaking: &Speaking) -> Option<String> {
    let leaves = speaking.model.leaves(&question.request);
    if let (Some(tell), Some(text)) = (&speaking.leaves, &leaves) {
        tell(text);
    }
    leaves
}

/// However fast a model writes, whoever listens is told ten times a second at most.
const PAUSE: Duration = Duration::from_millis(100);

/// What of an answer's text was told.
struct Telling<'a> {
    question: &'a Question,
    hears: &'a OnHear,
    text: String,
    told: usize,
    last: Option<tokio::time::Instant>,
}

impl Telling<'_> {
    /// When the rest may be told; `None` where there is none.
    fn due(&self) -> Option<tokio::time::Instant> {
        let now = tokio::time::Instant::now();
        (self.told < self.text.len()).then(|| self.last.map_or(now, |last| last + PAUSE))
    }

    fn tell(&mut self) {
        let (before, more) = self.text.split_at(self.told);
        (self.hears)(&Heard { speaker: &self.question.speaker, turn: self.question.turn, before, more });
        self.told = self.text.len();
        self.last = Some(tokio::time::Instant::now());
    }
}

/// The whole answer; its text is told while it comes.
async fn listened(
    answering: &mut (dyn Answering + 'static),
    question: &Question,
    hears: &OnHear,
) -> Result<Answer, ModelError> {
    let mut telling = Telling { question, hears, text: String::new(), told: 0, last: None };
    let mut deltas = Vec::new();
    loop {
        // A piece that is on its way is never given up for telling what came before it.
        let next = {
            let mut coming = answering.next();
            loop {
                let due = telling.due();
                let pause = async {
                    match due {
                        Some(at) => tokio::time::sleep_until(at).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    biased;
                    delta = &mut coming => break delta,
                    () = pause => telling.tell(),
                }
            }
        };
        let Some(delta) = next else { break };
        let delta = delta?;
        if let Delta::Text(more) = &delta {
            telling.text.push_str(more);
            if telling.due().is_some_and(|due| due <= tokio::time::Instant::now()) {
                telling.tell();
            }
        }
        deltas.push(delta);
    }
    Answer::of(deltas)
        .ok_or_else(|| ModelError::Broken { why: "it broke off before its end".into(), hint: "Ask again.".into() })
}
