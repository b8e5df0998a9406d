use std::collections::{BTreeMap, BTreeSet};

use knowledge::{render, spoken};
use model::{ClusterId, Fact, Incident, ObjectRef, ObservationId, Severity, Snapshot, ToolCall};
use serde_json::{Map, Value, json};
use topology::Relation;

use super::assessment::{Assessment, Candidate, DECISIVE, importance};
use super::fact_map::FactMap;
use super::focus::Focus;
use super::stores;

/// Below this a call would not change the order.
const WORTH_ASKING: f64 = 0.06;
/// Incidents that are looked into at once, worst first.
const INCIDENTS: usize = 3;
/// For so long trouble on which nothing depends is why somebody calls.
const LATELY_SECONDS: i64 = 6 * 3600;
/// Hypotheses of one incident whose checks are weighed.
const LEADING: usize = 12;

/// A call and what it is worth.
#[derive(Clone, Debug)]
pub(crate) struct Proposal {
    pub call: ToolCall,
    /// Expected information per cost.
    pub value: f64,
    /// What it would separate, leading first.
    pub hypotheses: Vec<String>,
}

pub(crate) struct Asking<'a> {
    pub assessment: &'a Assessment,
    pub snapshot: &'a Snapshot,
    pub cluster: &'a ClusterId,
    pub focus: &'a Focus,
    /// Digests of calls that were made or refused.
    pub asked: &'a BTreeSet<String>,
    /// Tools that nobody can answer here.
    pub unanswerable: &'a [(&'static str, &'static str)],
}

/// Whether an incident's first hypothesis stands clear of the others.
pub(crate) fn stands_clear(assessment: &Assessment, incident: usize) -> bool {
    let mut ranked = assessment.of_incident(incident);
    let Some(first) = ranked.next() else { return false };
    let second = ranked.next().map_or(0.0, |c| c.probability);
    let decided = first.weights.values().any(|w| w.ln >= DECISIVE.ln()) && !first.mode.symptomatic;
    decided && first.probability >= 0.8 && second <= 0.15
}

impl Asking<'_> {
    /// Calls that are worth asking for, best first.
    pub fn proposals(&self) -> Vec<Proposal> {
        let mut found: BTreeMap<String, Proposal> = BTreeMap::new();
        let mut incidents: Vec<usize> = (0..self.assessment.incidents.len()).collect();
        let weight = |i: &usize| importance(&self.assessment.incidents[*i], &self.assessment.map, self.focus);
        incidents.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then(a.cmp(b)));
        for incident in incidents.into_iter().take(INCIDENTS) {
            if stands_clear(self.assessment, incident) {
                continue;
            }
            let worth = weight(&incident);
            for candidate in self.assessment.of_incident(incident).take(LEADING) {
                self.weigh_checks(candidate, worth, &mut found);
            }
            self.general(incident, worth, &mut found);
        }
        let unexplained = self.unexplained();
        if unexplained > 0.0 {
            self.at_large(unexplained, &mut found);
        }
        let answerable = |call: &ToolCall| self.unanswerable.iter().all(|(tool, _)| call.tool != *tool);
        let worth = |p: &Proposal| p.value >= WORTH_ASKING && !self.asked.contains(&p.call.digest());
        let mut proposals: Vec<Proposal> =
            found.into_values().filter(|proposal| worth(proposal) && answerable(&proposal.call)).collect();
        proposals.sort_by(|a, b| b.value.total_cmp(&a.value).then_with(|| a.call.digest().cmp(&b.call.digest())));
        proposals
    }

    fn weigh_checks(&self, candidate: &Candidate, worth: f64, found: &mut BTreeMap<String, Proposal>) {
        for (call, gain) in self.calls_of(candidate) {
            let open = 4.0 * candidate.probability * (1.0 - candidate.probability);
            let value = worth * gain * open / cost(&call.tool);
            add(found, call, value, Some(candidate));
        }
    }

    /// The checks of a candidate as calls, with what they tell.
    pub fn calls_of(&self, candidate: &Candidate) -> Vec<(ToolCall, f64)> {
        checks_of(candidate, &self.assessment.map, self.snapshot, self.cluster)
    }

    /// What one looks at when no hypothesis asks for anything better.
    fn general(&self, incident: usize, worth: f64, found: &mut BTreeMap<String, Proposal>) {
        let first = self.assessment.of_incident(incident).next();
        let open = 1.0 - first.filter(|c| !c.mode.symptomatic).map_or(0.0, |c| c.probability);
        let map = &self.assessment.map;
        let told = &self.assessment.incidents[incident];
        let mut suspects: Vec<(u8, &ObjectRef)> = Vec::new();
        for subject in told.origin.iter().chain(&told.subjects) {
            if !suspects.iter().any(|(_, known)| *known == subject) {
                suspects.extend(speaks(map, subject).map(|urgency| (urgency, subject)));
            }
        }
        suspects.sort_by_key(|(urgency, _)| std::cmp::Reverse(*urgency));
        let suspects = suspects.into_iter().filter(|(_, subject)| may_log(subject));
        for (nth, (_, subject)) in suspects.take(3).enumerate() {
            let mut args = json!({"namespace": subject.namespace});
            args[if subject.kind == "Pod" { "pod" } else { "workload" }] = json!(subject.name);
            let call = self.call(
                "logs",
                args,
                format!("{} is in trouble and nothing in the inventory says why; its own words may.", spoken(subject)),
                "An error that names a dependency, a file or a setting points there; clean logs point to what is around it.",
            );
            add(found, call, worth * open * 0.35 * 0.8_f64.powi(nth as i32), None);
        }
        self.unnamed_databases(told, worth * open, found);
        self.silent_callees(told, worth * open, found);
        let pending = told.subjects.iter().any(|s| map.has(s, "pod_pending"));
        let answered = told.subjects.iter().any(|s| map.has(s, "unschedulable"));
        if pending && !answered {
            let call = self.call(
                "node_agents",
                json!({}),
                "Pods wait and no scheduler says why: the agents on the nodes may be the reason.".into(),
                "A unit that is not active names the cause; all active rules the agents out.",
            );
            add(found, call, worth * open * 0.5, None);
        }
        let namespace = told.subjects.first().map(|s| s.namespace.clone()).filter(|n| !n.is_empty());
        let here = namespace.map_or_else(|| json!({}), |n| json!({"namespace": n}));
        for (tool, args, value, why) in [
            // Alerts are few: who asks for them asks for all that may bear on it, wherever they fire.
            (
                "alerts",
                json!({}),
                0.2,
                "No hypothesis explains this yet; somebody may have an alert on what is behind it.",
            ),
            (
                "metrics",
                here,
                0.18,
                "No hypothesis explains this yet; usage, latency and errors may show where it starts.",
            ),
        ] {
            // What the whole cluster was asked already, one namespace does not tell again.
            if self.asked.contains(&self.call(tool, json!({}), String::new(), "").digest()) {
                continue;
            }
            let expects =
                "Something far from its usual value is where to look; nothing unusual rules out load and latency.";
            add(found, self.call(tool, args, why.into(), expects), worth * open * value, None);
        }
    }

    /// A log speaks of its database and does not say which: the databases of the namespace are asked themselves.
    fn unnamed_databases(&self, incident: &Incident, worth: f64, found: &mut BTreeMap<String, Proposal>) {
        let map = &self.assessment.map;
        let speaks_of_one = |fact: &Fact| {
            let pattern = fact.args.get("pattern").and_then(Value::as_str).unwrap_or_default();
            let unnamed = fact.args.get("target_object").is_none_or(|t| t == "");
            matches!(pattern, "too_many_connections" | "read_only" | "slow_query" | "deadlock") && unnamed
        };
        let namespaces: BTreeSet<&str> = incident
            .subjects
            .iter()
            .filter(|s| map.about(s).iter().any(|i| speaks_of_one(map.fact(*i))))
            .map(|s| s.namespace.as_str())
            .collect();
        for namespace in namespaces {
            let mut databases: Vec<ObjectRef> = stores::databases(self.snapshot, &map.graph, namespace);
            databases.sort_by_key(|d| !map.about(d).iter().any(|i| map.fact(*i).name == "probe_failing"));
            for (nth, database) in databases.iter().take(3).enumerate() {
                let args = json!({"namespace": database.namespace, "workload": database.name});
                let reason = format!("A client speaks of its database; {} is one in its namespace.", spoken(database));
                let expects = "The same complaint in its own log makes it the one that is meant.";
                add(found, self.call("logs", args, reason, expects), worth * 0.9 * 0.8_f64.powi(nth as i32), None);
            }
        }
    }

    /// A log says that what is called answers late or not at all, and nothing that is called is visibly broken: its own log
    /// may say what holds it up.
    fn silent_callees(&self, incident: &Incident, worth: f64, found: &mut BTreeMap<String, Proposal>) {
        const WAITS: [&str; 7] = [
            "connection_timeout",
            "connection_reset",
            "http_5xx",
            "grpc_deadline",
            "grpc_unavailable",
            "circuit_open",
            "retry_exhausted",
        ];
        let map = &self.assessment.map;
        let waits = |fact: &Fact| {
            fact.name == "log_pattern"
                && fact.args.get("pattern").and_then(Value::as_str).is_some_and(|pattern| WAITS.contains(&pattern))
        };
        let callers = incident.subjects.iter().filter(|s| map.about(s).iter().any(|i| waits(map.fact(*i))));
        let mut called: Vec<(&ObjectRef, ObjectRef)> = Vec::new();
        for caller in callers {
            for edge in map.graph.dependencies(caller).into_iter().filter(|e| e.relation == Relation::Calls) {
                let behind = map.graph.dependencies(edge.to).into_iter().filter(|e| e.relation == Relation::Selects);
                let ends = behind.map(|e| map.graph.workload_of(e.to)).chain([map.graph.workload_of(edge.to)]);
                called.extend(ends.filter(|end| may_log(end) && !incident.subjects.contains(end)).map(|e| (caller, e)));
            }
        }
        called.dedup_by(|a, b| a.1 == b.1);
        for (nth, (caller, callee)) in called.iter().take(3).enumerate() {
            let args = json!({"namespace": callee.namespace, "workload": callee.name});
            let reason = format!("{} waits for what it calls, and {} looks well.", spoken(caller), spoken(callee));
            let expects = "What holds it up shows in its own log; a clean log points to the way between the two.";
            add(found, self.call("logs", args, reason, expects), worth * 0.6 * 0.8_f64.powi(nth as i32), None);
        }
    }

    /// How much of what somebody may have called about is not explained by what is visible, 0 to 1. What users feel shows in
    /// alerts and metrics before it shows in objects: a job of somebody else's that pulls no image explains no slow shop.
    fn unexplained(&self) -> f64 {
        let assessment = self.assessment;
        if assessment.candidates.is_empty() {
            return 1.0;
        }
        let map = &assessment.map;
        if !self.focus.objects.is_empty() {
            let touches = |incident: &Incident| {
                let mut troubled = incident.origin.iter().chain(&incident.subjects);
                troubled.any(|s| self.focus.objects.iter().any(|o| map.near(o).contains(s) || map.reaches(s, o)))
            };
            return if assessment.incidents.iter().any(touches) { 0.0 } else { 0.9 };
        }
        // What has been broken for long and carries nobody is not why somebody calls now.
        let lately = self.snapshot.at.plus_seconds(-LATELY_SECONDS);
        let felt = |incident: &Incident| {
            incident.severity == Severity::Critical && incident.started_at > lately
                || incident.subjects.len() > 1
                || !incident.blast_radius.is_empty()
        };
        if assessment.incidents.iter().any(felt) { 0.0 } else { 0.6 }
    }

    /// Nothing is visibly wrong, or nothing that bears on what was asked: each outside source once.
    fn at_large(&self, unexplained: f64, found: &mut BTreeMap<String, Proposal>) {
        let nothing = self.assessment.candidates.is_empty();
        let namespace = self
            .focus
            .namespaces
            .iter()
            .map(String::as_str)
            .chain(self.focus.objects.iter().map(|o| &*o.namespace))
            .next();
        let args = namespace.filter(|n| !n.is_empty()).map_or_else(|| json!({}), |n| json!({"namespace": n}));
        let why = match (nothing, self.focus.objects.is_empty()) {
            (true, _) => "Nothing in the inventory is visibly broken; ",
            (false, true) => "What is visibly broken is felt by nobody else; ",
            (false, false) => "What is visibly broken has nothing to do with the question; ",
        };
        let sources = [
            (
                "alerts",
                args.clone(),
                0.3,
                "an alert may know what objects do not show.",
                "An alert names what suffers; none is a good sign.",
            ),
            (
                "metrics",
                args,
                0.25,
                "load, latency and errors are not in the inventory.",
                "A value far from its own past is where to look.",
            ),
            (
                "node_agents",
                json!({}),
                0.2,
                "agents on the nodes can fail before objects show it.",
                "A unit that is not active is the cause; all active rules it out.",
            ),
        ];
        // Agents are asked where nothing else can be wrong.
        for (tool, args, value, because, expects) in sources.into_iter().take(if nothing { 3 } else { 2 }) {
            add(found, self.call(tool, args, format!("{why}{because}"), expects), unexplained * value, None);
        }
        for object in self.focus.objects.iter().filter(|o| !self.assessment.map.graph.pods_of(o).is_empty()).take(2) {
            let mut args = json!({"namespace": object.namespace});
            args[if object.kind == "Pod" { "pod" } else { "workload" }] = json!(object.name);
            let reason =
                format!("The question is about {}, and nothing that is visibly broken explains it.", spoken(object));
            let call =
                self.call("logs", args, reason, "Errors in its log are where to look; a clean log rules it out.");
            add(found, call, unexplained * 0.4, None);
        }
    }

    fn call(&self, tool: &str, args: Value, reason: String, expects: &str) -> ToolCall {
        let cluster = self.cluster.clone();
        ToolCall {
            tool: tool.into(),
            cluster,
            args,
            reason,
            expects: expects.into(),
            tainted: Vec::new(),
            shown: None,
            definition: None,
            user: None,
        }
    }
}

/// The checks of a candidate as calls, with what they tell.
pub(crate) fn checks_of(
    candidate: &Candidate,
    map: &FactMap,
    snapshot: &Snapshot,
    cluster: &ClusterId,
) -> Vec<(ToolCall, f64)> {
    let fact = map.fact(candidate.signal);
    let applies = |check: &&knowledge::Check| {
        let about = check.when.mentions_fact().then_some(candidate.signal);
        map.holds(&check.when, about, &candidate.object)
    };
    let checks = candidate.mode.checks.iter().filter(applies);
    checks
        .filter_map(|check| {
            let (args, tainted) = arguments(&check.args, candidate, fact, snapshot);
            // What stands in no namespace, such as a node, has no log of this kind.
            if check.tool == "logs" && args.get("namespace").is_none() {
                return None;
            }
            let call = ToolCall {
                tool: check.tool.clone(),
                cluster: cluster.clone(),
                args,
                reason: render(&check.why, Some(fact), &candidate.object),
                expects: render(&check.expects, Some(fact), &candidate.object),
                tainted,
                shown: None,
                definition: None,
                user: None,
            };
            Some((call, check.gain))
        })
        .collect()
}

/// Fills a check's arguments. What does not come from names of the inventory is marked with where it comes from.
fn arguments(
    template: &Value,
    candidate: &Candidate,
    fact: &Fact,
    snapshot: &Snapshot,
) -> (Value, Vec<(String, ObservationId)>) {
    let mut args = Map::new();
    let mut tainted = Vec::new();
    for (key, value) in template.as_object().into_iter().flatten() {
        let Some(text) = value.as_str() else {
            args.insert(key.clone(), value.clone());
            continue;
        };
        let whole = text.strip_prefix('{').and_then(|t| t.strip_suffix('}'));
        let typed = whole.and_then(|name| fact.args.get(name)).filter(|v| v.is_number() || v.is_boolean());
        if let Some(typed) = typed {
            args.insert(key.clone(), typed.clone());
            continue;
        }
        let rendered = render(text, Some(fact), &candidate.object);
        if rendered.is_empty() {
            continue;
        }
        let rest = ["{kind}", "{namespace}", "{name}"].iter().fold(text.to_owned(), |t, p| t.replace(p, ""));
        let names_object = !rest.contains('{') && snapshot.get(&candidate.object).is_some();
        if rendered != text
            && !names_object
            && !is_known(snapshot, &rendered)
            && let Some(source) = fact.evidence.first()
        {
            tainted.push((key.clone(), source.clone()));
        }
        // A pod that nobody controls is read as itself.
        let key = if key == "workload" && candidate.object.kind == "Pod" { "pod" } else { key };
        args.insert(key.to_owned(), Value::String(rendered));
    }
    (Value::Object(args), tainted)
}

/// Whether the inventory of this cluster knows the name.
fn is_known(snapshot: &Snapshot, name: &str) -> bool {
    snapshot.objects.keys().any(|o| o.name == name || o.namespace == name || o.kind == name)
}

fn add(found: &mut BTreeMap<String, Proposal>, call: ToolCall, value: f64, candidate: Option<&Candidate>) {
    let proposal = found.entry(call.digest()).or_insert_with(|| Proposal { call, value: 0.0, hypotheses: Vec::new() });
    // One answer serves all who ask for it.
    proposal.value += value;
    proposal.hypotheses.extend(candidate.map(Candidate::words));
}

/// Whether containers may stand behind an object, so that it can have a log.
fn may_log(object: &ObjectRef) -> bool {
    const NEVER: [&str; 8] = [
        "Service",
        "Ingress",
        "PersistentVolumeClaim",
        "ConfigMap",
        "Secret",
        "ResourceQuota",
        "NetworkPolicy",
        "HorizontalPodAutoscaler",
    ];
    // A node, an alert without a namespace and a namespace itself have none.
    !object.namespace.is_empty() && !NEVER.contains(&object.kind.as_str())
}

/// Whether a workload has something to say in its log, and how urgently.
fn speaks(map: &FactMap, subject: &ObjectRef) -> Option<u8> {
    let urgency = |name: &str| match name {
        "crash_loop" | "container_terminated" | "init_container_failing" => Some(4),
        "container_restarted"
        | "oom_killed"
        | "pod_not_ready"
        | "probe_failing"
        | "rollout_stalled"
        | "job_failed"
        | "pod_failed" => Some(3),
        "replicas_unavailable" | "dependency_broken" | "alert_firing" | "error_rate_rise" | "latency_rise" => Some(2),
        _ => None,
    };
    map.about(subject).iter().filter_map(|i| urgency(&map.fact(*i).name)).max()
}

/// What a call costs the engineer and the cluster, in calls of the cheapest kind. Sensitive reads always ask.
fn cost(tool: &str) -> f64 {
    match tool {
        "alerts" | "what_changed" | "events" | "describe" | "neighbours" | "dependencies" => 0.8,
        "config_shape" | "secret_shape" => 5.0,
        _ => 1.0,
    }
}
