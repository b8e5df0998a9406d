use serde_json::json;

use super::*;
use crate::{Opening, Paths};

fn desk(home: &std::path::Path, file: &str) -> Arc<Desk> {
    let paths = Paths::in_folder(home).unwrap();
    std::fs::write(paths.mcp_servers(), file).unwrap();
    let kubeconfigs = cluster::Sources::default();
    Desk::open(Opening { paths, in_memory: false, knowledge: Vec::new(), kubeconfigs, with_added: false }).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_is_said_and_left_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let desk = desk(home.path(), "{ \"mcpServers\": ");
    let servers = desk.mcp_servers();
    assert!(servers.servers.is_empty());
    assert!(servers.problems[0].why.contains("line 1"), "{:?}", servers.problems);
    assert!(desk.try_mcp_server("a", "x").await.unwrap_err().hint.contains("Correct"));
    assert_eq!(std::fs::read_to_string(desk.paths().mcp_servers()).unwrap(), "{ \"mcpServers\": ");
    assert_eq!(desk.toolbox_of_all().specs().len(), desk.toolbox.specs().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_no_server_is_not_trusted_and_its_last_words_are_redacted() {
    let home = tempfile::tempdir().unwrap();
    let file =
        json!({"mcpServers": {"sh": {"command": "sh", "args": ["-c", "echo password=hunter2-and-more >&2; exit 3"]}}});
    let desk = desk(home.path(), &file.to_string());
    let row = desk.mcp_servers().servers.remove(0);
    assert_eq!((row.trust, row.line.starts_with("sh -c")), (TrustState::Undecided, true));
    // What was shown is not what would run.
    assert_eq!(desk.trust_mcp_server("sh", "another").await.unwrap_err().code, "changed");
    let error = desk.trust_mcp_server("sh", &row.digest).await.unwrap_err();
    assert!(error.what.contains("did not begin to speak") && error.what.contains("It wrote"), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
    assert_eq!(desk.mcp_servers().servers[0].trust, TrustState::Undecided);
    assert_eq!(desk.decide_mcp_server("sh", TrustState::Refused).unwrap().trust, TrustState::Refused);
    assert!(desk.decide_mcp_server("sh", TrustState::Trusted).is_err());
}
