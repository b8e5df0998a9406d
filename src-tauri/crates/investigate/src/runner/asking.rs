use std::time::{Duration, Instant};

use llm::{Answer, Finish, ModelError};
use model::{AskedFor, CaseFact, ModelAnswer, ModelSilence, Spent};

use super::Speaking;
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
    let leaves = speaking.model.leaves(&question.request);
    if let (Some(tell), Some(text)) = (&speaking.leaves, &leaves) {
        tell(text);
    }
    let began = Instant::now();
    let whole = async { speaking.model.ask(&question.request).await?.whole().await };
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
