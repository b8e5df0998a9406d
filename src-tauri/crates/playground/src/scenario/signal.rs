//! What watches do not tell: logs, metrics, alerts, probes, node agents, changes outside the cluster.

use model::{
    AlertBody, AlertState, Body, LogBody, MetricBody, MetricPoint, NodeAgentBody, ObjectRef, ProbeBody, Time,
    digest_hex,
};

use super::object;
use super::script::{AlertWord, ChangeWord, EventWord, LogWord, MetricWord, NodeAgentWord, ProbeResultWord};
use super::span::Span;
use super::stage::Stage;

impl Stage {
    pub(super) fn say_event(&mut self, word: &EventWord) -> Result<(), String> {
        let subjects = match (&word.object, &word.pods_of, &word.set_of) {
            (Some(text), None, None) => vec![object(text)?],
            (None, Some(name), None) => self.pods_of(name, word.namespace.as_deref())?,
            (None, None, Some(name)) => {
                let name = self.find_workload(name, word.namespace.as_deref(), None)?;
                let set = |w: &super::actor::Workload| w.current().map(|r| w.owner_of_pods(&r.hash));
                self.workloads.get(&name).and_then(set).into_iter().collect()
            }
            _ => {
                return Err("an event is about an `object`, the pods of a workload (`pods_of`) or its replica set \
                            (`set_of`)"
                    .into());
            }
        };
        let first_at = Time(self.now.0 - word.over.map_or(0, |s| s.0.abs()));
        for subject in subjects {
            let from = word.from.as_deref().unwrap_or("kubelet");
            let message = self.filled(&word.message);
            self.event_since(&subject, &word.event_type, &word.reason, &message, from, word.count, first_at);
        }
        Ok(())
    }

    pub(super) fn log(&mut self, word: &LogWord) -> Result<(), String> {
        let pods = match (&word.workload, &word.pod) {
            (Some(name), None) => self.pods_of(name, word.namespace.as_deref())?,
            (None, Some(pod)) => {
                vec![ObjectRef::new("Pod", word.namespace.as_deref().unwrap_or(&self.namespace), pod)]
            }
            _ => return Err("a log is of a `workload` or of a `pod`".into()),
        };
        let workload = word.workload.as_deref().unwrap_or_default();
        let workload = workload.rsplit('/').next().unwrap_or_default();
        let container = word.container.clone().unwrap_or_else(|| workload.to_owned());
        let text = self.filled(word.text.trim_end());
        for pod in pods {
            for previous in [true, false] {
                if word.both || previous == word.previous {
                    let text = text.clone();
                    let body = LogBody { container: container.clone(), previous, text, ..LogBody::default() };
                    self.tell(Some(pod.clone()), Body::Log(body));
                }
            }
        }
        Ok(())
    }

    pub(super) fn metric(&mut self, word: &MetricWord) -> Result<(), String> {
        let subjects = match (&word.object, &word.workload) {
            (Some(text), None) => vec![object(text)?],
            (None, Some(name)) => self.pods_of(name, word.namespace.as_deref())?,
            _ => return Err("a metric is of an `object` or of the pods of a `workload`".into()),
        };
        let (from, to) = (Time(self.now.0 + word.from.0), Time(self.now.0 + word.to.map_or(0, |s| s.0)));
        if word.every.0 <= 0 || to < from || word.values.is_empty() {
            return Err("a metric needs `from` before `to`, `every` above zero, and `values`".into());
        }
        if (to.0 - from.0) / word.every.0 > 20_000 {
            return Err("that would be more than 20,000 points; make `every` longer".into());
        }
        for subject in subjects {
            let mut labels = word.labels.clone();
            if subject.kind == "Pod" {
                labels.insert("pod".into(), subject.name.to_string());
                let container = word.workload.as_deref().unwrap_or_default();
                labels
                    .entry("container".into())
                    .or_insert_with(|| container.rsplit('/').next().unwrap_or_default().to_owned());
            }
            if !subject.namespace.is_empty() {
                labels.insert("namespace".into(), subject.namespace.to_string());
            }
            let mut points = Vec::new();
            let mut at = from;
            while at <= to {
                let share = (at.0 - from.0) as f64 / ((to.0 - from.0).max(1)) as f64;
                let stray = 1.0
                    + word.jitter * stray(&[&self.seed, &subject.to_string(), &word.name, &points.len().to_string()]);
                points.push(MetricPoint { at, value: (along(&word.values, share) * stray * 1000.0).round() / 1000.0 });
                at = Time(at.0 + word.every.0);
            }
            let body = MetricBody { name: word.name.clone(), unit: word.unit.clone(), labels, points };
            self.tell(Some(subject), Body::Metric(body));
        }
        Ok(())
    }

    pub(super) fn alert(&mut self, word: &AlertWord) -> Result<(), String> {
        let state = match word.state.as_deref() {
            None | Some("firing") => AlertState::Firing,
            Some("suppressed") => AlertState::Suppressed,
            Some("resolved") => AlertState::Resolved,
            Some(other) => {
                return Err(format!("an alert cannot be `{other}`; it can be firing, suppressed or resolved"));
            }
        };
        let subject = word.object.as_deref().map(object).transpose()?;
        let mut labels = word.labels.clone();
        labels.insert("alertname".into(), word.name.clone());
        let severity = word.severity.clone().unwrap_or_else(|| "warning".into());
        labels.insert("severity".into(), severity.clone());
        if let Some(subject) = subject.as_ref().filter(|s| !s.namespace.is_empty()) {
            labels.insert("namespace".into(), subject.namespace.to_string());
        }
        let starts_at = Time(self.now.0 - word.since.map_or(0, |s| s.0.abs()));
        let ends_at = (state == AlertState::Resolved).then_some(self.now);
        let body = AlertBody {
            name: word.name.clone(),
            state,
            severity,
            labels,
            annotations: word.annotations.clone(),
            starts_at,
            ends_at,
        };
        self.tell(subject, Body::Alert(body));
        Ok(())
    }

    pub(super) fn probe_result(&mut self, word: &ProbeResultWord) {
        let namespace = word.namespace.clone().unwrap_or_else(|| self.namespace.clone());
        let body = ProbeBody {
            target: format!("{namespace}/{}:{}", word.service, word.port),
            port: word.port,
            protocol: word.protocol.clone().unwrap_or_else(|| "TCP".into()),
            reachable: word.reachable,
            output: word.output.clone(),
        };
        self.tell(Some(ObjectRef::new("Service", namespace, &word.service)), Body::Probe(body));
    }

    pub(super) fn node_agent(&mut self, word: &NodeAgentWord) -> Result<(), String> {
        let subject = ObjectRef::global("Node", &word.node);
        if !self.objects.contains_key(&subject) {
            return Err(format!("there is no node `{}`", word.node));
        }
        let body = NodeAgentBody {
            node: word.node.clone(),
            service: word.service.clone(),
            state: word.state.clone(),
            output: self.filled(&word.output),
        };
        self.tell(Some(subject), Body::NodeAgent(body));
        Ok(())
    }

    pub(super) fn change(&mut self, word: &ChangeWord) -> Result<(), String> {
        let subject = word.object.as_deref().map(object).transpose()?;
        let body = Body::Change {
            reference: word.reference.clone(),
            author: word.author.clone(),
            message: word.message.clone(),
            diff: word.diff.clone(),
        };
        self.tell(subject, body);
        Ok(())
    }

    fn pods_of(&self, name: &str, namespace: Option<&str>) -> Result<Vec<ObjectRef>, String> {
        let name = self.find_workload(name, namespace, None)?;
        let Some(workload) = self.workloads.get(&name) else { return Ok(Vec::new()) };
        Ok(workload.newest_pods().into_iter().map(|p| workload.pod_ref(&p.name)).collect())
    }

    /// Replaces `{-3s}` and its like by the time that long from now.
    pub(super) fn filled(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 32);
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            rest = &rest[open..];
            let inner = rest.find('}').map(|close| &rest[1..close]);
            match inner.filter(|i| i.starts_with(['+', '-', '0'])).and_then(|i| i.parse::<Span>().ok().map(|s| (i, s)))
            {
                Some((inner, span)) => {
                    out.push_str(&millis(Time(self.now.0 + span.0)));
                    rest = &rest[inner.len() + 2..];
                }
                None => {
                    out.push('{');
                    rest = &rest[1..];
                }
            }
        }
        out.push_str(rest);
        out
    }
}

/// RFC 3339 with milliseconds, as most programs log.
fn millis(at: Time) -> String {
    let whole = Time::from_seconds(at.seconds()).to_string();
    let millis = at.0.rem_euclid(1_000_000) / 1_000;
    format!("{}.{millis:03}Z", whole.trim_end_matches('Z'))
}

/// The value at a share of the way through `values`.
fn along(values: &[f64], share: f64) -> f64 {
    let place = share.clamp(0.0, 1.0) * (values.len() - 1) as f64;
    let at = (place as usize).min(values.len() - 1);
    let next = (at + 1).min(values.len() - 1);
    values[at] + (values[next] - values[at]) * (place - at as f64)
}

/// Between -1 and 1, the same for the same parts.
fn stray(parts: &[&str]) -> f64 {
    let parts: Vec<&[u8]> = parts.iter().map(|p| p.as_bytes()).collect();
    let number = u64::from_str_radix(&digest_hex(&parts)[..12], 16).unwrap_or_default();
    number as f64 / (1_u64 << 47) as f64 - 1.0
}
