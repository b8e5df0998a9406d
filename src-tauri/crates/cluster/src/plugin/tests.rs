#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

fn script(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn exec(command: &str) -> ExecConfig {
    ExecConfig { command: Some(command.into()), ..ExecConfig::default() }
}

async fn run_script(text: &str) -> Result<Credential, PluginError> {
    let folder = tempfile::tempdir().unwrap();
    script(folder.path(), "login", text);
    let search = SearchPath::only(&[folder.path().to_owned(), "/usr/bin".into(), "/bin".into()]);
    run(&exec("login"), None, &Arc::new(search), &Redactor::new([7; 32]), TAKES_AT_MOST).await
}

#[tokio::test]
async fn a_token_and_its_end_are_read() {
    let credential = run_script(
        r#"echo '{"kind": "ExecCredential", "status": {"token": "abc", "expirationTimestamp": "2030-01-01T00:00:00Z"}}'"#,
    )
    .await
    .unwrap();
    assert_eq!(credential.token.as_deref(), Some("abc"));
    assert_eq!(credential.expires_at, Some("2030-01-01T00:00:00Z".parse().unwrap()));
}

#[tokio::test]
async fn the_plugin_is_told_that_nobody_is_there_and_what_the_kubeconfig_says() {
    let folder = tempfile::tempdir().unwrap();
    script(
        folder.path(),
        "login",
        r#"printf '{"status": {"token": "%s/%s/%s"}}' "$PROFILE" "$1" "$(printf %s "$KUBERNETES_EXEC_INFO" | tr -d '"{}')""#,
    );
    let search = SearchPath::only(&[folder.path().to_owned(), "/usr/bin".into(), "/bin".into()]);
    let variable = [("name".to_owned(), "PROFILE".to_owned()), ("value".to_owned(), "prod".to_owned())];
    let exec = ExecConfig {
        args: Some(vec!["get-token".into()]),
        env: Some(vec![variable.into_iter().collect()]),
        api_version: Some("client.authentication.k8s.io/v1beta1".into()),
        ..exec("login")
    };
    let search = Arc::new(search);
    let credential = run(&exec, None, &search, &Redactor::new([7; 32]), TAKES_AT_MOST).await.unwrap();
    let token = credential.token.unwrap();
    assert!(token.starts_with("prod/get-token/"), "{token}");
    assert!(token.contains("interactive:false") && token.contains("v1beta1"), "{token}");
}

#[tokio::test]
async fn what_a_failing_plugin_says_on_stderr_is_kept() {
    let error = run_script("echo 'session expired, run: corp login' >&2\nexit 3").await.err().unwrap();
    assert!(error.why.contains("session expired, run: corp login"), "{error:?}");
    assert!(error.why.contains('3'), "{error:?}");
    assert_eq!(error.fault, PluginFault::Failed);
}

#[tokio::test]
async fn output_that_is_no_credential_is_not_quoted() {
    for text in ["echo 'not a credential hunter2'", "echo '{\"status\": {}}'", "echo '{\"kind\": \"x\"}'", "true"] {
        let error = run_script(text).await.err().unwrap();
        assert!(error.why.contains("printed no credential"), "{text}: {error:?}");
        assert!(!error.why.contains("hunter2"), "{error:?}");
    }
}

#[tokio::test]
async fn a_missing_plugin_is_named_with_how_to_get_it() {
    let search = Arc::new(SearchPath::only(&[]));
    let error = run(&exec("aws"), None, &search, &Redactor::new([7; 32]), TAKES_AT_MOST).await.err().unwrap();
    assert_eq!(error.fault, PluginFault::Missing);
    assert!(error.why.contains("`aws`") && error.hint.contains("AWS CLI"), "{error:?}");
}

#[test]
fn the_login_shell_is_asked_for_what_the_own_path_lacks() {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    script(&bin, "only-in-the-profile", "true");
    // A shell that greets, as profiles do, and knows one folder more.
    script(folder.path(), "shell", &format!("echo hello\nPATH='{}'\nexport PATH\nshift\neval \"$2\"", bin.display()));
    let search = SearchPath::with_shell(&folder.path().join("shell"));
    assert_eq!(search.find("only-in-the-profile"), Some(bin.join("only-in-the-profile")));
    assert_eq!(search.find("nowhere-at-all"), None);
    assert!(std::env::split_paths(&search.joined()).any(|p| p == bin));
}

#[tokio::test]
async fn a_plugin_that_does_not_end_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    script(folder.path(), "login", "exec sleep 3600");
    let search = Arc::new(SearchPath::only(&[folder.path().to_owned(), "/usr/bin".into(), "/bin".into()]));
    let short = Duration::from_millis(200);
    let error = run(&exec("login"), None, &search, &Redactor::new([7; 32]), short).await.err().unwrap();
    assert!(error.why.contains("did not end within") && error.hint.contains("terminal"), "{error:?}");
}

#[tokio::test]
async fn what_a_plugin_started_is_ended_with_it_and_goes_on_when_the_plugin_ended_well() {
    let folder = tempfile::tempdir().unwrap();
    let child = folder.path().join("child");
    let starts = format!("sleep 3600 &\necho $! > '{}'\n", child.display());
    let search = Arc::new(SearchPath::only(&[folder.path().to_owned(), "/usr/bin".into(), "/bin".into()]));
    let lives = |pid: &str| {
        // Killed and not yet waited for, it is a zombie.
        let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !state.is_empty() && !state.contains(") Z ")
    };
    for (rest, goes_on) in [("wait", false), ("echo '{\"status\": {\"token\": \"t\"}}'", true)] {
        let _ = fs::remove_file(&child);
        script(folder.path(), "login", &format!("{starts}{rest}"));
        let run = run(&exec("login"), None, &search, &Redactor::new([7; 32]), Duration::from_millis(1500)).await;
        assert_eq!(run.is_ok(), goes_on, "its output is held open, and the credential is there");
        let pid = fs::read_to_string(&child).unwrap().trim().to_owned();
        if cfg!(target_os = "linux") {
            let mut waits = 0;
            while lives(&pid) != goes_on && waits < 500 {
                waits += 1;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            assert_eq!(lives(&pid), goes_on);
        }
        let _ = std::process::Command::new("kill").args(["-9", &pid]).status();
    }
}

#[tokio::test]
async fn a_plugin_has_the_environment_of_a_terminal_and_not_that_of_an_app_image() {
    let folder = tempfile::tempdir().unwrap();
    script(
        folder.path(),
        "login",
        r#"printf '{"status": {"token": "%s"}}' "$(env | grep -c -e /tmp/mount-of-the-image -e ^APPDIR=) $LD_LIBRARY_PATH $AWS_PROFILE""#,
    );
    let image = "/tmp/mount-of-the-image";
    let search = SearchPath::only(&[folder.path().to_owned(), "/usr/bin".into(), "/bin".into()]).started_with(&[
        ("APPDIR", image),
        ("LD_LIBRARY_PATH", &format!("{image}/usr/lib:/opt/lib")),
        ("PYTHONHOME", &format!("{image}/usr")),
        ("AWS_PROFILE", "prod"),
    ]);
    let credential = run(&exec("login"), None, &Arc::new(search), &Redactor::new([7; 32]), TAKES_AT_MOST).await;
    assert_eq!(credential.unwrap().token.as_deref(), Some("0 /opt/lib prod"));
}

#[tokio::test]
async fn a_plugin_that_insists_on_a_terminal_is_not_started() {
    let folder = tempfile::tempdir().unwrap();
    script(folder.path(), "login", &format!("touch '{}'", folder.path().join("ran").display()));
    let search = Arc::new(SearchPath::only(&[folder.path().to_owned(), "/bin".into()]));
    let always = ExecConfig { interactive_mode: Some(ExecInteractiveMode::Always), ..exec("login") };
    let error = run(&always, None, &search, &Redactor::new([7; 32]), TAKES_AT_MOST).await.err().unwrap();
    assert!(error.why.contains("terminal") && error.hint.contains("IfAvailable"), "{error:?}");
    assert!(!folder.path().join("ran").exists());
}

#[test]
fn every_known_plugin_that_is_missing_comes_with_how_to_get_it() {
    let nothing = SearchPath::only(&[]);
    let hint = |command: &str, args: &[&str]| {
        let args = Some(args.iter().map(|arg| (*arg).to_owned()).collect());
        locate(&ExecConfig { args, ..exec(command) }, &nothing).unwrap_err().hint
    };
    for (command, words) in [
        ("gke-gcloud-auth-plugin", "gcloud components install"),
        ("aws", "AWS CLI"),
        ("aws-iam-authenticator", "update-kubeconfig"),
        ("doctl", "doctl auth init"),
        ("oci", "oci session authenticate"),
        ("tsh", "tsh login"),
        ("/opt/tools/our-login", "our-login"),
    ] {
        assert!(hint(command, &[]).contains(words), "{command}: {}", hint(command, &[]));
    }
    assert!(hint("kubelogin", &["get-token", "--server-id", "x"]).contains("az aks install-cli"));
    assert!(hint("kubelogin", &["get-token", "--oidc-issuer-url=https://x"]).contains("krew install oidc-login"));
}

#[test]
fn a_command_line_is_shown_so_that_no_argument_can_hide() {
    let words = |args: &[&str]| line("login", &args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>());
    assert_eq!(words(&["get-token", "--profile=prod"]), "login get-token --profile=prod");
    assert_eq!(words(&["a b", "", "it's"]), "login 'a b' '' 'it'\\''s'");
    assert_eq!(words(&["$(rm -rf ~)", ";"]), "login '$(rm -rf ~)' ';'");
    assert_eq!(words(&["one\nrm -rf /"]), "login \"one\\nrm -rf /\"");
}
