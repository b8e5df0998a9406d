use serde_json::json;

use crate::{Desk, Opening, Paths};
use std::path::Path;
use std::sync::Arc;

use gate::{Policy, Rule};
use model::{ClusterId, Risk, Ruling, Time, ToolCall};

fn desk(home: &Path, knowledge: &Path) -> Arc<Desk> {
    let paths = Paths::in_folder(home).unwrap();
    let kubeconfigs = cluster::Sources::default();
    let knowledge = vec![knowledge.to_owned()];
    Desk::open(Opening { paths, in_memory: false, knowledge, kubeconfigs, with_added: false }).unwrap()
}

const ALLOWS: &str = "rules:
  - name: logs of the shop
    does: allow
    tools: [logs]
    namespaces: [shop]
    uses: 3
    because: on call
    tests:
      - {tool: logs, args: {namespace: shop, pod: cart-0}, gives: allow}
";

const FORBIDS: &str = "rules:
  - name: not the cart
    does: forbid
    args: {pod: cart-*}
    because: it is being audited
    tests:
      - {tool: logs, args: {namespace: bank, pod: cart-0}, gives: forbid}
";

fn ruled(desk: &Desk, policy: Policy) -> Ruling {
    let call = ToolCall::new("logs", ClusterId("cluster:demo".into()), json!({"namespace": "shop", "pod": "cart-0"}));
    desk.with_rules(policy).rule(&call, Risk::Read, Time(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_rules_counts_from_the_next_call_on_and_a_broken_one_forbids() {
    let (home, team) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let desk = desk(home.path(), team.path());
    assert_eq!(ruled(&desk, Policy::default()), Ruling::Ask);
    assert!(desk.rules_files().unwrap().iter().all(|file| !file.exists));

    std::fs::write(desk.paths().rules(), ALLOWS).unwrap();
    assert_eq!(ruled(&desk, Policy::default()), Ruling::Allowed { rule: "logs of the shop".into() });
    let files = desk.rules_files().unwrap();
    let row = &files[0].rules[0];
    assert_eq!((row.line, row.uses, row.used, row.tests, row.is_over), (2, Some(3), 0, 1, false));
    assert_eq!(row.covers, "`logs` in `shop`");

    // The team's file forbids, and no rule of the engineer's lowers that.
    std::fs::write(team.path().join("rules.yaml"), FORBIDS).unwrap();
    let generous = Rule { name: "everything".into(), ..Rule::default() };
    let policy = Policy { rules: vec![generous], ..Policy::default() };
    assert!(matches!(ruled(&desk, policy), Ruling::Forbidden { rule, .. } if rule == "not the cart"));

    std::fs::write(desk.paths().rules(), ALLOWS.replace("uses: 3", "used: 3")).unwrap();
    let Ruling::Forbidden { because, .. } = ruled(&desk, Policy::default()) else { panic!("it was not forbidden") };
    assert!(because.contains("rules.yaml") && because.contains("line 6") && because.contains("used"), "{because}");
    let broken = desk.policy_view().unwrap().files.remove(0).broken.unwrap();
    assert!(broken.what.contains("Everything is forbidden") && broken.why.contains("line 6"), "{broken}");

    std::fs::remove_file(desk.paths().rules()).unwrap();
    std::fs::remove_file(team.path().join("rules.yaml")).unwrap();
    assert_eq!(ruled(&desk, Policy::default()), Ruling::Ask);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_about_a_tool_that_does_not_exist_or_one_name_in_two_files_is_broken() {
    let (home, team) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let desk = desk(home.path(), team.path());
    let check = |text: &str| {
        let path = home.path().join("try.yaml");
        std::fs::write(&path, text).unwrap();
        desk.check_rules(&path).map(|file| file.rules.len()).map_err(|error| error.to_string())
    };
    assert_eq!(check(ALLOWS).unwrap(), 1);
    assert!(
        check(&ALLOWS.replace("[logs]", "[lgos]")).unwrap_err().contains("there is no tool `lgos`; there are logs")
    );
    let error = check(&ALLOWS.replace("pod: cart-0", "pot: cart-0")).unwrap_err();
    assert!(error.contains("line 9") && error.contains("pot"), "{error}");

    std::fs::write(desk.paths().rules(), ALLOWS).unwrap();
    std::fs::write(team.path().join("rules.yaml"), ALLOWS).unwrap();
    assert!(
        matches!(ruled(&desk, Policy::default()), Ruling::Forbidden { because, .. } if because.contains("has a rule"))
    );
}
