#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::Time;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Redactor;
use crate::name::kind_of;

fn redactor() -> Redactor {
    Redactor::new([7; 32])
}

/// Nothing of a secret stays, in no text it is planted in; the kind of its mark is told.
#[test]
fn secrets_do_not_stay() {
    // Assembled at run time, so that no scanner of repositories takes them for real.
    let github = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let aws = format!("AKIA{}", "IOSFODNN7EXAMPLE");
    let slack = format!("xoxb-{}", "123456789012-abcdefABCDEF");
    let jwt = format!("eyJ{}.eyJ{}.{}", "hbGciOiJIUzI1NiJ9", "zdWIiOiJzeXN0ZW0ifQ", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r");
    let random = "9fKx2mQvT7bLpZ4wRnYc8HdGsJ3uE6aXo1iV";
    let encoded = STANDARD.encode("password: hunter2-and-more");
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nhunter2hunter2\n-----END RSA PRIVATE KEY-----";
    let cases: Vec<(String, &str, &str)> = vec![
        (format!("cloning with {github} failed"), &github, "token"),
        (format!("using key {aws} in eu-west-1"), &aws, "cloud-key"),
        (format!("posting to slack as {slack}"), &slack, "token"),
        (format!("token expired: {jwt}"), &jwt, "token"),
        (format!("Authorization: Bearer {random}"), random, "token"),
        ("authorization=Basic dXNlcjpodW50ZXIy".into(), "dXNlcjpodW50ZXIy", "token"),
        ("curl -H 'Authorization: token s3cr3tv4lue' https://x".into(), "s3cr3tv4lue", "token"),
        ("GET / Cookie: session=abcdef0123456789; theme=dark".into(), "abcdef0123456789", "cookie"),
        ("dial postgres://cart:hunter2@db:5432/cart".into(), "hunter2", "password"),
        ("amqp://guest:p@ss/w0rd@rabbit:5672".into(), "p@ss/w0rd", "password"),
        ("dsn cart:hunter2@tcp(mysql:3306)/cart".into(), "hunter2", "password"),
        ("curl -u admin:hunter2 http://es:9200".into(), "hunter2", "password"),
        ("CREATE USER cart IDENTIFIED BY 'hunter2'".into(), "hunter2", "password"),
        ("DB_PASSWORD=hunter2".into(), "hunter2", "password"),
        ("export PGPASSWORD='correct horse'".into(), "correct horse", "password"),
        ("  password: correct horse battery\n".into(), "correct horse battery", "password"),
        ("level=info msg=login password=hunter2 user=oncall".into(), "hunter2", "password"),
        (r#"{"user":"oncall","password":"hunt\"er2","n":1}"#.into(), "hunt", "password"),
        (r#"body="{\"apiKey\":\"hunter2key\"}""#.into(), "hunter2key", "token"),
        ("config map[password:hunter2 user:oncall]".into(), "hunter2", "password"),
        ("https://x/cb?client_secret=hunter2&state=1".into(), "hunter2", "secret"),
        ("https://x.blob.core.windows.net/c?sv=1&sig=Zm9vYmFyYmF6cXV4cXV1eA%3D%3D".into(), "Zm9vYmFyYmF6", "token"),
        ("AccountKey=Zm9vYmFyYmF6cXV4cXV1eA==;EndpointSuffix=core".into(), "Zm9vYmFyYmF6", "token"),
        ("redis-server --requirepass x --masterauth-password hunter2".into(), "hunter2", "password"),
        (r#"spec={"args":["--db-password","hunter2","--port"]}"#.into(), "hunter2", "password"),
        (r#"{"note":"{\"args\":[\"--api-token\", \"hunter2token\"]}"}"#.into(), "hunter2token", "token"),
        ("args: ['--db-password', 'hunter2']".into(), "hunter2", "password"),
        ("args:\n- --db-password\n- hunter2\n- --port\n".into(), "hunter2", "password"),
        (
            "args: [\n  \"--dd-api-key\",\n  \"0123456789abcdef0123456789abcdef\"\n]".into(),
            "0123456789abcdef0123456789abcdef",
            "token",
        ),
        ("starting with --api-token=hunter2token".into(), "hunter2token", "token"),
        ("- name: DB_PASSWORD\n  value: hunter2\n".into(), "hunter2", "password"),
        (r#"{"name":"STRIPE_API_KEY","value":"hunter2"}"#.into(), "hunter2", "token"),
        (format!("key:\n{pem}\nend"), "hunter2hunter2", "private-key"),
        (format!("\"{}\"", pem.replace('\n', "\\n")), "hunter2hunter2", "private-key"),
        (pem.replace("-----END RSA PRIVATE KEY-----", ""), "hunter2hunter2", "private-key"),
        (format!("blob {encoded} read"), &encoded, "secret"),
        (format!("nonce {random} used"), random, "high-entropy"),
        ("mail from oncall.lead@example.org bounced".into(), "oncall.lead", "e-mail"),
    ];
    for (text, secret, kind) in &cases {
        let redacted = redactor().text(text);
        assert!(!redacted.as_str().contains(secret), "{secret} stayed in: {}", redacted.as_str());
        assert!(redacted.as_str().contains(&format!("[redacted: {kind}]")), "no {kind} in: {}", redacted.as_str());
        assert!(redacted.marks().iter().any(|(marked, _)| marked == kind), "{:?}", redacted.marks());
        assert_eq!(redactor().text(redacted.as_str()).as_str(), redacted.as_str(), "redacted twice");
    }
}

/// Ordinary lines that look like secrets to a careless eye. An investigation needs every one of them.
#[test]
fn clean_lines_stay_as_they_are() {
    let clean = r#"
I1123 03:14:07.123456       1 reflector.go:561] "Failed to watch" err="failed to list *v1.Secret: secrets is forbidden"
E1123 03:14:07.000001 2301 kubelet.go:2861] "Unable to attach or mount volumes" pod="shop/cart-5d7c8f9c6b-x2x9p"
MountVolume.SetUp failed for volume "tls" : secret "cart-tls" not found
couldn't find key password in Secret shop/db-credentials
Couldn't get secret shop/db-credentials err="secret \"db-credentials\" not found" secret="shop/db-credentials"
Error: secret "db-credentials" not found
Back-off pulling image "ghcr.io/shop/cart@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
commit 3f786850e387550fdab836ed7e6dc881de23001b deployed by argocd
pod uid 7d9f2c1e-3b4a-4c5d-9e8f-0a1b2c3d4e5f on node ip-10-0-3-17.eu-west-1.compute.internal
containerd://4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a exited with 137
Access denied for user 'cart'@'10.244.1.7' (using password: YES)
FATAL: password authentication failed for user "cart"
ERROR 1045 (28000): invalid password: authentication failed
error validating token: token expired at 2026-11-23T03:14:07Z
invalid bearer token, authentication required
Unauthorized: the server has asked for the client to provide credentials (bearer token rejected)
serviceAccountToken: expirationSeconds 3607, path token
automountServiceAccountToken: true
  secretName: cart-tls
  tokenSecretRef: vault-token
  secretKeyRef: {name: db-credentials, key: password}
password: ${DB_PASSWORD}
DB_PASSWORD: <set to the key 'password' in secret 'db-credentials'>  Optional: false
--token-auth-file=/etc/kubernetes/tokens.csv --service-account-key-file=/etc/kubernetes/pki/sa.pub
"args":["--token-auth-file","/etc/kubernetes/tokens.csv","--verbose"], "--auth-mode", "basic"
GET http://cart:8080/healthz 200 3ms
dial tcp 10.96.0.1:443: connect: connection refused
http://prometheus.monitoring.svc.cluster.local:9090/api/v1/query?query=up
at org.springframework.beans.factory.support.AbstractAutowireCapableBeanFactory.createBean(AbstractAutowireCapableBeanFactory.java:525)
at com.example.payments.internal.TransactionCoordinatorServiceImpl$$EnhancerBySpringCGLIB$$1b2c3d4e.commit(<generated>)
/var/lib/kubelet/pods/7d9f2c1e-3b4a-4c5d-9e8f-0a1b2c3d4e5f/volumes/kubernetes.io~projected/kube-api-access-x7k2p
goroutine 1 [running]: main.main() /go/src/github.com/shop/cart/main.go:42 +0x1d
max_tokens=4096 tokens: 17 token_count=3
trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7
Slave I/O thread: connected to master 'qc_repl@nacosdb-mysql-0.nacosdb-mysql.train-ticket:3306', repl@db-0.db.shop:5432
connecting as cart@postgres.shop.svc.cluster.local and x@db.shop.svc
Initialising internal cluster ID to 'rabbitmq-cluster-id-CbO6nkL1XvoW4bSYJOu51A'
started getty@tty1.service, cloned git@github.com:shop/cart.git, using client-go@v0.30.0
npm WARN deprecated react@18.2.0 and lodash@4.17.21
author of keyboard layout: monkey business, passing tests, bypass=true compass: north
readiness probe failed: HTTP probe failed with statuscode: 503
X-Request-Id: 01JDC4ZKQ8W3N5T7V9X1Y3Z5A7
Normal  Pulled  12s  kubelet  Container image "registry.k8s.io/pause:3.10" already present on machine
pool "authentication" exhausted: connections=100 conn=db-7
failed to fetch token: Post "https://127.0.0.1:6443/api/v1/namespaces/kube-system/serviceaccounts/flannel/token": read tcp 127.0.0.1:56902
-----BEGIN CERTIFICATE----- is public
nvidia.com/gpu-driver-upgrade-state=upgrade-done
"#;
    let lines: Vec<&str> = clean.lines().filter(|line| !line.is_empty()).collect();
    let changed: Vec<String> = lines
        .iter()
        .map(|line| (line, redactor().text(line)))
        .filter(|(line, redacted)| redacted.as_str() != **line)
        .map(|(line, redacted)| format!("{line}\n  -> {}", redacted.as_str()))
        .collect();
    assert!(changed.is_empty(), "{}", changed.join("\n"));
    assert_eq!(redactor().text(clean).as_str(), clean, "together they stay as well");
}

#[test]
fn certificates_stay_and_their_keys_do_not() {
    let key = rcgen::KeyPair::generate().unwrap();
    let cert = rcgen::CertificateParams::new(vec!["cart.shop.svc".to_owned()]).unwrap().self_signed(&key).unwrap();
    let (public, private) = (cert.pem(), key.serialize_pem());
    assert_eq!(redactor().text(&public).as_str(), public);
    let escaped = public.replace('\n', "\\n");
    assert_eq!(redactor().text(&escaped).as_str(), escaped);
    assert_eq!(redactor().text(&STANDARD.encode(&public)).as_str(), STANDARD.encode(&public));
    assert_eq!(redactor().text(&format!("{public}{private}")).marks(), [("private-key".to_owned(), 1)]);
    assert_eq!(redactor().text(&STANDARD.encode(&private)).as_str(), "[redacted: secret]");
}

#[test]
fn marks_are_counted_most_first() {
    let redacted = redactor().text("a@example.org b@example.org password=hunter2");
    assert_eq!(redacted.marks(), [("e-mail".to_owned(), 2), ("password".to_owned(), 1)]);
}

#[test]
fn names_of_secrets_are_told_from_names_about_secrets() {
    for name in [
        "password",
        "DB_PASSWORD",
        "dbPassword",
        "PGPASSWORD",
        "db.password",
        "apiKey",
        "API_KEY",
        "api-key",
        "clientSecret",
        "AWS_SECRET_ACCESS_KEY",
        "SECRET_KEY_BASE",
        "authToken",
        "DB_PASS",
        "passwd",
        "password2",
    ] {
        assert!(kind_of(name).is_some(), "{name}");
    }
    for name in [
        "secretName",
        "PASSWORD_FILE",
        "tokenExpirationSeconds",
        "TOKEN_URL",
        "key",
        "auth",
        "monkey",
        "bypass",
        "tokens",
        "imagePullSecrets",
        "secretRef",
        "passed",
        "keyring",
        "KEYCLOAK_HOST",
        "author",
        "connection",
        "",
    ] {
        assert_eq!(kind_of(name), None, "{name}");
    }
}

#[test]
fn json_keeps_its_structure_and_loses_its_secrets() {
    let manifest = json!({"env": [{"name": "INNER_TOKEN", "value": "hunter2"}]}).to_string();
    let mut object = json!({
        "metadata": {"annotations": {"copy": manifest, "owner": "oncall@example.org"}},
        "spec": {"containers": [{
            "args": ["--password", "hunter2", "--verbose", "--token=hunter2token", "--db-password", "--port"],
            "env": [
                {"name": "DB_PASSWORD", "value": "hunter2"},
                {"name": "DB_HOST", "value": "postgres"},
                {"name": "DATABASE_URL", "value": "postgres://cart:hunter2@db/cart"},
                {"name": "API_KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "api"}}},
            ],
            "image": "ghcr.io/shop/cart:1.2",
        }], "volumes": [{"secret": {"secretName": "tls"}}], "replicas": 3, "paused": null},
    });
    let marks = redactor().json(&mut object);
    let text = object.to_string();
    assert!(!text.contains("hunter2"), "{text}");
    let container = &object["spec"]["containers"][0];
    assert_eq!(container["env"][1], json!({"name": "DB_HOST", "value": "postgres"}));
    assert_eq!(container["env"][2]["value"], "postgres://cart:[redacted: password]@db/cart");
    assert_eq!(container["env"][3]["valueFrom"]["secretKeyRef"]["key"], "api");
    assert_eq!(container["args"][0], "--password");
    assert_eq!(container["args"][5], "--port");
    assert_eq!(container["image"], "ghcr.io/shop/cart:1.2");
    assert_eq!(object["spec"]["volumes"][0]["secret"]["secretName"], "tls");
    assert!(serde_json::from_str::<Value>(object["metadata"]["annotations"]["copy"].as_str().unwrap()).is_ok());
    assert_eq!(marks.iter().find(|(kind, _)| kind == "password").unwrap().1, 3);

    let again = object.clone();
    assert!(redactor().json(&mut object).is_empty());
    assert_eq!(object, again);
}

/// What is left of an object that is read.
fn read(redactor: &Redactor, object: &Value) -> model::Doc {
    use serde::de::{Deserializer, MapAccess, Visitor};
    struct Whole<'a>(&'a Redactor);
    impl<'de> Visitor<'de> for Whole<'_> {
        type Value = model::Doc;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<model::Doc, A::Error> {
            let mut reading = model::Reading::new(model::Pool::house(), self.0.reading());
            let object = reading.begin();
            while let Some(key) = map.next_key::<String>()? {
                reading.field(model::Place::Anywhere, &key, &mut map)?;
            }
            Ok(reading.finish(object))
        }
    }
    serde_json::Deserializer::from_str(&object.to_string()).deserialize_map(Whole(redactor)).unwrap()
}

#[test]
fn of_an_object_that_is_read_the_same_is_left_as_of_one_that_was_read() {
    let manifest = r#"{"spec":{"env":[{"name":"TOKEN","value":"tok_9f8a7b6c5d4e3f2a1b0c"}]}}"#;
    let object = json!({
        "metadata": {"annotations": {"copy": manifest, "owner": "oncall@example.org", "password": "hunter2hunter2",
            "uid": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}},
        "spec": {"containers": [{
            "args": ["--password", "hunter2", "--verbose", "--token=hunter2token", "--db-password", "--port", "--api-key", ["x"]],
            "env": [
                {"name": "DB_PASSWORD", "value": "hunter2"}, {"value": "hunter2", "name": "DB_PASSWORD"},
                {"name": "PASSWORD_FILE", "value": "/run/secrets/db"}, {"name": "DB_PASSWORD", "value": {"a": 7}},
                {"name": "DATABASE_URL", "value": "postgres://cart:hunter2@db/cart"},
                {"name": "API_KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "api"}}},
            ],
            "image": "ghcr.io/shop/cart:1.2",
        }], "volumes": [{"secret": {"secretName": "tls"}}], "replicas": 3, "ratio": 0.5, "paused": null},
        "items": [
            {"kind": "Secret", "data": {"user": STANDARD.encode("cart"), "password": "a"}, "stringData": {"x": "y1"}},
            {"stringData": {"x": "y1", "n": 7}, "kind": "Secret"}, {"data": "text", "kind": "Secret"},
            {"data": {"token": "9f8a7b6c5d4e3f2a1b0c", "note": "see the runbook"}, "kind": "ConfigMap"}],
    });
    let redactor = redactor();
    let mut whole = object.clone();
    redactor.json(&mut whole);
    for _ in 0..2 {
        assert_eq!(read(&redactor, &object).to_value(), whole);
    }
}

#[test]
fn a_change_of_a_hidden_value_can_still_be_told() {
    let hidden = |value: &str| {
        let mut variable = json!({"name": "DB_PASSWORD", "value": value});
        redactor().json(&mut variable);
        variable["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(hidden("hunter2"), hidden("hunter2"));
    assert_ne!(hidden("hunter2"), hidden("hunter3"));
    assert!(hidden("hunter2").starts_with("[redacted: password "));
}

#[test]
fn the_values_of_a_whole_secret_are_hidden() {
    let mut secret = json!({"kind": "Secret", "data": {"user": STANDARD.encode("cart")}, "stringData": {"x": "y1"}});
    let marks = redactor().json(&mut secret);
    assert_eq!(marks, [("secret".to_owned(), 2)]);
    assert!(secret["data"]["user"].as_str().unwrap().starts_with("[redacted: secret"));
}

#[test]
fn a_digest_depends_on_the_key() {
    let other = Redactor::new([8; 32]);
    assert_eq!(redactor().digest(b"a"), redactor().digest(b"a"));
    assert_ne!(redactor().digest(b"a"), redactor().digest(b"b"));
    assert_ne!(redactor().digest(b"a"), other.digest(b"a"));
}

#[test]
fn the_shape_of_a_secret_tells_sizes_equality_and_encoding_depth() {
    let twice = STANDARD.encode(STANDARD.encode("hunter2-hunter2"));
    let secret = json!({"data": {
        "plain": STANDARD.encode("hunter2-hunter2"),
        "twice": twice,
        "word": STANDARD.encode("password"),
        "broken": "not base64!",
        "empty": "",
    }});
    let shape = redactor().shape("Secret", &secret);
    let of = |key: &str| shape.keys.iter().find(|k| k.key == key).unwrap();
    assert_eq!((of("plain").bytes, of("plain").encoding_depth), (15, 0));
    assert_eq!(of("twice").encoding_depth, 1);
    assert_eq!((of("word").bytes, of("word").encoding_depth), (8, 0));
    assert_eq!((of("broken").bytes, of("empty").bytes), (11, 0));

    let map = json!({"data": {"plain": "hunter2-hunter2"}, "binaryData": {"icon": STANDARD.encode([0u8, 255])}});
    let map = redactor().shape("ConfigMap", &map);
    assert_eq!(map.keys[1].digest, of("plain").digest);
    assert_eq!((map.keys[0].key.as_str(), map.keys[0].bytes), ("icon", 2));
    assert!(redactor().shape("Secret", &json!("nonsense")).keys.is_empty());
}

#[test]
fn the_shape_of_a_certificate_tells_when_it_ends() {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["cart.shop.svc".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2025, 1, 1);
    params.not_after = rcgen::date_time_ymd(2026, 11, 22);
    let pem = params.self_signed(&key).unwrap().pem();
    let shape = redactor().shape("Secret", &json!({"data": {"tls.crt": STANDARD.encode(pem)}}));
    assert_eq!(shape.keys[0].not_after, Some("2026-11-22T00:00:00Z".parse::<Time>().unwrap()));

    let torn = "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n";
    let shape = redactor().shape("ConfigMap", &json!({"data": {"ca.crt": torn}}));
    assert_eq!(shape.keys[0].not_after, None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_redacted_once_and_for_all(
        text in "(?s)([ -~\n\té→]{0,20}(password|token: |secret=|://u:|@h |-----BEGIN PRIVATE KEY-----|Bearer |\"|\\\\)?){0,8}"
    ) {
        let once = redactor().text(&text);
        let twice = redactor().text(once.as_str());
        prop_assert_eq!(twice.as_str(), once.as_str());
    }

    #[test]
    fn a_planted_password_never_stays(before in "[a-z ]{0,20}", secret in "[A-Za-z]{4}[0-9]{3}[A-Za-z]{5}", after in "[a-z ]{0,20}") {
        for text in [
            format!("{before} password={secret} {after}"),
            format!("{before} {{\"password\": \"{secret}\"}} {after}"),
            format!("{before} https://oncall:{secret}@host/{after}"),
            format!("{before} Authorization: Bearer {secret} {after}"),
            format!("{before} password: {secret} {after}"),
        ] {
            let redacted = redactor().text(&text);
            prop_assert!(!redacted.as_str().contains(&secret), "{}", redacted.as_str());
        }
    }
}

#[test]
fn what_was_clean_once_is_clean_again_and_what_was_not_is_redacted_again() {
    let redactor = Redactor::new([7; 32]);
    let object = json!({"annotations": {"note": "see the runbook at https://wiki.example.com/cart first",
        "dsn": "postgres://cart:hunter2hunter2@db:5432/cart"}, "env": [{"name": "API_TOKEN", "value": "9f8a7b6c5d4e3f2a1b0c"}]});
    let mut first = object.clone();
    let marks = redactor.json(&mut first);
    assert!(!marks.is_empty() && !first.to_string().contains("hunter2"));
    for _ in 0..3 {
        let mut again = object.clone();
        assert_eq!(redactor.json(&mut again), marks);
        assert_eq!(again, first);
    }
}

#[test]
fn nothing_is_forgotten_to_be_redacted_when_the_memory_is_full() {
    let redactor = Redactor::new([7; 32]);
    for index in 0..60_000 {
        let mut object =
            json!({"a": format!("a harmless line of text number {index}, which is remembered for a while")});
        redactor.json(&mut object);
    }
    let mut object = json!({"a": "password=correct-horse-battery-9"});
    assert_eq!(redactor.json(&mut object).len(), 1);
    assert!(!object.to_string().contains("battery"));
}

#[test]
fn identifiers_that_are_passed_by_would_pass_every_layer() {
    for text in [
        "2026-11-23T05:06:43Z",
        "2026-11-23T05:06:43.179433Z",
        "2026-11-23T05:06:43+02:00",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "containerd://e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ] {
        assert!(crate::clean::is_identifier(text), "{text}");
        assert!(redactor().text(text).marks().is_empty(), "{text}");
    }
    for text in ["2026-password=hunter2", "6ba7b810-9dad-11d1-80b4-token=abcdefg", "docker://user:hunter2@registry"] {
        assert!(!crate::clean::is_identifier(text), "{text}");
    }
}

#[test]
fn every_value_of_a_secret_that_was_printed_goes_however_short_it_is() {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login", "namespace": "shop"},
        "stringData": {"user": "anna", "pin": "tiger", "note": "a \"quoted\", word"}, "type": "Opaque",
    });
    let line = secret.to_string();
    let inside = json!({"msg": format!("applying {line}"), "level": "info"}).to_string();
    let twice = json!({"log": inside}).to_string();
    let texts = [
        line.clone(),
        format!("E0101 could not apply {line}: denied"),
        line[..line.len() - 18].to_owned(),
        inside,
        twice,
        "applied {kind: Secret, metadata: {name: login, namespace: shop}, stringData: {user: anna, pin: 'tiger'}}".into(),
        "applied map[kind: Secret] and {\"kind\":\"Secret\",\"data\":{\"pin\":\"tiger\"},\"metadata\":{\"name\":\"login\"}}".into(),
        "apiVersion: v1\ndata:\n  pin: tiger\n  user: \"anna\"\n  more: |\n    quoted\nkind: Secret\nmetadata:\n  name: login\n".into(),
    ];
    for text in texts {
        let clean = redactor().text(&text).into_string();
        for value in ["anna", "tiger", "quoted"] {
            assert!(!clean.contains(value), "{value}: {clean}");
        }
        assert!(clean.contains("login"), "what is no value stays: {clean}");
    }
    let mut object = secret;
    redactor().json(&mut object);
    assert!(!object.to_string().contains("tiger") && object["metadata"]["name"] == "login", "{object}");
}

#[test]
fn what_only_speaks_of_secrets_stays() {
    for text in [
        r#"{"kind":"SecretStore","metadata":{"name":"vault"},"data":{"region":"eu-west-1"}}"#,
        r#"{"kind":"ConfigMap","metadata":{"name":"a"},"data":{"colour":"green"}} then kind: Secret was listed"#,
        r#"reflector: failed to list {kind: Secret}: forbidden in {namespace: shop}"#,
        "kind: ConfigMap\ndata:\n  colour: green\n---\nkind: Secret\nmetadata:\n  name: login\n",
    ] {
        assert_eq!(redactor().text(text).as_str(), text);
    }
}

#[test]
fn lines_that_were_written_as_one_are_looked_at_as_lines() {
    let databricks = format!("dapi{}", "b8831d37b8831d37b8831d37b8831d37");
    for (text, value) in [
        (r#"text="extraEnv:\n- name: DB_PASSWORD\n  value: Winter2026\n- name: PORT\n" done"#.to_owned(), "Winter2026"),
        (r#"text="config:\n  adminPassword: Winter2026\nresources: {}\n""#.to_owned(), "Winter2026"),
        (format!(r#"text="panic\n\nmain.call({{0xc000}}, \"{databricks}\")\n""#), &databricks),
    ] {
        let clean = redactor().text(&text).into_string();
        assert!(!clean.contains(value) && clean.contains("\\n") && !clean.contains('\n'), "{clean}");
    }
    let path = r#"opened C:\new\notes.txt\n and went on"#;
    assert_eq!(redactor().text(path).as_str(), path);
}
