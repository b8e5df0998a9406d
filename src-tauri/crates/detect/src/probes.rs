//! Probes that fail, and whether the probe or the program is at fault.

#[cfg(test)]
mod cases;
use std::collections::BTreeMap;

use model::Doc;

use crate::found::Found;
use crate::json::{int, list, port_text, short, text, time};
use crate::scene::{Container, Pod, Scene, Told, Workload};
use crate::services::container_ports;

const PROBES: &[(&str, &str)] =
    &[("liveness", "livenessProbe"), ("readiness", "readinessProbe"), ("startup", "startupProbe")];

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    let common = Common::of(scene);
    for workload in scene.workloads.values() {
        let failing = failures(scene, workload, found);
        let Some(spec) = workload.pod_spec else { continue };
        for container in list(spec, "/containers") {
            for (probe, field) in PROBES {
                let Some(probe_spec) = container.get(*field).filter(|p| p.is_object()) else { continue };
                let seen = Probe { name: probe, spec: probe_spec, container };
                let failed = failing.iter().find(|f| f.probe == *probe && f.container == text(container, "/name"));
                unlistened(scene, workload, spec, &seen, found);
                mismatched(scene, workload, &seen, failed, found);
                timing(scene, workload, &seen, failed, found);
                common.compare(workload, &seen, found);
            }
            disagree(workload, container, &failing, found);
        }
    }
}

/// One probe of one container as it is written.
struct Probe<'a> {
    name: &'static str,
    spec: &'a Doc,
    container: &'a Doc,
}

impl Probe<'_> {
    fn kind(&self) -> &'static str {
        kind_of(self.spec)
    }

    /// The port's number, a name resolved by the container's ports.
    fn port(&self) -> Option<i64> {
        let port =
            ["/httpGet/port", "/tcpSocket/port", "/grpc/port"].into_iter().find_map(|at| self.spec.pointer(at))?;
        port.as_i64().or_else(|| {
            let name = port.as_str()?;
            let named = list(self.container, "/ports").iter().find(|p| text(p, "/name") == name);
            named.and_then(|p| int(p, "/containerPort")).or_else(|| name.parse().ok())
        })
    }

    fn number(&self, field: &str, default: i64) -> i64 {
        self.spec.get(field).and_then(Doc::as_i64).unwrap_or(default)
    }

    /// Seconds from the container's start to the kill when every attempt fails.
    fn allows_seconds(&self) -> i64 {
        let (period, failures) = (self.number("periodSeconds", 10), self.number("failureThreshold", 3));
        self.number("initialDelaySeconds", 0) + period * failures.max(1)
    }

    /// Seconds after its start until which a container that never answers has been ended. Who has served for longer did
    /// start; what fails then is another thing.
    fn start_window(&self, spec: &Doc) -> i64 {
        let grace = int(spec, "/terminationGracePeriodSeconds").unwrap_or(30).max(0);
        self.allows_seconds() + self.number("timeoutSeconds", 1) + grace + LATE_SECONDS
    }

    fn container_name(&self) -> &str {
        text(self.container, "/name")
    }
}

fn kind_of(spec: &Doc) -> &'static str {
    [("httpGet", "http"), ("tcpSocket", "tcp"), ("grpc", "grpc"), ("exec", "exec")]
        .into_iter()
        .find(|(field, _)| spec.get(*field).is_some_and(|v| !v.is_null()))
        .map_or("", |(_, kind)| kind)
}

struct Failure {
    container: String,
    probe: &'static str,
    answer: &'static str,
    kills: bool,
    ongoing: bool,
    /// Whether the container was killed, or its probe began to fail, within the time that the probe leaves a start; so too
    /// where this is not known.
    at_start: bool,
}

/// `Readiness probe failed: …` → (readiness, the rest).
pub(crate) fn read_message(message: &str) -> Option<(&'static str, &str)> {
    let lower = message.to_ascii_lowercase();
    let (probe, _) = PROBES.iter().find(|(probe, _)| lower.starts_with(probe))?;
    let rest = message.split_once(':').map_or("", |(_, rest)| rest.trim());
    Some((probe, rest))
}

/// What a failed attempt met.
pub(crate) fn classify(kind: &str, detail: &str) -> &'static str {
    let text = detail.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|w| text.contains(w));
    if has(&[
        "malformed http",
        "http/1.x transport connection broken",
        "http2: frame",
        "server gave http response to https client",
        "http response to https",
        "preface",
        "frame too large",
        "unexpected content-type",
        "unimplemented",
        "unknown service grpc.health",
    ]) {
        "protocol"
    } else if has(&["statuscode", "status code"]) {
        "status"
    } else if has(&["connection refused"]) {
        "refused"
    } else if has(&["no such host"]) {
        "dns"
    } else if has(&["x509", "certificate", "tls"]) {
        "tls"
    } else if has(&["connection reset", "eof"]) {
        "reset"
    } else if has(&["not_serving", "service unhealthy", "responded with"]) {
        "grpc_unhealthy"
    } else if has(&["executable file not found", "no such file or directory", "container not found"]) {
        "exec_missing"
    } else if has(&["deadline exceeded", "timed out", "timeout", "client.timeout"]) {
        "timeout"
    } else if kind == "exec" {
        "exec_failed"
    } else {
        "other"
    }
}

fn failures(scene: &Scene, workload: &Workload, found: &mut Found) -> Vec<Failure> {
    let mut all = Vec::new();
    if workload.calm {
        return all;
    }
    for pod in scene.pods_of(workload).filter(|p| !p.is_finished()) {
        let mut by_probe: BTreeMap<&'static str, Vec<&Told>> = BTreeMap::new();
        for told in scene.events_of_pod(pod).filter(|t| t.event.reason == "Unhealthy") {
            if let Some((probe, _)) = read_message(&told.event.message) {
                by_probe.entry(probe).or_default().push(told);
            }
        }
        for (probe, told) in by_probe {
            if let Some(failure) = failure(scene, workload, pod, probe, &told, found) {
                all.push(failure);
            }
        }
    }
    all
}

fn failure(
    scene: &Scene,
    workload: &Workload,
    pod: &Pod,
    probe: &'static str,
    told: &[&Told],
    found: &mut Found,
) -> Option<Failure> {
    let field = PROBES.iter().find(|(name, _)| *name == probe)?.1;
    let newest = told.iter().max_by_key(|t| t.event.last_at)?;
    let (_, detail) = read_message(&newest.event.message)?;
    let containers = pod.containers();
    let with: Vec<&Container> = containers.iter().filter(|c| c.spec.get(field).is_some()).collect();
    let container = choose(&with, detail, probe).or_else(|| containers.iter().find(|c| !c.init))?;
    let spec = container.spec.get(field).unwrap_or(Doc::null());
    let seen = Probe { name: probe, spec, container: container.spec };
    let kind = match seen.kind() {
        "" => kind_by_wording(detail),
        kind => kind,
    };
    // Several kinds of failure may have been seen; the one that was seen most often counts.
    let mut tally: BTreeMap<&'static str, u32> = BTreeMap::new();
    for t in told {
        if let Some((_, detail)) = read_message(&t.event.message) {
            *tally.entry(classify(kind, detail)).or_default() += t.event.count.max(1);
        }
    }
    let answer = *tally.iter().max_by_key(|(_, n)| **n)?.0;
    let count: u32 = told.iter().map(|t| t.event.count.max(1)).sum();
    let first = told.iter().map(|t| t.event.first_at).min()?;
    let started = time(container.status, "/state/running/startedAt").or_else(|| time(pod.json, "/status/startTime"));
    let born = time(pod.json, "/status/startTime").unwrap_or_else(|| pod.created());
    let kill = scene.events_of_pod(pod).filter(|t| t.event.reason == "Killing").find(|t| {
        let m = t.event.message.to_ascii_lowercase();
        m.contains("failed liveness probe") || m.contains("failed startup probe")
    });
    let ended = container.ended().and_then(|end| time(end, "/finishedAt"));
    let just_after = ended.is_none_or(|end| end.seconds_since(newest.event.last_at).abs() < 90.0);
    let kills = probe != "readiness" && (kill.is_some() || (container.restarts() > 0 && just_after));
    let quiet = scene.at.seconds_since(newest.event.last_at);
    let patience = (seen.number("periodSeconds", 10) * seen.number("failureThreshold", 3) * 2).max(60) as f64;
    let recovered_since = pod.is_ready() && pod.ready_since().is_some_and(|t| t > newest.event.last_at);
    // A startup probe is over once it succeeded.
    let passed = probe == "startup" && (container.is_ready() || crate::json::flag(container.status, "/started"));
    let lasting = !pod.is_ready() || (!recovered_since && quiet < patience) || (kills && quiet < 600.0);
    let ongoing = lasting && !passed;
    let status: Option<i64> = detail
        .rsplit(|c: char| !c.is_ascii_digit())
        .find(|n| n.len() == 3)
        .and_then(|n| n.parse().ok())
        .filter(|_| answer == "status");
    let run = container.ended().and_then(|end| Some((time(end, "/startedAt")?, time(end, "/finishedAt")?)));
    let ran = run.map(|(start, finish)| finish.seconds_since(start));
    let served = ran.or_else(|| Some(first.seconds_since(started?)).filter(|seconds| *seconds >= 0.0));
    let served_seconds = served.map(|seconds| seconds as i64);
    let at_start = served_seconds.is_none_or(|served| served <= seen.start_window(pod.spec()));
    found
        .fact("probe_failing", &workload.object)
        .arg("container", container.name)
        .arg("probe", probe)
        .arg("kind", kind)
        .arg("answer", answer)
        .number("status", status)
        .number("port", seen.port())
        .arg("path", text(spec, "/httpGet/path"))
        .arg("scheme", text(spec, "/httpGet/scheme"))
        .arg("count", count)
        .arg("ongoing", ongoing)
        .arg("since_start_seconds", first.seconds_since(born).max(0.0) as i64)
        .arg("kills", kills)
        .arg("at_start", at_start)
        .arg("ready", pod.is_ready())
        .arg("quiet_seconds", quiet.max(0.0) as i64)
        .since(first)
        .because_all(told.iter().map(|t| t.id))
        .because_all(kill.map(|t| t.id))
        .because(&pod.held.observation)
        .says(format!(
            "the {probe} probe of {} failed {count} times ({answer}): {}",
            pod.object.name,
            short(detail, 140)
        ));
    Some(Failure { container: container.name.to_owned(), probe, answer, kills, ongoing, at_start })
}

/// The container whose probe a message is about, by the port it names.
fn choose<'c, 'a>(with: &[&'c Container<'a>], detail: &str, probe: &'static str) -> Option<&'c Container<'a>> {
    let field = PROBES.iter().find(|(name, _)| *name == probe)?.1;
    let by_port = with.iter().find(|c| {
        let seen = Probe { name: probe, spec: c.spec.get(field).unwrap_or(Doc::null()), container: c.spec };
        seen.port().is_some_and(|port| names_port(detail, port))
    });
    by_port.or_else(|| with.iter().find(|c| !c.is_ready())).or_else(|| with.first()).copied()
}

/// Whether a message names this port, and not one whose number begins alike.
fn names_port(detail: &str, port: i64) -> bool {
    let port = format!(":{port}");
    detail.match_indices(&port).any(|(at, _)| !detail[at + port.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

fn kind_by_wording(detail: &str) -> &'static str {
    if detail.starts_with("Get \"http") || detail.contains("HTTP probe") {
        "http"
    } else if detail.contains("failed to connect service") {
        "grpc"
    } else if detail.starts_with("dial tcp") {
        "tcp"
    } else {
        ""
    }
}

fn unlistened(scene: &Scene, workload: &Workload, spec: &Doc, probe: &Probe, found: &mut Found) {
    let Some(port) = probe.port() else { return };
    let own: Vec<i64> = crate::services::ports_of(probe.container).map(|p| p.0).collect();
    let all: Vec<i64> = container_ports(spec).into_iter().map(|p| p.0).collect();
    if own.is_empty() || all.contains(&port) {
        return;
    }
    let other = PROBES
        .iter()
        .filter(|(name, _)| *name != probe.name)
        .filter_map(|(name, field)| {
            Some(Probe { name, spec: probe.container.get(*field)?, container: probe.container })
        })
        .find_map(|p| p.port());
    let edges = scene.graph.dependents(&workload.object);
    let mut service_ports: Vec<i64> = edges
        .iter()
        .filter(|e| e.from.kind == "Service")
        .filter_map(|e| scene.snapshot.get(e.from))
        .flat_map(|held| list(&held.object, "/spec/ports"))
        .filter_map(|p| p.get("targetPort").and_then(Doc::as_i64).or_else(|| int(p, "/port")))
        .collect();
    service_ports.sort_unstable();
    service_ports.dedup();
    found
        .fact("probe_port_unlistened", &workload.object)
        .arg("container", probe.container_name())
        .arg("probe", probe.name)
        .arg("port", port)
        .arg("container_ports", own.clone())
        .number("other_probe_port", other)
        .arg("service_ports", service_ports)
        .since(workload.spec_held.at)
        .because(&workload.spec_held.observation)
        .says(format!(
            "the {} probe of {} asks port {port}, and container {} declares {}",
            probe.name,
            workload.object.name,
            probe.container_name(),
            own.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
        ));
}

/// What a container's port speaks, as far as names say so.
fn speaks(scene: &Scene, workload: &Workload, probe: &Probe) -> Option<(&'static str, String)> {
    let port = probe.port()?;
    let named = list(probe.container, "/ports")
        .iter()
        .find(|p| int(p, "/containerPort") == Some(port))
        .map_or("", |p| text(p, "/name"));
    let by_word = |word: &str| -> Option<&'static str> {
        let word = word.to_ascii_lowercase();
        ["grpc", "redis", "mysql", "postgres", "mongo", "amqp", "https", "http"].into_iter().find(|known| {
            word == *known
                || word.starts_with(&format!("{known}-"))
                || word.ends_with(&format!("-{known}"))
                || word.ends_with(&format!("/{known}"))
        })
    };
    if let Some(protocol) = by_word(named) {
        return Some((protocol, format!("the container's port {port} is named {named}")));
    }
    for edge in scene.graph.dependents(&workload.object).into_iter().filter(|e| e.from.kind == "Service") {
        let Some(held) = scene.snapshot.get(edge.from) else { continue };
        for service_port in list(&held.object, "/spec/ports") {
            let target = port_text(service_port.get("targetPort"));
            if target == port.to_string()
                || target == named && !named.is_empty()
                || (target.is_empty() && int(service_port, "/port") == Some(port))
            {
                for word in [text(service_port, "/appProtocol"), text(service_port, "/name")] {
                    if let Some(protocol) = by_word(word) {
                        return Some((protocol, format!("Service {} names port {port} {word}", edge.from.name)));
                    }
                }
            }
        }
    }
    None
}

fn mismatched(scene: &Scene, workload: &Workload, probe: &Probe, failed: Option<&Failure>, found: &mut Found) {
    let kind = probe.kind();
    let others: Vec<Probe> = PROBES
        .iter()
        .filter(|(name, _)| *name != probe.name)
        .filter_map(|(name, field)| {
            Some(Probe { name, spec: probe.container.get(*field)?, container: probe.container })
        })
        .filter(|p| p.port().is_some() && p.port() == probe.port())
        .collect();
    let other_kind = others.first().map_or("", |p| p.kind());
    let (speaks, why) = match (speaks(scene, workload, probe), failed.map(|f| f.answer)) {
        (_, Some("protocol")) if kind == "http" => ("grpc", "the answer was no HTTP".to_owned()),
        (_, Some("protocol")) if kind == "grpc" => ("http", "the answer was no gRPC".to_owned()),
        (Some((speaks, why)), _)
            if speaks != kind
                && matches!(
                    (speaks, kind),
                    ("grpc", "http")
                        | ("http" | "https", "grpc")
                        | ("redis" | "mysql" | "postgres" | "mongo" | "amqp", "http" | "grpc")
                ) =>
        {
            (speaks, why)
        }
        _ if failed.is_some()
            && !other_kind.is_empty()
            && matches!((kind, other_kind), ("http", "grpc") | ("grpc", "http")) =>
        {
            (other_kind, format!("its other probe asks the same port with {other_kind}"))
        }
        _ => return,
    };
    // A Service's name for its port is a habit, not a fact; without a failure it is not worth a word.
    if failed.is_none() {
        return;
    }
    found
        .fact("probe_kind_mismatch", &workload.object)
        .arg("container", probe.container_name())
        .arg("probe", probe.name)
        .arg("kind", kind)
        .arg("speaks", speaks)
        .arg("why", why.clone())
        .arg("other_probe_kind", other_kind)
        .since(workload.spec_held.at)
        .because(&workload.spec_held.observation)
        .because_all(found_evidence(scene, workload, probe.name))
        .says(format!(
            "the {} probe of {} speaks {kind} to a port that speaks {speaks}: {why}",
            probe.name, workload.object.name
        ));
}

/// Events of failures of one probe of a workload.
fn found_evidence<'s>(scene: &'s Scene, workload: &Workload, probe: &str) -> Vec<&'s model::ObservationId> {
    scene
        .events(&workload.object)
        .iter()
        .filter(|t| t.event.reason == "Unhealthy" && read_message(&t.event.message).is_some_and(|(p, _)| p == probe))
        .map(|t| t.id)
        .collect()
}

/// A probe that leaves less than this before it kills cannot let an ordinary program start.
const HASTY_SECONDS: i64 = 10;

/// Kubelets stagger the first attempts of probes after a restart, and runtimes take a while to end a container.
const LATE_SECONDS: i64 = 30;

fn timing(scene: &Scene, workload: &Workload, probe: &Probe, failed: Option<&Failure>, found: &mut Found) {
    let Some(failed) = failed else { return };
    if failed.answer == "timeout" && probe.number("timeoutSeconds", 1) <= 1 && probe.name != "startup" {
        found
            .fact("probe_timeout_short", &workload.object)
            .arg("container", probe.container_name())
            .arg("probe", probe.name)
            .arg("timeout", probe.number("timeoutSeconds", 1))
            .since(workload.spec_held.at)
            .because(&workload.spec_held.observation)
            .because_all(found_evidence(scene, workload, probe.name))
            .says(format!(
                "the {} probe of {} waits {} s for an answer, and answers take longer",
                probe.name,
                workload.object.name,
                probe.number("timeoutSeconds", 1)
            ));
    }
    let guarded = probe.container.get("startupProbe").is_some() && probe.name == "liveness";
    if probe.name == "readiness" || guarded || !failed.kills {
        return;
    }
    let allows = probe.allows_seconds();
    let start = observed_start(scene, workload, probe.container_name());
    let hasty = allows < HASTY_SECONDS;
    let too_early = start.is_some_and(|seconds| seconds > allows);
    // A probe that speaks the wrong protocol or asks a closed port fails however long it waits.
    let other_fault = failed.answer == "protocol" || matches!(failed.answer, "status" | "exec_missing");
    if (hasty || too_early) && failed.at_start && !other_fault {
        found
            .fact("probe_too_early", &workload.object)
            .arg("container", probe.container_name())
            .arg("probe", probe.name)
            .arg("initial_delay", probe.number("initialDelaySeconds", 0))
            .arg("period", probe.number("periodSeconds", 10))
            .arg("timeout", probe.number("timeoutSeconds", 1))
            .arg("failure_threshold", probe.number("failureThreshold", 3))
            .arg("allows_seconds", allows)
            .number("observed_start_seconds", start)
            .arg("has_startup_probe", guarded)
            .since(workload.spec_held.at)
            .because(&workload.spec_held.observation)
            .because_all(found_evidence(scene, workload, probe.name))
            .says(format!(
                "the {} probe of {} kills after {allows} s of failing{}",
                probe.name,
                workload.object.name,
                start.map(|s| format!(", and the container needs {s} s to answer")).unwrap_or_default()
            ));
    }
}

/// `Ready` changes its time whenever it comes back: later than this after the start it tells of a recovery.
const START_SECONDS: i64 = 600;

/// How long a container of this workload took from its start to being ready, the longest that was seen.
fn observed_start(scene: &Scene, workload: &Workload, name: &str) -> Option<i64> {
    scene
        .pods_of(workload)
        .filter(|p| p.is_ready())
        .filter_map(|pod| {
            let ready = crate::json::condition(pod.json, "Ready").and_then(|c| time(c, "/lastTransitionTime"))?;
            let containers = pod.containers();
            let container = containers.iter().find(|c| c.name == name && c.restarts() == 0)?;
            let started = time(container.status, "/state/running/startedAt")?;
            Some(ready.seconds_since(started) as i64).filter(|s| (0..=START_SECONDS).contains(s))
        })
        .max()
}

fn disagree(workload: &Workload, container: &Doc, failing: &[Failure], found: &mut Found) {
    let (Some(ready), Some(alive)) = (container.get("readinessProbe"), container.get("livenessProbe")) else { return };
    let shown = |spec: &Doc, name: &'static str| {
        let probe = Probe { name, spec, container };
        format!(
            "{} {}{}",
            probe.kind(),
            probe.port().map_or_else(String::new, |p| format!(":{p}")),
            text(spec, "/httpGet/path")
        )
    };
    let (readiness, liveness) = (shown(ready, "readiness"), shown(alive, "liveness"));
    let name = text(container, "/name");
    let fails = |probe: &str| failing.iter().any(|f| f.container == name && f.probe == probe && f.ongoing);
    if readiness != liveness && fails("readiness") != fails("liveness") {
        found
            .fact("probes_disagree", &workload.object)
            .arg("container", name)
            .arg("readiness", readiness.clone())
            .arg("liveness", liveness.clone())
            .arg("failing", if fails("readiness") { "readiness" } else { "liveness" })
            .since(workload.spec_held.at)
            .because(&workload.spec_held.observation)
            .says(format!(
                "readiness of {} asks {readiness}, liveness asks {liveness}, and only one of them fails",
                workload.object.name
            ));
    }
}

/// What probes of a namespace have in common: (namespace, probe, field) → value → workloads.
struct Common(BTreeMap<(String, &'static str, &'static str), BTreeMap<String, usize>>);

const FIELDS: &[(&str, i64)] =
    &[("initialDelaySeconds", 0), ("periodSeconds", 10), ("timeoutSeconds", 1), ("failureThreshold", 3)];

impl Common {
    fn of(scene: &Scene) -> Self {
        let mut all: BTreeMap<(String, &'static str, &'static str), BTreeMap<String, usize>> = BTreeMap::new();
        for workload in scene.workloads.values() {
            let Some(spec) = workload.pod_spec else { continue };
            for container in list(spec, "/containers") {
                for (name, field) in PROBES {
                    let Some(probe) = container.get(*field).filter(|p| p.is_object()) else { continue };
                    let probe = Probe { name, spec: probe, container };
                    for (field, value) in values(&probe) {
                        *all.entry((workload.object.namespace.to_string(), name, field))
                            .or_default()
                            .entry(value)
                            .or_default() += 1;
                    }
                }
            }
        }
        Common(all)
    }

    fn compare(&self, workload: &Workload, probe: &Probe, found: &mut Found) {
        for (field, value) in values(probe) {
            let Some(tally) = self.0.get(&(workload.object.namespace.to_string(), probe.name, field)) else { continue };
            let alone = tally.get(&value) == Some(&1);
            let Some((common, n)) = tally.iter().max_by_key(|(_, n)| **n) else { continue };
            let rest: usize = tally.values().sum::<usize>() - 1;
            if alone && *n >= 3 && *n * 10 >= rest * 6 {
                found
                    .fact("probe_differs_from_siblings", &workload.object)
                    .arg("container", probe.container_name())
                    .arg("probe", probe.name)
                    .arg("field", field)
                    .arg("value", value.clone())
                    .arg("common", common.clone())
                    .since(workload.spec_held.at)
                    .because(&workload.spec_held.observation)
                    .says(format!(
                        "the {} probe of {} has {field} {value}, {n} others have {common}",
                        probe.name, workload.object.name
                    ));
            }
        }
    }
}

fn values(probe: &Probe) -> Vec<(&'static str, String)> {
    let mut all = vec![("kind", probe.kind().to_owned())];
    all.extend(FIELDS.iter().map(|(field, default)| (*field, probe.number(field, *default).to_string())));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_named_whole() {
        assert!(names_port("Get \"http://10.0.0.1:80/\": refused", 80) && names_port("dial tcp 10.0.0.1:80", 80));
        assert!(!names_port("Get \"http://10.0.0.1:8080/\": refused", 80));
    }

    #[test]
    fn the_kubelets_messages_are_classified() {
        for (message, probe, answer) in [
            ("Readiness probe failed: HTTP probe failed with statuscode: 503", "readiness", "status"),
            (
                "Liveness probe failed: Get \"http://10.0.0.1:80/\": dial tcp 10.0.0.1:80: connect: connection refused",
                "liveness",
                "refused",
            ),
            (
                "Startup probe failed: Get \"http://10.0.0.1:80/\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
                "startup",
                "timeout",
            ),
            (
                "Readiness probe failed: Get \"http://10.0.0.1:80/\": net/http: HTTP/1.x transport connection broken: malformed HTTP response \"\\x00\"",
                "readiness",
                "protocol",
            ),
            (
                "Readiness probe failed: timeout: failed to connect service \"10.0.0.1:81\" within 1s: context deadline exceeded",
                "readiness",
                "timeout",
            ),
            ("Liveness probe failed: service unhealthy (responded with \"NOT_SERVING\")", "liveness", "grpc_unhealthy"),
        ] {
            let (name, detail) = read_message(message).expect(message);
            assert_eq!((name, classify("", detail)), (probe, answer), "{message}");
        }
        assert!(read_message("Container is unhappy").is_none());
    }
}
