use std::future::Future;

use model::{Conclusion, Decision, Fact, Spent};

use crate::Golden;

/// What the workbench said about one recording.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How many incidents were reported.
    pub incidents: usize,
    pub conclusion: Conclusion,
    /// The calls that were asked for, by tool, and how each was decided.
    pub calls: Vec<(String, Decision)>,
    /// The facts as of the end of the investigation; citations are compared with them.
    pub facts: Vec<Fact>,
    /// What a language model took, where one was asked.
    pub spent: Option<Spent>,
}

/// Whatever answers a recording.
pub trait Engine {
    /// An error is a sentence that says why there is no answer.
    fn answer(&self, golden: &Golden) -> impl Future<Output = Result<Answer, String>> + Send;

    /// What code can say of the whole recording when every result is released.
    fn facts(&self, golden: &Golden) -> Vec<Fact>;
}
