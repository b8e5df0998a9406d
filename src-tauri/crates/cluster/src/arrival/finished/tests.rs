use serde_json::json;

use super::*;

fn pod(name: &str) -> ObjectRef {
    ObjectRef::new("Pod", "shop", name)
}

fn take(finished: &mut Finished, name: &str, outcome: Outcome, at: i64) -> Verdict {
    finished.take(&pod(name), "Job/nightly".into(), outcome, Time(at), 1)
}

#[test]
fn succeeded_pods_are_counted_by_owner_and_none_is_kept() {
    let mut finished = Finished::default();
    for index in 0..4_000 {
        assert_eq!(take(&mut finished, &format!("n-{index}"), Outcome::Succeeded, index), Verdict::Count);
    }
    assert_eq!(take(&mut finished, "n-7", Outcome::Succeeded, 7), Verdict::Count);
    let expected = FinishedPods { namespace: "shop".into(), owner: "Job/nightly".into(), succeeded: 4_000, failed: 0 };
    assert_eq!(finished.counts(), [expected]);
}

#[test]
fn of_the_failed_ones_the_newest_twenty_are_kept() {
    let mut finished = Finished::default();
    for index in 0..20 {
        let verdict = take(&mut finished, &format!("n-{index:02}"), Outcome::Failed, 100 + index);
        assert_eq!(verdict, Verdict::Keep { instead: None });
    }
    let verdict = take(&mut finished, "n-20", Outcome::Failed, 500);
    assert_eq!(verdict, Verdict::Keep { instead: Some(pod("n-00")) });
    assert_eq!(take(&mut finished, "old", Outcome::Failed, 1), Verdict::Count);
    assert_eq!(take(&mut finished, "n-20", Outcome::Failed, 501), Verdict::Keep { instead: None }, "it is one pod");
    assert_eq!(finished.counts()[0].failed, 22);
    let other = finished.take(&pod("x"), "Job/other".into(), Outcome::Failed, Time(0), 1);
    assert_eq!(other, Verdict::Keep { instead: None }, "each owner has its own twenty");
}

#[test]
fn what_is_deleted_or_not_listed_any_more_is_not_counted_any_more() {
    let mut finished = Finished::default();
    take(&mut finished, "a", Outcome::Succeeded, 1);
    take(&mut finished, "b", Outcome::Succeeded, 1);
    assert!(finished.gone("shop", "a") && !finished.gone("shop", "a"));
    assert_eq!(finished.counts()[0].succeeded, 1);
    finished.reconcile("other", 2);
    assert_eq!(finished.counts().len(), 1, "another namespace was listed");
    finished.reconcile("shop", 2);
    assert_eq!(finished.counts(), []);
}

#[test]
fn a_failed_pod_keeps_how_it_ended_and_not_its_settings() {
    let pod = Doc::from(json!({"metadata": {"name": "a"}, "spec": {"nodeName": "n1", "volumes": [{}], "containers": [
        {"name": "main", "image": "i", "env": [{"name": "A", "value": "b"}], "resources": {}}]},
        "status": {"phase": "Failed", "reason": "Evicted"}}));
    assert_eq!(outcome(&pod), Some(Outcome::Failed));
    let pod = reduce(&pod);
    assert_eq!(pod["spec"], json!({"nodeName": "n1", "containers": [{"name": "main", "image": "i", "resources": {}}]}));
    assert_eq!(pod["status"]["reason"], "Evicted");
}
