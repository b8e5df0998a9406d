use std::collections::BTreeMap;
use std::time::Duration;

use model::digest_hex;
use serde::{Deserialize, Serialize};

/// One server, as the team's file has it.
///
/// The file is JSON in the form that other programs use too:
///
/// ```json
/// {
///   "mcpServers": {
///     "k8s": {"command": "kubernetes-mcp-server", "args": ["--read-only"], "env": {"KUBECONFIG": "/etc/kube/prod"}},
///     "grafana": {"url": "https://mcp.example.com/mcp", "headers": {"Authorization": "Bearer ${GRAFANA_TOKEN}"}}
///   }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// `stdio` or `http`; follows from the rest.
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    command: Option<String>,
    #[serde(default)]
    args: Vec<String>,
    /// Besides a few variables that every program needs; nothing else of our environment is handed on.
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    disabled: bool,
    #[serde(default, rename = "timeoutSeconds")]
    timeout_seconds: Option<u64>,
    #[serde(default)]
    tools: Vec<String>,
    #[serde(default)]
    reads: Vec<String>,
    #[serde(default)]
    clusters: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default, rename = "mcpServers")]
    servers: serde_json::Map<String, serde_json::Value>,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum Transport {
    /// A program that is started here and spoken to over its standard input and output.
    Stdio { command: String, args: Vec<String>, env: BTreeMap<String, String> },
    /// Streamable HTTP. Values of headers may name environment variables, `${NAME}`.
    Http { url: String, headers: BTreeMap<String, String> },
}

/// A server that may be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Configured {
    /// Letters, digits, `-` and `_`; it is part of the names of its tools.
    pub name: String,
    pub transport: Transport,
    pub disabled: bool,
    /// How long a call may take.
    pub patience: Duration,
    /// Its tools that are taken in, by the server's names; empty: all.
    pub tools: Vec<String>,
    /// Tools of which the engineer says that they only read. Of others nothing is known, and they ask every time.
    pub reads: Vec<String>,
    /// Names of the contexts in whose cases its tools are offered; empty: all.
    pub clusters: Vec<String>,
}

/// Unless the file says otherwise.
const PATIENCE: Duration = Duration::from_secs(60);
const MOST_PATIENCE: u64 = 600;

/// Reads the file: what is right in it, and of everything else what is wrong with it. `Err`: nothing can be read.
pub fn parse(text: &str) -> Result<(Vec<Configured>, Vec<String>), String> {
    let file: File = serde_json::from_str(text).map_err(|error| format!("it is not what it should be: {error}"))?;
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    for (name, value) in file.servers {
        match read(&name, value) {
            Ok(server) => right.push(server),
            Err(why) => wrong.push(format!("`{name}`: {why}")),
        }
    }
    Ok((right, wrong))
}

fn read(name: &str, value: serde_json::Value) -> Result<Configured, String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || name.len() > 32 || !name.chars().all(is_name) {
        return Err("its name takes up to 32 letters, digits, `-` and `_`".into());
    }
    let written: Written = serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        if path == "." { error.inner().to_string() } else { format!("`{path}`: {}", error.inner()) }
    })?;
    let Written { kind, command, args, env, url, headers, disabled, timeout_seconds, tools, reads, clusters } = written;
    let transport = match (command, url) {
        (Some(command), None) if !command.trim().is_empty() && headers.is_empty() => {
            Transport::Stdio { command, args, env }
        }
        (None, Some(url)) if args.is_empty() && env.is_empty() => {
            check_url(&url)?;
            if let Some((header, _)) = headers.iter().find(|(header, value)| is_key(header) && !value.contains("${")) {
                return Err(format!(
                    "the value of `{header}` stands in the file; put it into an environment variable and write `${{NAME}}`"
                ));
            }
            Transport::Http { url, headers }
        }
        (Some(_), Some(_)) => return Err("it has a `command` and a `url`; it takes one of them".into()),
        (None, None) => return Err("it has neither a `command` nor a `url`".into()),
        (Some(_), None) => return Err("its `command` is empty, or it has `headers`, which belong to a `url`".into()),
        (None, Some(_)) => return Err("it has a `url`, to which no `args` and no `env` belong".into()),
    };
    match (kind.as_deref(), &transport) {
        (None | Some("stdio"), Transport::Stdio { .. })
        | (None | Some("http" | "streamable-http" | "streamableHttp"), Transport::Http { .. }) => {}
        (Some(kind), _) => return Err(format!("`type` is `{kind}`, which does not fit; leave it out")),
    }
    let patience = match timeout_seconds {
        None => PATIENCE,
        Some(seconds @ 1..=MOST_PATIENCE) => Duration::from_secs(seconds),
        Some(_) => return Err(format!("`timeoutSeconds` takes 1 to {MOST_PATIENCE}")),
    };
    Ok(Configured { name: name.to_owned(), transport, disabled, patience, tools, reads, clusters })
}

fn is_key(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    ["authorization", "token", "key", "secret", "cookie"].iter().any(|word| header.contains(word))
}

/// Keys are not sent in the clear to another machine.
fn check_url(url: &str) -> Result<(), String> {
    let parsed = reqwest::Url::parse(url).map_err(|error| format!("`url` is no address: {error}"))?;
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err("`url` has a name or a password in it; use `headers`".into());
    }
    let is_here = parsed.host_str().is_some_and(|host| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    });
    match parsed.scheme() {
        "https" => Ok(()),
        "http" if is_here => Ok(()),
        "http" => Err("`url` is not encrypted and leaves this machine; use https".into()),
        other => Err(format!("`url` begins with `{other}`; it takes http or https")),
    }
}

impl Configured {
    /// What a decision to trust it binds to: everything that says what runs, or where it is asked.
    pub fn digest(&self) -> String {
        let bound = serde_json::to_value(&self.transport).unwrap_or_default();
        digest_hex(&[self.name.as_bytes(), model::canonical_json(&bound).as_bytes()])
    }

    /// What runs, or where it is asked, in a line as a shell would take it. Values of variables are not shown.
    pub fn line(&self) -> String {
        match &self.transport {
            Transport::Stdio { command, args, env } => {
                let names = env.keys().map(|name| format!("{name}=…"));
                names.chain([quoted(command)]).chain(args.iter().map(|arg| quoted(arg))).collect::<Vec<_>>().join(" ")
            }
            Transport::Http { url, .. } => url.clone(),
        }
    }

    /// Whether the team takes in a tool of this name.
    pub fn takes(&self, tool: &str) -> bool {
        self.tools.is_empty() || self.tools.iter().any(|one| one == tool)
    }

    /// Whether its tools are offered in cases of a context.
    pub fn serves(&self, context: &str) -> bool {
        self.clusters.is_empty() || self.clusters.iter().any(|one| one == context)
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The text with `${NAME}` replaced by the environment's value.
pub(crate) fn filled_in(text: &str, value_of: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or_else(|| "a `${` is not closed".to_owned())?;
        let name = name.strip_prefix("env:").unwrap_or(name);
        out.push_str(before);
        out.push_str(&value_of(name).ok_or_else(|| format!("the environment variable `{name}` is not set"))?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}
