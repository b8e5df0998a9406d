//! What a pod costs in memory, counted and not measured: bytes that this thread asks for and does not give back. What the
//! system makes of them (`bytes_per_pod` of the benchmark) is more, and differs from run to run.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use model::{
    Body, ChangeKind, ClusterId, Held, ObjectRef, Observation, Pool, Snapshot, Source, Text, Time, View, project,
};
use playground::{MadeUp, PodPhase};
use serde_json::{Value, json};
use topology::Graph;

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // A thread that ends gives back what is its own when nobody counts any more.
    let _ = HELD.try_with(|held| held.set(held.get() + bytes));
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        unsafe { System.realloc(at, layout, size) }
    }
}

fn held() -> isize {
    HELD.with(Cell::get)
}

const NOW: Time = Time::from_seconds(1_790_000_000);

/// A made-up object as a watch tells it, and as a snapshot holds it.
fn put(snapshot: &mut Snapshot, pool: &Pool, mut object: Value, number: u32) {
    let kind = Text::from(object["kind"].as_str().unwrap_or_default());
    let metadata = &mut object["metadata"];
    metadata["uid"] = json!(format!("5f0c9b52-77a1-4d3e-9f6a-{number:012x}"));
    metadata["resourceVersion"] = json!((9_000_000 + number).to_string());
    metadata["creationTimestamp"] = json!(NOW.plus_seconds(-i64::from(number) / 100).to_string());
    project(&kind, &mut object);
    let object = pool.doc(&object);
    let own = |field: &str| object["metadata"][field].as_text().unwrap_or_default();
    let subject = ObjectRef { kind, namespace: pool.text(&own("namespace")), name: own("name") };
    let body = Body::Object {
        api_version: "v1".into(),
        uid: own("uid"),
        resource_version: "".into(),
        change: ChangeKind::Present,
        object: object.clone(),
    };
    let id = Observation::new(snapshot.cluster.clone(), NOW, NOW, Source::Watch, Some(subject.clone()), body).id;
    let api_version = pool.text("v1");
    snapshot
        .objects
        .insert(subject, Held { observation: id, at: NOW, seen_at: NOW, uid: own("uid"), api_version, object });
}

/// Bytes of the objects and of the graph of a cluster of so many pods.
fn cost(pods: u32) -> (isize, isize) {
    let made_up = MadeUp::default();
    let scenery = made_up.scenery(pods);
    let empty = Snapshot::empty(ClusterId("cluster:bytes".into()), NOW);
    let before = held();
    let mut snapshot = empty.clone();
    let pool = Pool::default();
    for (number, object) in scenery.iter().enumerate() {
        put(&mut snapshot, &pool, object.clone(), number as u32);
    }
    for place in 0..pods {
        let mut pod = made_up.pod(place, 0, PodPhase::Running);
        pod["kind"] = json!("Pod");
        put(&mut snapshot, &pool, pod, 1_000_000 + place);
    }
    // What a pool remembers is its own, and bounded.
    drop(pool);
    let objects = held() - before;
    let view = View::inventory(Arc::new(snapshot));
    let before = held();
    let graph = Graph::build(&view, &[]);
    let edges = held() - before;
    drop(graph);
    (objects, edges)
}

/// Half empty pieces of a map, or an edge of a hundred bytes, are above these bounds.
#[test]
fn a_pod_costs_no_more_than_it_did() {
    let (few, many) = (cost(1_500), cost(4_500));
    let per_pod = |few: isize, many: isize| (many - few) as f64 / 3_000.0;
    let (objects, edges) = (per_pod(few.0, many.0), per_pod(few.1, many.1));
    eprintln!("{objects:.0} bytes of a pod as an object, {edges:.0} of it in the graph");
    assert!(objects < 1_200.0, "a pod costs {objects:.0} bytes as an object");
    assert!(edges < 400.0, "a pod costs {edges:.0} bytes in the graph");
}
