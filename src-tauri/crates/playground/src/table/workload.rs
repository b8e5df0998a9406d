//! Rows of pods and of what makes them.

use model::Time;
use serde_json::{Value, json};

use super::{Printer, Row, human, or};

pub(super) fn printer(kind: &str) -> Option<Printer> {
    Some(match kind {
        "Pod" => (
            &[
                ("Name", "string", 0),
                ("Ready", "string", 0),
                ("Status", "string", 0),
                ("Restarts", "string", 0),
                ("Age", "string", 0),
                ("IP", "string", 1),
                ("Node", "string", 1),
                ("Nominated Node", "string", 1),
                ("Readiness Gates", "string", 1),
            ],
            pod,
        ),
        "Deployment" => (
            &[
                ("Name", "string", 0),
                ("Ready", "string", 0),
                ("Up-to-date", "string", 0),
                ("Available", "string", 0),
                ("Age", "string", 0),
                ("Containers", "string", 1),
                ("Images", "string", 1),
                ("Selector", "string", 1),
            ],
            deployment,
        ),
        "ReplicaSet" | "ReplicationController" => (
            &[
                ("Name", "string", 0),
                ("Desired", "integer", 0),
                ("Current", "integer", 0),
                ("Ready", "integer", 0),
                ("Age", "string", 0),
                ("Containers", "string", 1),
                ("Images", "string", 1),
                ("Selector", "string", 1),
            ],
            if kind == "ReplicaSet" { replica_set } else { replication_controller },
        ),
        "StatefulSet" => (
            &[
                ("Name", "string", 0),
                ("Ready", "string", 0),
                ("Age", "string", 0),
                ("Containers", "string", 1),
                ("Images", "string", 1),
            ],
            stateful_set,
        ),
        "DaemonSet" => (
            &[
                ("Name", "string", 0),
                ("Desired", "integer", 0),
                ("Current", "integer", 0),
                ("Ready", "integer", 0),
                ("Up-to-date", "integer", 0),
                ("Available", "integer", 0),
                ("Node Selector", "string", 0),
                ("Age", "string", 0),
                ("Containers", "string", 1),
                ("Images", "string", 1),
                ("Selector", "string", 1),
            ],
            daemon_set,
        ),
        "Job" => (
            &[
                ("Name", "string", 0),
                ("Status", "string", 0),
                ("Completions", "string", 0),
                ("Duration", "string", 0),
                ("Age", "string", 0),
                ("Containers", "string", 1),
                ("Images", "string", 1),
                ("Selector", "string", 1),
            ],
            job,
        ),
        "CronJob" => (
            &[
                ("Name", "string", 0),
                ("Schedule", "string", 0),
                ("Timezone", "string", 0),
                ("Suspend", "boolean", 0),
                ("Active", "integer", 0),
                ("Last Schedule", "string", 0),
                ("Age", "string", 0),
                ("Containers", "string", 1),
                ("Images", "string", 1),
                ("Selector", "string", 1),
            ],
            cron_job,
        ),
        "ControllerRevision" => (
            &[("Name", "string", 0), ("Controller", "string", 0), ("Revision", "string", 0), ("Age", "string", 0)],
            |row| {
                let owner = model::controller_of("", &row.object.into());
                let group = row.text("/metadata/ownerReferences/0/apiVersion").split_once('/').map_or("", |(g, _)| g);
                let owner = owner.map_or_else(
                    || "<none>".to_owned(),
                    |o| format!("{}.{group}/{}", o.kind.to_lowercase(), o.name).replace("./", "/"),
                );
                vec![row.name(), owner.into(), row.at("/revision").clone(), row.age()]
            },
        ),
        "PodTemplate" => (
            &[("Name", "string", 0), ("Containers", "string", 0), ("Images", "string", 0), ("Pod Labels", "string", 0)],
            |row| {
                let (names, images) = row.containers("/template/spec/containers");
                vec![row.name(), names.into(), images.into(), row.pairs("/template/metadata/labels").into()]
            },
        ),
        _ => return None,
    })
}

fn pod(row: &Row<'_>) -> Vec<Value> {
    let state = State::of(row);
    let phase_is_last = matches!(row.text("/status/phase"), "Succeeded" | "Failed");
    let going = !row.at("/metadata/deletionTimestamp").is_null();
    let reason = match row.text("/status/reason") {
        "NodeLost" if going => "Unknown".to_owned(),
        _ if going && !phase_is_last => "Terminating".to_owned(),
        _ => state.reason,
    };
    let restarts = match state.restarted {
        Some(at) if state.restarts > 0 => {
            format!("{} ({} ago)", state.restarts, human(row.now.seconds_since(at)))
        }
        _ => state.restarts.to_string(),
    };
    let gates = row.list("/spec/readinessGates");
    let gates = if gates.is_empty() {
        "<none>".to_owned()
    } else {
        let open = gates
            .iter()
            .filter(|gate| {
                row.list("/status/conditions")
                    .iter()
                    .any(|c| c["type"] == gate["conditionType"] && c["status"] == "True")
            })
            .count();
        format!("{open}/{}", gates.len())
    };
    vec![
        row.name(),
        format!("{}/{}", state.ready, state.total).into(),
        reason.into(),
        restarts.into(),
        row.age(),
        // A recording keeps no list that repeats the one address.
        row.or_none(if row.text("/status/podIPs/0/ip").is_empty() { "/status/podIP" } else { "/status/podIPs/0/ip" }),
        row.or_none("/spec/nodeName"),
        row.or_none("/status/nominatedNodeName"),
        gates.into(),
    ]
}

/// What the containers of a pod add up to.
struct State {
    ready: usize,
    total: usize,
    reason: String,
    restarts: i64,
    restarted: Option<Time>,
}

impl State {
    fn of(row: &Row<'_>) -> State {
        let gated = row
            .list("/status/conditions")
            .iter()
            .any(|c| c["type"] == "PodScheduled" && c["reason"] == "SchedulingGated");
        let reason = match row.text("/status/reason") {
            _ if gated => "SchedulingGated",
            "" => row.text("/status/phase"),
            reason => reason,
        };
        let sidecars: Vec<&str> = row
            .list("/spec/initContainers")
            .iter()
            .filter(|c| c["restartPolicy"] == "Always")
            .filter_map(|c| c["name"].as_str())
            .collect();
        let mut state = State {
            ready: 0,
            total: row.list("/spec/containers").len() + sidecars.len(),
            reason: reason.to_owned(),
            restarts: 0,
            restarted: None,
        };
        let initializing = state.initialize(row, &sidecars);
        let initialized =
            row.list("/status/conditions").iter().any(|c| c["type"] == "Initialized" && c["status"] == "True");
        if !initializing || initialized {
            state.run(row, &sidecars);
        }
        state
    }

    fn count(&mut self, status: &Value) {
        self.restarts += status["restartCount"].as_i64().unwrap_or_default();
        let ended = status["lastState"]["terminated"]["finishedAt"].as_str().and_then(|t| t.parse::<Time>().ok());
        self.restarted = self.restarted.max(ended);
    }

    /// Looks at the init containers; gives whether one of them still holds the pod back.
    fn initialize(&mut self, row: &Row<'_>, sidecars: &[&str]) -> bool {
        let all = row.list("/spec/initContainers").len();
        for (at, status) in row.list("/status/initContainerStatuses").iter().enumerate() {
            self.count(status);
            let sidecar = status["name"].as_str().is_some_and(|n| sidecars.contains(&n));
            let ended = &status["state"]["terminated"];
            let waiting = status["state"]["waiting"]["reason"].as_str().unwrap_or_default();
            if ended.is_object() && ended["exitCode"] == 0 {
                continue;
            }
            if sidecar && status["started"] == true {
                self.ready += usize::from(status["ready"] == true);
                continue;
            }
            self.reason = if ended.is_object() {
                format!("Init:{}", why(ended))
            } else if !waiting.is_empty() && waiting != "PodInitializing" {
                format!("Init:{waiting}")
            } else {
                format!("Init:{at}/{all}")
            };
            return true;
        }
        false
    }

    fn run(&mut self, row: &Row<'_>, sidecars: &[&str]) {
        self.restarts = 0;
        self.restarted = None;
        for status in row.list("/status/initContainerStatuses") {
            if status["name"].as_str().is_some_and(|n| sidecars.contains(&n)) {
                self.count(status);
            }
        }
        let (mut running, mut failure) = (false, None);
        for status in row.list("/status/containerStatuses").iter().rev() {
            self.count(status);
            let ended = &status["state"]["terminated"];
            let waiting = status["state"]["waiting"]["reason"].as_str().unwrap_or_default();
            if !waiting.is_empty() {
                self.reason = waiting.to_owned();
            } else if ended.is_object() {
                self.reason = why(ended);
                if ended["exitCode"] != 0 {
                    failure = Some(self.reason.clone());
                }
            } else if status["ready"] == true && status["state"]["running"].is_object() {
                running = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" {
            let pod_ready =
                row.list("/status/conditions").iter().any(|c| c["type"] == "Ready" && c["status"] == "True");
            match failure {
                _ if running && pod_ready => self.reason = "Running".into(),
                Some(failure) => self.reason = failure,
                None if running => self.reason = "NotReady".into(),
                None => {}
            }
        }
    }
}

/// Why a container ended: its reason, its signal or its exit code.
fn why(ended: &Value) -> String {
    match (ended["reason"].as_str().unwrap_or_default(), ended["signal"].as_i64().unwrap_or_default()) {
        ("", 0) => format!("ExitCode:{}", ended["exitCode"].as_i64().unwrap_or_default()),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn deployment(row: &Row<'_>) -> Vec<Value> {
    let (names, images) = row.containers("/spec/template/spec/containers");
    vec![
        row.name(),
        format!("{}/{}", row.number("/status/readyReplicas"), row.number("/spec/replicas")).into(),
        row.number("/status/updatedReplicas").into(),
        row.number("/status/availableReplicas").into(),
        row.age(),
        names.into(),
        images.into(),
        row.selector("/spec/selector").into(),
    ]
}

fn replicas(row: &Row<'_>, selector: String) -> Vec<Value> {
    let (names, images) = row.containers("/spec/template/spec/containers");
    vec![
        row.name(),
        row.number("/spec/replicas").into(),
        row.number("/status/replicas").into(),
        row.number("/status/readyReplicas").into(),
        row.age(),
        names.into(),
        images.into(),
        selector.into(),
    ]
}

fn replica_set(row: &Row<'_>) -> Vec<Value> {
    replicas(row, row.selector("/spec/selector"))
}

fn replication_controller(row: &Row<'_>) -> Vec<Value> {
    replicas(row, row.pairs("/spec/selector"))
}

fn stateful_set(row: &Row<'_>) -> Vec<Value> {
    let (names, images) = row.containers("/spec/template/spec/containers");
    let ready = format!("{}/{}", row.number("/status/readyReplicas"), row.number("/spec/replicas"));
    vec![row.name(), ready.into(), row.age(), names.into(), images.into()]
}

fn daemon_set(row: &Row<'_>) -> Vec<Value> {
    let (names, images) = row.containers("/spec/template/spec/containers");
    vec![
        row.name(),
        row.number("/status/desiredNumberScheduled").into(),
        row.number("/status/currentNumberScheduled").into(),
        row.number("/status/numberReady").into(),
        row.number("/status/updatedNumberScheduled").into(),
        row.number("/status/numberAvailable").into(),
        row.pairs("/spec/template/spec/nodeSelector").into(),
        row.age(),
        names.into(),
        images.into(),
        row.selector("/spec/selector").into(),
    ]
}

fn job(row: &Row<'_>) -> Vec<Value> {
    let (names, images) = row.containers("/spec/template/spec/containers");
    let succeeded = row.number("/status/succeeded");
    let completions = match (row.at("/spec/completions").as_i64(), row.number("/spec/parallelism")) {
        (Some(wanted), _) => format!("{succeeded}/{wanted}"),
        (None, parallel) if parallel > 1 => format!("{succeeded}/1 of {parallel}"),
        (None, _) => format!("{succeeded}/1"),
    };
    let time = |pointer: &str| row.text(pointer).parse::<Time>().ok();
    let took = time("/status/startTime")
        .map(|start| human(time("/status/completionTime").unwrap_or(row.now).seconds_since(start)))
        .unwrap_or_default();
    let has = |kind: &str| row.list("/status/conditions").iter().any(|c| c["type"] == kind && c["status"] == "True");
    let status = if has("Complete") {
        "Complete"
    } else if has("Failed") {
        "Failed"
    } else if !row.at("/metadata/deletionTimestamp").is_null() {
        "Terminating"
    } else if has("Suspended") {
        "Suspended"
    } else if has("FailureTarget") {
        "FailureTarget"
    } else if has("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    };
    vec![
        row.name(),
        status.into(),
        completions.into(),
        took.into(),
        row.age(),
        names.into(),
        images.into(),
        row.selector("/spec/selector").into(),
    ]
}

fn cron_job(row: &Row<'_>) -> Vec<Value> {
    let (names, images) = row.containers("/spec/jobTemplate/spec/template/spec/containers");
    let last = row.at("/status/lastScheduleTime");
    vec![
        row.name(),
        row.at("/spec/schedule").clone(),
        row.or_none("/spec/timeZone"),
        match row.at("/spec/suspend").as_bool() {
            Some(true) => "True".into(),
            Some(false) => "False".into(),
            None => "<unset>".into(),
        },
        json!(row.list("/status/active").len()),
        if last.is_null() { "<none>".into() } else { row.ago(last).into() },
        row.age(),
        names.into(),
        images.into(),
        or(&row.selector("/spec/jobTemplate/spec/selector"), "<none>"),
    ]
}
