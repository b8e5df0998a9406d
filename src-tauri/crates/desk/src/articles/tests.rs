#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::{Opening, Paths};

const OURS: &str = "---\nid: reading-exit-codes\ntitle: Ours\nfailure_modes: [replicas-zero]\n---\n\nOurs first.\n";

fn desk(folder: &Path) -> Arc<Desk> {
    let paths = Paths::in_folder(folder).unwrap();
    let kubeconfigs = cluster::Sources::default();
    Desk::open(Opening { paths, in_memory: false, knowledge: Vec::new(), kubeconfigs, with_added: false }).unwrap()
}

fn title(desk: &Desk) -> String {
    desk.library().articles().find(|article| article.id == "reading-exit-codes").unwrap().title.clone()
}

#[tokio::test]
async fn an_article_of_the_team_lies_over_the_librarys_until_it_is_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let of_library = {
        let desk = desk(folder.path());
        let before = desk.article("reading-exit-codes").unwrap();
        assert!(before.versions.is_empty());
        desk.put_article("reading-exit-codes", OURS).unwrap();
        assert_eq!(title(&desk), "Ours");
        before.text
    };
    // It is there after a restart too.
    let desk = desk(folder.path());
    assert_eq!(title(&desk), "Ours");
    assert_eq!(desk.article("reading-exit-codes").unwrap().text, OURS);
    let gone = desk.put_article("reading-exit-codes", " \n").unwrap();
    assert_eq!((gone.text.as_str(), gone.versions.len()), (of_library.as_str(), 2));
    assert_ne!(title(&desk), "Ours");
}

#[tokio::test]
async fn an_article_that_cannot_be_read_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    let refused = desk.put_article("dns", "---\nid: dns\ntitel: x\n---\n\nText.\n").unwrap_err();
    assert_eq!(refused.code, "bad_request");
    assert!(refused.what.starts_with("articles/dns.md:3: "), "{}", refused.what);
    assert_eq!(desk.article("dns").unwrap_err().code, "not_found");
    assert_eq!(desk.put_article("dns", "").unwrap_err().code, "bad_request");
}
