//! What a language model may take, and what it took.

use clap::Args;
use model::{Budget, Spent};

/// The usual limits are those of [`Budget::default`].
#[derive(Args, Clone, Debug, Default)]
pub struct Limits {
    /// The most calls that the model may ask for.
    #[arg(long, value_name = "N")]
    budget_calls: Option<u32>,
    /// The most tokens that it may read and write.
    #[arg(long, value_name = "N")]
    budget_tokens: Option<u64>,
    /// The most that it may cost; the model needs a price.
    #[arg(long, value_name = "DOLLARS")]
    budget_dollars: Option<f64>,
    /// The most seconds in which it answers.
    #[arg(long, value_name = "N")]
    budget_seconds: Option<u64>,
}

impl Limits {
    pub fn over(&self, usual: Budget) -> Budget {
        Budget {
            calls: self.budget_calls.unwrap_or(usual.calls),
            questions: usual.questions,
            tokens: self.budget_tokens.unwrap_or(usual.tokens),
            // Dollars of a person, rounded to millionths; what is negative or no number is nothing.
            micro_dollars: self.budget_dollars.map(|dollars| (dollars * 1e6).round() as u64).or(usual.micro_dollars),
            seconds: self.budget_seconds.unwrap_or(usual.seconds),
        }
    }
}

/// `7 answers, 12 345 tokens (800 of them from a cache), $0.04, 31 s`
pub fn in_words(spent: &Spent) -> String {
    let mut words = vec![
        format!("{} answers", spent.answers),
        format!("{} tokens read", spent.input_tokens),
        format!("{} written", spent.output_tokens),
    ];
    if spent.cached_tokens > 0 {
        words.push(format!("{} from a cache", spent.cached_tokens));
    }
    if let Some(cost) = spent.micro_dollars {
        words.push(format!("${:.4}", cost as f64 / 1e6));
    }
    words.push(format!("{} s", spent.millis / 1_000));
    words.join(", ")
}
