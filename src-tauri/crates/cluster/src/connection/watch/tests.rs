use super::*;

fn watch(streams: bool) -> Watch {
    Watch::new(streams, false, Patience::default(), 0)
}

fn failed(kind: TroubleKind) -> Happened {
    let trouble = Trouble { kind, why: "why".into(), hint: String::new() };
    Happened::Failed(Failure::of(trouble))
}

fn page(version: &str, next: Option<&str>) -> Happened {
    Happened::Page { version: version.into(), next: next.map(str::to_owned) }
}

/// A watch that has listed and follows from version 7.
fn following() -> Watch {
    let mut watch = watch(false);
    watch.next(Happened::PauseOver);
    watch.next(page("7", None));
    assert_eq!(watch.state, State::Following { version: "7".into(), heard: false });
    watch.next(Happened::Answered);
    watch
}

fn pauses(acts: &[Act]) -> Duration {
    let pause = acts.iter().find_map(|act| if let Act::Pause(pause) = act { Some(*pause) } else { None });
    pause.expect("a pause")
}

#[test]
fn a_streamed_list_goes_on_as_a_watch_of_the_same_answer() {
    let mut watch = watch(true);
    assert_eq!(watch.next(Happened::PauseOver), [Act::BeginList, Act::StreamAll]);
    assert_eq!(watch.next(Happened::Answered), []);
    assert_eq!(watch.next(Happened::Object("3".into())), []);
    assert_eq!(watch.next(Happened::Whole("7".into())), [Act::ListIsWhole, Act::Show(WatchPhase::Live, None)]);
    watch.next(Happened::Object("8".into()));
    assert_eq!(watch.state, State::Following { version: "8".into(), heard: true });
}

#[test]
fn a_stream_that_does_not_come_to_its_end_is_asked_for_in_pages_and_never_again() {
    for happened in [Happened::Silent, Happened::Ended, failed(TroubleKind::Server)] {
        let mut watch = watch(true);
        watch.next(Happened::PauseOver);
        let acts = watch.next(happened);
        assert_eq!(acts, [Act::ForgoStreams, Act::BeginList, Act::AskPage { limit: FIRST_PAGE, from: None }]);
        assert!(!watch.streams);
    }
}

#[test]
fn who_may_not_watch_may_still_list() {
    let mut watch = watch(true);
    watch.next(Happened::PauseOver);
    let acts = watch.next(failed(TroubleKind::Refused));
    assert_eq!(acts, [Act::BeginList, Act::AskPage { limit: FIRST_PAGE, from: None }]);
    assert!(matches!(
        watch.next(page("7", None))[..],
        [Act::ListIsWhole, Act::Show(WatchPhase::Live, None), Act::Follow { .. }]
    ));
    let acts = watch.next(failed(TroubleKind::Refused));
    assert!(matches!(acts[..], [Act::Refused(_), Act::Show(WatchPhase::Refused, Some(_)), Act::Pause(_)]), "{acts:?}");
}

#[test]
fn the_first_page_is_small_and_the_others_are_large() {
    let mut watch = watch(false);
    assert_eq!(watch.next(Happened::PauseOver)[1], Act::AskPage { limit: FIRST_PAGE, from: None });
    let acts = watch.next(page("7", Some("more")));
    assert_eq!(acts, [Act::AskPage { limit: NEXT_PAGES, from: Some("more".into()) }]);
}

#[test]
fn a_page_that_broke_off_is_asked_for_again_and_the_pages_before_it_stand() {
    let mut watch = watch(false);
    watch.next(Happened::PauseOver);
    watch.next(page("7", Some("more")));
    for happened in [Happened::Silent, Happened::Ended, failed(TroubleKind::Network)] {
        watch.next(happened);
        let again = watch.next(Happened::PauseOver);
        assert_eq!(again, [Act::AskPage { limit: NEXT_PAGES, from: Some("more".into()) }]);
    }
}

#[test]
fn a_list_that_expires_again_and_again_is_asked_for_whole_and_then_waits() {
    let mut watch = watch(false);
    watch.next(Happened::PauseOver);
    let mut limits = Vec::new();
    for _ in 0..8 {
        for act in watch.next(failed(TroubleKind::Gone)) {
            match act {
                Act::AskPage { limit, .. } => limits.push(limit),
                Act::Pause(_) => return assert_eq!(limits, [FIRST_PAGE, FIRST_PAGE, 0, 0]),
                _ => {}
            }
        }
    }
    panic!("it never waited");
}

#[test]
fn a_watch_that_fell_behind_lists_again_once_and_takes_nothing_away_before_the_list_is_whole() {
    let mut watch = following();
    let acts = watch.next(failed(TroubleKind::Gone));
    let [Act::CountRestart, Act::Show(WatchPhase::Relisting, Some(_)), list @ ..] = acts.as_slice() else {
        panic!("it is shown as what it is: {acts:?}")
    };
    assert_eq!(list, [Act::BeginList, Act::AskPage { limit: FIRST_PAGE, from: None }]);
    assert_eq!(watch.next(page("8", Some("more"))).len(), 1, "not live before the last page");
    let whole = watch.next(page("9", None));
    assert_eq!(whole[..2], [Act::ListIsWhole, Act::Show(WatchPhase::Live, None)]);
    assert!(pauses(&watch.next(failed(TroubleKind::Gone))) > Duration::ZERO, "not in a tight loop");
}

#[test]
fn a_version_from_the_future_is_listed_again() {
    let mut watch = following();
    let Happened::Failed(failure) = failed(TroubleKind::Busy) else { panic!("a failure") };
    let acts = watch.next(Happened::Failed(Failure { version_unknown: true, ..failure }));
    assert!(acts.contains(&Act::BeginList), "{acts:?}");
}

#[test]
fn a_broken_watch_goes_on_from_where_it_was() {
    for happened in [Happened::Silent, failed(TroubleKind::Network), Happened::Restart] {
        let mut watch = following();
        watch.next(Happened::Bookmark("12".into()));
        let mut acts = watch.next(happened);
        if acts.iter().any(|act| matches!(act, Act::Pause(_))) {
            acts = watch.next(Happened::PauseOver);
        }
        assert_eq!(acts.last(), Some(&Act::Follow { from: "12".into() }));
        assert!(!acts.contains(&Act::BeginList));
    }
}

#[test]
fn a_watch_that_ends_at_once_is_not_opened_in_a_tight_loop() {
    let mut watch = following();
    let mut last = Duration::ZERO;
    for _ in 0..4 {
        let pause = pauses(&watch.next(Happened::Ended));
        assert!(pause > last, "{pause:?}");
        last = pause;
        watch.next(Happened::PauseOver);
        watch.next(Happened::Answered);
    }
    watch.next(Happened::Bookmark("9".into()));
    assert_eq!(watch.next(Happened::Ended), [Act::Follow { from: "9".into() }]);
}

#[test]
fn no_pause_is_shorter_than_the_server_asked_for() {
    let mut watch = following();
    let Happened::Failed(failure) = failed(TroubleKind::Busy) else { panic!("a failure") };
    let asked = Duration::from_secs(45);
    assert!(pauses(&watch.next(Happened::Failed(Failure { retry_after: Some(asked), ..failure }))) >= asked);
}

#[test]
fn pauses_grow_to_an_end_and_differ_from_watch_to_watch() {
    let pauses_of = |spread: u32| -> Vec<Duration> {
        let mut watch = Watch::new(false, false, Patience::default(), spread);
        watch.next(Happened::PauseOver);
        (0..12)
            .map(|_| {
                let pause = pauses(&watch.next(failed(TroubleKind::Network)));
                watch.next(Happened::PauseOver);
                pause
            })
            .collect()
    };
    let (one, other) = (pauses_of(1), pauses_of(2));
    assert!(one[3] > one[0] && one.iter().all(|pause| *pause <= Patience::default().last_retry * 5 / 4));
    assert_ne!(one, other);
}

#[test]
fn a_refused_cluster_leaves_the_contexts_namespace() {
    let mut watch = Watch::new(false, true, Patience::default(), 0);
    watch.next(Happened::PauseOver);
    assert_eq!(watch.next(failed(TroubleKind::Refused)), [Act::Narrow]);
}

#[test]
fn late_news_of_a_closed_answer_changes_nothing() {
    let mut watch = following();
    watch.next(failed(TroubleKind::Network));
    let paused = watch.state.clone();
    for late in [Happened::Answered, Happened::Object("9".into()), page("9", None), Happened::Ended, Happened::Silent] {
        assert_eq!(watch.next(late), []);
        assert_eq!(watch.state, paused);
    }
}

#[test]
fn a_login_that_is_not_accepted_goes_on_at_once_with_another_one_and_waits_without() {
    let mut watch = following();
    let acts = watch.next(failed(TroubleKind::Credential));
    let [Act::RenewLogin(failure)] = acts.as_slice() else { panic!("{acts:?}") };
    let failure = failure.clone();
    assert_eq!(watch.next(Happened::Renewed), [Act::Follow { from: "7".into() }], "nobody sees a failure");

    watch.next(failed(TroubleKind::Credential));
    let acts = watch.next(Happened::NotRenewed(failure));
    assert!(acts.iter().any(|act| matches!(act, Act::Show(WatchPhase::Failed, Some(_)))), "{acts:?}");
    assert!(pauses(&acts) >= Patience::default().first_retry);
    assert_eq!(watch.next(Happened::Renewed), [Act::Follow { from: "7".into() }], "it may come later");
}
