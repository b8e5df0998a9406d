#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use std::path::Path;

use model::{Body, CaseFact, ObjectRef, Observation, Source, Time, Written};

use super::*;
use crate::{Opening, Paths};

fn desk(folder: &Path) -> Arc<Desk> {
    let paths = Paths::in_folder(folder).unwrap();
    let kubeconfigs = cluster::Sources::default();
    Desk::open(Opening { paths, in_memory: false, knowledge: Vec::new(), kubeconfigs, with_added: false }).unwrap()
}

fn note(cluster: &ClusterId, at: Time, text: &str) -> Observation {
    let body = Body::Note { author: "a".into(), text: text.into() };
    Observation::new(cluster.clone(), at, at, Source::Person, Some(ObjectRef::new("Pod", "shop", "web")), body)
}

/// A history of an hour that begins at `begin`.
fn written(desk: &Desk, cluster: &ClusterId, begin: Time) -> Vec<Observation> {
    let history = History::open(&desk.paths().history(cluster), cluster.clone()).unwrap();
    let all: Vec<Observation> =
        (0..60).map(|minute| note(cluster, begin.plus_seconds(minute * 60), &format!("minute {minute}"))).collect();
    history.append(&all).unwrap();
    all
}

fn case(desk: &Desk, cluster: &ClusterId, as_of: Time, cites: &Observation) {
    let id = desk.ids.case();
    let opened = CaseFact::Opened {
        title: "pods crash".into(),
        cluster: cluster.clone(),
        cluster_name: "the shop".into(),
        as_of,
        question: None,
        incidents: Vec::new(),
    };
    let said = CaseFact::Noted { text: format!("see {}", cites.id) };
    let facts = [opened, said].map(|fact| Written { at: as_of, author: desk.engineer(), fact });
    desk.file.append(id, &facts).unwrap();
}

#[tokio::test]
async fn what_is_kept_is_set_within_bounds_and_remembered() {
    let folder = tempfile::tempdir().unwrap();
    {
        let desk = desk(folder.path());
        assert_eq!(desk.histories().unwrap().keeping, USUAL);
        let refused = desk.set_keeping(Keeping { days: 0, megabytes: 500 }).unwrap_err();
        assert_eq!(refused.code, "bad_request");
        desk.set_keeping(Keeping { days: 3, megabytes: 500 }).unwrap();
    }
    assert_eq!(desk(folder.path()).keeping().unwrap(), Keeping { days: 3, megabytes: 500 });
}

#[tokio::test]
async fn closed_clusters_are_listed_and_what_no_case_needs_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    let now = desk.clock.now();
    let [old, cited] = ["cluster:old", "cluster:cited"].map(|id| ClusterId(id.into()));
    let begin = now.plus_seconds(-30 * 86_400);
    let all = written(&desk, &old, begin);
    let needed = written(&desk, &cited, begin);
    case(&desk, &cited, begin.plus_seconds(-86_400), &needed[7]);
    std::fs::write(desk.paths().clusters().join("torn.db"), "this is no database").unwrap();

    let view = desk.histories().unwrap();
    let row = |id: &ClusterId| view.clusters.iter().find(|row| row.cluster.as_ref() == Some(id)).unwrap();
    assert_eq!(view.clusters.len(), 3);
    assert_eq!((row(&cited).name.as_str(), row(&cited).cases, row(&old).cases), ("the shop", 1, 0));
    assert_eq!(row(&old).span, Some((all[0].at, all[59].at)));
    assert!(view.clusters.iter().any(|row| row.problem.is_some() && row.cluster.is_none()));
    assert_eq!(view.bytes, view.clusters.iter().map(|row| row.bytes).sum::<u64>());

    // Thirty days are older than seven; what the case cites stays.
    assert_eq!(desk.forget_history(&cited, Forget::Outdated).unwrap(), 59);
    let view = desk.histories().unwrap();
    let row = view.clusters.iter().find(|row| row.cluster.as_ref() == Some(&cited)).unwrap();
    assert_eq!((row.gaps.len(), row.gaps[0].dropped), (1, 59));
    let history = History::open(&desk.paths().history(&cited), cited.clone()).unwrap();
    assert_eq!(history.get(&needed[7].id).unwrap().as_ref(), Some(&needed[7]));
    drop(history);

    assert_eq!(desk.forget_history(&old, Forget::Everything).unwrap(), 60);
    assert!(!desk.paths().history(&old).exists());
    assert_eq!(desk.forget_history(&cited, Forget::Everything).unwrap(), 0, "a case needs what is left");
    assert_eq!(desk.forget_history(&old, Forget::Outdated).unwrap_err().code, "not_found");
}

#[tokio::test]
async fn what_is_outdated_goes_from_clusters_that_nobody_opens_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    let now = desk.clock.now();
    let [old, cited, young] = ["cluster:old", "cluster:cited", "cluster:young"].map(|id| ClusterId(id.into()));
    let long_ago = now.plus_seconds(-30 * 86_400);
    written(&desk, &old, long_ago);
    let needed = written(&desk, &cited, long_ago);
    written(&desk, &young, now.plus_seconds(-86_400));
    case(&desk, &cited, long_ago.plus_seconds(-86_400), &needed[7]);
    std::fs::write(desk.paths().clusters().join("torn.db"), "this is no database").unwrap();
    let holds = |cluster: &ClusterId| {
        History::open(&desk.paths().history(cluster), cluster.clone())
            .unwrap()
            .find(&history::Query::default())
            .unwrap()
    };
    let notes = |cluster: &ClusterId| holds(cluster).iter().filter(|o| matches!(o.body, Body::Note { .. })).count();
    desk.tidy_closed().unwrap();
    assert_eq!((notes(&old), notes(&cited), notes(&young)), (0, 1, 60));
}
