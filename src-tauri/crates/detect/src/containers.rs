//! What became of containers: waiting, ending, restarting, running out of memory.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use model::{Doc, ObjectRef, ObservationId, Time};

use crate::found::Found;
use crate::json::{int, list, short, text, time};
use crate::quantity;
use crate::scene::{Container, Pod, Scene, Workload};
use crate::triage::noise::INIT_SECONDS;

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    for workload in scene.workloads.values() {
        ports(workload, found);
        if workload.calm {
            continue;
        }
        let mut names: Vec<(&str, bool)> = Vec::new();
        for pod in scene.pods_of(workload) {
            for container in pod.containers() {
                if !names.contains(&(container.name, container.init)) {
                    names.push((container.name, container.init));
                }
            }
        }
        for (name, init) in names {
            let lives: Vec<Life> = scene
                .pods_of(workload)
                .filter(|pod| !pod.is_leaving())
                .flat_map(|pod| pod.containers().iter().map(move |container| Life { pod, container: *container }))
                .filter(|life| life.container.name == name && life.container.init == init)
                .collect();
            looping(scene, workload, &lives, found);
            waiting(scene, workload, &lives, found);
            memory(scene, workload, &lives, found);
        }
        hooks(scene, &workload.object, found);
        sandboxes(scene, workload, found);
    }
}

/// One container of one pod.
struct Life<'s, 'a> {
    pod: &'s Pod<'a>,
    container: Container<'a>,
}

/// How a container's most recent run ended.
struct End<'a> {
    exit_code: i64,
    reason: &'a str,
    signal: i64,
    message: &'a str,
    run_seconds: Option<i64>,
    at: Option<Time>,
}

impl<'a> Life<'_, 'a> {
    fn end(&self) -> Option<End<'a>> {
        let ended = self.container.ended()?;
        let (start, finish) = (time(ended, "/startedAt"), time(ended, "/finishedAt"));
        Some(End {
            exit_code: int(ended, "/exitCode").unwrap_or(-1),
            reason: text(ended, "/reason"),
            signal: int(ended, "/signal").unwrap_or(-1),
            message: text(ended, "/message"),
            run_seconds: start.zip(finish).map(|(start, finish)| finish.seconds_since(start) as i64),
            at: finish,
        })
    }

    fn is_backing_off(&self) -> bool {
        self.container.waiting() == "CrashLoopBackOff"
    }
}

fn looping(scene: &Scene, workload: &Workload, lives: &[Life], found: &mut Found) {
    let subject = &workload.object;
    let Some(worst) =
        lives.iter().max_by_key(|l| (l.is_backing_off(), !l.container.is_ready(), l.container.restarts()))
    else {
        return;
    };
    let end = worst.end();
    let restarts = worst.container.restarts();
    let ended_ago = end.as_ref().and_then(|e| e.at).map(|at| scene.at.seconds_since(at));
    let unready = !worst.container.is_ready();
    let run_seconds = end.as_ref().and_then(|e| e.run_seconds);
    let init = worst.container.init;
    let is_job = !workload.is_running_forever();
    let ended_now = worst.container.status.pointer("/state/terminated").is_some();
    let failed_now = ended_now && end.as_ref().is_some_and(|e| e.exit_code != 0);
    // Between two ends the container runs for a moment; ten minutes is the longest back-off.
    let again_and_again = restarts >= 2 && ended_ago.is_none_or(|ago| ago < 900.0) && unready && end.is_some();
    let loops = worst.is_backing_off() || again_and_again || (failed_now && !is_job && !init);
    let kill = kills_of(scene, worst);
    let says_end = end.as_ref().map(|e| {
        let reason = if e.reason.is_empty() { String::new() } else { format!(" ({})", e.reason) };
        format!("exit code {}{reason}", e.exit_code)
    });
    if loops {
        let pods: Vec<&ObjectRef> = lives
            .iter()
            .filter(|l| l.is_backing_off() || (l.container.restarts() >= 2 && !l.container.is_ready()) || failed_now)
            .map(|l| l.pod.object)
            .collect();
        let evidence: Vec<&ObservationId> =
            lives.iter().filter(|l| pods.contains(&l.pod.object)).map(|l| &l.pod.held.observation).collect();
        let since = first_trouble(scene, worst).unwrap_or_else(|| worst.pod.created());
        found
            .fact("crash_loop", subject)
            .arg("container", worst.container.name)
            .arg("exit_code", end.as_ref().map_or(-1, |e| e.exit_code))
            .arg("reason", end.as_ref().map_or("", |e| e.reason))
            .arg("signal", end.as_ref().map_or(-1, |e| e.signal))
            .arg("restarts", restarts)
            .objects("pods", pods)
            .number("run_seconds", run_seconds)
            .arg("killed_by_probe", kill.is_some())
            .arg("init", init)
            .since(since)
            .because_all(evidence)
            .because_all(kill)
            .says(format!(
                "container {} of {} does not stay up ({restarts} restarts){}",
                worst.container.name,
                subject.name,
                says_end.as_deref().map(|e| format!(", last end {e}")).unwrap_or_default()
            ));
    } else if restarts > 0 {
        found
            .fact("container_restarted", subject)
            .arg("container", worst.container.name)
            .arg("restarts", restarts)
            .arg("last_exit_code", end.as_ref().map_or(-1, |e| e.exit_code))
            .arg("last_reason", end.as_ref().map_or("", |e| e.reason))
            .arg("ready", worst.container.is_ready())
            .number("for_seconds", ended_ago.map(|s| s as i64))
            .arg("killed_by_probe", kill.is_some())
            .since(end.as_ref().and_then(|e| e.at).unwrap_or_else(|| worst.pod.created()))
            .because(&worst.pod.held.observation)
            .because_all(kill)
            .says(format!(
                "container {} of {} restarted {restarts} times{}",
                worst.container.name,
                subject.name,
                says_end.as_deref().map(|e| format!(", last end {e}")).unwrap_or_default()
            ));
    }
    if let Some(end) = end.filter(|e| e.exit_code != 0) {
        found
            .fact("container_terminated", subject)
            .arg("container", worst.container.name)
            .arg("exit_code", end.exit_code)
            .arg("reason", end.reason)
            .arg("message", short(end.message, 240))
            .arg("init", init)
            .since(end.at.unwrap_or_else(|| worst.pod.created()))
            .because(&worst.pod.held.observation)
            .says(format!(
                "container {} of {} ended with exit code {}{}",
                worst.container.name,
                subject.name,
                end.exit_code,
                if end.message.is_empty() { String::new() } else { format!(": {}", short(end.message, 120)) }
            ));
        let answer = cannot_start(end.reason, end.message, end.exit_code);
        if let Some(answer) = answer {
            refused_start(subject, worst, answer, end.message, found);
        }
    }
    if init && !worst.container.is_sidecar() {
        init_container(scene, workload, worst, found);
    }
}

fn init_container(scene: &Scene, workload: &Workload, life: &Life, found: &mut Found) {
    let state = life.container.status.get("state").cloned().unwrap_or_default();
    let done = int(&state, "/terminated/exitCode") == Some(0);
    let started = life.container.status.is_object();
    let running_for = time(&state, "/running/startedAt").map(|t| scene.at.seconds_since(t));
    let trouble = life.is_backing_off()
        || int(&state, "/terminated/exitCode").is_some_and(|code| code != 0)
        || (life.container.restarts() > 0 && !done)
        || running_for.is_some_and(|s| s > if waits_in_a_loop(life.container.spec) { 60.0 } else { INIT_SECONDS });
    if done || !started || !trouble {
        return;
    }
    let end = life.end();
    let waits_for = addresses_named(life.container.spec);
    found
        .fact("init_container_failing", &workload.object)
        .arg("container", life.container.name)
        .arg("exit_code", end.as_ref().map_or(-1, |e| e.exit_code))
        .arg("reason", end.as_ref().map_or("", |e| e.reason))
        .arg("waits_for", waits_for.clone())
        .since(life.pod.created())
        .because(&life.pod.held.observation)
        .says(format!(
            "init container {} of {} does not finish{}",
            life.container.name,
            life.pod.object.name,
            if waits_for.is_empty() { String::new() } else { format!("; it names {waits_for}") }
        ));
}

/// Whether a container's command asks for something again and again until it is there, rather than doing work of its own.
fn waits_in_a_loop(container: &Doc) -> bool {
    const ASKS: [&str; 9] =
        ["until ", "while ", "nc -", "nslookup ", "pg_isready", "wait-for", "wait4", "dockerize", "ncat "];
    let words = ["/command", "/args"].into_iter().flat_map(|field| list(container, field)).filter_map(Doc::as_str);
    words.into_iter().any(|word| ASKS.iter().any(|asks| word.contains(asks)))
}

/// The first address in a container's command, arguments or environment.
fn addresses_named(container: &Doc) -> String {
    let words = ["/command", "/args"].into_iter().flat_map(|field| list(container, field)).filter_map(Doc::as_str);
    let mut found: Vec<String> = Vec::new();
    for line in words {
        for word in line.split(|c: char| c.is_whitespace() || "\"'`;|&()<>".contains(c)) {
            found.extend(topology::addresses_in("", word).into_iter().map(|a| match a.port {
                Some(port) => format!("{}:{port}", a.host),
                None => a.host,
            }));
        }
        // `nc -z db 5432`, `until nslookup db; do …`
        let parts: Vec<&str> = line.split_whitespace().collect();
        for pair in parts.windows(2) {
            let host = pair[0].trim_matches(|c: char| !c.is_ascii_alphanumeric());
            if pair[1].trim_end_matches(';').parse::<u16>().is_ok()
                && host.chars().any(|c| c.is_ascii_alphabetic())
                && !pair[0].starts_with('-')
                && host != "sleep"
                && host != "seq"
            {
                found.push(format!("{host}:{}", pair[1].trim_end_matches(';')));
            }
            if matches!(pair[0], "nslookup" | "getent" | "dig" | "host") && !pair[1].starts_with('-') {
                found.push(pair[1].trim_end_matches(';').to_owned());
            }
        }
    }
    for variable in list(container, "/env") {
        let addresses = topology::addresses_in(text(variable, "/name"), text(variable, "/value"));
        found.extend(addresses.into_iter().map(|a| a.host));
    }
    found.into_iter().next().unwrap_or_default()
}

/// The event by which a probe killed this container, if one did.
fn kills_of<'s>(scene: &'s Scene, life: &Life) -> Option<&'s ObservationId> {
    let by_probe = |message: &str| {
        let message = message.to_ascii_lowercase();
        message.contains("failed liveness probe") || message.contains("failed startup probe")
    };
    scene.events_of_pod(life.pod).rfind(|t| t.event.reason == "Killing" && by_probe(&t.event.message)).map(|t| t.id)
}

/// When this container's present trouble began: its first back-off or failure that events tell of.
fn first_trouble(scene: &Scene, life: &Life) -> Option<Time> {
    let told = scene
        .events_of_pod(life.pod)
        .filter(|t| t.event.reason == "BackOff" && t.event.message.contains("restarting"))
        .map(|t| t.event.first_at)
        .min();
    // A run that followed an end began within the trouble; the only one that ended yet may have served for weeks.
    let within = if life.container.restarts() >= 2 { "/startedAt" } else { "/finishedAt" };
    let ended = life.container.status.pointer("/lastState/terminated").and_then(|e| time(e, within));
    told.into_iter().chain(ended).min()
}

/// Why the runtime refused to start a container, where the end or the waiting message says that it did.
fn cannot_start(reason: &str, message: &str, exit_code: i64) -> Option<&'static str> {
    let text = message.to_ascii_lowercase();
    if text.contains("exec format error") {
        return Some("exec_format");
    }
    if text.contains("runasnonroot") || text.contains("will run as root") || text.contains("non-numeric user") {
        return Some("security_context");
    }
    let refused = matches!(reason, "ContainerCannotRun" | "StartError" | "RunContainerError" | "CreateContainerError")
        || (matches!(exit_code, 126..=128) && !text.is_empty());
    if !refused {
        return None;
    }
    Some(
        if text.contains("executable file not found")
            || text.contains("no such file or directory") && text.contains("exec")
        {
            "executable_not_found"
        } else if text.contains("permission denied") {
            "permission_denied"
        } else if text.contains("mount") {
            "mount"
        } else if text.contains("device") {
            "device"
        } else if text.contains("runtime") || text.contains("oci") {
            "runtime"
        } else {
            "other"
        },
    )
}

fn refused_start(subject: &ObjectRef, life: &Life, answer: &str, message: &str, found: &mut Found) {
    found
        .fact("container_cannot_start", subject)
        .arg("container", life.container.name)
        .arg("answer", answer)
        .arg("message", short(message, 240))
        .since(life.pod.created())
        .because(&life.pod.held.observation)
        .says(format!(
            "the runtime cannot start container {} of {}: {}",
            life.container.name,
            subject.name,
            short(message, 160)
        ));
}

fn waiting(scene: &Scene, workload: &Workload, lives: &[Life], found: &mut Found) {
    let subject = &workload.object;
    for life in lives {
        let reason = life.container.waiting();
        let message = text(life.container.status, "/state/waiting/message");
        // Back-off has its own facts, here and in the images.
        if matches!(reason, "" | "CrashLoopBackOff" | "ImagePullBackOff" | "ErrImagePull") {
            continue;
        }
        let seconds = scene.seconds_so(life.pod.created(), life.pod.held);
        found
            .fact("container_waiting", subject)
            .arg("container", life.container.name)
            .arg("reason", reason)
            .arg("message", short(message, 240))
            .arg("init", life.container.init)
            .arg("for_seconds", seconds)
            .since(life.pod.created())
            .because(&life.pod.held.observation)
            .says(format!(
                "container {} of {} waits: {reason}{}",
                life.container.name,
                life.pod.object.name,
                if message.is_empty() { String::new() } else { format!(" ({})", short(message, 160)) }
            ));
        if let Some(answer) = cannot_start(reason, message, 0) {
            refused_start(subject, life, answer, message, found);
        }
    }
}

fn memory(scene: &Scene, workload: &Workload, lives: &[Life], found: &mut Found) {
    let subject = &workload.object;
    let killed = lives.iter().filter_map(|l| l.end().filter(|e| e.reason == "OOMKilled").map(|e| (l, e)));
    let Some((life, end)) = killed.max_by_key(|(_, e)| e.at) else {
        memory_by_event(scene, workload, lives, found);
        return;
    };
    say_oom(scene, workload, life, Some(&end), None, found);
    let _ = subject;
}

fn memory_by_event(scene: &Scene, workload: &Workload, lives: &[Life], found: &mut Found) {
    let told =
        scene.events(&workload.object).iter().rfind(|t| matches!(t.event.reason.as_str(), "OOMKilling" | "OOMKilled"));
    if let (Some(told), Some(life)) = (told, lives.iter().find(|l| !l.container.init)) {
        let named = told.event.message.contains(life.container.name) || lives.len() == 1;
        if named {
            say_oom(scene, workload, life, None, Some((told.id, told.event.last_at)), found);
        }
    }
}

/// Within this time of each other the kernel's word about a node and the end of a container are one kill.
const SAME_KILL_SECONDS: f64 = 120.0;

fn say_oom(
    scene: &Scene,
    workload: &Workload,
    life: &Life,
    end: Option<&End>,
    told: Option<(&ObservationId, Time)>,
    found: &mut Found,
) {
    let subject = &workload.object;
    let limit = quantity::of(life.container.spec.pointer("/resources/limits/memory"));
    let request = quantity::of(life.container.spec.pointer("/resources/requests/memory"));
    let node = scene.node(life.pod.node_name());
    let node_events = node.map_or(&[][..], |n| scene.events(n.object));
    let at = end.and_then(|e| e.at).or(told.map(|(_, at)| at));
    // The node's own shortage kills at the moment it is told of; one of another day says nothing about this kill.
    let system = node_events.iter().find(|t| {
        let (first, last) = (t.event.first_at, t.event.last_at);
        t.event.reason == "SystemOOM"
            && at.is_some_and(|at| {
                // Of many that are folded into one only the first and the last have a time.
                let near = |time: Time| at.seconds_since(time).abs() <= SAME_KILL_SECONDS;
                near(first) || near(last) || (first <= at && at <= last && last.seconds_since(first) <= 3600.0)
            })
    });
    let by = match (limit, system) {
        (_, Some(_)) => "node",
        (Some(_), None) => "limit",
        (None, None) => "unknown",
    };
    let ago = at.map(|at| scene.at.seconds_since(at) as i64);
    let ongoing = !life.container.is_ready() || ago.is_some_and(|ago| ago < 600);
    found
        .fact("oom_killed", subject)
        .arg("container", life.container.name)
        .number("limit_bytes", limit.map(|b| b as i64))
        .number("request_bytes", request.map(|b| b as i64))
        .arg("restarts", life.container.restarts())
        .arg("by", by)
        .number("for_seconds", end.and_then(|e| e.run_seconds))
        .number("seconds_ago", ago)
        .arg("ongoing", ongoing)
        .since(at.unwrap_or_else(|| life.pod.created()))
        .because(&life.pod.held.observation)
        .because_all(system.map(|t| t.id))
        .because_all(told.map(|(id, _)| id))
        .says(match limit {
            Some(limit) => format!(
                "container {} of {} was killed for memory at its limit of {}",
                life.container.name,
                subject.name,
                quantity::bytes(limit)
            ),
            None => {
                format!("container {} of {} was killed for memory and has no limit", life.container.name, subject.name)
            }
        });
}

/// Containers of one pod share its ports: two that want the same one cannot both have it.
fn ports(workload: &Workload, found: &mut Found) {
    let Some(spec) = workload.pod_spec else { return };
    let mut taken: BTreeMap<(i64, &str), &str> = BTreeMap::new();
    for container in list(spec, "/containers") {
        let name = text(container, "/name");
        for port in list(container, "/ports") {
            let protocol = Some(text(port, "/protocol")).filter(|p| !p.is_empty()).unwrap_or("TCP");
            let Some(number) = int(port, "/containerPort") else { continue };
            match taken.get(&(number, protocol)) {
                Some(other) if *other != name => {
                    found
                        .fact("container_port_conflict", &workload.object)
                        .arg("port", number)
                        .arg("containers", vec![(*other).to_owned(), name.to_owned()])
                        .since(workload.spec_held.at)
                        .because(&workload.spec_held.observation)
                        .says(format!(
                            "containers {other} and {name} of {} both want port {number}",
                            workload.object.name
                        ));
                }
                _ => {
                    taken.insert((number, protocol), name);
                }
            }
        }
    }
}

fn hooks(scene: &Scene, subject: &ObjectRef, found: &mut Found) {
    for told in scene.events(subject) {
        let hook = match told.event.reason.as_str() {
            "FailedPostStartHook" => "postStart",
            "FailedPreStopHook" => "preStop",
            _ => continue,
        };
        found
            .fact("lifecycle_hook_failed", subject)
            .arg("hook", hook)
            .arg("message", short(&told.event.message, 240))
            .since(told.event.first_at)
            .because(told.id)
            .says(format!("the {hook} hook of {} failed: {}", subject.name, short(&told.event.message, 160)));
    }
}

fn sandboxes(scene: &Scene, workload: &Workload, found: &mut Found) {
    for pod in scene.pods_of(workload) {
        let told = scene.events_of_pod(pod).filter(|t| {
            matches!(
                t.event.reason.as_str(),
                "FailedCreatePodSandBox" | "FailedToCreatePodSandBox" | "FailedPodSandBoxStatus"
            )
        });
        let Some(told) = told.max_by_key(|t| t.event.last_at) else { continue };
        let message = told.event.message.to_ascii_lowercase();
        let answer = if message.contains("no ip addresses")
            || message.contains("failed to allocate")
            || message.contains("ip exhaust")
            || message.contains("no available ip")
            || message.contains("failed to assign an ip")
            || message.contains("no free ip")
            || message.contains("not enough ip")
            || message.contains("no more ip")
            || message.contains("ran out of ip")
            || message.contains("ip pool is full")
        {
            "ip_exhausted"
        } else if message.contains("cni")
            || message.contains("network is not ready")
            || message.contains("failed to setup network")
            || message.contains("network plugin")
            || message.contains("cilium")
            || message.contains("networkplugin")
            || message.contains("subnet.env")
        {
            "cni"
        } else if message.contains("unavailable desc")
            || message.contains("connection error")
            || message.contains("containerd.sock")
            || message.contains("deadlineexceeded")
        {
            "runtime_down"
        } else if message.contains("pause") && message.contains("image") {
            "image"
        } else {
            "other"
        };
        let ongoing = !pod.is_ready() && pod.containers().iter().all(|c| c.status.pointer("/state/running").is_none());
        found
            .fact("sandbox_failed", &workload.object)
            .arg("answer", answer)
            .arg("node", pod.node_name())
            .arg("message", short(&told.event.message, 240))
            .arg("ongoing", ongoing)
            .since(told.event.first_at)
            .because(told.id)
            .because(&pod.held.observation)
            .says(format!(
                "the sandbox of {} cannot be made on {}: {}",
                pod.object.name,
                pod.node_name(),
                short(&told.event.message, 160)
            ));
    }
}
