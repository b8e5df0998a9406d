//! The client of a connection, and what becomes of it when the login changes.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;

use super::{ConnectionPhase, Inner};
use crate::login::LoggedIn;
use crate::served::{self, Served};
use crate::{Kind, Trouble, TroubleKind};

impl Inner {
    /// A client with a credential, made once and shared. Contacts nothing.
    pub(crate) async fn client(&self) -> Result<Client, Trouble> {
        if let Some(made) = self.held_client().await {
            return Ok(made.client);
        }
        let _one = self.making.lock().await;
        if let Some(made) = self.held_client().await {
            return Ok(made.client);
        }
        let made = self.login.client().await?;
        *self.client.write().await = Some(made.clone());
        Ok(made.client)
    }

    /// The client in use, unless what it was made of has changed.
    async fn held_client(&self) -> Option<LoggedIn> {
        self.client.read().await.clone().filter(|made| self.login.is_current(made))
    }

    /// Looks for another credential because the cluster refused the one of `generation`; gives whether there is one now.
    pub(crate) async fn renew(&self, generation: u64) -> Result<bool, Trouble> {
        let renewed = self.login.renew(generation).await.map_err(|error| Trouble::of_plugin(&error))?;
        let held = self.client.read().await.clone();
        let other = held.is_some_and(|made| made.generation > generation || !self.login.is_current(&made));
        self.forget_client(generation).await;
        Ok(renewed || other)
    }

    /// Drops the client that carries the credential of `generation`, or an older one.
    pub(super) async fn forget_client(&self, generation: u64) {
        let mut held = self.client.write().await;
        if held.as_ref().is_some_and(|made| made.generation <= generation) {
            *held = None;
        }
    }

    /// What the server serves; asked until there is an answer. `None` where the cluster does not tell.
    pub(super) async fn find_served(&self) -> Option<Arc<Served>> {
        const FIRST: Duration = Duration::from_millis(800);
        let mut delay = FIRST;
        loop {
            let trouble = match self.ask_served().await {
                Ok(served) => return Some(served),
                Err(trouble) => trouble,
            };
            match trouble.kind {
                TroubleKind::Refused | TroubleKind::Missing | TroubleKind::Server => return None,
                TroubleKind::Credential => match self.renew(self.login.generation()).await {
                    Ok(true) => continue,
                    Ok(false) => self.fail(&trouble),
                    Err(trouble) => self.fail(&trouble),
                },
                _ => self.fail(&trouble),
            }
            if self.sleep_or_restart(delay).await {
                delay = FIRST;
            } else {
                delay = (delay * 2).min(Duration::from_secs(30));
            }
        }
    }

    pub(crate) async fn ask_served(&self) -> Result<Arc<Served>, Trouble> {
        let client = self.client().await?;
        let seconds = 20;
        let (served, version) = tokio::join!(
            tokio::time::timeout(Duration::from_secs(seconds), served::ask(&client)),
            tokio::time::timeout(Duration::from_secs(5), client.apiserver_version()),
        );
        let served = served.map_err(|_| Trouble::timed_out(seconds))?.map_err(|error| Trouble::of(&error))?;
        let served = Arc::new(served);
        *self.served.write().await = Some(served.clone());
        if let Ok(Ok(version)) = version {
            self.state.send_modify(|state| state.server_version = version.git_version);
        }
        Ok(served)
    }

    /// The kinds that are served, asked anew where a name is not among those that were.
    pub(crate) async fn served_kind(&self, name: &str) -> Result<Option<Kind>, Trouble> {
        if let Some(kind) = self.served.read().await.as_ref().and_then(|served| served.find(name).cloned()) {
            return Ok(Some(kind));
        }
        Ok(self.ask_served().await?.find(name).cloned())
    }

    fn fail(&self, trouble: &Trouble) {
        let now = self.clock.now();
        self.state.send_modify(|state| state.stop(trouble, &self.server, now));
    }
}

/// A login that does not work is tried again as soon as a file changes that it is read from: a token that another program
/// rotated, a certificate that was issued anew.
pub(super) async fn follow_files(inner: Arc<Inner>) {
    let mut known = inner.login.version_of_files();
    loop {
        tokio::time::sleep(inner.patience.files).await;
        let now = inner.login.version_of_files();
        if now == known {
            continue;
        }
        known = now;
        let phase = inner.state.borrow().phase;
        if matches!(
            phase,
            ConnectionPhase::LoggedOut
                | ConnectionPhase::Unreachable
                | ConnectionPhase::Failed
                | ConnectionPhase::Degraded
        ) {
            tracing::info!("a file of the login changed; watches start again");
            inner.start_again().await;
        }
    }
}
