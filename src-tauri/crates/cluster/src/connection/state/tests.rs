use super::*;
use crate::TroubleKind;

const PHASES: [ConnectionPhase; 9] = [
    ConnectionPhase::Connecting,
    ConnectionPhase::AwaitingTrust,
    ConnectionPhase::LoggingIn,
    ConnectionPhase::Live,
    ConnectionPhase::Degraded,
    ConnectionPhase::LoggedOut,
    ConnectionPhase::Unreachable,
    ConnectionPhase::Failed,
    ConnectionPhase::Closed,
];

fn watched(live: usize, listing: usize, failed: usize, listed: usize, obstacle: Option<Obstacle>) -> Event {
    Event::Watched(Tally { live, listing, failed, refused: 0, listed, obstacle })
}

fn after(events: &[Event]) -> ConnectionPhase {
    events.iter().fold(ConnectionPhase::Connecting, |phase, event| fold(phase, *event))
}

#[test]
fn nothing_brings_a_closed_connection_back() {
    let all_live = watched(25, 0, 0, 25, None);
    for event in [Event::LoginStarted, Event::LoginEnded, Event::Stopped(Obstacle::Login), all_live, Event::Restarted] {
        assert_eq!(fold(ConnectionPhase::Closed, event), ConnectionPhase::Closed, "{event:?}");
    }
    for phase in PHASES {
        assert_eq!(fold(phase, Event::Closed), ConnectionPhase::Closed, "{phase:?}");
    }
}

#[test]
fn a_login_with_a_plugin_goes_through_trust_and_the_plugin_to_live() {
    let asks = after(&[Event::Stopped(Obstacle::Trust)]);
    assert_eq!(asks, ConnectionPhase::AwaitingTrust);
    let trusted = fold(asks, Event::Restarted);
    assert_eq!(trusted, ConnectionPhase::Connecting);
    let running = fold(trusted, Event::LoginStarted);
    assert_eq!(running, ConnectionPhase::LoggingIn);
    let listing = fold(fold(running, Event::LoginEnded), watched(0, 25, 0, 0, None));
    assert_eq!(listing, ConnectionPhase::Connecting);
    assert_eq!(fold(listing, watched(1, 24, 0, 1, None)), ConnectionPhase::Live);
}

#[test]
fn a_lost_login_is_another_phase_than_a_lost_network() {
    let live = after(&[watched(25, 0, 0, 25, None)]);
    assert_eq!(live, ConnectionPhase::Live);
    let logged_out = fold(live, watched(0, 0, 25, 25, Some(Obstacle::Login)));
    assert_eq!(logged_out, ConnectionPhase::LoggedOut);
    let unreachable = fold(live, watched(0, 0, 25, 25, Some(Obstacle::Network)));
    assert_eq!(unreachable, ConnectionPhase::Unreachable);
    for phase in [logged_out, unreachable] {
        assert_eq!(fold(phase, watched(3, 0, 22, 25, Some(Obstacle::Network))), ConnectionPhase::Degraded);
        assert_eq!(fold(phase, watched(25, 0, 0, 25, None)), ConnectionPhase::Live);
    }
}

#[test]
fn one_watch_that_breaks_off_degrades_and_one_that_fails_before_any_list_does_not() {
    let live = after(&[watched(25, 0, 0, 25, None)]);
    assert_eq!(fold(live, watched(24, 0, 1, 25, Some(Obstacle::Network))), ConnectionPhase::Degraded);
    let first = fold(ConnectionPhase::Connecting, watched(0, 24, 1, 0, Some(Obstacle::Other)));
    assert_eq!(first, ConnectionPhase::Connecting);
}

#[test]
fn a_renewal_beside_live_watches_hides_nothing() {
    for phase in [ConnectionPhase::Live, ConnectionPhase::Degraded] {
        for event in [Event::LoginStarted, Event::LoginEnded, Event::Stopped(Obstacle::Login), Event::Restarted] {
            assert_eq!(fold(phase, event), phase, "{event:?}");
        }
    }
}

#[test]
fn every_phase_is_left_by_some_event_but_the_last() {
    let events = [
        Event::LoginStarted,
        Event::LoginEnded,
        Event::Stopped(Obstacle::Network),
        watched(25, 0, 0, 25, None),
        watched(0, 0, 25, 25, Some(Obstacle::Login)),
        Event::Restarted,
    ];
    for phase in PHASES {
        let leaves = events.iter().any(|event| fold(phase, *event) != phase);
        assert_eq!(leaves, phase != ConnectionPhase::Closed, "{phase:?}");
    }
}

fn watch(kind: &str, namespace: &str, phase: WatchPhase) -> WatchState {
    let error = matches!(phase, WatchPhase::Refused | WatchPhase::Failed)
        .then(|| Trouble::new(TroubleKind::Refused, format!("403: no {kind} for you"), "Ask for it."));
    WatchState { error, ..WatchState::new(0, kind.to_owned(), namespace.to_owned(), phase, Time(1)) }
}

#[test]
fn what_is_not_seen_is_said_with_where_it_is_seen_nevertheless() {
    let mut state = ConnectionState::connecting("https://x", Time(1));
    state.watches = vec![
        watch("Pod", "shop", WatchPhase::Live),
        watch("Pod", "bank", WatchPhase::Live),
        watch("Node", "", WatchPhase::Refused),
        watch("Service", "", WatchPhase::Live),
        watch("Secret", "shop", WatchPhase::Refused),
    ];
    let unseen: Vec<(String, Vec<String>)> = state.unseen().into_iter().map(|u| (u.kind, u.except_in)).collect();
    let wanted = [("Pod", vec!["shop", "bank"]), ("Node", vec![]), ("Secret", vec![])]
        .map(|(kind, places)| (kind.to_owned(), places.into_iter().map(str::to_owned).collect::<Vec<_>>()));
    assert_eq!(unseen, wanted);
    assert!(state.unseen()[1].why.contains("no Node for you"));
}

#[test]
fn the_time_of_a_phase_is_the_time_of_its_beginning() {
    let mut state = ConnectionState::connecting("https://x", Time(1));
    let trouble = Trouble::new(TroubleKind::Network, "no route", "Check the VPN.");
    state.stop(&trouble, "https://x", Time(2));
    state.stop(&trouble, "https://x", Time(3));
    assert_eq!((state.phase, state.since), (ConnectionPhase::Unreachable, Time(2)));
    assert!(state.message.contains("Could not reach https://x") && state.hint.contains("VPN"), "{state:?}");
    state.logging_in = Some("corp login".into());
    state.apply(Event::LoginStarted, "https://x", Time(4));
    assert_eq!((state.phase, state.since), (ConnectionPhase::LoggingIn, Time(4)));
    assert!(state.message.contains("`corp login`"), "{state:?}");
}

#[test]
fn what_the_plugin_said_is_shown_before_the_refusal_that_made_it_run() {
    let mut state = ConnectionState::connecting("https://x", Time(1));
    let failed =
        |kind: &str, trouble: Trouble| WatchState { error: Some(trouble), ..watch(kind, "", WatchPhase::Failed) };
    state.watches = vec![
        failed("Pod", Trouble::new(TroubleKind::Credential, "401: Unauthorized", "Log in again.")),
        failed("Node", Trouble::new(TroubleKind::Plugin, "`corp login`: the session has expired", "Run it.")),
    ];
    state.settle("https://x", Time(2));
    assert_eq!(state.phase, ConnectionPhase::LoggedOut);
    assert!(state.message.contains("the session has expired"), "{}", state.message);
}
