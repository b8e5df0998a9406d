use super::*;

#[test]
fn the_manifest_without_secrets_names_no_secret() {
    let (with, without) = (manifest(true), manifest(false));
    assert!(with.contains("secrets"));
    assert!(!without.contains("secrets"), "{without}");
    for text in [with, without] {
        assert!(text.contains("readOnlyRootFilesystem: true") && text.contains("runAsNonRoot: true"));
        assert!(!text.contains("VERSION") && !text.contains("# secrets:"));
        for verb in ["create", "update", "patch", "delete", "*"] {
            assert!(!text.contains(&format!("\"{verb}\"")), "read-only: {verb}");
        }
    }
}

fn recorded(forgotten: bool) -> Result<Recorded, DeskError> {
    let (from, until) = (model::Time(0), model::Time(1));
    let forgotten =
        forgotten.then(|| history::Forgotten { count: 3, from, until, reason: "older than three days".into() });
    Ok(Recorded { observations: 7, forgotten, ..Recorded::default() })
}

fn refused(kinds: &[(&str, &str)]) -> Unseen {
    kinds.iter().map(|(kind, why)| (((*kind).to_owned(), String::new()), (*why).to_owned())).collect()
}

#[test]
fn what_is_not_recorded_is_told_whenever_that_changes() {
    let mut progress = Progress::new("prod");
    let first = progress.told("live", refused(&[("Secret", "403")]), recorded(false));
    assert_eq!(first, ["caseboard: Secret is not recorded: 403"]);
    assert!(progress.told("live", refused(&[("Secret", "403")]), recorded(false)).is_empty());
    // A right that is taken away on the second day.
    let later = progress.told("live", refused(&[("Pod", "403"), ("Secret", "403")]), recorded(false));
    assert_eq!(later, ["caseboard: Pod is not recorded: 403"]);
    let again = progress.told("live", refused(&[("Secret", "403")]), recorded(true));
    assert!(
        again[0] == "caseboard: Pod is recorded again." && again[1].contains("the oldest is forgotten"),
        "{again:?}"
    );
    assert!(progress.told("live", refused(&[("Secret", "403")]), recorded(true)).is_empty());
}

#[test]
fn a_file_that_cannot_be_read_once_is_told_and_ends_nothing() {
    let mut progress = Progress::new("prod");
    let broken = || Err(DeskError { code: "failed", what: "It is busy.".into(), hint: "Wait.".into() });
    let told = progress.told("live", Unseen::new(), broken());
    assert!(told.len() == 1 && told[0].contains("It is busy.") && told[0].contains("goes on"), "{told:?}");
    assert!(progress.told("live", Unseen::new(), broken()).is_empty() && progress.line.contains("cannot be read"));
    assert!(progress.told("live", Unseen::new(), recorded(false))[0].contains("can be read again"));
    assert!(progress.line.contains("7 observations"), "{}", progress.line);
}

/// Uncaught, it would end the tests.
#[cfg(unix)]
#[tokio::test]
async fn a_signal_counts_from_the_beginning_and_not_only_while_it_is_waited_for() {
    let stopped = stop_signal();
    let own = std::process::id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &own]).status().is_ok_and(|status| status.success()));
    stopped.await;
}
