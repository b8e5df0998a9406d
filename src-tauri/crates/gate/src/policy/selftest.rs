//! What the policy promises, tried on the very code that rules. The window shows it; nothing is asked of a cluster.

use model::{ClusterId, ObservationId, Risk, Ruling, Time, ToolCall};
use serde_json::json;

use super::{Does, Policy, Rule, Writes};

/// One promise, tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// What is promised, in a sentence.
    pub says: &'static str,
    pub holds: bool,
    /// What the policy answered, in a few words.
    pub answered: String,
}

const NOW: Time = Time::from_seconds(50);

fn call(tool: &str, namespace: &str) -> ToolCall {
    ToolCall::new(tool, ClusterId("cluster:tried".into()), json!({"namespace": namespace, "name": "web"}))
}

/// Reads of the namespace `shop`, until a second after [`NOW`].
fn reads_of_shop() -> Rule {
    Rule {
        name: "reads in shop".into(),
        namespaces: vec!["shop".into()],
        until: Some(NOW.plus_seconds(1)),
        because: "a test".into(),
        ..Rule::default()
    }
}

fn policy(rules: Vec<Rule>, writes: Writes) -> Policy {
    Policy { rules, writes, ..Policy::default() }
}

/// Every promise of the policy that is compiled in.
pub fn self_test() -> Vec<Promise> {
    let asks = |ruling: &Ruling| matches!(ruling, Ruling::Ask);
    let allowed = |ruling: &Ruling| matches!(ruling, Ruling::Allowed { .. });
    let forbidden = |ruling: &Ruling| matches!(ruling, Ruling::Forbidden { .. });
    let wide = || policy(vec![reads_of_shop()], Writes::On);
    let tainted = ToolCall { tainted: vec![("name".into(), ObservationId::from("obs:tried"))], ..call("logs", "shop") };
    let broken = Policy { broken: Some("a test".into()), ..wide() };
    let later = NOW.plus_seconds(2);
    let strict = |does| Rule { name: "strict".into(), does, namespaces: vec!["shop".into()], ..Rule::default() };
    let with = |rule| policy(vec![reads_of_shop(), rule], Writes::On);
    let once = Rule { uses: Some(1), ..reads_of_shop() };
    let secrets = ToolCall { args: json!({"kind": "Secret", "namespace": "shop"}), ..call("get_object", "shop") };
    let read_only = || policy(vec![reads_of_shop()], Writes::Off);
    vec![
        promise(
            "A read asks where no rule allows it.",
            asks,
            policy(Vec::new(), Writes::Off).rule(&call("logs", "shop"), Risk::Read, NOW),
        ),
        promise(
            "A read that a rule allows does not ask.",
            allowed,
            wide().rule(&call("logs", "shop"), Risk::Read, NOW),
        ),
        promise("The rule ends by itself.", asks, wide().rule(&call("logs", "shop"), Risk::Read, later)),
        promise("It allows nothing in another namespace.", asks, wide().rule(&call("logs", "bank"), Risk::Read, NOW)),
        promise(
            "It allows no read of what may be secret.",
            asks,
            wide().rule(&call("logs", "shop"), Risk::ReadSensitive, NOW),
        ),
        promise("Keys of Secrets ask every time.", asks, wide().rule(&call("secret_shape", "shop"), Risk::Read, NOW)),
        promise("Secrets ask every time, whatever reads them.", asks, wide().rule(&secrets, Risk::Read, NOW)),
        promise(
            "What runs inside of a container asks every time.",
            asks,
            wide().rule(&call("mcp.k8s.pods_exec", "shop"), Risk::Read, NOW),
        ),
        promise(
            "A rule that is used up allows nothing.",
            asks,
            policy(vec![once], Writes::On).rule_after(&call("logs", "shop"), Risk::Read, NOW, &|_| 1),
        ),
        promise(
            "Of two rules the stricter one counts: what one forbids no other allows.",
            forbidden,
            with(strict(Does::Forbid)).rule(&call("logs", "shop"), Risk::Read, NOW),
        ),
        promise(
            "What a rule wants to be asked is asked.",
            asks,
            with(strict(Does::Ask)).rule(&call("logs", "shop"), Risk::Read, NOW),
        ),
        promise("Arguments that the cluster wrote ask every time.", asks, wide().rule(&tainted, Risk::Read, NOW)),
        promise("No rule allows a change.", asks, wide().rule(&call("scale", "shop"), Risk::Write, NOW)),
        promise(
            "A cluster whose changes are off is not changed.",
            forbidden,
            read_only().rule(&call("scale", "shop"), Risk::Write, NOW),
        ),
        promise(
            "Nor is anything of it destroyed.",
            forbidden,
            read_only().rule(&call("pod_delete", "shop"), Risk::Destructive, NOW),
        ),
        promise(
            "Nothing of `kube-system` is destroyed, wherever changes are on.",
            forbidden,
            wide().rule(&call("pod_delete", "kube-system"), Risk::Destructive, NOW),
        ),
        promise(
            "Nothing is destroyed in all namespaces at once.",
            forbidden,
            wide().rule(&call("pod_delete", ""), Risk::Destructive, NOW),
        ),
        promise(
            "Rules that cannot be read forbid everything.",
            forbidden,
            broken.rule(&call("logs", "shop"), Risk::Read, NOW),
        ),
    ]
}

fn promise(says: &'static str, as_promised: impl Fn(&Ruling) -> bool, ruling: Ruling) -> Promise {
    let holds = as_promised(&ruling);
    let answered = match ruling {
        Ruling::Ask => "it asks".to_owned(),
        Ruling::Allowed { rule } => format!("allowed by `{rule}`"),
        Ruling::Forbidden { rule, .. } => format!("forbidden by `{rule}`"),
    };
    Promise { says, holds, answered }
}
