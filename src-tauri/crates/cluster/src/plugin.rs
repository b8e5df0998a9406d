//! Credential plugins: programs that a kubeconfig names and that print a token or a certificate. Run by us rather than by
//! the client library, so that a missing one is named, what it says on stderr is kept, and none can hang a connection.

mod group;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::config::{ExecConfig, ExecInteractiveMode};
use redact::Redactor;
use serde::Deserialize;
use serde_json::json;

use crate::SearchPath;

/// A browser login needs a person; longer than this is nobody there.
pub(crate) const TAKES_AT_MOST: Duration = Duration::from_secs(90);

/// Why a plugin gave no credential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct PluginError {
    pub why: String,
    pub hint: String,
    pub fault: PluginFault,
}

/// What is wrong with a plugin, told apart by what a person has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginFault {
    /// The program does not exist on this machine.
    Missing,
    /// Nobody has allowed it to run, or somebody has forbidden it.
    Untrusted,
    /// It ran and gave no credential, or cannot run as it is configured.
    Failed,
    /// It waited for a person who was not there.
    TimedOut,
    /// It was stopped for a newer attempt.
    Overtaken,
}

/// What a plugin printed.
pub(crate) struct Credential {
    pub token: Option<String>,
    /// Certificate and key, PEM.
    pub certificate: Option<(String, String)>,
    pub expires_at: Option<Timestamp>,
}

/// The command line as a person would type it.
pub(crate) fn command_line(exec: &ExecConfig) -> String {
    line(exec.command.as_deref().unwrap_or_default(), exec.args.as_deref().unwrap_or_default())
}

/// The same of its parts. Words that a shell would not take as they are stand in quotes, so that no argument can look
/// like two or hide a line.
pub(crate) fn line(command: &str, args: &[String]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,~".contains(c);
    let quoted = |word: &str| match word {
        word if !word.is_empty() && word.chars().all(plain) => word.to_owned(),
        word if word.chars().any(char::is_control) => format!("{word:?}"),
        word => format!("'{}'", word.replace('\'', "'\\''")),
    };
    std::iter::once(command).chain(args.iter().map(String::as_str)).map(quoted).collect::<Vec<_>>().join(" ")
}

/// The plugin's file, without running it.
pub(crate) fn locate(exec: &ExecConfig, search: &SearchPath) -> Result<PathBuf, PluginError> {
    let command = exec.command.as_deref().unwrap_or_default();
    if command.is_empty() {
        return Err(PluginError {
            why: "the user has an `exec` section without a `command`".into(),
            hint: "Log in again with your provider's tool, which writes the section.".into(),
            fault: PluginFault::Failed,
        });
    }
    let missing = |program: &str| PluginError {
        why: format!("the credential plugin `{program}` is not installed, or not on the login shell's PATH"),
        hint: exec.install_hint.as_deref().map_or_else(|| how_to_get(program, exec), |hint| hint.trim().to_owned()),
        fault: PluginFault::Missing,
    };
    let program = search.find(command).ok_or_else(|| missing(command))?;
    // `kubectl oidc-login` is a program of its own.
    if command == "kubectl"
        && let Some(subcommand) = exec.args.iter().flatten().next().filter(|word| !word.starts_with('-'))
    {
        let extension = format!("kubectl-{}", subcommand.replace('-', "_"));
        if search.find(&extension).is_none() && search.find(&format!("kubectl-{subcommand}")).is_none() {
            return Err(missing(&extension));
        }
    }
    Ok(program)
}

fn how_to_get(command: &str, exec: &ExecConfig) -> String {
    let program = std::path::Path::new(command).file_stem().and_then(|name| name.to_str()).unwrap_or(command);
    match program {
        "gke-gcloud-auth-plugin" => "Install it with `gcloud components install gke-gcloud-auth-plugin`.".into(),
        "aws" => "Install the AWS CLI, version 2, then try `aws sts get-caller-identity`.".into(),
        "aws-iam-authenticator" => {
            "Install it, or write the kubeconfig anew with `aws eks update-kubeconfig`, which needs only `aws`.".into()
        }
        "kubelogin" if is_azure(exec) => "Install it with `az aks install-cli`.".into(),
        "kubelogin" => {
            "Install kubelogin for OpenID Connect, with `kubectl krew install oidc-login` or `brew install kubelogin`."
                .into()
        }
        "gcloud" => "Install the Google Cloud CLI, then `gcloud auth login`.".into(),
        "az" => "Install the Azure CLI, then `az login`.".into(),
        "civo" | "linode-cli" | "scw" | "hcloud" | "exo" | "ibmcloud" | "vcluster" | "rancher" | "pinniped" | "tkn"
        | "kubectl-vsphere" | "infisical" | "boundary" | "vault" | "okta-aws-cli" | "saml2aws" => {
            format!("Install the command line tool `{program}`, log in with it, then connect again.")
        }
        "kubectl-oidc_login" => "Install it with `kubectl krew install oidc-login`.".into(),
        "kubectl" => "Install kubectl.".into(),
        "doctl" => "Install doctl, then `doctl auth init`.".into(),
        "tsh" => "Install Teleport's `tsh`, then `tsh login`.".into(),
        "oci" => "Install the Oracle Cloud CLI, then `oci session authenticate`.".into(),
        _ => format!("Install `{program}`, or log in again with your provider's tool."),
    }
}

/// Two programs have the name; the one for Azure is told by what it is asked for.
fn is_azure(exec: &ExecConfig) -> bool {
    let flags = exec.args.iter().flatten().any(|arg| arg == "--server-id" || arg.starts_with("--server-id="));
    let variables = exec.env.iter().flatten().filter_map(|variable| variable.get("name"));
    flags || variables.into_iter().any(|name| name.starts_with("AAD_") || name.starts_with("AZURE_"))
}

/// The logins that came before plugins; kubectl dropped them in 1.26.
pub(crate) fn no_longer_supported(provider: &str) -> PluginError {
    let instead = match provider {
        "gcp" => "`gke-gcloud-auth-plugin`, which `gcloud container clusters get-credentials …` sets up",
        "azure" => "`kubelogin`, which `kubelogin convert-kubeconfig` sets up",
        "oidc" => "`kubectl oidc-login`, which `kubectl oidc-login setup` sets up",
        "openstack" => "`client-keystone-auth`, named as `command` in an `exec` section of the user",
        _ => "your provider's exec plugin",
    };
    PluginError {
        why: format!("the auth-provider `{provider}` is no longer supported, by kubectl neither"),
        hint: format!("Use an exec plugin instead: {instead}."),
        fault: PluginFault::Failed,
    }
}

/// Runs the plugin. `cluster` is what it is told of the cluster where the kubeconfig asks for that.
pub(crate) async fn run(
    exec: &ExecConfig,
    cluster: Option<serde_json::Value>,
    search: &Arc<SearchPath>,
    redactor: &Redactor,
    takes_at_most: Duration,
) -> Result<Credential, PluginError> {
    if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
        return Err(PluginError {
            why: format!(
                "`{}` insists on a terminal (`interactiveMode: Always`), and here is none",
                command_line(exec)
            ),
            hint: "Set `interactiveMode: IfAvailable` if it can log in without questions, or use another plugin."
                .into(),
            fault: PluginFault::Failed,
        });
    }
    // The login shell may be asked, and its profile may be slow.
    let (looking, search_in) = (exec.clone(), Arc::clone(search));
    let found = tokio::task::spawn_blocking(move || (locate(&looking, &search_in), search_in.environment())).await;
    let (program, environment) = found.map_err(|error| PluginError {
        why: format!("`{}` could not be looked for: {error}", command_line(exec)),
        hint: "Connect again.".into(),
        fault: PluginFault::Failed,
    })?;
    let program = program?;
    let api_version = exec.api_version.clone().unwrap_or_else(|| "client.authentication.k8s.io/v1".into());
    let mut info = json!({
        "apiVersion": api_version,
        "kind": "ExecCredential",
        "spec": { "interactive": false },
    });
    if let Some(cluster) = cluster {
        info["spec"]["cluster"] = cluster;
    }
    let named: BTreeMap<&String, &String> = exec
        .env
        .iter()
        .flatten()
        .filter_map(|variable| Some((variable.get("name")?, variable.get("value")?)))
        .collect();
    let mut command = tokio::process::Command::new(&program);
    command
        .args(exec.args.iter().flatten())
        .env_clear()
        .envs(environment)
        .envs(named)
        .env("KUBERNETES_EXEC_INFO", info.to_string());
    let line = command_line(exec);
    let failed = |why: String, hint: String| PluginError { why, hint, fault: PluginFault::Failed };
    let output = match tokio::time::timeout(takes_at_most, group::said(&mut command)).await {
        Err(_) => {
            return Err(PluginError {
                why: format!("`{line}` did not end within {} seconds", takes_at_most.as_secs()),
                hint: "Run it in a terminal: it may wait for an answer there. Then connect again.".into(),
                fault: PluginFault::TimedOut,
            });
        }
        Ok(Err(error)) => {
            return Err(failed(
                format!("`{line}` could not be started: {error}"),
                "Check that the program may be run.".into(),
            ));
        }
        Ok(Ok(output)) => output,
    };
    let said = last_lines(redactor.text(&String::from_utf8_lossy(&output.stderr)).as_str());
    if !output.status.success() {
        let said = if said.is_empty() { "it said nothing".into() } else { format!("it said: {said}") };
        return Err(failed(
            format!("`{line}` failed ({}); {said}", output.status),
            "Log in again with your provider's tool, then connect again.".into(),
        ));
    }
    read(&output.stdout).map_err(|why| {
        let said = if said.is_empty() { String::new() } else { format!("; on stderr it said: {said}") };
        failed(format!("`{line}` printed no credential: {why}{said}"), "Run it in a terminal to see.".into())
    })
}

/// The end of what was said, where errors stand.
fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let tail = lines[lines.len().saturating_sub(8)..].join(" / ");
    let skip = tail.chars().count().saturating_sub(600);
    tail.chars().skip(skip).collect()
}

#[derive(Deserialize)]
struct Printed {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<String>,
}

/// JSON, or YAML as some plugins print. Errors never quote what was printed.
fn read(stdout: &[u8]) -> Result<Credential, &'static str> {
    let text = std::str::from_utf8(stdout).map_err(|_| "its output is not text")?;
    let printed: Printed = serde_saphyr::from_str(text).map_err(|_| "its output is not an ExecCredential")?;
    let status = printed.status.ok_or("its output has no `status`")?;
    let expires_at = match status.expiration_timestamp.as_deref().filter(|t| !t.is_empty()) {
        Some(time) => Some(time.parse().map_err(|_| "its `expirationTimestamp` is not a time")?),
        None => None,
    };
    let certificate = status.client_certificate_data.zip(status.client_key_data);
    let token = status.token.filter(|token| !token.is_empty());
    if token.is_none() && certificate.is_none() {
        return Err("its `status` has neither a token nor a certificate");
    }
    Ok(Credential { token, certificate, expires_at })
}

#[cfg(all(test, unix))]
mod tests;
