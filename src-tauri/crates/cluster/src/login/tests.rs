//! Every way to log in and every way to be refused, against real sockets on the loopback.

mod stage;

use std::path::Path;

use rcgen::ExtendedKeyUsagePurpose;
use tokio::net::TcpListener;

use super::*;
use crate::trust::Trust;
use crate::{Sources, TroubleKind, discover};
use stage::{Authority, Server, VERSION, http_proxy, socks_proxy};

fn context(cluster: &serde_json::Value, user: &serde_json::Value) -> Context {
    let config = serde_json::json!({
        "clusters": [{"name": "c", "cluster": cluster}], "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
    });
    let pasted = vec![("a test".to_owned(), config.to_string())];
    let found = discover(&Sources { pasted, ..Sources::default() }, &SearchPath::only(&[]));
    found.contexts.into_iter().next().unwrap_or_else(|| panic!("{:?}", found.issues))
}

fn login(context: &Context, folder: &Path, trust: Trust) -> Login {
    crate::install_crypto();
    let search = SearchPath::only(&[folder.to_owned(), "/usr/bin".into(), "/bin".into()]);
    let terms = Terms { trust: Arc::new(move |_| trust), ..Terms::default() };
    Login::new(context, terms, Arc::new(search), Arc::new(Redactor::new([7; 32])), |_| {})
}

/// Asks the server for its version.
async fn ask(login: &Login) -> Result<String, Trouble> {
    let client = login.client().await?.client;
    client.apiserver_version().await.map(|version| version.git_version).map_err(|error| Trouble::of(&error))
}

async fn ask_as(cluster: serde_json::Value, user: serde_json::Value) -> Result<String, Trouble> {
    ask(&login(&context(&cluster, &user), Path::new("/nowhere"), Trust::Undecided)).await
}

fn at(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn at_tls(port: u16) -> String {
    format!("https://127.0.0.1:{port}")
}

#[tokio::test]
async fn tokens_passwords_and_whom_one_acts_as_are_sent() {
    let server = Server::plain("200 OK", VERSION).await;
    let cluster = serde_json::json!({"server": at(server.port)});
    ask_as(cluster.clone(), serde_json::json!({"token": "t0k3n"})).await.unwrap();
    assert_eq!(server.header("authorization"), ["Bearer t0k3n"]);
    ask_as(cluster.clone(), serde_json::json!({"username": "me", "password": "pw"})).await.unwrap();
    assert_eq!(server.header("authorization"), ["Basic bWU6cHc="]);
    let user = serde_json::json!({"token": "t", "as": "auditor", "as-uid": "7", "as-groups": ["dev", "ops"],
        "as-user-extra": {"scopes": ["a", "b"]}});
    ask_as(cluster.clone(), user).await.unwrap();
    assert_eq!(server.header("impersonate-user"), ["auditor"]);
    assert_eq!(server.header("impersonate-uid"), ["7"]);
    assert_eq!(server.header("impersonate-group"), ["dev", "ops"]);
    assert_eq!(server.header("impersonate-extra-scopes"), ["a", "b"]);
    assert!(server.header("user-agent")[0].starts_with("caseboard/"));
}

/// A JWT of these claims; nobody here looks at its signature.
fn jwt(claims: &serde_json::Value) -> String {
    let part = |value: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value);
    format!("{}.{}.{}", part("{}"), part(&claims.to_string()), part("signed"))
}

#[test]
fn the_user_stays_when_a_token_is_issued_anew_and_is_another_one_when_anything_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let user_of = |user: serde_json::Value| {
        let cluster = serde_json::json!({"server": "https://127.0.0.1:1"});
        login(&context(&cluster, &user), folder.path(), Trust::Undecided).user()
    };
    let issued = |who: &str, at: u64| jwt(&serde_json::json!({"sub": who, "iat": at, "exp": at + 600, "jti": at}));
    let with = |token: String| user_of(serde_json::json!({"token": token}));
    let anna = with(issued("anna", 1));
    assert!(anna.starts_with("u ("), "{anna}");
    assert_eq!(with(issued("anna", 900)), anna);
    assert_ne!(with(issued("admin", 1)), anna);
    assert_ne!(with("t0k3n".into()), with("another".into()));
    let told = with("t0k3n".into());
    assert!(!told.contains("t0k3n"), "{told}");

    let acting = user_of(serde_json::json!({"token": "t", "as": "auditor"}));
    assert!(acting.starts_with("u as auditor ("), "{acting}");
    let grouped = user_of(serde_json::json!({"token": "t", "as": "auditor", "as-groups": ["system:masters"]}));
    assert_ne!(grouped, acting);
    let uid = user_of(serde_json::json!({"token": "t", "as": "auditor", "as-uid": "7"}));
    assert_ne!(uid, acting);

    let from_file = |token: String| {
        std::fs::write(&path, token).unwrap();
        user_of(serde_json::json!({"tokenFile": path}))
    };
    let first = from_file(issued("anna", 1));
    assert_eq!(from_file(issued("anna", 900)), first);
    assert_ne!(from_file(issued("admin", 900)), first);
    assert_eq!(from_file("opaque".into()), from_file("rotated".into()), "it says nothing of its user");
}

#[test]
fn another_kubeconfig_is_another_user_at_once() {
    let cluster = serde_json::json!({"server": "https://127.0.0.1:1"});
    let before = context(&cluster, &serde_json::json!({"username": "me", "password": "pw"}));
    let after = context(&cluster, &serde_json::json!({"username": "root", "password": "pw"}));
    let login = login(&before, Path::new("/nowhere"), Trust::Undecided);
    let then = login.user();
    assert!(login.replace(&after));
    assert_ne!(login.user(), then);
}

#[tokio::test]
async fn a_token_file_is_read_again_when_it_rotates_without_a_new_client() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "one\n").unwrap();
    let server = Server::plain("200 OK", VERSION).await;
    let user = serde_json::json!({"tokenFile": path, "token": "older"});
    let login =
        login(&context(&serde_json::json!({"server": at(server.port)}), &user), folder.path(), Trust::Undecided);
    let client = login.client().await.unwrap().client;
    client.apiserver_version().await.unwrap();
    assert_eq!(server.header("authorization"), ["Bearer one"]);
    std::fs::write(&path, "rotated\n").unwrap();
    client.apiserver_version().await.unwrap();
    assert_eq!(server.header("authorization"), ["Bearer rotated"]);
}

#[tokio::test]
async fn client_certificates_authorities_and_server_names_are_used_as_the_kubeconfig_says() {
    let (ours, clients) = (Authority::new(), Authority::new());
    let me = clients.client();
    let server = Server::tls(ours.server("inner.example"), Some(&clients)).await;
    let user = serde_json::json!({"client-certificate-data": base64(me.certificate.as_bytes()),
        "client-key-data": base64(me.key.as_bytes())});
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, &ours.pem).unwrap();
    let named = serde_json::json!({"server": at_tls(server.port), "tls-server-name": "inner.example",
        "certificate-authority": authority});
    assert_eq!(ask_as(named.clone(), user.clone()).await.unwrap(), "v1.36.2");

    // Under its address it is another name.
    let data =
        serde_json::json!({"server": at_tls(server.port), "certificate-authority-data": base64(ours.pem.as_bytes())});
    let trouble = ask_as(data, user.clone()).await.unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Tls, "{trouble:?}");
    assert!(trouble.hint.contains("tls-server-name"), "{trouble:?}");

    // Without our certificate it is the login that is missing, not the network.
    let trouble = ask_as(named, serde_json::json!({})).await.unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Credential, "{trouble:?}");
}

#[tokio::test]
async fn a_server_whom_nobody_vouches_for_is_a_tls_trouble_unless_the_kubeconfig_says_not_to_check() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let server = Server::tls(theirs.server(""), None).await;
    let data = base64(ours.pem.as_bytes());
    let other = serde_json::json!({"server": at_tls(server.port), "certificate-authority-data": data});
    let trouble = ask_as(other, serde_json::json!({})).await.unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Tls, "{trouble:?}");
    assert!(trouble.hint.contains("this machine's certificates"), "{trouble:?}");

    let unchecked = serde_json::json!({"server": at_tls(server.port), "insecure-skip-tls-verify": true});
    assert!(context(&unchecked, &serde_json::json!({})).insecure);
    assert_eq!(ask_as(unchecked, serde_json::json!({})).await.unwrap(), "v1.36.2");

    let expired = Server::tls(ours.vouch("", ExtendedKeyUsagePurpose::ServerAuth, 2001), None).await;
    let cluster =
        serde_json::json!({"server": at_tls(expired.port), "certificate-authority-data": base64(ours.pem.as_bytes())});
    let trouble = ask_as(cluster, serde_json::json!({})).await.unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Tls, "{trouble:?}");
    assert!(trouble.hint.contains("expired"), "{trouble:?}");
}

#[tokio::test]
async fn what_this_machine_trusts_counts_beside_the_kubeconfigs_authority_only_where_the_engineer_said_so() {
    static COMPANY: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    let (ours, company) = (Authority::new(), Authority::new());
    COMPANY.set(company.certificate.to_vec()).unwrap();
    // A proxy of the company's that opens TLS answers in the cluster's place.
    let (opened, own) = (Server::tls(company.server(""), None).await, Server::tls(ours.server(""), None).await);
    let data = base64(ours.pem.as_bytes());
    for (port, machine_certificates, works) in
        [(opened.port, false, false), (opened.port, true, true), (own.port, true, true), (own.port, false, true)]
    {
        let cluster = serde_json::json!({"server": at_tls(port), "certificate-authority-data": data});
        let mut login = login(&context(&cluster, &serde_json::json!({})), Path::new("/nowhere"), Trust::Undecided);
        login.parts.terms.machine_certificates = machine_certificates;
        login.parts.machine = || COMPANY.get().cloned().into_iter().collect();
        assert_eq!(ask(&login).await.is_ok(), works, "{port} {machine_certificates}");
    }
    assert!(machine_certificates().iter().all(|certificate| !certificate.is_empty()));
}

#[tokio::test]
async fn what_stands_beside_the_cluster_is_reached_by_its_proxy_and_vouched_for_by_a_file() {
    let cluster = serde_json::json!({"server": "https://far.example", "proxy-url": "http://corp:3128"});
    let folder = tempfile::tempdir().unwrap();
    let login = login(&context(&cluster, &serde_json::json!({})), folder.path(), Trust::Undecided);
    let proxy = async |url: &str| login.proxy_to(&url.parse().unwrap()).await.unwrap().map(|uri| uri.to_string());
    assert_eq!(proxy("https://metrics.far.example").await.as_deref(), Some("http://corp:3128/"));
    assert_eq!(proxy("http://127.0.0.1:9090").await, None, "a forwarded port is here");

    let ours = Authority::new();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, &ours.pem).unwrap();
    let trusted = login.authorities(&file).await.unwrap();
    assert!(trusted.contains(&ours.certificate.to_vec()));
    std::fs::write(&file, "nothing").unwrap();
    for file in [file, folder.path().join("missing")] {
        let why = login.authorities(&file).await.unwrap_err();
        assert!(why.contains(&file.display().to_string()), "{why}");
    }
}

#[tokio::test]
async fn proxies_are_passed_and_one_that_wants_a_login_is_told_apart() {
    let server = Server::plain("200 OK", VERSION).await;
    let through =
        |url: String| serde_json::json!({"server": format!("http://far.example:{}", server.port), "proxy-url": url});
    let proxy = http_proxy(None).await;
    assert_eq!(ask_as(through(at(proxy.port)), serde_json::json!({})).await.unwrap(), "v1.36.2");
    assert!(proxy.heads()[0].starts_with(&format!("CONNECT far.example:{}", server.port)), "{:?}", proxy.heads());

    let socks = socks_proxy().await;
    let url = format!("socks5://127.0.0.1:{}", socks.port);
    assert_eq!(ask_as(through(url), serde_json::json!({})).await.unwrap(), "v1.36.2");
    assert_eq!(socks.heads(), [format!("far.example:{}", server.port)], "the proxy resolves the name");

    let closed = http_proxy(Some("Basic bWU6cHc=")).await;
    let trouble = ask_as(through(at(closed.port)), serde_json::json!({})).await.unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Proxy, "{trouble:?}");
    assert!(trouble.why.contains("407") && trouble.hint.contains("proxy-url"), "{trouble:?}");
    let url = format!("http://me:pw@127.0.0.1:{}", closed.port);
    let with_login = context(&through(url.clone()), &serde_json::json!({}));
    assert_eq!(with_login.proxy.as_deref(), Some(&*format!("http://127.0.0.1:{}", closed.port)));
    assert_eq!(ask_as(through(url), serde_json::json!({})).await.unwrap(), "v1.36.2");
}

#[tokio::test]
async fn each_way_to_fail_has_its_own_words() {
    let says = async |status: &'static str, body: &'static str| {
        let server = Server::plain(status, body).await;
        ask_as(serde_json::json!({"server": at(server.port)}), serde_json::json!({})).await.unwrap_err()
    };
    let trouble = says("401 Unauthorized", "").await;
    assert_eq!(trouble.kind, TroubleKind::Credential, "{trouble:?}");
    let trouble = says("403 Forbidden", r#"{"kind": "Status", "code": 403, "message": "no"}"#).await;
    assert_eq!(trouble.kind, TroubleKind::Refused, "{trouble:?}");
    let trouble = says("429 Too Many Requests", "").await;
    assert_eq!(trouble.kind, TroubleKind::Busy, "{trouble:?}");
    let trouble = says("302 Found", "").await;
    assert!(trouble.kind == TroubleKind::Server && trouble.hint.contains("login page"), "{trouble:?}");
    let trouble = says("200 OK", "<html>Please sign in</html>").await;
    assert!(trouble.kind == TroubleKind::Server && trouble.hint.contains("login page"), "{trouble:?}");

    let nowhere = serde_json::json!({"server": "http://no-such-host.invalid:6443"});
    let trouble = ask_as(nowhere, serde_json::json!({})).await.unwrap_err();
    assert!(trouble.kind == TroubleKind::Network && trouble.hint.contains("does not resolve"), "{trouble:?}");

    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let trouble = ask_as(serde_json::json!({"server": at(unused)}), serde_json::json!({})).await.unwrap_err();
    assert!(trouble.kind == TroubleKind::Network && trouble.hint.contains("Nothing listens there"), "{trouble:?}");

    let cut = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = cut.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = cut.accept().await {
            drop(stream)
        }
    });
    let trouble = ask_as(serde_json::json!({"server": at(port)}), serde_json::json!({})).await.unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Network, "{trouble:?}");

    let missing = serde_json::json!({"tokenFile": "/no/such/token"});
    let trouble = ask_as(serde_json::json!({"server": at(port)}), missing).await.unwrap_err();
    assert!(trouble.kind == TroubleKind::Credential && trouble.why.contains("/no/such/token"), "{trouble:?}");
}

#[tokio::test]
async fn an_old_auth_provider_is_told_what_to_use_instead() {
    for (provider, instead) in [
        ("gcp", "gke-gcloud-auth-plugin"),
        ("azure", "kubelogin"),
        ("oidc", "oidc-login"),
        ("openstack", "client-keystone-auth"),
    ] {
        let user = serde_json::json!({"auth-provider": {"name": provider}});
        let trouble = ask_as(serde_json::json!({"server": "http://127.0.0.1:1"}), user).await.unwrap_err();
        assert!(trouble.why.contains("no longer supported") && trouble.hint.contains(instead), "{trouble:?}");
    }
}

#[cfg(unix)]
mod plugins {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A plugin that notes each run in `ran`, then does as the script says.
    fn plugin(folder: &Path, script: &str) {
        let path = folder.join("corp-login");
        let ran = folder.join("ran");
        std::fs::write(&path, format!("#!/bin/sh\necho x >> '{}'\n{script}\n", ran.display())).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn runs(folder: &Path) -> usize {
        std::fs::read_to_string(folder.join("ran")).map_or(0, |text| text.lines().count())
    }

    fn user() -> serde_json::Value {
        serde_json::json!({"exec": {"command": "corp-login", "interactiveMode": "IfAvailable", "provideClusterInfo": true}})
    }

    #[tokio::test]
    async fn a_plugin_that_nobody_trusts_does_not_run_and_nothing_is_contacted() {
        let folder = tempfile::tempdir().unwrap();
        plugin(folder.path(), "echo '{\"status\": {\"token\": \"t\"}}'");
        let server = Server::plain("200 OK", VERSION).await;
        let here = context(&serde_json::json!({"server": at(server.port)}), &user());
        for (trust, word) in [(Trust::Undecided, "not allowed yet"), (Trust::Refused, "must not")] {
            let trouble = ask(&login(&here, folder.path(), trust)).await.unwrap_err();
            assert_eq!(trouble.kind, TroubleKind::Untrusted);
            assert!(trouble.why.contains("`corp-login`") && trouble.why.contains("`a test`"), "{trouble:?}");
            assert!(trouble.why.contains(word), "{trouble:?}");
        }
        assert_eq!((runs(folder.path()), server.heads().len()), (0, 0));
        ask(&login(&here, folder.path(), Trust::Trusted)).await.unwrap();
        assert_eq!((runs(folder.path()), server.heads().len()), (1, 1));
    }

    #[tokio::test]
    async fn a_certificate_of_a_plugin_is_used_and_a_renewed_one_takes_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, clients) = (Authority::new(), Authority::new());
        let server = Server::tls(ours.server(""), Some(&clients)).await;
        let me = clients.client();
        let status = serde_json::json!({"status": {
            "clientCertificateData": me.certificate, "clientKeyData": me.key, "expirationTimestamp": "2100-01-01T00:00:00Z"}});
        std::fs::write(folder.path().join("credential"), status.to_string()).unwrap();
        plugin(folder.path(), &format!("cat '{}'", folder.path().join("credential").display()));
        let cluster = serde_json::json!({"server": at_tls(server.port), "certificate-authority-data": base64(ours.pem.as_bytes())});
        let login = login(&context(&cluster, &user()), folder.path(), Trust::Trusted);
        let LoggedIn { generation, client, .. } = login.client().await.unwrap();
        client.apiserver_version().await.unwrap();
        assert_eq!(server.heads().len(), 1);

        // Renewed meanwhile, the old client does not go on with the old certificate.
        login.renew(generation).await.unwrap();
        let trouble = Trouble::of(&client.apiserver_version().await.unwrap_err());
        assert_eq!(trouble.kind, TroubleKind::Credential, "{trouble:?}");
        assert_eq!(ask(&login).await.unwrap(), "v1.36.2");
        assert_eq!(runs(folder.path()), 2);
    }

    #[tokio::test]
    async fn a_plugin_is_told_of_the_cluster_where_the_kubeconfig_asks_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let told = folder.path().join("told");
        plugin(
            folder.path(),
            &format!(
                "printf %s \"$KUBERNETES_EXEC_INFO\" > '{}'\necho '{{\"status\": {{\"token\": \"t\"}}}}'",
                told.display()
            ),
        );
        let authority = folder.path().join("ca.pem");
        std::fs::write(&authority, Authority::new().pem).unwrap();
        let cluster = serde_json::json!({"server": "https://x.example:6443", "tls-server-name": "y.example",
            "certificate-authority": authority,
            "extensions": [{"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}}]});
        login(&context(&cluster, &user()), folder.path(), Trust::Trusted).client().await.unwrap();
        let info: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(told).unwrap()).unwrap();
        let cluster = &info["spec"]["cluster"];
        assert_eq!(cluster["server"], "https://x.example:6443");
        assert_eq!(cluster["tls-server-name"], "y.example");
        assert_eq!(cluster["config"]["audience"], "a");
        let authority = std::fs::read(authority).unwrap();
        assert_eq!(cluster["certificate-authority-data"], base64(&authority));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_plugin_that_hangs_is_ended_by_a_new_login_and_by_nobody_waiting_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let hang = folder.path().join("hang");
        std::fs::write(&hang, "").unwrap();
        plugin(
            folder.path(),
            &format!(
                "while [ -e '{}' ]; do sleep 0.05; done\necho '{{\"status\": {{\"token\": \"t\"}}}}'",
                hang.display()
            ),
        );
        let here = context(&serde_json::json!({"server": "http://127.0.0.1:1"}), &user());
        let login = Arc::new(login(&here, folder.path(), Trust::Trusted));
        let waiting = tokio::spawn({
            let login = Arc::clone(&login);
            async move { login.client().await.map(drop) }
        });
        while runs(folder.path()) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        login.retry(true);
        let trouble = waiting.await.unwrap().unwrap_err();
        assert!(trouble.why.contains("stopped for a new login"), "{trouble:?}");
        std::fs::remove_file(&hang).unwrap();
        login.client().await.unwrap();
        assert_eq!(runs(folder.path()), 2);
    }

    #[tokio::test]
    async fn a_changed_kubeconfig_brings_its_new_token_and_a_higher_generation() {
        let server = Server::plain("200 OK", VERSION).await;
        let cluster = serde_json::json!({"server": at(server.port)});
        let of = |token: &str| context(&cluster, &serde_json::json!({"token": token}));
        let login = login(&of("old"), Path::new("/nowhere"), Trust::Undecided);
        ask(&login).await.unwrap();
        let before = login.generation();
        assert!(!login.replace(&of("old")), "the same is no change");
        assert!(login.replace(&of("new")));
        ask(&login).await.unwrap();
        assert_eq!(server.header("authorization"), ["Bearer new"]);
        assert!(login.generation() > before);
    }
}
