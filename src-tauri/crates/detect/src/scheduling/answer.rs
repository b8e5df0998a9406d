//! The scheduler's sentence, read.

/// Why nodes do not take a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Insufficient(String),
    NodeAffinity,
    PodAntiAffinity,
    PodAffinity,
    Taint(String),
    Cordoned,
    TopologySpread,
    TooManyPods,
    HostPort,
    Volume(&'static str),
    /// Devices that are claimed (dynamic resource allocation).
    Claims,
    Other(String),
}

impl Reason {
    /// The name of the fact that explains it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Reason::Insufficient(_) => "insufficient_resource",
            Reason::NodeAffinity => "node_affinity_unmatched",
            Reason::PodAntiAffinity => "pod_anti_affinity_conflict",
            Reason::PodAffinity => "pod_affinity_unmatched",
            Reason::Taint(_) => "taint_not_tolerated",
            Reason::Cordoned => "nodes_cordoned",
            Reason::TopologySpread => "topology_spread_unsatisfied",
            Reason::TooManyPods => "too_many_pods",
            Reason::HostPort => "host_port_conflict",
            Reason::Volume(_) => "volume_binding_failed",
            Reason::Claims => "resource_claims_unallocated",
            Reason::Other(_) => "unschedulable_otherwise",
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub nodes_total: Option<i64>,
    /// Each reason with the number of nodes it holds for.
    pub reasons: Vec<(Reason, i64)>,
}

/// Reads `0/4 nodes are available: 1 node(s) were unschedulable, 3 Insufficient memory. preemption: …`.
pub(crate) fn read(message: &str) -> Answer {
    let head = message.split_once(". preemption:").map_or(message, |(head, _)| head);
    let head = head.split_once("preemption: ").map_or(head, |(head, _)| head);
    let (count, reasons) = match head.split_once(" nodes are available") {
        Some((count, reasons)) => (count, reasons.trim_start_matches([':', ' '])),
        None => ("", head),
    };
    let nodes_total: Option<i64> = count.rsplit_once('/').and_then(|(_, total)| total.trim().parse().ok());
    let mut answer = Answer { nodes_total, reasons: Vec::new() };
    for part in split(reasons) {
        let part = part.trim().trim_end_matches('.');
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (number, rest) = part.split_at(digits);
        let count = number.parse().unwrap_or_else(|_| nodes_total.unwrap_or(0));
        let rest = rest.trim();
        if !rest.is_empty() {
            answer.reasons.push((reason(rest), count));
        }
    }
    answer
}

/// Splits at commas outside of braces: taints are written `{key: value}`.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn reason(text: &str) -> Reason {
    let lower = text.to_ascii_lowercase();
    let has = |word: &str| lower.contains(word);
    if let Some(resource) = lower.strip_prefix("insufficient ") {
        return Reason::Insufficient(resource.split([' ', '(']).next().unwrap_or("").to_owned());
    }
    if has("too many pods") {
        Reason::TooManyPods
    } else if has("anti-affinity") {
        Reason::PodAntiAffinity
    } else if has("pod affinity rules") {
        Reason::PodAffinity
    } else if has("volume node affinity conflict") || has("no available volume zone") {
        Reason::Volume("node_affinity_conflict")
    } else if has("didn't match") && (has("node affinity") || has("node selector") || has("selector")) {
        Reason::NodeAffinity
    } else if has("taint") {
        let inside = text.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map_or("", |(inside, _)| inside);
        if inside.contains("node.kubernetes.io/unschedulable") {
            Reason::Cordoned
        } else {
            Reason::Taint(inside.trim().trim_end_matches(':').to_owned())
        }
    } else if has("unschedulable") {
        Reason::Cordoned
    } else if has("topology spread") {
        Reason::TopologySpread
    } else if has("free ports") || has("host port") {
        Reason::HostPort
    } else if has("unbound immediate persistentvolumeclaims") || has("unbound persistentvolumeclaim") {
        Reason::Volume("unbound_immediate")
    } else if has("persistentvolumeclaim") && has("not found") {
        Reason::Volume("claim_not_found")
    } else if has("persistent volumes to bind") || has("available persistent volumes") {
        Reason::Volume("no_volume")
    } else if has("enough free storage") {
        Reason::Volume("no_capacity")
    } else if has("allocate all claims") || has("resourceclaim") {
        Reason::Claims
    } else if has("max volume count") {
        Reason::Volume("max_volumes")
    } else {
        Reason::Other(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(message: &str) -> Vec<(Reason, i64)> {
        read(message).reasons
    }

    #[test]
    fn the_schedulers_sentences_are_read_whole() {
        assert_eq!(
            names(
                "0/4 nodes are available: 1 node(s) were unschedulable, 3 Insufficient memory. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling."
            ),
            [(Reason::Cordoned, 1), (Reason::Insufficient("memory".into()), 3)]
        );
        assert_eq!(
            names(
                "0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}, 2 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }."
            ),
            [
                (Reason::Taint("dedicated: gpu".into()), 1),
                (Reason::Taint("node-role.kubernetes.io/control-plane".into()), 2)
            ]
        );
        assert_eq!(
            names("0/4 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/4 nodes"),
            [(Reason::Volume("unbound_immediate"), 4)]
        );
        assert_eq!(
            names("0/2 nodes are available: 2 node(s) had volume node affinity conflict."),
            [(Reason::Volume("node_affinity_conflict"), 2)]
        );
        assert_eq!(
            names(
                "0/9 nodes are available: 3 node(s) had no available volume zone, 2 node(s) did not have enough free storage, 3 cannot allocate all claims, 1 node(s) had untolerated taint(s)."
            ),
            [
                (Reason::Volume("node_affinity_conflict"), 3),
                (Reason::Volume("no_capacity"), 2),
                (Reason::Claims, 3),
                (Reason::Taint(String::new()), 1)
            ]
        );
        assert_eq!(names("persistentvolumeclaim \"data\" not found"), [(Reason::Volume("claim_not_found"), 0)]);
        assert_eq!(
            names("0/5 nodes are available: 5 Insufficient nvidia.com/gpu."),
            [(Reason::Insufficient("nvidia.com/gpu".into()), 5)]
        );
        assert_eq!(
            names(
                "0/4 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unschedulable: }, 3 node(s) didn't match Pod's node affinity/selector."
            ),
            [(Reason::Cordoned, 1), (Reason::NodeAffinity, 3)]
        );
    }

    #[test]
    fn an_answer_that_nobody_knows_is_kept_as_it_is() {
        assert_eq!(
            names("0/1 nodes are available: 1 node(s) were on holiday."),
            [(Reason::Other("node(s) were on holiday".into()), 1)]
        );
        assert_eq!(read("").reasons, []);
    }
}
