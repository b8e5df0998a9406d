use std::fs;
use std::sync::Arc;
use std::time::Duration;

use cluster::SearchPath;

use super::*;
use crate::rows::{ClusterPhase, ClusterSettingsChange, TrustState, Update};
use crate::{Opening, Paths};

/// Long enough for a loaded machine; nothing below depends on how long anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn kubeconfig(context: &str, server: &str, user: &str) -> String {
    format!(
        "clusters: [{{name: c, cluster: {{server: '{server}'}}}}]\nusers: [{{name: u, user: {user}}}]\n\
         contexts: [{{name: {context}, context: {{cluster: c, user: u}}}}]\n"
    )
}

/// A desk in a folder, that reads `config` of it as kubectl would.
fn desk(folder: &Path) -> Arc<Desk> {
    let kubeconfigs = Sources { merged: vec![folder.join("config")], unnamed: true, ..Sources::default() };
    let paths = Paths::in_folder(&folder.join("home")).unwrap();
    let opening = Opening { paths, in_memory: false, knowledge: Vec::new(), kubeconfigs, with_added: true };
    let desk = Desk::open(opening).unwrap();
    desk.clusters_mut().search = Arc::new(SearchPath::only(&[folder.to_owned(), "/bin".into(), "/usr/bin".into()]));
    desk
}

fn names(desk: &Desk) -> Vec<String> {
    desk.clusters().into_iter().map(|row| row.name).collect()
}

async fn until(desk: &Desk, wanted: &[&str]) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while names(desk) != wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("there are {:?}, not {wanted:?}", names(desk)));
}

#[tokio::test]
async fn what_was_added_is_there_the_next_time_and_what_was_pasted_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (file, more) = (folder.path().join("one.yaml"), folder.path().join("more"));
    fs::write(&file, kubeconfig("one", "https://one.example", "{}")).unwrap();
    fs::create_dir(&more).unwrap();
    fs::write(more.join("two.yaml"), kubeconfig("two", "https://two.example", "{}")).unwrap();
    {
        let desk = desk(folder.path());
        desk.add_source(SourceKind::File, file.to_str().unwrap(), None).unwrap();
        desk.add_source(SourceKind::Folder, more.to_str().unwrap(), None).unwrap();
        let secret = kubeconfig("three", "https://three.example", "{token: SeCrEtToKeN}");
        let rows = desk.add_source(SourceKind::Pasted, "from the chat", Some(&secret)).unwrap();
        assert_eq!(names(&desk), ["one", "three", "two"]);
        let counts: Vec<(SourceKind, u32, bool)> =
            rows.iter().map(|row| (row.kind, row.contexts, row.removable)).collect();
        assert_eq!(
            counts,
            [
                (SourceKind::Merged, 0, false),
                (SourceKind::File, 1, true),
                (SourceKind::Folder, 1, true),
                (SourceKind::Pasted, 1, true)
            ]
        );
    }
    let desk = desk(folder.path());
    assert_eq!(names(&desk), ["one", "two"]);
    for path in [folder.path().join("home/desk.db"), folder.path().join("home/desk.db-wal")] {
        let bytes = fs::read(path).unwrap_or_default();
        assert!(!bytes.windows(11).any(|window| window == b"SeCrEtToKeN"), "a pasted text reached the disk");
    }
    desk.remove_source(SourceKind::File, file.to_str().unwrap()).unwrap();
    assert_eq!(names(&desk), ["two"]);
    assert!(file.exists());
    let error = desk.remove_source(SourceKind::File, "/no/such").unwrap_err();
    assert_eq!(error.code, "not_found");
    assert!(desk.add_source(SourceKind::Folder, file.to_str().unwrap(), None).unwrap_err().what.contains("is a file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn kubeconfigs_that_change_are_noticed_and_what_is_open_stays_open() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let desk = desk(folder.path());
    desk.watch_kubeconfigs();
    assert!(names(&desk).is_empty());
    let mut updates = desk.updates();
    fs::write(&config, kubeconfig("first", "http://127.0.0.1:1", "{}")).unwrap();
    until(&desk, &["first"]).await;
    assert!(matches!(updates.recv().await.unwrap(), Update::ClustersChanged));

    let id = desk.clusters()[0].id.clone();
    desk.open_cluster(&id).unwrap();
    fs::write(folder.path().join("new"), kubeconfig("second", "http://127.0.0.1:1", "{}")).unwrap();
    fs::rename(folder.path().join("new"), &config).unwrap();
    until(&desk, &["first", "second"]).await;
    let first = desk.cluster(&id).unwrap();
    assert_ne!(first.state.phase, ClusterPhase::Closed);
    assert!(first.problems.iter().any(|problem| problem.why.contains("does not have it any more")), "{first:?}");
    desk.close_cluster(&id).await.unwrap();
    assert_eq!(names(&desk), ["second"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_runs_a_program_asks_once_for_each_command_and_says_what_it_would_run() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    let user = |arg: &str| {
        format!("{{exec: {{command: no-such-login, args: [{arg}], env: [{{name: PROFILE, value: hidden}}]}}}}")
    };
    fs::write(&config, kubeconfig("here", "http://127.0.0.1:1", &user("get"))).unwrap();
    let desk_one = desk(folder.path());
    let row = desk_one.clusters().remove(0);
    let exec = row.exec.clone().unwrap();
    assert_eq!((exec.line.as_str(), exec.trust), ("no-such-login get", TrustState::Undecided));
    assert_eq!((exec.env.as_slice(), exec.source.as_str()), (&["PROFILE".to_owned()][..], config.to_str().unwrap()));
    assert!(!format!("{row:?}").contains("hidden"));

    desk_one.open_cluster(&row.id).unwrap();
    let state = desk_one.synced(&row.id, PATIENCE).await.unwrap();
    assert_eq!((state.phase, state.trouble.as_deref()), (ClusterPhase::AwaitingTrust, Some("untrusted")));
    assert!(state.message.contains("`no-such-login get`"), "{state:?}");

    desk_one.decide_trust(&exec.digest, TrustState::Trusted).unwrap();
    desk_one.go_on_with_logins().await;
    let waited = tokio::time::timeout(PATIENCE, async {
        while desk_one.cluster(&row.id).unwrap().state.trouble.as_deref() != Some("plugin") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.expect("trusted, it is looked for, and is not there");
    desk_one.close_cluster(&row.id).await.unwrap();
    drop(desk_one);

    // Remembered, until the command is another one.
    let desk_two = desk(folder.path());
    assert_eq!(desk_two.trust_list()[0].trust, TrustState::Trusted);
    fs::write(&config, kubeconfig("here", "http://127.0.0.1:1", &user("steal"))).unwrap();
    desk_two.rescan();
    assert_eq!(desk_two.trust_list()[0].trust, TrustState::Undecided);
    assert_eq!(desk_two.decide_trust(&exec.digest, TrustState::Trusted).unwrap_err().code, "changed");
}

#[tokio::test]
async fn five_hundred_contexts_are_listed_and_searched() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("users: [{name: u, user: {token: t}}]\nclusters:\n");
    for index in 0..500 {
        text.push_str(&format!("- {{name: c{index}, cluster: {{server: 'https://edge-{index}.example:6443'}}}}\n"));
    }
    text.push_str("contexts:\n");
    for index in 0..500 {
        let place = if index % 2 == 0 { "eu" } else { "us" };
        text.push_str(&format!("- {{name: store-{place}-{index}, context: {{cluster: c{index}, user: u}}}}\n"));
    }
    fs::write(folder.path().join("config"), text).unwrap();
    let desk = desk(folder.path());
    assert_eq!(desk.clusters().len(), 500);
    let found: Vec<String> = desk.search_clusters("Store-EU edge-49").into_iter().map(|row| row.name).collect();
    assert_eq!(found, ["store-eu-490", "store-eu-492", "store-eu-494", "store-eu-496", "store-eu-498"]);
    assert!(desk.search_clusters("store-eu us-1").is_empty());
    assert_eq!(desk.search_clusters(" ").len(), 500);
    assert!(desk.clusters().iter().all(|row| row.state.phase == ClusterPhase::Closed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_whose_history_cannot_be_opened_is_opened_all_the_same_and_says_what_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config"), kubeconfig("here", "http://127.0.0.1:1", "{}")).unwrap();
    let desk = desk(folder.path());
    let id = desk.clusters()[0].id.clone();
    let file = desk.paths.history(&id);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "this is no database, and it is long enough to be taken for one ".repeat(100)).unwrap();
    let row = desk.open_cluster(&id).unwrap();
    assert_ne!(row.state.phase, ClusterPhase::Closed);
    let unkept = row.state.unkept.unwrap_or_default();
    assert!(unkept.contains("in memory only") && unkept.contains(file.to_str().unwrap()), "{unkept}");

    desk.close_cluster(&id).await.unwrap();
    fs::remove_file(&file).unwrap();
    assert_eq!(desk.open_cluster(&id).unwrap().state.unkept, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_a_cluster_are_kept_and_nonsense_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config"), kubeconfig("here", "http://127.0.0.1:1", "{}")).unwrap();
    let id = {
        let desk = desk(folder.path());
        let id = desk.clusters()[0].id.clone();
        let namespaces = [" shop ", "", "bank", "shop"].map(str::to_owned).to_vec();
        desk.open_cluster(&id).unwrap();
        let namespaces = ClusterSettingsChange { namespaces: Some(namespaces), ..ClusterSettingsChange::default() };
        let certificates =
            ClusterSettingsChange { machine_certificates: Some(true), ..ClusterSettingsChange::default() };
        desk.set_cluster(&id, namespaces).await.unwrap();
        let row = desk.set_cluster(&id, certificates).await.unwrap();
        assert_eq!(row.settings.namespaces, ["shop", "bank"]);
        assert_ne!(row.state.phase, ClusterPhase::Closed, "what was open is open again");
        let names = Some(vec!["Not A Name".into()]);
        let nonsense = ClusterSettingsChange { namespaces: names, ..ClusterSettingsChange::default() };
        assert_eq!(desk.set_cluster(&id, nonsense).await.unwrap_err().code, "bad_request");
        desk.close_cluster(&id).await.unwrap();
        id
    };
    let settings = desk(folder.path()).cluster(&id).unwrap().settings;
    assert_eq!((settings.namespaces.len(), settings.machine_certificates), (2, true));
}
