//! GPU faults as kernels, drivers and node-problem-detector tell of them.

use std::sync::LazyLock;

use model::{ObjectRef, ObservationId, Time};
use regex::Regex;

use crate::found::Found;
use crate::json::short;

#[expect(clippy::unwrap_used, reason = "a literal pattern that a test compiles")]
static XID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)\bxid\b[^0-9]{0,24}(?:\([^)]*\):?\s*)?(\d{1,3})\b").unwrap());

/// The XID number in a line, if it tells of one.
pub(crate) fn xid_in(line: &str) -> Option<i64> {
    if !line.to_ascii_lowercase().contains("xid") {
        return None;
    }
    XID.captures(line).and_then(|c| c[1].parse().ok())
}

/// Whose fault an XID usually is, after NVIDIA's catalogue of XIDs: the program's where it reads or writes what it may not,
/// the card's or its link's for memory that cannot be corrected, a card that is gone, and NVLink.
pub(crate) fn fault_of(xid: i64) -> &'static str {
    match xid {
        13 | 31 | 43 | 45 | 68 | 69 => "application",
        48 | 61..=64 | 74 | 79 | 92 | 94 | 95 | 119 | 120 | 140 => "hardware",
        _ => "unknown",
    }
}

pub(crate) fn is_hot(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    (line.contains("gpu") || line.contains("nvidia") || line.contains("nvrm"))
        && (line.contains("thermal")
            || line.contains("overheat")
            || line.contains("slowdown")
            || line.contains("temperature"))
}

pub(crate) fn is_gpu_reason(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    reason.contains("xid") || reason.contains("gpu")
}

pub(crate) fn say(subject: &ObjectRef, message: &str, node: &str, at: Time, id: &ObservationId, found: &mut Found) {
    if is_hot(message) {
        let celsius = message
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|n| n.parse::<i64>().ok())
            .find(|n| (40..130).contains(n));
        found
            .fact("gpu_hot", subject)
            .number("celsius", celsius)
            .arg("message", short(message, 200))
            .since(at)
            .because(id)
            .says(format!("a GPU of {node} slows down for heat: {}", short(message, 120)));
        return;
    }
    let number = xid_in(message);
    found
        .fact("gpu_error", subject)
        .number("xid", number)
        .arg("fault", number.map_or("unknown", fault_of))
        .arg("message", short(message, 200))
        .arg("node", node)
        .since(at)
        .because(id)
        .says(format!("a GPU of {node} reports an error: {}", short(message, 120)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_xid_is_found_after_the_device() {
        assert_eq!(xid_in("NVRM: Xid (PCI:0000:3b:00): 79, pid=1234, GPU has fallen off the bus."), Some(79));
        assert_eq!(xid_in("GPU XID error 48 detected"), Some(48));
        assert_eq!(xid_in("nothing of the kind 79"), None);
    }
}
