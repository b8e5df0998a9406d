use std::time::Duration;

/// How long is waited for what. Tests wait less.
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    /// For the first bytes of a list, and between two pieces of one. A mesh or a VPN that holds streams back is noticed
    /// by it.
    pub list: Duration,
    /// For an answer to begin. A large page of a busy server takes a while.
    pub answer: Duration,
    /// A watch that says nothing for so long is taken for dead and opened again. API servers send a bookmark a minute.
    pub silence: Duration,
    /// A followed log that says nothing for so long is asked for again: no bookmark tells that it still comes.
    pub log: Duration,
    /// The server ends a watch after this; spread, so that the watches of a connection do not end together.
    pub watch: Duration,
    /// With nothing from any watch for so long, the server is asked whether it is there.
    pub quiet: Duration,
    /// For the answer to that.
    pub probe: Duration,
    /// How often quiet and clock are looked at.
    pub pulse: Duration,
    /// The wall clock running ahead of the machine's own by this much means that the machine slept, or was set.
    pub jump: Duration,
    pub first_retry: Duration,
    pub last_retry: Duration,
    /// A refusal is a person's to lift; asking more often helps nobody.
    pub refused: Duration,
    /// How often is asked what may be listed. A right that was lost, and a new start, ask at once, after a 300th of it.
    pub review: Duration,
    /// How often is looked whether a file of the login was written.
    pub files: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            list: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            silence: Duration::from_secs(75),
            log: Duration::from_secs(60),
            watch: Duration::from_secs(290),
            quiet: Duration::from_secs(20),
            probe: Duration::from_secs(8),
            pulse: Duration::from_secs(5),
            jump: Duration::from_secs(15),
            first_retry: Duration::from_millis(800),
            last_retry: Duration::from_secs(30),
            refused: Duration::from_secs(120),
            review: Duration::from_secs(300),
            files: Duration::from_secs(2),
        }
    }
}
