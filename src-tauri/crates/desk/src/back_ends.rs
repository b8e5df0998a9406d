//! Where a cluster's metrics, stored logs and alerts are asked: found among its Services, or configured by an engineer.
//! Settings hold no secret: a header's value stands in an environment variable or in the keyring.

use std::sync::Arc;

use cluster::{BackEndKind, BackEndPlace, ConfiguredBackEnd, Connection, FollowState};
use model::ClusterId;
use serde::{Deserialize, Serialize};

use crate::rows::{BackEndAt, BackEndHeader, BackEndName, BackEndRow, FollowLines, FollowRow, HeaderValueFrom, Update};
use crate::{Desk, DeskError};

/// How the keyring knows this program's entries.
const KEYRING: &str = "caseboard";
/// Lines of a followed log that the window takes at once.
const MOST_LINES: usize = 2_000;

/// A back end as the desk file keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    kind: BackEndName,
    at: BackEndAt,
    #[serde(default)]
    headers: Vec<BackEndHeader>,
}

impl Desk {
    /// Each kind of back end of an open cluster: what is configured, found, or neither. Contacts nothing.
    pub async fn back_ends(&self, cluster: &ClusterId) -> Result<Vec<BackEndRow>, DeskError> {
        let connection = self.live(cluster)?;
        let kept = self.kept_back_ends(cluster)?;
        let states = connection.back_end_states().await;
        let rows = states.into_iter().map(|state| {
            let kind = BackEndName::from(state.kind);
            let headers = kept.iter().find(|kept| kept.kind == kind).map(|kept| kept.headers.clone());
            BackEndRow {
                kind,
                name: state.kind.name().into(),
                at: state.place.map(BackEndAt::from),
                configured: state.configured,
                headers: headers.unwrap_or_default(),
                words: state.words,
                hint: state.hint,
                answered_at: state.answered_at,
                trouble: state.trouble,
            }
        });
        Ok(rows.collect())
    }

    /// Configures a back end of a cluster in the place of what is found. Where `secrets` has a value for a header that
    /// comes from the keyring, it is put there first.
    pub async fn put_back_end(
        &self,
        cluster: &ClusterId,
        kind: BackEndName,
        at: BackEndAt,
        headers: Vec<BackEndHeader>,
        secrets: &[(String, String)],
    ) -> Result<Vec<BackEndRow>, DeskError> {
        check(&at)?;
        let mut headers = headers;
        for header in &mut headers {
            if let HeaderValueFrom::Keyring { entry } = &mut header.from {
                if entry.trim().is_empty() {
                    *entry = format!("{cluster}/{}/{}", kind.word(), header.name.to_ascii_lowercase());
                }
                if let Some((_, secret)) = secrets.iter().find(|(name, _)| name.eq_ignore_ascii_case(&header.name)) {
                    keyring::Entry::new(KEYRING, entry).and_then(|entry| entry.set_password(secret)).map_err(|e| {
                        DeskError {
                            code: "unavailable",
                            what: format!("The value of `{}` could not be put into the keyring: {e}.", header.name),
                            hint: "Unlock the keyring, or give the value in an environment variable.".into(),
                        }
                    })?;
                }
            }
        }
        let mut kept = self.kept_back_ends(cluster)?;
        kept.retain(|one| one.kind != kind);
        kept.push(Kept { kind, at, headers });
        self.keep_back_ends(cluster, &kept)?;
        self.back_ends(cluster).await
    }

    /// Back to what is found among the cluster's Services.
    pub async fn remove_back_end(&self, cluster: &ClusterId, kind: BackEndName) -> Result<Vec<BackEndRow>, DeskError> {
        let mut kept = self.kept_back_ends(cluster)?;
        kept.retain(|one| one.kind != kind);
        self.keep_back_ends(cluster, &kept)?;
        self.back_ends(cluster).await
    }

    /// Asks a back end one question that changes nothing; the rows say whether it answered.
    pub async fn try_back_end(&self, cluster: &ClusterId, kind: BackEndName) -> Result<Vec<BackEndRow>, DeskError> {
        // Why it did not answer stands in its row.
        let _ = self.live(cluster)?.try_back_end(kind.into()).await;
        self.back_ends(cluster).await
    }

    /// Logs of a cluster that are followed.
    pub fn follows(&self, cluster: &ClusterId) -> Result<Vec<FollowRow>, DeskError> {
        Ok(self.live(cluster)?.followed().into_iter().map(FollowRow::from).collect())
    }

    /// The lines of a followed log after number `after` (0: from the first that is held).
    pub fn followed_lines(&self, cluster: &ClusterId, id: u64, after: u64) -> Result<FollowLines, DeskError> {
        let page = self.live(cluster)?.followed_lines(id, after, MOST_LINES);
        let page = page.ok_or_else(|| DeskError::not_found("This log is not followed any more."))?;
        Ok(FollowLines { follow: page.state.into(), lines: page.lines, next: page.next, missed: page.missed })
    }

    pub fn stop_following(&self, cluster: &ClusterId, id: u64) -> Result<Vec<FollowRow>, DeskError> {
        self.live(cluster)?.stop_following(id);
        self.follows(cluster)
    }

    fn live(&self, cluster: &ClusterId) -> Result<Arc<Connection>, DeskError> {
        self.opened(cluster)?.connection.clone().ok_or_else(|| DeskError {
            code: "unavailable",
            what: format!("`{}` is a recording or is not open; nothing can be asked of it.", self.name_of(cluster)),
            hint: "Open the live cluster.".into(),
        })
    }

    fn kept_back_ends(&self, cluster: &ClusterId) -> Result<Vec<Kept>, DeskError> {
        let text = self.file.setting(&key(cluster))?;
        // What another version wrote is left alone until it is written anew.
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    fn keep_back_ends(&self, cluster: &ClusterId, kept: &[Kept]) -> Result<(), DeskError> {
        let text = serde_json::to_string(kept).map_err(|error| DeskError {
            code: "failed",
            what: format!("The setting could not be written: {error}."),
            hint: "Please report this.".into(),
        })?;
        self.file.set_setting(&key(cluster), &text)?;
        if let Some(connection) = &self.opened(cluster)?.connection {
            connection.configure_back_ends(kept.iter().map(resolved).collect());
        }
        self.tell(Update::ClustersChanged);
        Ok(())
    }

    /// Tells a connection what is configured for its cluster. A keyring may wait for a person, so that is not waited for.
    pub(crate) fn configure_back_ends(&self, connection: &Arc<Connection>) {
        let kept = match self.kept_back_ends(connection.cluster()) {
            Ok(kept) if kept.is_empty() => return,
            Ok(kept) => kept,
            Err(error) => {
                tracing::warn!(what = error.what, "the configured back ends could not be read");
                return;
            }
        };
        let connection = Arc::clone(connection);
        std::thread::spawn(move || connection.configure_back_ends(kept.iter().map(resolved).collect()));
    }
}

fn key(cluster: &ClusterId) -> String {
    format!("back_ends:{cluster}")
}

fn check(at: &BackEndAt) -> Result<(), DeskError> {
    let wrong = |what: &str| Err(DeskError::bad_request(what, "Correct it and save again."));
    match at {
        BackEndAt::Service { namespace, name, port, .. } => {
            if namespace.trim().is_empty() || name.trim().is_empty() {
                return wrong("A Service is named by its namespace and its name.");
            }
            if *port == 0 { wrong("A port is a number from 1 to 65535.") } else { Ok(()) }
        }
        BackEndAt::Address { url, .. } => match url.trim() {
            url if url.starts_with("http://") || url.starts_with("https://") => Ok(()),
            _ => wrong("An address begins with http:// or https://."),
        },
    }
}

/// With the values of its headers, or why there is one missing.
fn resolved(kept: &Kept) -> ConfiguredBackEnd {
    let mut headers = Vec::new();
    let mut problem = None;
    for BackEndHeader { name, from } in &kept.headers {
        let value = match from {
            HeaderValueFrom::Plain { value } => Ok(value.clone()),
            HeaderValueFrom::Environment { variable } => {
                std::env::var(variable).map_err(|_| format!("the environment has no variable `{variable}`"))
            }
            HeaderValueFrom::Keyring { entry } => keyring::Entry::new(KEYRING, entry)
                .and_then(|entry| entry.get_password())
                .map_err(|error| format!("the keyring gives no value for `{name}` ({error})")),
        };
        match value {
            Ok(value) => headers.push((name.clone(), value)),
            Err(why) => problem = Some(why),
        }
    }
    ConfiguredBackEnd { kind: kept.kind.into(), place: kept.at.clone().into(), headers, problem }
}

impl BackEndName {
    fn word(self) -> &'static str {
        match self {
            BackEndName::Prometheus => "prometheus",
            BackEndName::Loki => "loki",
            BackEndName::Alertmanager => "alertmanager",
        }
    }
}

impl From<BackEndKind> for BackEndName {
    fn from(kind: BackEndKind) -> Self {
        match kind {
            BackEndKind::Prometheus => BackEndName::Prometheus,
            BackEndKind::Loki => BackEndName::Loki,
            BackEndKind::Alertmanager => BackEndName::Alertmanager,
        }
    }
}

impl From<BackEndName> for BackEndKind {
    fn from(name: BackEndName) -> Self {
        match name {
            BackEndName::Prometheus => BackEndKind::Prometheus,
            BackEndName::Loki => BackEndKind::Loki,
            BackEndName::Alertmanager => BackEndKind::Alertmanager,
        }
    }
}

impl From<BackEndPlace> for BackEndAt {
    fn from(place: BackEndPlace) -> Self {
        match place {
            BackEndPlace::Service { namespace, name, port, https, path } => {
                BackEndAt::Service { namespace, name, port, https, path }
            }
            BackEndPlace::Address { url, ca_file } => BackEndAt::Address { url, ca_file },
        }
    }
}

impl From<BackEndAt> for BackEndPlace {
    fn from(at: BackEndAt) -> Self {
        match at {
            BackEndAt::Service { namespace, name, port, https, path } => {
                BackEndPlace::Service { namespace, name, port, https, path }
            }
            BackEndAt::Address { url, ca_file } => BackEndPlace::Address { url, ca_file },
        }
    }
}

impl From<FollowState> for FollowRow {
    fn from(state: FollowState) -> Self {
        let FollowState { id, namespace, pod, container, since, lines, heard_at, trouble, ended } = state;
        FollowRow { id, namespace, pod, container, since, lines, heard_at, trouble, ended }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_without_its_value_is_a_problem_and_not_a_question_without_it() {
        let from = HeaderValueFrom::Environment { variable: "CASEBOARD_TEST_NO_SUCH_VARIABLE".into() };
        let at = BackEndAt::Address { url: "https://metrics.example".into(), ca_file: None };
        let header = BackEndHeader { name: "Authorization".into(), from };
        let kept = Kept { kind: BackEndName::Prometheus, at, headers: vec![header] };
        let resolved = resolved(&kept);
        assert!(resolved.problem.is_some_and(|why| why.contains("CASEBOARD_TEST_NO_SUCH_VARIABLE")));
        assert!(resolved.headers.is_empty());
        let text = serde_json::to_string(&kept).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Kept>(&text).ok(), Some(kept));
    }

    #[test]
    fn an_address_that_is_none_is_refused_before_it_is_kept() {
        assert!(check(&BackEndAt::Address { url: "metrics.example:9090".into(), ca_file: None }).is_err());
        let service = |port| BackEndAt::Service {
            namespace: "m".into(),
            name: "p".into(),
            port,
            https: false,
            path: String::new(),
        };
        assert!(check(&service(0)).is_err() && check(&service(9090)).is_ok());
    }
}
