//! How long it takes to understand what is held in memory already: the graph, what goes on in it, and the incidents.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use model::{
    Body, ChangeKind, ClusterId, Coverage, CoverageState, Held, ObjectRef, Observation, Pool, Snapshot, Source, Time,
    View,
};
use playground::{MadeUp, PodPhase};
use serde_json::{Value, json};
use topology::Graph;

use crate::Wanted;
use crate::figures::{Figures, median, percentile};
use crate::process::now_micros;

/// Pods of the graph that is measured.
const PODS: u32 = 20_000;
/// Changes and questions of each kind.
const ROUNDS: u32 = 200;
/// Pods that crash, each in a Deployment of its own.
const TROUBLES: u32 = 100;

pub fn measure(_wanted: &Wanted, figures: &mut Figures) -> Result<()> {
    eprintln!("── a graph of {PODS} pods");
    let mut made = Made::of(PODS);
    let view = made.view();
    let millis = |started: Instant| started.elapsed().as_secs_f64() * 1e3;
    let mut built = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        let graph = Graph::build(&view, &[]);
        built.push(millis(started));
        drop(graph);
    }
    figures.note(format!("graph of {PODS} pods, built: median of 5"), format!("{:.0} ms", median(&built)));

    let mut graph = Graph::build(&view, &[]);
    let (mut told, mut replaced) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let place = round * 97 % PODS;
        made.pod(place, 0, PodPhase::Crashing);
        told.push(go_on(&mut graph, &made));
        made.forget(place, 0);
        made.pod(place, 1, PodPhase::Running);
        replaced.push(go_on(&mut graph, &made));
    }
    figures.note(
        format!("one pod's status changes, one is replaced by another: 99th percentile of {ROUNDS}"),
        format!("{:.2} ms, {:.2} ms", percentile(&told, 0.99), percentile(&replaced, 0.99)),
    );
    let mut asked = Vec::new();
    for round in 0..ROUNDS {
        let workload = made.workload(round * 31 % (PODS / 30));
        let started = Instant::now();
        let (found, _) = graph.neighbourhood(std::slice::from_ref(&workload), 2, 300);
        asked.push(millis(started));
        anyhow::ensure!(found.len() > 10, "{workload} has no neighbours");
    }
    figures.note(
        format!("what is within two hops of a Deployment: 99th percentile of {ROUNDS}"),
        format!("{:.2} ms", percentile(&asked, 0.99)),
    );

    for trouble in 0..TROUBLES {
        made.pod(trouble * 30 + 7, 0, PodPhase::Crashing);
    }
    let view = made.view();
    graph.go_on(Arc::clone(&view.snapshot));
    let (mut facts_take, mut triage_takes, mut incidents) = (Vec::new(), Vec::new(), 0);
    for _ in 0..5 {
        let started = Instant::now();
        let facts = detect::facts(&view, &graph);
        facts_take.push(millis(started));
        let started = Instant::now();
        incidents = detect::triage(&view, &graph, &facts).incidents.len();
        triage_takes.push(millis(started));
    }
    figures.note(
        format!("facts of {PODS} pods, their triage with {incidents} incidents: median of 5"),
        format!("{:.0} ms, {:.0} ms", median(&facts_take), median(&triage_takes)),
    );
    Ok(())
}

fn go_on(graph: &mut Graph, made: &Made) -> f64 {
    let snapshot = Arc::new(made.snapshot.clone());
    // Somebody looks at what was before, as the window does.
    let before = graph.clone();
    let started = Instant::now();
    graph.go_on(snapshot);
    let took = started.elapsed().as_secs_f64() * 1e3;
    drop(before);
    took
}

/// A made-up cluster as a snapshot holds it.
struct Made {
    made_up: MadeUp,
    snapshot: Snapshot,
    now: Time,
}

impl Made {
    fn of(pods: u32) -> Made {
        let now = Time(now_micros());
        let snapshot = Snapshot::empty(ClusterId("cluster:bench".into()), now);
        let mut made = Made { made_up: MadeUp::default(), snapshot, now };
        for object in made.made_up.scenery(pods) {
            made.put(object);
        }
        for place in 0..pods {
            made.pod(place, 0, PodPhase::Running);
        }
        for kind in ["Pod", "Event", "Service", "ConfigMap", "Secret", "Node", "Deployment", "HorizontalPodAutoscaler"]
        {
            made.snapshot.coverage.push(Coverage {
                kind: kind.into(),
                namespace: "".into(),
                state: CoverageState::Listed,
                observation: "obs:000000000000000000000000".into(),
            });
        }
        made
    }

    fn put(&mut self, mut object: Value) {
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        object["metadata"]["creationTimestamp"] = json!(self.now.plus_seconds(-86_400).to_string());
        let subject = subject(&kind, &object);
        model::project(&kind, &mut object);
        let object = Pool::house().doc(&object);
        let body = Body::Object {
            api_version: "v1".into(),
            uid: "".into(),
            resource_version: "".into(),
            change: ChangeKind::Present,
            object: object.clone(),
        };
        let cluster = self.snapshot.cluster.clone();
        let id = Observation::new(cluster, self.now, self.now, Source::Watch, Some(subject.clone()), body).id;
        let (at, seen_at) = (self.now, self.now);
        let held = Held { observation: id, at, seen_at, uid: "".into(), api_version: "v1".into(), object };
        self.snapshot.objects.insert(subject, held);
    }

    fn pod(&mut self, place: u32, life: u32, phase: PodPhase) {
        let mut pod = self.made_up.pod(place, life, phase);
        pod["kind"] = json!("Pod");
        self.put(pod);
    }

    fn forget(&mut self, place: u32, life: u32) {
        let pod = subject("Pod", &self.made_up.pod(place, life, PodPhase::Running));
        if let Some(last) = self.snapshot.objects.remove(&pod) {
            self.snapshot.deleted.insert(pod, last);
        }
    }

    fn workload(&self, number: u32) -> ObjectRef {
        let pod = self.made_up.pod(number * 30, 0, PodPhase::Running);
        let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
        ObjectRef::new("Deployment", namespace, format!("app-{number:05}"))
    }

    fn view(&self) -> View {
        View::inventory(Arc::new(self.snapshot.clone()))
    }
}

fn subject(kind: &str, object: &Value) -> ObjectRef {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default();
    ObjectRef::new(kind, text("namespace"), text("name"))
}
