#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fs;

use super::*;

const TWO: &str = "\
apiVersion: v1
kind: Config
current-context: blue
clusters:
- name: c1
  cluster: {server: 'https://one.example:6443'}
- name: c2
  cluster: {server: 'https://two.example:6443', insecure-skip-tls-verify: true}
users:
- name: u1
  user: {token: SeCrEt}
contexts:
- name: blue
  context: {cluster: c1, user: u1, namespace: shop}
- name: green
  context: {cluster: c2, user: u1}
";

fn none() -> SearchPath {
    SearchPath::only(&[])
}

fn pasted(text: &str) -> Found {
    discover(&Sources { pasted: vec![("pasted".into(), text.into())], ..Sources::default() }, &none())
}

fn names(found: &Found) -> Vec<&str> {
    found.contexts.iter().map(|c| c.name.as_str()).collect()
}

#[test]
fn every_context_of_a_file_is_listed_with_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    fs::write(&path, TWO).unwrap();
    let found = discover(&Sources { merged: vec![path.clone()], ..Sources::default() }, &none());
    assert_eq!(found.issues, []);
    assert_eq!(names(&found), ["blue", "green"]);
    let [blue, green] = &found.contexts[..] else { panic!("two contexts") };
    assert_eq!((blue.server.as_str(), blue.namespace.as_str()), ("https://one.example:6443", "shop"));
    assert!(blue.current && !green.current);
    assert!(green.insecure && !blue.insecure);
    assert_eq!(blue.source, path.display().to_string());
    assert_ne!(blue.id, green.id);
    assert!(blue.problems.is_empty(), "{:?}", blue.problems);
    assert!(!format!("{found:?}").contains("SeCrEt"));
}

#[test]
fn the_environment_decides_which_files_are_merged() {
    let home = tempfile::tempdir().unwrap();
    let usual = Sources::of(None, Some(home.path()));
    assert_eq!(usual.merged, [home.path().join(".kube/config")], "it is watched for");
    let found = discover(&usual, &none());
    assert!(found.contexts.is_empty() && found.issues.is_empty(), "there need not be one: {:?}", found.issues);
    fs::create_dir(home.path().join(".kube")).unwrap();
    fs::write(home.path().join(".kube/config"), TWO).unwrap();
    assert_eq!(Sources::of(None, Some(home.path())).merged, [home.path().join(".kube/config")]);
    let list = std::env::join_paths(["/a", "", "/b"]).unwrap();
    let listed = Sources::of(Some(&list), Some(home.path()));
    assert_eq!(listed.merged, [PathBuf::from("/a"), PathBuf::from("/b")]);
}

#[test]
fn a_context_may_use_a_cluster_that_another_file_of_the_list_defines() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    fs::write(&a, "clusters: [{name: c, cluster: {server: 'https://a.example'}}]\n").unwrap();
    fs::write(&b, "contexts: [{name: x, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {token: t}}]\n")
        .unwrap();
    let found = discover(&Sources { merged: vec![a, b.clone()], ..Sources::default() }, &none());
    assert_eq!(found.contexts[0].server, "https://a.example");
    assert_eq!(found.contexts[0].source, b.display().to_string());
    assert_eq!(found.contexts[0].problems, []);
}

#[test]
fn the_first_file_that_defines_a_cluster_wins_and_the_other_one_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    fs::write(&a, "clusters: [{name: c, cluster: {server: 'https://a.example'}}]\n").unwrap();
    fs::write(
        &b,
        "clusters: [{name: c, cluster: {server: 'https://b.example'}}]\ncontexts: [{name: x, context: {cluster: c}}]\n",
    )
    .unwrap();
    let found = discover(&Sources { merged: vec![a, b], ..Sources::default() }, &none());
    assert_eq!(found.contexts[0].server, "https://a.example");
    assert!(found.contexts[0].problems[0].why.contains("the first one wins"), "{:?}", found.contexts[0].problems);
}

#[test]
fn contexts_of_one_name_in_two_files_stay_two() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, server: &str| {
        let path = folder.path().join(name);
        let text = format!(
            "clusters: [{{name: default, cluster: {{server: '{server}'}}}}]\n\
             contexts: [{{name: default, context: {{cluster: default}}}}]\n"
        );
        fs::write(&path, text).unwrap();
        path
    };
    let (a, b) = (write("a.yaml", "https://a.example"), write("b.yaml", "https://b.example"));
    let merged = discover(&Sources { merged: vec![a, b], ..Sources::default() }, &none());
    let servers: Vec<&str> = merged.contexts.iter().map(|c| c.server.as_str()).collect();
    assert_eq!(servers, ["https://a.example", "https://b.example"]);
    assert_ne!(merged.contexts[0].id, merged.contexts[1].id);

    let folders = discover(&Sources { folders: vec![folder.path().into()], ..Sources::default() }, &none());
    assert_eq!(names(&folders), ["default", "default"]);
}

#[test]
fn a_file_in_two_sources_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    fs::write(&path, TWO).unwrap();
    fs::write(folder.path().join("notes.txt"), "nothing of the kind").unwrap();
    let sources = Sources { merged: vec![path], folders: vec![folder.path().into()], ..Sources::default() };
    let found = discover(&sources, &none());
    assert_eq!(names(&found), ["blue", "green"]);
    assert_eq!(found.issues, []);
}

#[test]
fn a_file_that_does_not_parse_costs_only_itself_and_says_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let (good, bad) = (folder.path().join("good"), folder.path().join("bad"));
    fs::write(&good, TWO).unwrap();
    fs::write(&bad, "clusters:\n- name: c\n  cluster: {server: 'https://x'\nusers: [\n- token: TopSecret\n").unwrap();
    let found = discover(&Sources { merged: vec![bad.clone(), good], ..Sources::default() }, &none());
    assert_eq!(names(&found), ["blue", "green"]);
    let [issue] = &found.issues[..] else { panic!("one issue: {:?}", found.issues) };
    assert_eq!(issue.source, bad.display().to_string());
    assert!(issue.line.is_some_and(|line| line > 0), "{issue:?}");
    assert!(issue.hint.contains("line"), "{issue:?}");
    assert!(!format!("{issue:?}").contains("TopSecret"), "{issue:?}");
}

#[test]
fn a_broken_user_costs_only_the_contexts_that_need_it() {
    let text = TWO.replace("user: {token: SeCrEt}", "user: {token: [SeCrEt], exec: 7}");
    let found = pasted(&text);
    assert_eq!(names(&found), ["blue", "green"]);
    let [issue] = &found.issues[..] else { panic!("one issue: {:?}", found.issues) };
    assert!(issue.what.contains("user `u1`"), "{issue:?}");
    assert_eq!(issue.line, Some(10), "{issue:?}");
    assert!(!format!("{found:?}").contains("SeCrEt"), "{found:?}");
    assert!(found.contexts[0].problems.iter().any(|p| p.why.contains("`u1`")), "{:?}", found.contexts[0].problems);
}

#[test]
fn a_file_that_is_not_a_kubeconfig_says_so() {
    for text in ["just words\n", "[1, 2]\n", "clusters: 7\n"] {
        let found = pasted(text);
        assert!(found.contexts.is_empty());
        assert_eq!(found.issues.len(), 1, "{text}: {:?}", found.issues);
        assert!(!found.issues[0].hint.is_empty());
    }
    assert!(pasted("").issues.is_empty(), "an empty file is an empty kubeconfig");
}

#[test]
fn what_cannot_be_read_is_an_issue_each() {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("binary");
    fs::write(&binary, [0x80u8, 0xff, 0x00, 0x9c]).unwrap();
    let missing = folder.path().join("missing");
    let sources = Sources {
        merged: vec![missing, folder.path().into(), binary],
        folders: vec![folder.path().join("no folder")],
        ..Sources::default()
    };
    let found = discover(&sources, &none());
    assert!(found.contexts.is_empty());
    assert_eq!(found.issues.len(), 4, "{:?}", found.issues);
    for issue in &found.issues {
        assert!(!issue.what.is_empty() && !issue.why.is_empty() && !issue.hint.is_empty(), "{issue:?}");
    }
}

#[test]
fn what_is_wrong_with_a_context_is_said_before_it_is_opened() {
    let text = "\
clusters:
- name: nowhere
  cluster: {}
- name: odd
  cluster: {server: 'not a url', certificate-authority-data: '???', certificate-authority: /no/such/ca.pem}
- name: files
  cluster: {server: 'https://x.example', certificate-authority: /no/such/ca.pem}
users:
- name: old
  user: {auth-provider: {name: gcp}}
- name: plugin
  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: gke-gcloud-auth-plugin}}
- name: hinted
  user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: our-login, installHint: ask the platform team}}
- name: oidc
  user: {exec: {command: kubectl, args: [oidc-login, get-token]}}
- name: files
  user: {client-certificate: /no/such/cert.pem, client-key: /no/such/key.pem, tokenFile: /no/such/token}
contexts:
- {name: a, context: {cluster: nowhere, user: old}}
- {name: b, context: {cluster: odd, user: plugin}}
- {name: c, context: {cluster: undefined, user: hinted}}
- {name: d, context: {cluster: files, user: files}}
- {name: e, context: {cluster: files, user: nobody}}
- {name: f, context: {cluster: files, user: oidc}}
- {name: g}
";
    let found = pasted(text);
    assert_eq!(names(&found), ["a", "b", "c", "d", "e", "f"]);
    assert_eq!(found.issues.len(), 1, "{:?}", found.issues);
    let says = |index: usize| -> String {
        found.contexts[index].problems.iter().map(|p| format!("{} {} {}\n", p.what, p.why, p.hint)).collect()
    };
    assert!(says(0).contains("no `server`") && says(0).contains("no longer supported"), "{}", says(0));
    assert!(says(0).contains("gke-gcloud-auth-plugin"), "{}", says(0));
    assert!(says(1).contains("not a URL") && says(1).contains("not base64"), "{}", says(1));
    assert!(says(1).contains("`gke-gcloud-auth-plugin` is not installed"), "{}", says(1));
    assert!(says(1).contains("gcloud components install"), "{}", says(1));
    assert!(says(2).contains("`undefined`") && says(2).contains("ask the platform team"), "{}", says(2));
    for path in ["/no/such/ca.pem", "/no/such/cert.pem", "/no/such/key.pem", "/no/such/token"] {
        assert!(says(3).contains(path), "{}", says(3));
    }
    assert!(says(4).contains("`nobody`"), "{}", says(4));
    assert!(says(5).contains("Install kubectl"), "{}", says(5));
    assert_eq!(
        found.contexts[5].exec.as_ref().map(|exec| exec.line()).as_deref(),
        Some("kubectl oidc-login get-token")
    );
}

/// Whoever lists contexts must not wake a cluster, a proxy or a plugin.
#[cfg(unix)]
#[test]
fn listing_contacts_nothing_and_runs_no_plugin() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let ran = folder.path().join("ran");
    let plugin = folder.path().join("login-plugin");
    fs::write(&plugin, format!("#!/bin/sh\ntouch '{}'\n", ran.display())).unwrap();
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o755)).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let text = format!(
        "clusters: [{{name: c, cluster: {{server: 'https://{address}', proxy-url: 'http://{address}'}}}}]\n\
         users: [{{name: u, user: {{exec: {{command: login-plugin, interactiveMode: Never}}}}}}]\n\
         contexts: [{{name: x, context: {{cluster: c, user: u}}}}]\n"
    );
    let sources = Sources { pasted: vec![("p".into(), text)], ..Sources::default() };
    let found = discover(&sources, &SearchPath::only(&[folder.path().to_owned()]));
    assert_eq!(found.contexts[0].problems, []);
    assert_eq!(found.contexts[0].exec.as_ref().map(|exec| exec.line()).as_deref(), Some("login-plugin"));
    let silence = listener.accept().unwrap_err();
    assert_eq!(silence.kind(), std::io::ErrorKind::WouldBlock);
    assert!(!ran.exists());
}

#[test]
fn hundreds_of_contexts_are_listed() {
    let mut text = String::from("clusters: [{name: c, cluster: {server: 'https://x.example'}}]\ncontexts:\n");
    for index in 0..400 {
        text.push_str(&format!("- {{name: ctx-{index}, context: {{cluster: c}}}}\n"));
    }
    assert_eq!(pasted(&text).contexts.len(), 400);
}

#[test]
fn a_usual_folder_that_is_not_there_is_no_problem_and_one_that_was_named_is() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("kubeconfigs");
    let named = Sources { folders: vec![folder.clone()], ..Sources::default() };
    let usual = Sources { usual: vec![folder.clone()], ..named.clone() };
    let search = SearchPath::only(&[]);
    assert_eq!(discover(&usual, &search).issues, []);
    assert_eq!(discover(&named, &search).issues.len(), 1);
    std::fs::create_dir(&folder).unwrap();
    let text =
        "clusters: [{name: c, cluster: {server: 'https://x'}}]\ncontexts: [{name: one, context: {cluster: c}}]\n";
    std::fs::write(folder.join("one.yaml"), text).unwrap();
    assert_eq!(discover(&usual, &search).contexts.len(), 1, "it may come later");
}

#[test]
fn an_empty_current_context_hides_no_other_files() {
    let folder = tempfile::tempdir().unwrap();
    let (empty, named) = (folder.path().join("a"), folder.path().join("b"));
    fs::write(&empty, "current-context: ''\n").unwrap();
    fs::write(&named, TWO).unwrap();
    let found = discover(&Sources { merged: vec![empty, named], ..Sources::default() }, &none());
    let current: Vec<&str> = found.contexts.iter().filter(|c| c.current).map(|c| c.name.as_str()).collect();
    assert_eq!(current, ["blue"]);
}
