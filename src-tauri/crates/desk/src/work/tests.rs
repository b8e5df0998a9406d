use super::*;

#[test]
fn an_investigation_that_rests_or_has_ended_does_not_go_on_until_it_is_woken() {
    let work = Work {
        cluster: model::ClusterId("c".into()),
        policy: Arc::default(),
        investigator: BUILT_IN.into(),
        leaves: Arc::default(),
        may_leave: Arc::default(),
        destination: String::new(),
        wake: Notify::new(),
        ends: Arc::default(),
        give_up: Notify::new(),
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

#[tokio::test(flavor = "multi_thread")]
async fn what_may_leave_is_bound_to_where_it_goes_and_not_to_the_models_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = crate::Paths::in_folder(folder.path()).expect("paths");
    let kubeconfigs = cluster::Sources::default();
    let opening = crate::Opening { paths, in_memory: true, knowledge: Vec::new(), kubeconfigs, with_added: false };
    let desk = Desk::open(opening).expect("a desk");
    let here = llm::Endpoint {
        name: "mine".into(),
        provider: llm::Provider::OpenAi,
        base: "https://model.example/v1".into(),
        model: "small".into(),
        tools: llm::ToolMode::Native,
        thinks: false,
    };
    let (case, other) = (desk.ids.case(), desk.ids.case());
    let was_sent = |case, endpoint: &llm::Endpoint| desk.was_sent(case, &destination(endpoint)).expect("a setting");
    assert!(!was_sent(case, &here), "a case of another desk brings no such word");
    desk.file.set_setting(&sent(case), &destination(&here)).expect("kept");
    assert!(was_sent(case, &here));
    assert!(was_sent(case, &llm::Endpoint { name: "another word for it".into(), ..here.clone() }));
    assert!(!was_sent(other, &here));
    for moved in [
        llm::Endpoint { base: "https://elsewhere.example/v1".into(), ..here.clone() },
        llm::Endpoint { model: "large".into(), ..here.clone() },
        llm::Endpoint { provider: llm::Provider::OpenRouter, ..here.clone() },
    ] {
        assert!(!was_sent(case, &moved), "{moved:?}");
    }
}
