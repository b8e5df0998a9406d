//! What released logs say.

mod pattern;
mod storage;
mod target;

use std::collections::{BTreeMap, BTreeSet};

use model::{Body, Doc, LogBody, ObjectRef, Observation, Time, time_in};
use topology::Relation;

use self::pattern::{is_quiet, pattern_of};
pub(crate) use self::storage::is_controller as is_storage_controller;
use self::target::target_of;
use crate::found::Found;
use crate::json::{flag, int, list, short, text};
use crate::scene::Scene;

/// Containers that a mesh adds: what they log is about the mesh.
const SIDECARS: &[&str] = &[
    "istio-proxy",
    "istio-init",
    "istio-validation",
    "linkerd-proxy",
    "envoy",
    "envoy-sidecar",
    "vault-agent",
    "cloud-sql-proxy",
    "daprd",
];

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    let mut hits: BTreeMap<(ObjectRef, String, &'static str, String), Hit> = BTreeMap::new();
    for (observation, log) in scene.released(|body| match body {
        Body::Log(log) => Some(log),
        _ => None,
    }) {
        let Some(subject) = &observation.subject else { continue };
        let workload = scene.workload_told(subject);
        let summary = read(scene, observation, log, &workload, &mut hits);
        summarise(observation, log, &workload, &summary, found);
        storage::refusals(scene, observation, log, &workload, found);
    }
    for ((workload, container, pattern, _), hit) in &hits {
        say(scene, workload, container, pattern, hit, found);
    }
    refusals(scene, &hits, found);
}

/// What one pattern with one target was seen as in one container of a workload.
struct Hit<'o> {
    target: String,
    port: Option<u16>,
    count: u32,
    line: String,
    previous: bool,
    fatal: bool,
    ongoing: bool,
    last_at: Option<Time>,
    first_at: Option<Time>,
    observations: Vec<&'o Observation>,
    server: bool,
}

#[derive(Default)]
struct Summary {
    lines: usize,
    errors: BTreeMap<String, (u32, String)>,
    patterns: usize,
}

/// How many lines from the end are the last words of a process.
const LAST_WORDS: usize = 25;

fn read<'o>(
    scene: &Scene,
    observation: &'o Observation,
    log: &LogBody,
    workload: &ObjectRef,
    hits: &mut BTreeMap<(ObjectRef, String, &'static str, String), Hit<'o>>,
) -> Summary {
    let mut summary = Summary::default();
    let lines: Vec<&str> = log.text.lines().filter(|l| !l.trim().is_empty()).collect();
    summary.lines = lines.len();
    let state = container_state(scene, observation, &log.container);
    let server = is_database(scene, workload);
    let total = lines.len();
    for (index, line) in lines.iter().enumerate() {
        let Some(pattern) = pattern_of(line) else {
            if is_error(line) && !is_quiet(line) {
                let entry = summary.errors.entry(template(line)).or_insert((0, short(line, 240)));
                entry.0 += 1;
            }
            continue;
        };
        summary.patterns += 1;
        let (target, port) = target_of(pattern, line);
        let at = time_in(line);
        let last_words = total - index <= LAST_WORDS;
        let fatal = last_words && (log.previous || state == State::Down);
        let recent = at.is_some_and(|at| scene.at.seconds_since(at) < 180.0);
        // Without times the place in the log stands for them.
        let late = at.is_none() && (index * 10 >= total * 8 || total - index <= 2);
        let key = (workload.clone(), log.container.clone(), pattern, format!("{target}:{}", port.unwrap_or(0)));
        let hit = hits.entry(key).or_insert_with(|| Hit {
            target,
            port,
            count: 0,
            line: String::new(),
            previous: log.previous,
            fatal: false,
            ongoing: false,
            last_at: None,
            first_at: None,
            observations: Vec::new(),
            server: server && is_servers_line(line),
        });
        hit.count += 1;
        hit.line = short(line, 240);
        hit.previous |= log.previous;
        hit.fatal |= fatal;
        hit.ongoing |= fatal || recent || (late && state != State::Well) || (late && total > 4 * LAST_WORDS);
        hit.last_at = hit.last_at.max(at);
        hit.first_at = match (hit.first_at, at) {
            (Some(first), Some(at)) => Some(first.min(at)),
            (first, at) => first.or(at),
        };
        if !hit.observations.iter().any(|o| o.id == observation.id) {
            hit.observations.push(observation);
        }
    }
    left_out(observation, log, workload, server, &mut summary, hits);
    summary
}

/// What stands in no kept line, because the middle of a long log was cut, is told by the patterns of all that was read.
fn left_out<'o>(
    observation: &'o Observation,
    log: &LogBody,
    workload: &ObjectRef,
    server: bool,
    summary: &mut Summary,
    hits: &mut BTreeMap<(ObjectRef, String, &'static str, String), Hit<'o>>,
) {
    if log.lines <= summary.lines as u64 {
        return;
    }
    summary.lines = usize::try_from(log.lines).unwrap_or(usize::MAX);
    for seen in &log.patterns {
        let Some(line) = seen.example.lines().find(|line| pattern_of(line).is_some()) else { continue };
        let Some(pattern) = pattern_of(line) else { continue };
        let (target, port) = target_of(pattern, line);
        let count = u32::try_from(seen.count).unwrap_or(u32::MAX);
        let key = (workload.clone(), log.container.clone(), pattern, format!("{target}:{}", port.unwrap_or(0)));
        let hit = hits.entry(key).or_insert_with(|| {
            summary.patterns += 1;
            Hit {
                target,
                port,
                count: 0,
                line: short(line, 240),
                previous: log.previous,
                fatal: false,
                ongoing: false,
                last_at: seen.last_at,
                first_at: seen.first_at,
                observations: vec![observation],
                server: server && is_servers_line(line),
            }
        });
        hit.count = hit.count.max(count);
        hit.first_at = match (hit.first_at, seen.first_at) {
            (Some(first), Some(at)) => Some(first.min(at)),
            (first, at) => first.or(at),
        };
        hit.last_at = hit.last_at.max(seen.last_at);
    }
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum State {
    Well,
    Down,
    Unknown,
}

fn container_state(scene: &Scene, observation: &Observation, container: &str) -> State {
    let Some(pod) = observation.subject.as_ref().and_then(|s| scene.pods.iter().find(|p| p.object == s)) else {
        return State::Unknown;
    };
    let containers = pod.containers();
    match containers.iter().find(|c| c.name == container).or_else(|| containers.iter().find(|c| !c.init)) {
        Some(c) if c.is_ready() => State::Well,
        Some(c) if c.status.is_object() => State::Down,
        _ => State::Unknown,
    }
}

/// A line that its writer calls an error.
fn is_error(line: &str) -> bool {
    let head: String = line.chars().take(200).collect::<String>().to_ascii_lowercase();
    ["error", "fatal", "exception", "critical", "severe", "panic", "failed", "failure"].iter().any(|w| head.contains(w))
        && !["0 errors", "errors: 0", "error=null", "error\":null", "no error", "error: none", "errors=0"]
            .iter()
            .any(|w| head.contains(w))
}

/// A line with what varies masked, so that repetitions count as one.
fn template(line: &str) -> String {
    let words = line.split_whitespace().map(|word| {
        let varies = word.chars().any(|c| c.is_ascii_digit()) || word.len() > 40;
        if varies { "…" } else { word }
    });
    let words: Vec<&str> = words.collect();
    short(&words.join(" "), 160)
}

fn summarise(observation: &Observation, log: &LogBody, workload: &ObjectRef, summary: &Summary, found: &mut Found) {
    if SIDECARS.contains(&log.container.as_str()) {
        return;
    }
    if let Some((template, (count, line))) =
        summary.errors.iter().max_by_key(|(t, (count, _))| (*count, std::cmp::Reverse(t.as_str())))
    {
        let all: u32 = summary.errors.values().map(|(n, _)| *n).sum();
        found
            .fact("logs_errors", workload)
            .arg("container", log.container.clone())
            .arg("count", all)
            .arg("template", template.clone())
            .arg("line", line.clone())
            .arg("share", f64::from(*count) / f64::from(all.max(1)))
            .since(observation.at)
            .because(&observation.id)
            .says(format!("{all} error lines in the log of {}, mostly: {}", workload.name, short(line, 140)));
    } else if summary.patterns == 0 && summary.lines > 0 {
        let draft = found
            .fact("logs_clean", workload)
            .arg("container", log.container.clone())
            .arg("lines", summary.lines)
            .since(observation.at)
            .because(&observation.id);
        // Where all lines were read before some were left out, their patterns stand for them.
        if let Some(cut) = log.cut.as_ref().filter(|_| log.lines == 0) {
            draft.unknown(format!("the log is not whole: {cut}")).says(format!(
                "whether the log of {} holds signs of trouble beyond the {} lines that were read",
                workload.name, summary.lines
            ));
            return;
        }
        draft.says(format!("{} lines of the log of {} hold no sign of trouble", summary.lines, workload.name));
    }
}

fn say(scene: &Scene, workload: &ObjectRef, container: &str, pattern: &str, hit: &Hit, found: &mut Found) {
    let object = object_named(scene, &hit.target, &workload.namespace);
    let seconds = hit.last_at.map(|at| scene.at.seconds_since(at).max(0.0) as i64);
    let since = hit.first_at.or_else(|| hit.observations.iter().map(|o| o.at).min()).unwrap_or(scene.at);
    found
        .fact("log_pattern", workload)
        .arg("pattern", pattern)
        .arg("container", container)
        .arg("sidecar", SIDECARS.contains(&container))
        .arg("previous", hit.previous)
        .arg("count", hit.count)
        .arg("line", hit.line.clone())
        .arg("target", hit.target.clone())
        .object("target_object", object.as_ref())
        .number("port", hit.port)
        .number("last_seconds_before", seconds)
        .arg("fatal", hit.fatal)
        .arg("ongoing", hit.ongoing)
        .arg("side", if hit.server { "server" } else { "client" })
        .since(since)
        .because_all(hit.observations.iter().map(|o| &o.id))
        .says(match hit.count {
            1 => format!("the log of {} says: {}", workload.name, short(&hit.line, 180)),
            times => format!("the log of {} says {times} times: {}", workload.name, short(&hit.line, 180)),
        });
    match pattern {
        "no_such_host" => dns(scene, workload, hit, since, found),
        "permission_denied" | "read_only" => permission(scene, workload, container, pattern, hit, since, found),
        "missing_variable" => undefined(scene, workload, container, hit, since, found),
        "disk_full" => full(scene, workload, hit, since, found),
        "data_corrupt"
            if hit.line.to_ascii_lowercase().contains("-fs error")
                || hit.line.contains("needs cleaning")
                || hit.line.contains("nput/output error") =>
        {
            found
                .fact("volume_filesystem_damaged", workload)
                .arg("volume", "")
                .arg("message", hit.line.clone())
                .since(since)
                .because_all(hit.observations.iter().map(|o| &o.id))
                .says(format!(
                    "the log of {} tells of a damaged file system: {}",
                    workload.name,
                    short(&hit.line, 140)
                ));
        }
        "gpu_xid" => {
            for observation in &hit.observations {
                crate::gpu::say(workload, &hit.line, &workload.name, since, &observation.id, found);
            }
        }
        _ => {}
    }
}

/// The Service or workload that a host or an address names.
pub(crate) fn object_named(scene: &Scene, host: &str, namespace: &str) -> Option<ObjectRef> {
    if host.is_empty() {
        return None;
    }
    if host.chars().all(|c| c.is_ascii_digit() || c == '.') {
        let service = scene.snapshot.of_kind("Service").find(|(_, held)| text(&held.object, "/spec/clusterIP") == host);
        let pod = || scene.pods.iter().find(|p| text(p.json, "/status/podIP") == host).map(|p| p.workload.clone());
        return service.map(|(service, _)| service.clone()).or_else(pod);
    }
    let known = |n: &str| scene.namespaces().contains(n);
    let (namespace, name) = topology::in_cluster(host, namespace, known)?;
    let service = ObjectRef::new("Service", namespace.as_str(), name.as_str());
    if scene.snapshot.get(&service).is_some() {
        return Some(service);
    }
    let workload = scene.workloads_in(&namespace).find(|w| w.object.name == name);
    workload.map(|w| w.object.clone())
}

fn dns(scene: &Scene, workload: &ObjectRef, hit: &Hit, since: Time, found: &mut Found) {
    let line = hit.line.to_ascii_lowercase();
    let answer = if line.contains("temporary failure") || line.contains("eai_again") || line.contains("try again") {
        "temporary"
    } else if line.contains("i/o timeout") || line.contains("timed out") {
        "timeout"
    } else if line.contains("refused") {
        "refused"
    } else if line.contains("server misbehaving") || line.contains("servfail") {
        "servfail"
    } else {
        "nxdomain"
    };
    let known = |n: &str| scene.namespaces().contains(n);
    let inside = topology::in_cluster(&hit.target, &workload.namespace, known);
    let exists = object_named(scene, &hit.target, &workload.namespace).is_some_and(|o| o.kind == "Service");
    found
        .fact("dns_resolution_failed", workload)
        .arg("host", hit.target.clone())
        .arg("answer", answer)
        .arg("count", hit.count)
        .arg("internal", inside.is_some())
        .arg("service_exists", exists)
        .arg("ongoing", hit.ongoing)
        .since(since)
        .because_all(hit.observations.iter().map(|o| &o.id))
        .says(format!(
            "{} cannot resolve {} ({answer})",
            workload.name,
            if hit.target.is_empty() { "a name" } else { &hit.target }
        ));
}

/// Words that speak of files rather than of databases or APIs.
fn is_about_files(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    [
        "file",
        "open",
        "mkdir",
        "directory",
        "write",
        "read",
        "chown",
        "chmod",
        "/",
        "unlink",
        "rename",
        "create",
        "touch",
        "lock",
    ]
    .iter()
    .any(|w| lower.contains(w))
        && !["rpc error", "grpc", "http", "iam", "api"].iter().any(|w| lower.contains(w))
}

fn permission(
    scene: &Scene,
    workload: &ObjectRef,
    container: &str,
    pattern: &str,
    hit: &Hit,
    since: Time,
    found: &mut Found,
) {
    let lower = hit.line.to_ascii_lowercase();
    let file_system = pattern == "permission_denied" || lower.contains("file system") || lower.contains("erofs");
    if !file_system || !is_about_files(&hit.line) {
        return;
    }
    let Some(spec) = scene.workloads.get(workload).and_then(|w| w.pod_spec) else { return };
    let all = list(spec, "/containers");
    let Some(body) = all.iter().find(|c| text(c, "/name") == container).or_else(|| all.first()) else { return };
    let mounts: Vec<(&str, &str, bool)> = list(body, "/volumeMounts")
        .iter()
        .map(|m| (text(m, "/mountPath"), text(m, "/name"), flag(m, "/readOnly")))
        .collect();
    let own = |(path, _, _): &&(&str, &str, bool)| !path.starts_with("/var/run/secrets");
    let relative = !hit.target.starts_with('/');
    let mount = mounts
        .iter()
        .filter(own)
        .filter(|(path, _, _)| relative || hit.target.starts_with(path.trim_end_matches('/')))
        .max_by_key(|(path, name, _)| (source_of(spec, name).starts_with("PersistentVolumeClaim"), path.len()));
    let source = mount.map(|(_, name, _)| source_of(spec, name)).unwrap_or_default();
    let security = |field: &str| {
        int(body, &format!("/securityContext/{field}")).or_else(|| int(spec, &format!("/securityContext/{field}")))
    };
    found
        .fact("volume_permission_denied", workload)
        .arg("path", hit.target.clone())
        .arg("container", container)
        .number("run_as_user", security("runAsUser"))
        .number("fs_group", int(spec, "/securityContext/fsGroup"))
        .arg("mount", source.clone())
        .arg("read_only", mount.is_some_and(|m| m.2))
        .arg("root_read_only", mount.is_none() && flag(body, "/securityContext/readOnlyRootFilesystem"))
        .since(since)
        .because_all(hit.observations.iter().map(|o| &o.id))
        .because_all(scene.workloads.get(workload).map(|w| &w.spec_held.observation))
        .says(format!(
            "{} may not use {}{}: {}",
            workload.name,
            if hit.target.is_empty() { "a file" } else { &hit.target },
            if source.is_empty() { String::new() } else { format!(" on {source}") },
            short(&hit.line, 120)
        ));
}

fn source_of(spec: &Doc, volume: &str) -> String {
    let Some(volume) = list(spec, "/volumes").iter().find(|v| text(v, "/name") == volume) else { return String::new() };
    for (pointer, kind) in [
        ("/persistentVolumeClaim/claimName", "PersistentVolumeClaim"),
        ("/configMap/name", "ConfigMap"),
        ("/secret/secretName", "Secret"),
        ("/hostPath/path", "hostPath"),
    ] {
        let name = text(volume, pointer);
        if !name.is_empty() {
            return format!("{kind} {name}");
        }
    }
    if volume.get("emptyDir").is_some() { "emptyDir".to_owned() } else { String::new() }
}

fn undefined(scene: &Scene, workload: &ObjectRef, container: &str, hit: &Hit, since: Time, found: &mut Found) {
    let spec = scene.workloads.get(workload).and_then(|w| w.pod_spec);
    let set = spec.is_some_and(|s| {
        list(s, "/containers")
            .iter()
            .flat_map(|c| list(c, "/env"))
            .any(|e| text(e, "/name") == hit.target && (e.get("valueFrom").is_some() || !text(e, "/value").is_empty()))
    });
    if set || hit.target.is_empty() {
        return;
    }
    found
        .fact("env_undefined", workload)
        .arg("variable", hit.target.clone())
        .arg("container", container)
        .since(since)
        .because_all(hit.observations.iter().map(|o| &o.id))
        .because_all(scene.workloads.get(workload).map(|w| &w.spec_held.observation))
        .says(format!("{} wants the variable {}, which its spec does not set", workload.name, hit.target));
}

fn full(scene: &Scene, workload: &ObjectRef, hit: &Hit, since: Time, found: &mut Found) {
    let claims: Vec<ObjectRef> = scene
        .graph
        .dependencies(workload)
        .into_iter()
        .filter(|e| e.relation == Relation::Mounts && e.to.kind == "PersistentVolumeClaim")
        .map(|e| e.to.clone())
        .collect();
    let name = if claims.is_empty() { "disk_full" } else { "volume_full" };
    let draft = found.fact(name, workload);
    let draft = if name == "disk_full" {
        draft.arg("path", hit.target.clone()).arg("message", hit.line.clone())
    } else {
        draft.arg("used_ratio", 1.0).objects("claims", &claims)
    };
    draft.since(since).because_all(hit.observations.iter().map(|o| &o.id)).says(format!(
        "{} finds no space left: {}",
        workload.name,
        short(&hit.line, 120)
    ));
}

/// Names by which databases and brokers are known in images and ports.
const DATABASES: &[&str] = &[
    "mysql",
    "mariadb",
    "percona",
    "postgres",
    "postgresql",
    "mongo",
    "mongodb",
    "redis",
    "valkey",
    "rabbitmq",
    "kafka",
    "elasticsearch",
    "opensearch",
    "cassandra",
    "memcached",
    "cockroach",
    "etcd",
    "nats",
    "oracle",
    "mssql",
    "xenon",
    "pgbouncer",
    "clickhouse",
];
const DATABASE_PORTS: &[i64] = &[3306, 5432, 27017, 6379, 5672, 9092, 9042, 9200, 11211, 1433, 1521, 26257];

pub(crate) fn is_database(scene: &Scene, workload: &ObjectRef) -> bool {
    let Some(spec) = scene.workloads.get(workload).and_then(|w| w.pod_spec) else { return false };
    list(spec, "/containers").iter().any(|c| {
        let image = crate::images::Image::parse(text(c, "/image")).repository;
        let last = image.rsplit('/').next().unwrap_or("").to_ascii_lowercase();
        let name = text(c, "/name").to_ascii_lowercase();
        let known = |word: &str| {
            DATABASES
                .iter()
                .any(|d| word == *d || word.starts_with(&format!("{d}-")) || word.ends_with(&format!("-{d}")))
        };
        known(&last)
            || known(&name)
            || list(c, "/ports").iter().any(|p| int(p, "/containerPort").is_some_and(|p| DATABASE_PORTS.contains(&p)))
    })
}

/// How database servers tell of the clients that they turn away.
fn is_servers_line(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    (lower.contains("[note]")
        || lower.contains("[warning]")
        || lower.contains(" log: ")
        || lower.contains(" fatal: ")
        || lower.contains("[error]"))
        && !lower.contains("exception")
}

/// Clients that a server turned away, and where it is said.
type Refused<'o> = (BTreeSet<ObjectRef>, Vec<&'o Observation>);

/// Servers that clients' logs, or their own, say turn clients away.
fn refusals(scene: &Scene, hits: &BTreeMap<(ObjectRef, String, &'static str, String), Hit>, found: &mut Found) {
    let mut servers: BTreeMap<(ObjectRef, &'static str), Refused> = BTreeMap::new();
    for ((workload, container, pattern, _), hit) in hits {
        let felt = matches!(
            *pattern,
            "too_many_connections"
                | "connection_refused"
                | "connection_timeout"
                | "read_only"
                | "database_starting"
                | "access_denied"
                | "connection_reset"
        );
        // A connection that was refused while both sides started is not a refusal.
        let passing = !hit.ongoing && !hit.fatal && *pattern != "too_many_connections";
        if !felt || passing || SIDECARS.contains(&container.as_str()) {
            continue;
        }
        if hit.server && *pattern == "too_many_connections" {
            servers.entry((workload.clone(), pattern)).or_default().1.extend(&hit.observations);
            continue;
        }
        if hit.server {
            continue;
        }
        let named = object_named(scene, &hit.target, &workload.namespace).filter(|_| *pattern != "access_denied");
        let guess = || {
            let about_database =
                matches!(*pattern, "too_many_connections" | "access_denied" | "read_only" | "database_starting");
            about_database
                .then(|| called_databases(scene, workload))
                .and_then(|all| if all.len() == 1 { all.into_iter().next() } else { None })
        };
        let Some(server) = named.or_else(guess) else { continue };
        let behind = scene
            .graph
            .dependencies(&server)
            .into_iter()
            .find(|e| e.relation == Relation::Selects)
            .map(|e| e.to.clone());
        let server = behind.unwrap_or(server);
        if server == *workload {
            continue;
        }
        let entry = servers.entry((server, pattern)).or_default();
        entry.0.insert(workload.clone());
        entry.1.extend(&hit.observations);
    }
    for ((server, pattern), (clients, observations)) in servers {
        let names: Vec<&str> = clients.iter().map(|c| c.name.as_str()).collect();
        found
            .fact("refuses_clients", &server)
            .arg("pattern", pattern)
            .objects("clients", &clients)
            .arg("count", clients.len())
            .since(observations.iter().map(|o| o.at).min().unwrap_or(scene.at))
            .because_all(observations.iter().map(|o| &o.id))
            .says(if names.is_empty() {
                format!("{} says itself that it turns clients away ({pattern})", server.name)
            } else {
                format!("the logs of {} say that {} fails them ({pattern})", short(&names.join(", "), 120), server.name)
            });
    }
}

fn called_databases(scene: &Scene, workload: &ObjectRef) -> BTreeSet<ObjectRef> {
    scene
        .graph
        .dependencies(workload)
        .into_iter()
        .filter(|e| e.relation == Relation::Calls)
        .flat_map(|e| {
            if e.to.kind == "Service" {
                scene
                    .graph
                    .dependencies(e.to)
                    .into_iter()
                    .filter(|s| s.relation == Relation::Selects)
                    .map(|s| s.to.clone())
                    .collect()
            } else {
                vec![e.to.clone()]
            }
        })
        .filter(|o| is_database(scene, o))
        .collect()
}

#[cfg(test)]
mod tests {
    use model::{Body, LogBody};
    use serde_json::{Value, json};

    use super::time_in;
    use crate::sketch::{Sketch, fact, has};

    fn log(text: &str) -> Body {
        Body::Log(LogBody { container: "app".into(), previous: true, text: text.into(), ..LogBody::default() })
    }

    #[test]
    fn a_log_counts_only_once_it_is_released() {
        let line = "Error: connect ECONNREFUSED 10.0.0.1:5432";
        let sketch = || Sketch::new().deployment("cart");
        assert!(!has(&sketch().facts(), "log_pattern"));
        let facts = sketch().released(Some("Pod/shop/cart-abc-1"), log(line)).facts();
        let fact = fact(&facts, "log_pattern", "Deployment/shop/cart");
        assert_eq!(fact.args["pattern"], "connection_refused");
        assert_eq!(fact.args["port"], 5432);
        assert_eq!(fact.args["fatal"], true);
    }

    #[test]
    fn a_log_of_which_a_part_is_missing_is_not_told_to_be_clean() {
        let clean = |lines: u64| {
            let body = LogBody {
                container: "app".into(),
                text: "listening on 8080\nready".into(),
                cut: Some("the first 3 MB".into()),
                lines,
                ..LogBody::default()
            };
            Sketch::new().deployment("cart").released(Some("Pod/shop/cart-abc-1"), Body::Log(body)).facts()
        };
        assert!(!has(&clean(0), "logs_clean") && has(&clean(9_000), "logs_clean"));
        fact(&clean(0), "logs_clean", "Deployment/shop/cart");
    }

    #[test]
    fn a_quiet_log_is_told_to_be_clean() {
        let facts = Sketch::new()
            .deployment("cart")
            .released(Some("Pod/shop/cart-abc-1"), log("listening on 8080\nready"))
            .facts();
        assert!(has(&facts, "logs_clean") && !has(&facts, "log_pattern") && !has(&facts, "logs_errors"));
    }

    #[test]
    fn a_host_in_a_log_is_the_service_of_that_name() {
        let facts = Sketch::new()
            .deployment("cart")
            .deployment("db")
            .released(Some("Pod/shop/cart-abc-1"), log("dial tcp: lookup db on 10.0.0.10:53: no such host"))
            .facts();
        let dns = fact(&facts, "dns_resolution_failed", "Deployment/shop/cart");
        assert_eq!((&dns.args["host"], &dns.args["service_exists"]), (&json!("db"), &json!(true)));
        assert_eq!(fact(&facts, "log_pattern", "Deployment/shop/cart").args["target_object"], "Service/shop/db");
    }

    #[test]
    fn a_database_that_turns_clients_away_is_the_subject() {
        let facts = Sketch::new()
            .deployment("db")
            .but("Deployment/shop/db", |d| d["spec"]["template"]["spec"]["containers"][0]["image"] = json!("mysql:8"))
            .deployment("cart")
            .but("Deployment/shop/cart", |d| {
                d["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "DB_HOST", "value": "db"}])
            })
            .released(
                Some("Pod/shop/cart-abc-1"),
                log("java.sql.SQLNonTransientConnectionException: Too many connections"),
            )
            .facts();
        assert_eq!(
            fact(&facts, "refuses_clients", "Deployment/shop/db").args["clients"],
            json!(["Deployment/shop/cart"])
        );
    }

    #[test]
    fn a_file_that_may_not_be_opened_is_put_to_its_volume() {
        let facts = Sketch::new()
            .deployment("cache")
            .but("Deployment/shop/cache", |d: &mut Value| {
                let spec = &mut d["spec"]["template"]["spec"];
                spec["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "cache-data"}}]);
                spec["containers"][0]["volumeMounts"] = json!([{"name": "data", "mountPath": "/data"}]);
                spec["securityContext"] = json!({"runAsUser": 999});
            })
            .released(
                Some("Pod/shop/cache-abc-1"),
                log("can't open the file /data/dump.rdb for reading: Permission denied"),
            )
            .facts();
        let fact = fact(&facts, "volume_permission_denied", "Deployment/shop/cache");
        assert_eq!(
            (&fact.args["mount"], &fact.args["run_as_user"]),
            (&json!("PersistentVolumeClaim cache-data"), &json!(999))
        );
    }

    #[test]
    fn times_are_read_from_the_beginning_of_a_line() {
        assert_eq!(
            time_in("2026-01-31T03:14:00.123Z x").map(|t| t.seconds()),
            "2026-01-31T03:14:00Z".parse().ok().map(|t: model::Time| t.seconds())
        );
        assert!(time_in("2026-01-31 03:14:00,123 ERROR x").is_some());
        assert!(time_in("no time here").is_none());
    }
}
