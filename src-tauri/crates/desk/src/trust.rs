//! Which programs of kubeconfigs may run to log in, as the engineer decided.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cluster::{ConnectionPhase, ExecCommand, Trust};
use history::DeskFile;
use model::Time;
use serde::{Deserialize, Serialize};

use crate::rows::{ExecRow, TrustState, Update};
use crate::{Desk, DeskError};

/// The decisions, in the desk file: one for each digest of a command, so that a changed command asks again, and two
/// programs of ours that decide at the same moment do not undo each other.
pub(crate) struct Trusts {
    file: Arc<DeskFile>,
    /// For this run of the program, everything may run: the engineer's word on the command line.
    all: AtomicBool,
}

#[derive(Serialize, Deserialize)]
struct Decision {
    trust: TrustState,
    at: Time,
    /// What was shown, for whoever reads the file.
    line: String,
    source: String,
}

impl Trusts {
    pub fn new(file: Arc<DeskFile>) -> Arc<Self> {
        Arc::new(Trusts { file, all: AtomicBool::new(false) })
    }

    /// What was decided about a command. A decision that cannot be read is none.
    fn decision(&self, digest: &str) -> Option<Decision> {
        let read = self.file.setting(&key(digest));
        let text =
            read.inspect_err(|error| tracing::warn!(%error, "a decision about a login cannot be read")).ok()??;
        serde_json::from_str(&text).inspect_err(|error| tracing::warn!(%error, digest, "a decision is damaged")).ok()
    }

    pub fn of(&self, command: &ExecCommand) -> Trust {
        if self.all.load(Ordering::Relaxed) {
            return Trust::Trusted;
        }
        match self.decision(&command.digest).map_or(TrustState::Undecided, |decision| decision.trust) {
            TrustState::Undecided => Trust::Undecided,
            TrustState::Trusted => Trust::Trusted,
            TrustState::Refused => Trust::Refused,
        }
    }

    pub fn row(&self, command: &ExecCommand) -> ExecRow {
        let decision = self.decision(&command.digest);
        ExecRow {
            digest: command.digest.clone(),
            command: command.command.clone(),
            args: command.args.clone(),
            line: command.line(),
            env: command.env.clone(),
            source: command.source.clone(),
            trust: decision.as_ref().map_or(TrustState::Undecided, |decision| decision.trust),
            decided_at: decision.map(|decision| decision.at),
        }
    }
}

fn key(digest: &str) -> String {
    format!("trust.exec.{digest}")
}

impl Desk {
    /// Every program that a known kubeconfig would run for a login, and what was decided.
    pub fn trust_list(&self) -> Vec<ExecRow> {
        let mut commands = self.exec_commands();
        commands.sort_by(|a, b| (&a.source, &a.command, &a.digest).cmp(&(&b.source, &b.command, &b.digest)));
        commands.dedup_by(|a, b| a.digest == b.digest);
        commands.iter().map(|command| self.trusts.row(command)).collect()
    }

    /// Keeps a decision about the command of that digest. `changed` where no kubeconfig has it any more: what would run
    /// is then not what was shown.
    pub fn decide_trust(&self, digest: &str, trust: TrustState) -> Result<Vec<ExecRow>, DeskError> {
        let command = self.exec_commands().into_iter().find(|command| command.digest == digest);
        let command = command.ok_or_else(|| DeskError {
            code: "changed",
            what: "No kubeconfig has the command that was shown any more.".into(),
            hint: "Look at the command again, then decide.".into(),
        })?;
        let decision = Decision { trust, at: self.clock.now(), line: command.line(), source: command.source.clone() };
        let text = serde_json::to_string(&decision).map_err(|error| DeskError {
            code: "failed",
            what: format!("The decision could not be written: {error}."),
            hint: "Please report this.".into(),
        })?;
        self.desk_file().set_setting(&key(digest), &text)?;
        tracing::info!(command = command.command, source = command.source, ?trust, "decided about a login's program");
        self.tell(Update::ClustersChanged);
        Ok(self.trust_list())
    }

    /// Lets every kubeconfig's program run until this program ends. Keeps nothing.
    pub fn trust_all_for_now(&self) {
        self.trusts.all.store(true, Ordering::Relaxed);
    }

    /// Open clusters that waited for a decision try again.
    pub async fn go_on_with_logins(&self) {
        for connection in self.connections() {
            if connection.state().phase == ConnectionPhase::AwaitingTrust {
                connection.reconnect().await;
            }
        }
    }
}
