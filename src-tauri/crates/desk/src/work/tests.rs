use super::*;

/// Someone at work who does nothing.
fn idle() -> Work {
    Work {
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
    }
}

#[test]
fn an_investigation_that_rests_or_has_ended_does_not_go_on_until_it_is_woken() {
    let work = idle();
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
    let (desk, _folder) = crate::testing::desk_in_memory();
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

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_in_dollars_needs_a_price_that_it_could_be_counted_by() {
    let (desk, _folder) = crate::testing::desk_in_memory();
    let history = Arc::new(history::History::in_memory(ClusterId("demo".into())).expect("a history"));
    desk.add_recorded(ClusterId("demo".into()), "demo".into(), String::new(), history);
    let open = || desk.new_case(&ClusterId("demo".into()), &crate::About::All, None).expect("a case");
    let model = |provider, price| crate::ChosenModel {
        endpoint: llm::Endpoint {
            name: "mine".into(),
            provider,
            base: "http://127.0.0.1:1/v1".into(),
            model: "small".into(),
            tools: llm::ToolMode::Native,
            thinks: false,
        },
        key: crate::KeyFrom::Nowhere,
        authority: None,
        price,
    };
    let start = |case, micro_dollars| {
        let budget = Some(Budget { micro_dollars, ..Budget::default() });
        desk.start_investigation(case, Lead { investigator: Some("mine".into()), budget, ..Lead::default() })
    };
    desk.put_model(model(llm::Provider::Ollama, None)).expect("a model");
    let case = open();
    let refused = start(case, Some(1_000_000)).expect_err("it would never count");
    assert_eq!(refused.code, "bad_request");
    assert!(refused.what.contains("`mine`") && refused.what.contains("no price"), "{refused}");
    assert!(refused.hint.contains("Set the price") && refused.hint.contains("without a limit"), "{refused}");
    assert!(started_by(&desk.case(case).expect("the case").events).is_none(), "nothing began");

    let price = Some(llm::Price { input: 3_000_000, output: 15_000_000, ..llm::Price::default() });
    for (said, limit) in [
        (model(llm::Provider::Ollama, None), None),
        (model(llm::Provider::Ollama, price), Some(1_000_000)),
        (model(llm::Provider::OpenRouter, None), Some(1_000_000)),
    ] {
        desk.put_model(said.clone()).expect("a model");
        start(open(), limit).unwrap_or_else(|error| panic!("{said:?}: {error}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_could_not_be_written_down_does_not_count() {
    let (desk, _folder) = crate::testing::desk_in_memory();
    // No case of this desk, so nothing can be written into it.
    let (case, work) = (desk.ids.case(), Arc::new(idle()));
    lock(&desk.work).insert(case, Arc::clone(&work));
    let rule = gate::Rule { name: "reads in shop".into(), tools: vec!["logs".into()], ..gate::Rule::default() };
    assert_eq!(desk.allow(case, rule).expect_err("there is no such case").code, "not_found");
    assert!(work.policy.read().expect("a policy").rules.is_empty());
}
