//! Where secrets stand in a cluster.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::dice::Dice;
use crate::secrets::{Secret, percent_encoded};

#[derive(Clone, Copy)]
pub enum Place {
    Object,
    Log,
    Event,
    HelmValues,
    ToolResult,
}

pub enum Document {
    Object(Value),
    Text(String),
}

impl Place {
    pub const ALL: [Place; 5] = [Place::Object, Place::Log, Place::Event, Place::HelmValues, Place::ToolResult];

    pub fn word(self) -> &'static str {
        match self {
            Place::Object => "an object",
            Place::Log => "a log",
            Place::Event => "an event",
            Place::HelmValues => "Helm values",
            Place::ToolResult => "a tool's result",
        }
    }
}

/// The secret in its place, and in one of four cases once more in another text, where nothing names it.
pub fn documents(secret: &Secret, place: Place, dice: &mut Dice) -> Vec<Document> {
    let mut documents = vec![match place {
        Place::Object => Document::Object(object(secret, dice)),
        Place::Log => Document::Text(log(secret, dice)),
        Place::Event => Document::Text(event(secret, dice)),
        Place::HelmValues => helm(secret, dice),
        Place::ToolResult => Document::Text(result(secret, dice)),
    }];
    if secret.carrier.is_none() && !secret.value.contains('\n') && dice.below(4) == 0 {
        let said = match dice.below(3) {
            0 => format!("2026-11-23T03:14:0{}Z INFO retrying with {} in 5s", dice.below(10), secret.value),
            1 => format!("dump: {}", STANDARD.encode(&secret.value)),
            _ => format!("GET /callback?state=1&c={} 302", percent_encoded(&secret.value)),
        };
        documents.push(Document::Text(said));
    }
    documents
}

/// Whole, as an application is given it.
fn given(secret: &Secret) -> &str {
    secret.carrier.as_deref().unwrap_or(&secret.value)
}

/// Where the value stands alone in a line of its own: only what says what it is by itself.
fn stands_alone(secret: &Secret) -> bool {
    secret.alone || secret.carrier.is_some()
}

fn yaml(text: &str, indent: usize) -> String {
    let space = " ".repeat(indent);
    if text.contains('\n') {
        let lines: Vec<String> = text.lines().map(|line| format!("{space}  {line}")).collect();
        return format!("|\n{}", lines.join("\n"));
    }
    let is_plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._/+=-:@?&".contains(&b))
        && !text.starts_with(['-', '?', ':', '@', '&', '=']);
    if is_plain { text.to_owned() } else { json!(text).to_string() }
}

fn object(secret: &Secret, dice: &mut Dice) -> Value {
    let (name, value) = (secret.name, given(secret));
    let variable = json!({"name": name, "value": value});
    let container = |env: Value| json!({"name": "app", "image": "ghcr.io/shop/cart:1.4.2", "env": [{"name": "PORT", "value": "8080"}, env]});
    let pod = |container: Value| {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "cart-5d7c8f9c6b-x2x9p", "namespace": "shop", "uid": "7d9f2c1e-3b4a-4c5d-9e8f-0a1b2c3d4e5f"},
            "spec": {"containers": [container]},
        })
    };
    match dice.below(6) {
        0 => pod(container(variable)),
        1 => {
            let applied = pod(container(variable));
            let mut object = pod(container(json!({"name": "MODE", "value": "fast"})));
            object["metadata"]["annotations"] =
                json!({"kubectl.kubernetes.io/last-applied-configuration": applied.to_string()});
            object
        }
        2 => {
            let flag = format!("--{}", name.trim_start_matches('.').to_ascii_lowercase().replace(['_', '.'], "-"));
            let args = if dice.below(2) == 0 { json!([flag, value]) } else { json!([format!("{flag}={value}")]) };
            pod(json!({"name": "app", "image": "ghcr.io/shop/cart:1.4.2", "args": args}))
        }
        3 => {
            let file = format!("server.port=8080\n{name}={}\nserver.mode=fast\n", value.replace('\n', "\\n"));
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cart"}, "data": {"application.properties": file}})
        }
        4 => json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "cart"},
            "spec": {"source": {"helm": {"parameters": [{"name": name, "value": value, "forceString": true}]}}},
        }),
        _ => json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cart"},
            "data": {name: STANDARD.encode(value)}, "stringData": {"copy": value},
        }),
    }
}

fn log(secret: &Secret, dice: &mut Dice) -> String {
    let (name, value) = (secret.name, given(secret));
    let time = format!("2026-11-23T03:14:{:02}.{:03}Z", dice.below(60), dice.below(1_000));
    let line = match dice.below(if stands_alone(secret) { 7 } else { 5 }) {
        0 => format!("{time} INFO  config {}", json!({"port": 8080, name: value, "mode": "fast"})),
        1 => format!("{name}={}", value.replace('\n', "\\n")),
        2 => format!("{time} level=debug msg=\"environment\" {name}={} PORT=8080", json!(value)),
        3 => format!("{time} DEBUG body={}", json!(json!({"user": "svc", name: value}).to_string())),
        4 => format!("export {name}='{value}'"),
        5 => format!("{time} WARN  could not authenticate: {value}"),
        _ => format!("panic: request failed\n\ngoroutine 17 [running]:\nmain.call({{0xc000, 0x1}}, {value:?})\n"),
    };
    format!("{time} INFO  starting cart 1.4.2\n{line}\n{time} INFO  listening on :8080")
}

fn event(secret: &Secret, dice: &mut Dice) -> String {
    let (name, value) = (secret.name, given(secret).replace('\n', "\\n"));
    match dice.below(if stands_alone(secret) { 4 } else { 3 }) {
        0 => format!(
            "Error: failed to create containerd task: exec: \"{name}={value}\": executable file not found in $PATH"
        ),
        1 => format!("Liveness probe failed: command \"env\" printed {name}={value}"),
        2 => format!(
            "Failed to apply: spec.template.spec.containers[0].env: Invalid value: {}",
            json!({"name": name, "value": value})
        ),
        _ => format!("Liveness probe failed: curl -v http://cart:8080/healthz\n> {value}\n< HTTP/1.1 403 Forbidden"),
    }
}

fn helm(secret: &Secret, dice: &mut Dice) -> Document {
    let (name, value) = (secret.name, given(secret));
    match dice.below(4) {
        0 => Document::Text(format!(
            "replicaCount: 2\nimage:\n  tag: 1.4.2\nconfig:\n  {name}: {}\nresources: {{}}\n",
            yaml(value, 2)
        )),
        1 => Document::Text(format!(
            "extraEnv:\n- name: {name}\n  value: {}\n- name: PORT\n  value: \"8080\"\n",
            yaml(value, 2)
        )),
        2 => Document::Object(json!({
            "config": {"replicas": 2, "env": {name: value}}, "extraEnv": [{"value": value, "name": name}],
            "notes": format!("set {}", json!({name: value})),
        })),
        _ => Document::Text(format!(
            "USER-SUPPLIED VALUES:\n{}\n",
            serde_json::to_string_pretty(&json!({"auth": {name: value}, "port": 80})).unwrap_or_default()
        )),
    }
}

fn result(secret: &Secret, dice: &mut Dice) -> String {
    let (name, value) = (secret.name, given(secret).replace('\n', "\\n"));
    match dice.below(if stands_alone(secret) { 6 } else { 4 }) {
        0 => format!(
            "Name:  cart\nNamespace:  shop\nContainers:\n  app:\n    Environment:\n      PORT:  8080\n      {name}:  {value}\n    Mounts:  <none>\n"
        ),
        1 => format!("PATH=/usr/bin\nHOSTNAME=cart-5d7c8f9c6b-x2x9p\n{name}={value}\nHOME=/root\n"),
        2 => format!("+ config:\n+   {name}: {}\n-   {name}: changeme\n", yaml(&value, 4)),
        3 => json!({"items": [{"path": "/etc/app.json", "content": json!({name: value}).to_string()}]}).to_string(),
        4 => format!("* Connected to api (10.96.4.7) port 443\n> GET /v1 HTTP/2\n> {value}\n>\n< HTTP/2 401\n"),
        _ => format!("found in /app/.netrc and /app/run.sh:\n  {value}\n"),
    }
}
