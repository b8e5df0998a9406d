use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::{Opening, Paths};

fn desk(folder: &Path) -> Arc<Desk> {
    let paths = Paths::in_folder(folder).unwrap();
    let kubeconfigs = cluster::Sources::default();
    Desk::open(Opening { paths, in_memory: false, knowledge: Vec::new(), kubeconfigs, with_added: false }).unwrap()
}

fn object(text: &str) -> ObjectRef {
    text.parse().unwrap()
}

fn pair() -> (ObjectRef, ObjectRef) {
    (object("Deployment/shop/cart"), object("Deployment/shop/web"))
}

#[tokio::test]
async fn a_decision_about_grouping_is_kept_and_its_opposite_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    {
        let desk = desk(folder.path());
        let (one, other) = pair();
        desk.add_grouping(None, Grouping::Merge { one, other }, " one release ").unwrap();
        let (one, other) = pair();
        // The other way round it is the same decision.
        let rules = desk.add_grouping(None, Grouping::Merge { one: other, other: one }, "").unwrap();
        assert_eq!((rules.len(), rules[0].number, rules[0].because.as_str()), (1, 1, "one release"));
        let (one, other) = pair();
        let rules = desk.add_grouping(None, Grouping::Split { one, other }, "").unwrap();
        assert_eq!(rules.iter().map(|rule| rule.number).collect::<Vec<_>>(), [2]);
        let elsewhere = Some(ClusterId("other".into()));
        desk.add_grouping(elsewhere, Grouping::Pin { object: object("Deployment/shop/cart") }, "").unwrap();
        let (one, _) = pair();
        let refused = desk.add_grouping(None, Grouping::Split { other: one.clone(), one }, "").unwrap_err();
        assert_eq!(refused.code, "bad_request");
    }
    let desk = desk(folder.path());
    assert_eq!(desk.grouping_rules().unwrap().len(), 2);
    assert_eq!(desk.grouping_of(&ClusterId("this".into())).unwrap().len(), 1, "the pin is the other cluster's");
    assert_eq!(desk.forget_grouping(7).unwrap_err().code, "not_found");
    assert_eq!(desk.forget_grouping(2).unwrap().len(), 1);
}
