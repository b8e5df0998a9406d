use super::*;

#[test]
fn an_investigation_that_rests_or_has_ended_does_not_go_on_until_it_is_woken() {
    let work = Work {
        cluster: model::ClusterId("c".into()),
        policy: Arc::default(),
        investigator: BUILT_IN.into(),
        leaves: Arc::default(),
        may_leave: Arc::default(),
        wake: Notify::new(),
        pause: watch::Sender::new(None),
        task: OnceLock::new(),
    };
    assert!(work.is_going_on(), "it has just begun");
    for rest in
        [Pause::Concluded, Pause::AwaitingDecision("0193b5d2-0000-7000-8000-000000000001".parse().expect("an id"))]
    {
        work.pause.send_replace(Some(Ok(rest.clone())));
        assert!(!work.is_going_on(), "{rest:?}");
        work.wake();
        assert!(work.is_going_on(), "a decision woke it");
    }
}
