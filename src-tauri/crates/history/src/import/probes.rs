use model::{Body, ProbeBody};

use super::files::File;
use super::reading::{Reading, Reason};

/// `probes/<service>-<port>.txt`: what a connection attempt from inside the cluster said.
pub(super) fn one(reading: &mut Reading, file: &File, stem: &str) -> Result<(), Reason> {
    let (name, port) = match stem.rsplit_once(['-', '_', ':']) {
        Some((name, port)) if port.parse::<u16>().is_ok() => (name, port.parse().unwrap_or(0)),
        _ => (stem, 0),
    };
    let output = reading.redacted(file.text().trim());
    let reachable = reachable(&output).ok_or("it does not say whether the connection succeeded")?;
    // `<namespace>_<service>` where one name alone would not do.
    let subject = reading.find(name, None, &["Service"]).or_else(|| {
        let (namespace, service) = name.split_once(['_', '.'])?;
        reading.find(service, Some(namespace), &["Service"])
    });
    let subject = subject.or_else(|| reading.find(name, None, &["Deployment", "StatefulSet", "DaemonSet", "Pod"]));
    let target = match &subject {
        Some(object) => format!("{}/{}:{port}", object.namespace, object.name),
        None => format!("{name}:{port}"),
    };
    let protocol = if output.to_lowercase().contains("udp") { "UDP" } else { "TCP" }.to_owned();
    reading.note(reading.collected_at, subject, Body::Probe(ProbeBody { target, port, protocol, reachable, output }));
    Ok(())
}

fn reachable(output: &str) -> Option<bool> {
    const NO: &[&str] = &[
        "failed",
        "refused",
        "timed out",
        "timeout",
        "unreachable",
        "no route",
        "closed",
        "could not",
        "can't",
        "cannot",
        "bad address",
        "unknown host",
        "not resolve",
        "name resolution",
        "reset by peer",
        "error",
    ];
    const YES: &[&str] = &["succeeded", "open", "connected", "success", "http/1", "http/2", " ok"];
    let words = output.to_lowercase();
    let any = |list: &[&str]| list.iter().any(|word| words.contains(word));
    if any(NO) {
        Some(false)
    } else if any(YES) {
        Some(true)
    } else {
        None
    }
}
