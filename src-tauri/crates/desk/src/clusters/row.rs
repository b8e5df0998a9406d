//! How a cluster is shown.

use cluster::{ConnectionPhase, ConnectionState, Credential, ServedKind, Trouble, WatchPhase};
use model::ClusterId;

use super::Known;
use crate::Desk;
use crate::desk::lock;
use crate::error::full_stop;
use crate::rows::{
    ClusterPhase, ClusterRow, ClusterState, KindRow, KindsView, LoginKind, Problem, UnseenRow, WatchRow,
};
use crate::writes::is_production;

impl Desk {
    pub(super) fn row(&self, id: &ClusterId, known: &Known) -> ClusterRow {
        let look = known.opened.as_ref().and_then(|opened| lock(&opened.looks).newest());
        let incidents = look.map(|look| self.arrangement(id, &look.triage).incidents);
        let context = known.context.as_ref();
        ClusterRow {
            id: id.clone(),
            name: known.name.clone(),
            kind: known.kind,
            source: known.source.clone(),
            server: known.server.clone(),
            namespace: known.namespace.clone(),
            user: context.map(|context| context.user.clone()).unwrap_or_default(),
            current: context.is_some_and(|context| context.current),
            login: context.map_or(LoginKind::None, |context| login(context.credential)),
            exec: context.and_then(|context| context.exec.as_ref()).map(|exec| self.trusts.row(exec)),
            acts_as: context.and_then(|context| context.acts_as.clone()),
            insecure: context.is_some_and(|context| context.insecure),
            proxy: context.and_then(|context| context.proxy.clone()),
            settings: self.cluster_settings(id),
            production: is_production(known.kind, &known.name, &known.server),
            writes: false,
            state: state_of(known),
            open_incidents: incidents.as_ref().map(|incidents| incidents.len() as u32),
            worst: incidents.and_then(|incidents| incidents.iter().map(|incident| incident.severity).max()),
            problems: known.problems.clone(),
        }
    }
}

impl KindsView {
    pub(super) fn of(kinds: Vec<ServedKind>, unknown: &[(String, Trouble)]) -> Self {
        let row = |kind: ServedKind| {
            let ServedKind { name, group, version, namespaced } = kind;
            KindRow { name, group, version, namespaced }
        };
        let problem = |(group, trouble): &(String, Trouble)| Problem {
            what: format!("Could not ask for the kinds of `{group}`"),
            why: full_stop(&trouble.why),
            hint: trouble.hint.clone(),
        };
        KindsView { kinds: kinds.into_iter().map(row).collect(), unknown: unknown.iter().map(problem).collect() }
    }
}

fn login(credential: Credential) -> LoginKind {
    match credential {
        Credential::ClientCertificate => LoginKind::ClientCertificate,
        Credential::Token => LoginKind::Token,
        Credential::TokenFile => LoginKind::TokenFile,
        Credential::Basic => LoginKind::Basic,
        Credential::Exec => LoginKind::Exec,
        Credential::AuthProvider => LoginKind::AuthProvider,
        Credential::None => LoginKind::None,
    }
}

pub(crate) fn problem(issue: &cluster::Issue) -> Problem {
    let place = match issue.line {
        _ if !issue.what.contains(&issue.source) => format!(" (`{}`)", issue.source),
        Some(line) => format!(" (line {line})"),
        None => String::new(),
    };
    Problem { what: format!("Could not {}{place}", issue.what), why: full_stop(&issue.why), hint: issue.hint.clone() }
}

fn state_of(known: &Known) -> ClusterState {
    let mut state = ClusterState {
        phase: ClusterPhase::Closed,
        since: None,
        message: "Not open; nothing was contacted.".into(),
        hint: String::new(),
        trouble: None,
        server_version: String::new(),
        watches: Vec::new(),
        unseen: Vec::new(),
        unkept: None,
        last_seen_at: None,
        span: None,
    };
    let Some(opened) = &known.opened else { return state };
    state.span = opened.history.span().ok().flatten();
    match &opened.connection {
        None => {
            state.phase = ClusterPhase::Recorded;
            state.message = "A recording.".into();
            state.last_seen_at = state.span.map(|(_, last)| last);
        }
        Some(connection) => describe(&connection.state(), &mut state),
    }
    if opened.unopened.is_some() {
        state.unkept.clone_from(&opened.unopened);
    }
    state
}

fn describe(connection: &ConnectionState, state: &mut ClusterState) {
    state.phase = match connection.phase {
        ConnectionPhase::Connecting => ClusterPhase::Connecting,
        ConnectionPhase::AwaitingTrust => ClusterPhase::AwaitingTrust,
        ConnectionPhase::LoggingIn => ClusterPhase::LoggingIn,
        ConnectionPhase::LoggedOut => ClusterPhase::LoggedOut,
        ConnectionPhase::Unreachable => ClusterPhase::Unreachable,
        ConnectionPhase::Live => ClusterPhase::Live,
        ConnectionPhase::Degraded => ClusterPhase::Degraded,
        ConnectionPhase::Failed => ClusterPhase::Failed,
        ConnectionPhase::Closed => ClusterPhase::Closed,
    };
    state.message.clone_from(&connection.message);
    state.unkept.clone_from(&connection.unkept);
    state.hint.clone_from(&connection.hint);
    state.since = Some(connection.since);
    state.trouble = connection.trouble.as_ref().map(|trouble| trouble.kind.code().to_owned());
    state.server_version.clone_from(&connection.server_version);
    let unseen = connection.unseen().into_iter();
    state.unseen = unseen.map(|u| UnseenRow { kind: u.kind, except_in: u.except_in, why: u.why }).collect();
    state.last_seen_at = connection.last_event_at();
    state.watches = connection
        .watches
        .iter()
        .map(|watch| WatchRow {
            kind: watch.kind.clone(),
            namespace: watch.namespace.clone(),
            phase: words(watch.phase).into(),
            since: watch.since,
            last_event_at: watch.last_event_at,
            listed: watch.listed,
            streamed: watch.streamed,
            objects: u32::try_from(watch.objects).unwrap_or(u32::MAX),
            restarts: watch.restarts,
            issues: u32::try_from(watch.issues).unwrap_or(u32::MAX),
            last_issue: watch.last_issue.clone(),
            error: watch.error.as_ref().map(|trouble| format!("{} {}", trouble.why, trouble.hint)),
        })
        .collect();
}

fn words(phase: WatchPhase) -> &'static str {
    match phase {
        WatchPhase::Listing => "listing",
        WatchPhase::Live => "live",
        WatchPhase::Relisting => "listing again",
        WatchPhase::Refused => "refused",
        WatchPhase::Failed => "failed",
        WatchPhase::NotServed => "not served",
    }
}
