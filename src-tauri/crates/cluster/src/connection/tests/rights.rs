//! Who may see what: the rules decide, and the rest is not seen.

use super::*;

fn rule(groups: &[&str], resources: &[&str]) -> serde_json::Value {
    json!({"verbs": ["list", "watch"], "apiGroups": groups, "resources": resources})
}

/// A connection that soon asks again what may be listed.
fn open_on(fake: &Fake, namespace: &str, terms: Terms) -> Arc<Connection> {
    let context = fake.context("{}", namespace);
    let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
    let (redactor, search) = (Arc::new(Redactor::new([7; 32])), Arc::new(SearchPath::only(&[])));
    let patience = Patience { review: Duration::from_millis(300), ..Patience::default() };
    Connection::open_with(&context, terms, history, redactor, Arc::new(WallClock), search, patience)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_decide_what_is_watched_where_and_the_rest_is_not_seen_rather_than_absent() {
    let fake = Fake::start().await;
    fake.put("pods", pod("cart"));
    fake.put("pods", json!({"metadata": {"name": "vault", "namespace": "bank", "uid": "v"}}));
    {
        let mut shelf = fake.shelf();
        shelf.rules.insert(String::new(), vec![rule(&[""], &["nodes"])]);
        shelf.rules.insert("shop".into(), vec![rule(&["", "apps"], &["pods", "deployments"])]);
        shelf.rules.insert("bank".into(), vec![rule(&[""], &["pods"])]);
    }
    let context = fake.context("{}", "shop");
    let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
    let terms = Terms { namespaces: vec!["bank".into(), "empty".into()], ..Terms::default() };
    let redactor = Arc::new(Redactor::new([7; 32]));
    let search = Arc::new(SearchPath::only(&[]));
    let connection = Connection::open(&context, terms, history, redactor, Arc::new(WallClock), search);
    let state = connection.wait_synced(PATIENCE).await;
    assert_eq!(state.phase, ConnectionPhase::Live, "{state:?}");
    let places = |kind: &str| -> Vec<(String, WatchPhase)> {
        let of_kind = state.watches.iter().filter(|w| w.kind == kind);
        of_kind.map(|w| (w.namespace.clone(), w.phase)).collect()
    };
    assert_eq!(places("Node"), [(String::new(), WatchPhase::Live)]);
    assert_eq!(places("Pod"), [("shop".to_owned(), WatchPhase::Live), ("bank".to_owned(), WatchPhase::Live)]);
    assert_eq!(places("Deployment"), [("shop".to_owned(), WatchPhase::Live)]);
    assert_eq!(places("Secret"), [(String::new(), WatchPhase::Refused)]);
    assert_eq!(names(&connection, "Pod"), ["vault", "cart"]);

    assert!(fake.seen("/secrets").is_empty(), "what is known to be refused is not asked for");
    assert!(fake.seen("/pods").iter().all(|seen| seen.path.contains("/namespaces/")), "nor the whole cluster");
    let snapshot = connection.history().snapshot(Time::MAX).unwrap();
    assert!(snapshot.absence_is_known("Pod", "shop") && snapshot.absence_is_known("Pod", "bank"));
    assert!(!snapshot.absence_is_known("Pod", "elsewhere") && !snapshot.absence_is_known("Secret", "shop"));
    let unseen = state.unseen();
    let secrets = unseen.iter().find(|u| u.kind == "Secret").unwrap();
    assert!(secrets.except_in.is_empty() && secrets.why.contains("`secrets`"), "{secrets:?}");
    let pods = unseen.iter().find(|u| u.kind == "Pod").unwrap();
    assert_eq!(pods.except_in, ["shop", "bank"]);
    assert!(unseen.iter().all(|u| u.kind != "Node"));
    connection.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_list_everything_is_asked_about_in_one_request() {
    let fake = Fake::start().await;
    fake.shelf().rules.insert(String::new(), vec![rule(&["*"], &["*"])]);
    let connection = open(&fake.context("{}", "shop"));
    let state = connection.wait_synced(PATIENCE).await;
    assert_eq!(state.phase, ConnectionPhase::Live, "{state:?}");
    assert!(state.unseen().is_empty() && state.watches.iter().all(|w| w.namespace.is_empty()));
    assert_eq!(fake.seen("selfsubject").len(), 1, "{:?}", fake.seen("selfsubject"));
    connection.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_show_while_the_cluster_still_thinks_about_which_kinds_it_serves() {
    let fake = Fake::start().await;
    fake.put("pods", pod("cart"));
    {
        let mut shelf = fake.shelf();
        shelf.rules.insert(String::new(), vec![rule(&["*"], &["*"])]);
        shelf.answers.insert("/api".into(), (429, String::new()));
    }
    let connection = open(&fake.context("{}", "shop"));
    let live = |state: &ConnectionState| {
        state.watches.iter().any(|watch| watch.kind == "Pod" && watch.phase == WatchPhase::Live)
    };
    let state = until_state(&connection, live).await;
    assert!(state.finding_kinds && !state.is_synced(), "{state:?}");
    assert_eq!(names(&connection, "Pod"), ["cart"]);
    fake.shelf().answers.clear();
    connection.reconnect().await;
    let state = connection.wait_synced(PATIENCE).await;
    assert!(!state.finding_kinds && state.watches.iter().any(|watch| watch.kind == "Deployment"), "{state:?}");
    assert_eq!(state.watches.iter().filter(|watch| watch.kind == "Pod").count(), 1);
    connection.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_namespaces_can_be_listed_those_that_the_rules_allow_are_watched() {
    let fake = Fake::start().await;
    for name in ["bank", "shop", "zoo"] {
        fake.put("namespaces", json!({"metadata": {"name": name, "uid": name}}));
    }
    {
        let mut shelf = fake.shelf();
        shelf.page = 500;
        shelf.rules.insert(String::new(), vec![rule(&[""], &["namespaces"])]);
        shelf.rules.insert("zoo".into(), vec![rule(&[""], &["pods"])]);
    }
    let connection = open(&fake.context("{}", ""));
    let state = connection.wait_synced(PATIENCE).await;
    let pods: Vec<&str> = state.watches.iter().filter(|w| w.kind == "Pod").map(|w| w.namespace.as_str()).collect();
    assert_eq!(pods, ["zoo"], "{state:?}");
    connection.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_rules_are_incomplete_the_access_review_decides() {
    let fake = Fake::start().await;
    {
        let mut shelf = fake.shelf();
        shelf.rules.insert(String::new(), vec![rule(&[""], &["nodes"])]);
        (shelf.rules_incomplete, shelf.allowed) = (true, true);
    }
    let connection = open(&fake.context("{}", "shop"));
    let state = connection.wait_synced(PATIENCE).await;
    assert_eq!(state.phase, ConnectionPhase::Live, "{state:?}");
    assert!(state.unseen().is_empty(), "{:?}", state.unseen());
    assert!(fake.seen("selfsubjectaccessreviews").iter().all(|seen| !seen.body.contains("\"nodes\"")));
    connection.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_later_is_watched_without_opening_anew_and_what_is_taken_is_not_seen() {
    let fake = Fake::start().await;
    fake.put("pods", pod("cart"));
    fake.put("pods", json!({"metadata": {"name": "vault", "namespace": "bank", "uid": "v"}}));
    let grant = |places: &[(&str, &[&str])]| {
        let mut shelf = fake.shelf();
        shelf.rules.clear();
        for (namespace, resources) in places {
            shelf.rules.insert((*namespace).to_owned(), vec![rule(&["", "apps"], resources)]);
        }
    };
    grant(&[("shop", &["pods"])]);
    let terms = Terms { namespaces: vec!["bank".into()], ..Terms::default() };
    let connection = open_on(&fake, "shop", terms);
    connection.wait_synced(PATIENCE).await;
    let live = |state: &ConnectionState, kind: &str| -> Vec<String> {
        let watches = state.watches.iter().filter(|w| w.kind == kind && w.phase == WatchPhase::Live);
        watches.map(|w| w.namespace.clone()).collect()
    };
    assert_eq!(live(&connection.state(), "Pod"), ["shop"]);

    grant(&[("shop", &["pods", "deployments"]), ("bank", &["pods"])]);
    let more = |s: &ConnectionState| live(s, "Pod") == ["shop", "bank"] && live(s, "Deployment") == ["shop"];
    let state = until_state(&connection, more).await;
    assert!(state.unseen().iter().all(|u| u.kind != "Deployment" || u.except_in == ["shop"]), "{:?}", state.unseen());
    until(&connection, |s| s.absence_is_known("Pod", "bank")).await;
    assert_eq!(names(&connection, "Pod"), ["vault", "cart"]);

    grant(&[("", &["*"])]);
    until_state(&connection, |s| live(s, "Pod") == [""] && live(s, "Deployment") == [""]).await;
    fake.put("pods", json!({"metadata": {"name": "lion", "namespace": "zoo", "uid": "l"}}));
    until(&connection, |s| s.get(&ObjectRef::new("Pod", "zoo", "lion")).is_some()).await;

    grant(&[("shop", &["pods"])]);
    until_state(&connection, |s| live(s, "Pod") == ["shop"]).await;
    let known = |s: &Snapshot| ["shop", "bank", "zoo"].map(|namespace| s.absence_is_known("Pod", namespace));
    until(&connection, |s| known(s) == [true, false, false]).await;
    fake.put("pods", pod("late"));
    until(&connection, |s| s.get(&ObjectRef::new("Pod", "shop", "late")).is_some()).await;
    connection.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_cluster_does_not_say_what_may_be_listed_added_namespaces_are_tried() {
    for own in ["shop", ""] {
        let fake = Fake::start().await;
        fake.put("pods", pod("cart"));
        fake.put("pods", json!({"metadata": {"name": "vault", "namespace": "bank", "uid": "v"}}));
        fake.shelf().allowed_only_in = Some("shop,bank".into());
        let terms = Terms { namespaces: vec!["shop".into(), "bank".into()], ..Terms::default() };
        let connection = open_on(&fake, own, terms);
        until(&connection, |s| ["shop", "bank"].iter().all(|namespace| s.absence_is_known("Pod", namespace))).await;
        assert_eq!(names(&connection, "Pod"), ["vault", "cart"]);
        assert!(!connection.history().snapshot(Time::MAX).unwrap().absence_is_known("Pod", "elsewhere"));
        connection.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_that_are_too_many_to_watch_are_named_and_not_taken_for_refused() {
    let fake = Fake::start().await;
    {
        let mut shelf = fake.shelf();
        shelf.page = 500;
        shelf.rules.insert(String::new(), vec![rule(&[""], &["namespaces"])]);
        for number in 0..20 {
            shelf.rules.insert(format!("team-{number:02}"), vec![rule(&[""], &["pods"])]);
        }
    }
    for number in 0..20 {
        let name = format!("team-{number:02}");
        fake.put("namespaces", json!({"metadata": {"name": name, "uid": name}}));
    }
    let connection = open_on(&fake, "", Terms { namespaces: vec!["team-19".into()], ..Terms::default() });
    let state = connection.wait_synced(PATIENCE).await;
    let pods = state.watches.iter().filter(|w| w.kind == "Pod").count();
    assert_eq!(state.left_out.len() + pods, 20, "{:?}", state.left_out);
    assert!(state.left_out.contains(&"team-18".to_owned()), "{:?}", state.left_out);
    let unseen = state.unseen();
    let pods = unseen.iter().find(|u| u.kind == "Pod").unwrap();
    assert!(pods.except_in.contains(&"team-19".to_owned()), "{pods:?}");
    assert!(pods.why.contains("team-12") && pods.why.contains("and 2 more may be seen too"), "{pods:?}");
    until(&connection, |s| s.coverage.iter().any(|c| c.kind == "Pod" && c.namespace.is_empty())).await;
    let snapshot = connection.history().snapshot(Time::MAX).unwrap();
    let everywhere = snapshot.coverage.iter().find(|c| c.kind == "Pod" && c.namespace.is_empty());
    assert_eq!(everywhere.map(|c| c.state), Some(model::CoverageState::NotAsked));
    connection.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_that_a_cluster_could_not_name_at_first_are_watched_once_it_does() {
    let fake = Fake::start().await;
    fake.shelf().answers.insert("/apis".into(), (500, String::new()));
    let connection = open_on(&fake, "", Terms { kinds: vec!["Basket".into()], ..Terms::default() });
    let state = connection.wait_synced(PATIENCE).await;
    assert!(state.watches.iter().all(|watch| watch.kind != "Basket"), "{state:?}");
    fake.shelf().answers.clear();
    let live = |s: &ConnectionState| s.watches.iter().any(|w| w.kind == "Basket" && w.phase == WatchPhase::Live);
    until_state(&connection, live).await;
    connection.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_kind_that_a_cluster_does_not_serve_is_shown_as_such_until_it_is_installed() {
    let fake = Fake::start().await;
    fake.shelf().unserved.insert("baskets".into());
    let connection = open_on(&fake, "", Terms { kinds: vec!["Basket".into()], ..Terms::default() });
    connection.wait_synced(PATIENCE).await;
    let of_baskets = |s: &ConnectionState| -> Vec<WatchPhase> {
        s.watches.iter().filter(|w| w.kind == "Basket").map(|w| w.phase).collect()
    };
    until_state(&connection, |s| of_baskets(s) == [WatchPhase::NotServed]).await;
    fake.shelf().unserved.clear();
    connection.watch_kind("Basket").await.unwrap();
    until_state(&connection, |s| of_baskets(s) == [WatchPhase::Live]).await;
    connection.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_of_one_namespace_asks_for_nothing_of_the_others() {
    for rules in [vec![rule(&["*"], &["*"])], Vec::new()] {
        let fake = Fake::start().await;
        fake.put("pods", pod("cart"));
        fake.put("pods", json!({"metadata": {"name": "vault", "namespace": "bank", "uid": "v"}}));
        if !rules.is_empty() {
            fake.shelf().rules.insert(String::new(), rules);
        }
        let context = fake.context("{}", "bank");
        let history = Arc::new(History::in_memory(context.id.clone()).unwrap());
        let terms = Terms { namespaces: vec!["shop".into()], only_namespaces: true, ..Terms::default() };
        let (redactor, search) = (Arc::new(Redactor::new([7; 32])), Arc::new(SearchPath::only(&[])));
        let connection = Connection::open(&context, terms, history, redactor, Arc::new(WallClock), search);
        let state = connection.wait_synced(PATIENCE).await;
        assert_eq!(state.phase, ConnectionPhase::Live, "{state:?}");
        assert_eq!(names(&connection, "Pod"), ["cart"]);
        for plural in ["/pods", "/secrets", "/events", "/deployments"] {
            let asked = fake.seen(plural);
            assert!(asked.iter().all(|seen| seen.path.contains("/namespaces/shop/")), "{asked:?}");
            assert!(!asked.is_empty(), "{plural}");
        }
        assert!(state.watches.iter().any(|w| w.kind == "Node" && w.phase == WatchPhase::Live));
        assert!(!connection.history().snapshot(Time::MAX).unwrap().absence_is_known("Pod", "bank"));
        connection.close().await;
    }
}
