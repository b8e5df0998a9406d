//! Models and their keys: in the system's keyring, in the environment, or nowhere.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;
use caseboard_tests::process::Process;
use caseboard_tests::skip;

use crate::program;

const KEY: &str = "sk-ant-0123456789-abcdefghij-ABCDEFGHIJ";

/// A session bus of its own, and a keyring on it that is unlocked.
struct Session {
    address: String,
    _bus: Process,
    _keyring: Process,
    _folder: tempfile::TempDir,
}

impl Session {
    fn start() -> anyhow::Result<Session> {
        let folder = tempfile::tempdir()?;
        let mut bus = Process::start(
            Command::new("dbus-daemon").args(["--session", "--print-address", "--nofork"]).stdout(Stdio::piped()),
        )?;
        let mut address = String::new();
        BufReader::new(bus.child().stdout.take().context("it has no stdout")?).read_line(&mut address)?;
        let address = address.trim().to_owned();
        anyhow::ensure!(!address.is_empty(), "the session bus gives no address");
        let mut keyring = Process::start(
            Command::new("gnome-keyring-daemon")
                .args(["--unlock", "--components=secrets", "--foreground"])
                .env("DBUS_SESSION_BUS_ADDRESS", &address)
                .env("HOME", folder.path())
                .env("XDG_DATA_HOME", folder.path().join("data"))
                .env("XDG_RUNTIME_DIR", folder.path())
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )?;
        keyring.child().stdin.take().context("it has no stdin")?.write_all(b"password")?;
        let owned = || {
            let asked = Command::new("dbus-send")
                .args(["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"])
                .args(["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"])
                .env("DBUS_SESSION_BUS_ADDRESS", &address)
                .output();
            asked.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains("boolean true"))
        };
        for _ in 0..300 {
            if owned() {
                return Ok(Session { address, _bus: bus, _keyring: keyring, _folder: folder });
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        anyhow::bail!("gnome-keyring does not answer")
    }
}

/// Every file in the folder in which the text stands.
fn files_with(folder: &Path, text: &str, into: &mut Vec<String>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files_with(&path, text, into)?;
        } else if std::fs::read(&path)?.windows(text.len()).any(|window| window == text.as_bytes()) {
            into.push(path.display().to_string());
        }
    }
    Ok(())
}

const ADD: &[&str] = &["models", "add", "claude", "--provider", "anthropic", "--model", "some-model"];

#[test]
fn a_models_key_is_in_the_keyring_and_in_no_file() -> anyhow::Result<()> {
    let test = "a_models_key_is_in_the_keyring_and_in_no_file";
    let Some(program) = program(test) else { return Ok(()) };
    let session = match Session::start() {
        Ok(session) => session,
        Err(why) => {
            skip(
                test,
                &format!("no session bus with a keyring can be started ({why}); install dbus and gnome-keyring"),
            );
            return Ok(());
        }
    };
    let program = program.with("DBUS_SESSION_BUS_ADDRESS", &session.address);
    let added = program.run(&[ADD, &["--json"]].concat())?.done()?;
    assert_eq!(added[0]["key"]["from"], "nowhere");
    assert_eq!((&added[0]["is_local"], &added[0]["tools"]), (&false.into(), &"native".into()));

    let kept = program.run_with(&["models", "key", "claude", "--json"], &format!("{KEY}\n"))?;
    assert!(!kept.all().contains(KEY));
    assert_eq!(kept.done()?[0]["key"]["from"], "keyring");
    let listed = program.run(&["models", "--json"])?;
    assert_eq!(listed.done()?[0]["key"]["from"], "keyring");
    let mut found = Vec::new();
    files_with(program.home(), KEY, &mut found)?;
    assert_eq!(found, Vec::<String>::new());

    // Another run of the program finds it there; forgotten, it is gone.
    program.run(&["models", "key", "claude", "--env", "NO_SUCH_VARIABLE"])?.must_exit(0);
    let without = program.run(&["models", "test", "claude"])?;
    without.must_exit(1);
    without.must_say(&["NO_SUCH_VARIABLE", "caseboard models key claude"]);
    assert_eq!(program.run(&["models", "remove", "claude", "--json"])?.done()?, serde_json::json!([]));
    Ok(())
}

#[test]
fn without_a_keyring_a_key_is_kept_nowhere_and_the_words_say_what_else_there_is() -> anyhow::Result<()> {
    let Some(program) = program("without_a_keyring_a_key_is_kept_nowhere_and_the_words_say_what_else_there_is") else {
        return Ok(());
    };
    let program = program.with("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    program.run(ADD)?.must_exit(0);
    let refused = program.run_with(&["models", "key", "claude"], &format!("{KEY}\n"))?;
    refused.must_exit(1);
    refused.must_say(&["could not be put into the keyring", "kept nowhere", "--env"]);
    assert!(!refused.all().contains(KEY));
    let mut found = Vec::new();
    files_with(program.home(), KEY, &mut found)?;
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(program.run(&["models", "--json"])?.done()?[0]["key"]["from"], "nowhere");

    let plain = ["models", "add", "away", "--provider", "vllm", "--model", "m", "--base", "https://model.invalid/v1"];
    program.run(&plain)?.must_exit(0);
    let asked = ["diagnose", "--playground", "--approve", "reads", "--model", "away"];
    let refused = program.run(&asked)?;
    refused.must_exit(2);
    refused.must_say(&["would leave this machine for `https://model.invalid/v1`", "Nothing was sent", "--yes"]);
    let sent = program.run(&[&asked[..], &["--yes"]].concat())?;
    sent.must_exit(0);
    sent.must_say(&["model.invalid"]);

    let far = ["models", "add", "far", "--provider", "vllm", "--model", "m", "--base", "gpu:8000"];
    let refused = program.run(&far)?;
    refused.must_exit(1);
    refused.must_say(&["is no address"]);
    program.run(&["models", "test", "nobody"])?.must_say(&["There is no model `nobody`"]);
    Ok(())
}
