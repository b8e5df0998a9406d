//! A kubeconfig can name any program for the login. None runs before the engineer saw its command line and said yes.

use std::sync::Arc;

use kube::config::ExecConfig;
use model::digest_hex;
use serde::Serialize;

use crate::login::Logins;
use crate::plugin;

/// The program that a kubeconfig would run for a login, as a person is shown it before it may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExecCommand {
    /// Over (file, command, arguments, environment): when any of them changes it is another command, which asks again.
    pub digest: String,
    pub command: String,
    pub args: Vec<String>,
    /// The names of the variables it is given. Values may be secret and are not shown; the digest covers them.
    pub env: Vec<String>,
    /// The kubeconfig that defines the user, or the name of a pasted text.
    pub source: String,
}

impl ExecCommand {
    pub(crate) fn new(exec: &ExecConfig, source: &str) -> Self {
        let command = exec.command.clone().unwrap_or_default();
        let args: Vec<String> = exec.args.iter().flatten().cloned().collect();
        let mut env: Vec<(&str, &str)> = exec
            .env
            .iter()
            .flatten()
            .filter_map(|variable| Some((variable.get("name")?.as_str(), variable.get("value").map_or("", |v| v))))
            .collect();
        env.sort_unstable();
        let count = args.len().to_string();
        let mut parts: Vec<&[u8]> = vec![source.as_bytes(), command.as_bytes(), count.as_bytes()];
        parts.extend(args.iter().map(|arg| arg.as_bytes()));
        parts.extend(env.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]));
        let digest = digest_hex(&parts);
        let env = env.iter().map(|(name, _)| (*name).to_owned()).collect();
        ExecCommand { digest, command, args, env, source: source.into() }
    }

    /// The command line as a person would type it.
    pub fn line(&self) -> String {
        plugin::line(&self.command, &self.args)
    }
}

/// What the engineer said about a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Nothing yet: it does not run.
    Undecided,
    Trusted,
    Refused,
}

/// What the engineer decided about a cluster beside its kubeconfig.
#[derive(Clone)]
pub struct Terms {
    /// Asked each time before a credential plugin runs.
    pub trust: Arc<dyn Fn(&ExecCommand) -> Trust + Send + Sync>,
    /// Namespaces to look into, besides the context's own, where the whole cluster may not be listed.
    pub namespaces: Vec<String>,
    /// Nothing is watched in any namespace but [`Terms::namespaces`]. What is in no namespace, such as nodes, is watched as
    /// the login may: pods stand on it.
    pub only_namespaces: bool,
    /// Kinds to watch besides those that are always watched, where they are served; as [`crate::Connection::watch_kind`]
    /// takes them.
    pub kinds: Vec<String>,
    /// Besides the kubeconfig's certificate authority, what this machine trusts is good enough: a company's proxy that
    /// opens TLS has its authority there.
    pub machine_certificates: bool,
    /// What plugins printed for the connections that have the same one.
    pub logins: Logins,
}

/// No program runs, and nothing is added to what the kubeconfig says.
impl Default for Terms {
    fn default() -> Self {
        Terms {
            trust: Arc::new(|_| Trust::Undecided),
            namespaces: Vec::new(),
            only_namespaces: false,
            kinds: Vec::new(),
            machine_certificates: false,
            logins: Logins::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exec(args: &[&str], env: &[(&str, &str)]) -> ExecCommand {
        let variable = |(name, value): &(&str, &str)| {
            [("name".to_owned(), (*name).to_owned()), ("value".to_owned(), (*value).to_owned())].into_iter().collect()
        };
        let exec = ExecConfig {
            command: Some("login".into()),
            args: Some(args.iter().map(|arg| (*arg).to_owned()).collect()),
            env: Some(env.iter().map(variable).collect()),
            ..ExecConfig::default()
        };
        ExecCommand::new(&exec, "/home/me/.kube/config")
    }

    #[test]
    fn every_change_of_the_command_is_another_command() {
        let same = exec(&["get", "token"], &[("A", "1"), ("B", "2")]);
        assert_eq!(same.digest, exec(&["get", "token"], &[("B", "2"), ("A", "1")]).digest);
        assert_eq!(same.env, ["A", "B"]);
        assert_eq!(same.line(), "login get token");
        for other in [
            exec(&["get token"], &[("A", "1"), ("B", "2")]),
            exec(&["get", "token", "A", "1"], &[("B", "2")]),
            exec(&["get", "token"], &[("A", "1"), ("B", "3")]),
            exec(&["get"], &[("A", "1"), ("B", "2")]),
        ] {
            assert_ne!(same.digest, other.digest, "{other:?}");
        }
        let elsewhere =
            ExecCommand::new(&ExecConfig { command: Some("login".into()), ..ExecConfig::default() }, "/tmp/x");
        let here = ExecCommand::new(&ExecConfig { command: Some("login".into()), ..ExecConfig::default() }, "/tmp/y");
        assert_ne!(elsewhere.digest, here.digest);
    }

    #[test]
    fn values_of_variables_are_not_shown() {
        let command = exec(&[], &[("AWS_SECRET_ACCESS_KEY", "hunter2")]);
        assert!(!format!("{command:?}").contains("hunter2"));
    }
}
