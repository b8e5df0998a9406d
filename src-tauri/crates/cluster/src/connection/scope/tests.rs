use serde_json::json;

use super::*;
use crate::kind::watched;

fn rules(rules: &[(&str, &str, &str)]) -> Rules {
    let rule = |(verbs, groups, resources): &(&str, &str, &str)| {
        let words = |text: &str| -> Vec<String> {
            text.split(' ').map(|word| word.trim_start_matches("core").to_owned()).collect()
        };
        json!({"verbs": words(verbs), "apiGroups": words(groups), "resources": words(resources)})
    };
    Rules::read(&json!({"incomplete": false, "resourceRules": rules.iter().map(rule).collect::<Vec<_>>()}))
}

fn kind(name: &str) -> Kind {
    watched().into_iter().find(|kind| kind.kind == name).unwrap_or_else(|| panic!("{name} is not watched"))
}

fn namespaces(names: &[&str]) -> Extent {
    Extent::Namespaces(names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn an_administrator_watches_the_whole_cluster() {
    let rights = Rights { everywhere: rules(&[("*", "*", "*")]), ..Rights::default() };
    let scope = rights.scope(&watched(), None);
    assert!(watched().iter().all(|kind| scope.of(kind) == Extent::WholeCluster));
    assert!(rights.open(&watched()).is_empty());
}

#[test]
fn a_user_of_two_namespaces_watches_each_kind_where_the_rules_allow_it() {
    let rights = Rights {
        everywhere: rules(&[("get list watch", "core", "nodes")]),
        namespaces: vec![
            ("shop".into(), rules(&[("list watch", "core apps", "pods deployments")])),
            ("bank".into(), rules(&[("list", "core", "pods"), ("get", "apps", "deployments")])),
        ],
        ..Rights::default()
    };
    let scope = rights.scope(&watched(), None);
    assert_eq!(scope.of(&kind("Node")), Extent::WholeCluster);
    assert_eq!(scope.of(&kind("Pod")), namespaces(&["shop", "bank"]));
    assert_eq!(scope.of(&kind("Deployment")), namespaces(&["shop"]), "`get` lists nothing");
    let Extent::Refused(why) = scope.of(&kind("Secret")) else { panic!("secrets may not be listed") };
    assert!(why.contains("`secrets`") && why.contains("shop, bank"), "{why}");
    let Extent::Refused(why) = scope.of(&kind("PersistentVolume")) else { panic!("volumes may not be listed") };
    assert!(!why.contains("shop"), "a kind of the whole cluster is in no namespace: {why}");
}

#[test]
fn a_rule_about_named_objects_lists_nothing() {
    let named = json!({"resourceRules": [
        {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["web-0"]}]});
    let rights = Rights { everywhere: Rules::read(&named), ..Rights::default() };
    assert!(matches!(rights.scope(&watched(), None).of(&kind("Pod")), Extent::Refused(_)));
}

#[test]
fn where_rules_are_incomplete_each_open_question_is_asked_once() {
    let incomplete = |rules: Rules| Rules { incomplete: true, ..rules };
    let mut rights = Rights {
        everywhere: incomplete(rules(&[("list", "core", "nodes")])),
        namespaces: vec![("shop".into(), incomplete(rules(&[("list", "core", "pods")])))],
        ..Rights::default()
    };
    let kinds = [kind("Node"), kind("Pod"), kind("Secret")];
    let open: Vec<(String, String)> = rights.open(&kinds).into_iter().map(|(k, ns)| (k.kind.clone(), ns)).collect();
    let question = |kind: &str, namespace: &str| (kind.to_owned(), namespace.to_owned());
    assert_eq!(open, [question("Pod", ""), question("Secret", ""), question("Secret", "shop")]);
    rights.asked =
        [(question("Pod", ""), true), (question("Secret", ""), false), (question("Secret", "shop"), true)].into();
    assert!(rights.open(&kinds).is_empty());
    let scope = rights.scope(&kinds, None);
    assert_eq!(scope.of(&kinds[1]), Extent::WholeCluster);
    assert_eq!(scope.of(&kinds[2]), namespaces(&["shop"]));
}

#[test]
fn an_error_of_an_authorizer_leaves_its_rules_incomplete() {
    assert!(Rules::read(&json!({"evaluationError": "webhook: not supported"})).incomplete);
    assert!(!Rules::read(&json!({"evaluationError": "", "resourceRules": []})).incomplete);
}

#[test]
fn what_nobody_could_tell_is_tried_in_the_whole_cluster() {
    assert_eq!(Scope::default().of(&kind("Pod")), Extent::WholeCluster);
}

#[test]
fn a_recording_of_one_namespace_looks_into_no_other_whatever_its_login_may() {
    let only = ["shop".to_owned()];
    let kinds = watched();
    let mut rights = Rights { everywhere: rules(&[("*", "*", "*")]), ..Rights::default() };
    let scope = rights.scope(&kinds, Some(&only));
    assert_eq!(scope.of(&kind("Pod")), Extent::Namespaces(only.to_vec()));
    assert_eq!(scope.of(&kind("Node")), Extent::WholeCluster, "pods stand on nodes");
    rights.everywhere = Rules::default();
    rights.namespaces = vec![("shop".into(), Rules::default())];
    assert!(matches!(rights.scope(&kinds, Some(&only)).of(&kind("Pod")), Extent::Refused(_)));
    let unknown = Scope::only(&kinds, &only);
    assert_eq!(unknown.of(&kind("Pod")), Extent::Namespaces(only.to_vec()));
    assert_eq!(unknown.of(&kind("Node")), Extent::WholeCluster);
}
