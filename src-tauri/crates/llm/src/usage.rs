use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// What an answer took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// All that was read, from a cache or not.
    pub input_tokens: u64,
    /// Of these, so many were read from a cache.
    pub cached_tokens: u64,
    /// Of these, so many were written to a cache.
    pub written_tokens: u64,
    /// All that was written, thoughts as well.
    pub output_tokens: u64,
    /// Of these, so many were thoughts.
    pub thought_tokens: u64,
    /// What the provider says it costs, in millionths of a dollar. Few say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub micro_dollars: Option<u64>,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, more: Usage) {
        self.input_tokens += more.input_tokens;
        self.cached_tokens += more.cached_tokens;
        self.written_tokens += more.written_tokens;
        self.output_tokens += more.output_tokens;
        self.thought_tokens += more.thought_tokens;
        self.micro_dollars = match (self.micro_dollars, more.micro_dollars) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or_default() + other.unwrap_or_default()),
        };
    }
}

/// What a model costs, in millionths of a dollar for a million tokens: three dollars are 3 000 000.
///
/// The engineer gives it: prices change more often than programs, and local models have none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Price {
    pub input: u64,
    /// Read from a cache; as `input` where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached: Option<u64>,
    /// Written to a cache; as `input` where it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<u64>,
    pub output: u64,
}

impl Price {
    /// In millionths of a dollar. What the provider said goes before what can be worked out.
    pub fn of(&self, usage: &Usage) -> u64 {
        if let Some(told) = usage.micro_dollars {
            return told;
        }
        let plain = usage.input_tokens.saturating_sub(usage.cached_tokens + usage.written_tokens);
        let parts = [
            (plain, self.input),
            (usage.cached_tokens, self.cached.unwrap_or(self.input)),
            (usage.written_tokens, self.written.unwrap_or(self.input)),
            (usage.output_tokens, self.output),
        ];
        let sum: u128 = parts.iter().map(|(tokens, price)| u128::from(*tokens) * u128::from(*price)).sum();
        u64::try_from(sum / 1_000_000).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_from_a_cache_costs_what_a_cache_costs() {
        let price = Price { input: 3_000_000, cached: Some(300_000), written: Some(3_750_000), output: 15_000_000 };
        let usage = Usage {
            input_tokens: 10_000,
            cached_tokens: 8_000,
            written_tokens: 1_000,
            output_tokens: 100,
            ..Usage::default()
        };
        assert_eq!(price.of(&usage), 3_000 + 2_400 + 3_750 + 1_500);
        assert_eq!(price.of(&Usage { micro_dollars: Some(7), ..usage }), 7);
        let mut sum = usage;
        sum += Usage { micro_dollars: Some(7), ..usage };
        assert_eq!((sum.input_tokens, sum.micro_dollars), (20_000, Some(7)));
    }
}
