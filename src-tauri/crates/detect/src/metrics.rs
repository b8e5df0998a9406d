//! What released metrics say: levels that changed, limits that are near, memory that grows.

mod series;

use std::collections::BTreeMap;

use model::{Body, MetricBody, ObjectRef, Observation, ObservationId, Time};
use topology::{Relation, containers};

use self::series::{Shift, growth, shift};
use crate::found::Found;
use crate::json::text;
use crate::quantity;
use crate::scene::Scene;

/// What a metric measures, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Measure {
    Latency,
    ErrorRate,
    SuccessRate,
    Throttling,
    Cpu,
    Memory,
    Loss,
    Network,
    Traffic,
    VolumeUsed,
    GpuTemperature,
    GpuError,
    Other,
}

impl Measure {
    fn of(name: &str) -> Measure {
        let name = name.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|w| name.contains(w));
        if has(&["dcgm_fi_dev_gpu_temp", "gpu_temperature", "gpu_temp"]) {
            Measure::GpuTemperature
        } else if has(&["xid", "ecc_dbe", "row_remap_failure", "uncorrectable_remapped"]) {
            Measure::GpuError
        } else if has(&["cfs", "throttl"]) {
            Measure::Throttling
        } else if has(&["success_rate", "availability", "success_ratio"]) {
            Measure::SuccessRate
        } else if has(&["latency", "duration", "response_time", "responsetime", "request_time", "rtt"])
            && !has(&["_count"])
        {
            Measure::Latency
        } else if has(&["error", "fail", "5xx", "exception"]) {
            Measure::ErrorRate
        } else if has(&["drop", "loss", "retrans", "retries"]) {
            Measure::Loss
        } else if has(&["volume_stats_used", "disk_used", "fs_used", "filesystem_used"]) {
            Measure::VolumeUsed
        } else if has(&["network", "_receive", "_transmit", "packets"]) {
            Measure::Network
        } else if has(&["rps", "qps", "requests", "throughput", "req_per"]) {
            Measure::Traffic
        } else if has(&["mem", "rss", "heap"]) {
            Measure::Memory
        } else if has(&["cpu"]) {
            Measure::Cpu
        } else {
            Measure::Other
        }
    }
}

/// A series with whom it is about.
struct Seen<'o> {
    workload: ObjectRef,
    container: String,
    observation: &'o Observation,
    body: &'o MetricBody,
    measure: Measure,
}

pub(crate) fn facts(scene: &Scene, found: &mut Found) {
    let seen: Vec<Seen> = scene
        .released(|body| match body {
            Body::Metric(metric) => Some(metric),
            _ => None,
        })
        .filter_map(|(observation, body)| {
            let subject = observation.subject.clone().or_else(|| labelled(scene, body))?;
            let container = body.labels.get("container").cloned().unwrap_or_default();
            let workload = behind_service(scene, &scene.workload_told(&subject));
            Some(Seen { workload, container, observation, body, measure: Measure::of(&body.name) })
        })
        .collect();
    shifts(scene, &seen, found);
    for one in &seen {
        match one.measure {
            Measure::Memory => memory(scene, one, found),
            Measure::Cpu => cpu(scene, one, found),
            Measure::Throttling => throttling(scene, one, found),
            Measure::GpuTemperature => hot(one, found),
            Measure::GpuError => xid(one, found),
            Measure::VolumeUsed => {}
            _ => {}
        }
    }
    volumes(&seen, found);
    slow_for_lack_of_cpu(&seen, found);
}

/// Whether those that became slow lack CPU: said where it was measured, unknown where it was not.
fn slow_for_lack_of_cpu(seen: &[Seen], found: &mut Found) {
    let lacks = |workload: &ObjectRef, found: &Found| {
        found.all().any(|f| f.subject == *workload && matches!(f.name.as_str(), "cpu_high" | "cpu_throttled"))
    };
    let slow: Vec<(ObjectRef, Vec<ObservationId>, bool, bool)> = found
        .named("latency_rise")
        .map(|f| {
            let of_cpu = |one: &&Seen| matches!(one.measure, Measure::Cpu | Measure::Throttling);
            // What was measured before it became slow, or has a gap from then on, says nothing of now.
            let since = |one: &&Seen| {
                let then = one.body.points.iter().filter(|p| p.at >= f.since && p.value.is_finite());
                then.take(2).count() == 2
            };
            let measured = seen.iter().filter(of_cpu).filter(since).any(|one| one.workload == f.subject);
            (f.subject.clone(), f.evidence.clone(), measured, lacks(&f.subject, found))
        })
        .collect();
    for (workload, evidence, measured, lacks) in slow {
        let cpu = match (measured, lacks) {
            (_, true) => "",
            (true, false) => ", and it does not lack CPU",
            (false, false) => "; whether it lacks CPU was not measured",
        };
        for fact in found.all_mut().filter(|f| f.name == "latency_rise" && f.subject == workload) {
            fact.args.insert("cpu".to_owned(), cpu.into());
        }
        if !measured && !lacks {
            found
                .fact("cpu_high", &workload)
                .arg("container", "")
                .number("usage_millicores", None::<f64>)
                .number("limit_millicores", None::<f64>)
                .number("ratio", None::<f64>)
                .number("rise", None::<f64>)
                .arg("rank", 0)
                .because_all(&evidence)
                .unknown("its CPU was not measured")
                .says(format!("whether {} lacks CPU", workload.name));
        }
    }
}

/// The workload whose name a label holds.
fn labelled(scene: &Scene, body: &MetricBody) -> Option<ObjectRef> {
    let name =
        ["workload", "app", "deployment", "service", "object", "pod"].into_iter().find_map(|l| body.labels.get(l))?;
    // Of two workloads of one name the namespace decides; without one nobody knows whose figures these are.
    let mut named = scene
        .workloads
        .keys()
        .filter(|w| w.name == *name && body.labels.get("namespace").is_none_or(|namespace| w.namespace == *namespace));
    named.next().filter(|_| named.next().is_none()).cloned()
}

/// A Service's figures are those of the workload behind it, where there is just one.
pub(crate) fn behind_service(scene: &Scene, object: &ObjectRef) -> ObjectRef {
    if object.kind != "Service" {
        return object.clone();
    }
    let behind: Vec<ObjectRef> = scene
        .graph
        .dependencies(object)
        .into_iter()
        .filter(|e| e.relation == Relation::Selects)
        .map(|e| e.to.clone())
        .collect();
    match &behind[..] {
        [one] => one.clone(),
        _ => scene
            .workloads_in(&object.namespace)
            .find(|w| w.object.name == object.name)
            .map_or_else(|| object.clone(), |w| w.object.clone()),
    }
}

/// A series that ended this long ago says nothing of the present; exporters are asked at least every minute or two.
const STALE_SECONDS: f64 = 900.0;

/// A robust score from which a change of level is worth telling.
const NOTABLE: f64 = 4.0;

fn shifts(scene: &Scene, seen: &[Seen], found: &mut Found) {
    // Per measure and subject the strongest series; then the subjects against each other.
    let mut strongest: BTreeMap<(Measure, ObjectRef), (Shift, &Seen)> = BTreeMap::new();
    for one in seen {
        let Some(shift) = shift(&one.body.points) else { continue };
        let sense = if one.measure == Measure::SuccessRate { -shift.score } else { shift.score };
        let key = (one.measure, one.workload.clone());
        let better = strongest.get(&key).is_none_or(|(other, held)| {
            let other = if held.measure == Measure::SuccessRate { -other.score } else { other.score };
            sense > other
        });
        if better {
            strongest.insert(key, (shift, one));
        }
    }
    let ranks = ranks(&strongest);
    for ((measure, workload), (shift, one)) in &strongest {
        let rank = ranks.get(&(*measure, workload.clone())).copied().unwrap_or(0);
        let drop = matches!(measure, Measure::SuccessRate);
        let sense = if drop { -shift.score } else { shift.score };
        let grown = if drop { shift.before - shift.after > 0.02 } else { shift.ratio() > 1.5 };
        let fallen = shift.ratio() < 0.6 && shift.score < -NOTABLE;
        let name = match measure {
            Measure::Latency if sense >= NOTABLE && grown => "latency_rise",
            Measure::ErrorRate | Measure::SuccessRate if sense >= 2.0 && grown => "error_rate_rise",
            Measure::Loss if sense >= NOTABLE && grown => "network_errors",
            Measure::Traffic if sense >= NOTABLE && grown => "traffic_rise",
            Measure::Network | Measure::Traffic if fallen => "metric_anomaly",
            Measure::Other | Measure::Network if shift.score.abs() >= 6.0 && (grown || fallen) => "metric_anomaly",
            _ => continue,
        };
        let explained = explained_by(scene, &strongest, *measure, workload, shift);
        let draft = found
            .fact(name, workload)
            .arg("metric", one.body.name.clone())
            .arg("before", shift.before)
            .arg("after", shift.after)
            .arg("ratio", shift.ratio())
            .arg("score", shift.score)
            .arg("rank", rank)
            .arg("kind", if name == "network_errors" { loss_kind(&one.body.name) } else { "" })
            .arg("source", "metric")
            .object("explained_by", explained.as_ref());
        draft.since(shift.at).because(&one.observation.id).says(
            format!(
                "{} of {} went from {} to {} ({}× )",
                one.body.name,
                workload.name,
                figure(shift.before),
                figure(shift.after),
                figure(shift.ratio())
            )
            .replace("× )", "×)"),
        );
    }
}

fn figure(value: f64) -> String {
    if value.abs() >= 100.0 {
        format!("{value:.0}")
    } else if value.abs() >= 1.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}

fn loss_kind(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    if name.contains("drop") {
        "drops"
    } else if name.contains("retrans") {
        "retransmits"
    } else {
        "loss"
    }
}

/// The place of each subject among those measured, by how many times its level rose; 1 is the most.
fn ranks(strongest: &BTreeMap<(Measure, ObjectRef), (Shift, &Seen)>) -> BTreeMap<(Measure, ObjectRef), usize> {
    let mut by_measure: BTreeMap<Measure, Vec<(&ObjectRef, f64)>> = BTreeMap::new();
    for ((measure, workload), (shift, _)) in strongest {
        let weight = if *measure == Measure::SuccessRate { shift.before - shift.after } else { shift.ratio() };
        by_measure.entry(*measure).or_default().push((workload, weight));
    }
    let mut ranks = BTreeMap::new();
    for (measure, mut all) in by_measure {
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        for (place, (workload, _)) in all.into_iter().enumerate() {
            ranks.insert((measure, workload.clone()), place + 1);
        }
    }
    ranks
}

/// Something a workload calls whose figure of the same kind rose as well and by more.
fn explained_by(
    scene: &Scene,
    strongest: &BTreeMap<(Measure, ObjectRef), (Shift, &Seen)>,
    measure: Measure,
    workload: &ObjectRef,
    shift: &Shift,
) -> Option<ObjectRef> {
    let calls = scene.graph.dependencies(workload).into_iter().filter(|e| e.relation == Relation::Calls);
    let callees = calls.map(|e| behind_service(scene, e.to));
    let risen = callees.filter_map(|callee| {
        let (other, _) = strongest.get(&(measure, callee.clone()))?;
        (other.score >= NOTABLE && other.ratio() > shift.ratio()).then_some((callee, other.ratio()))
    });
    risen.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(callee, _)| callee)
}

/// Limit of a resource of one container, or of all of a pod's.
fn limit_of(scene: &Scene, workload: &ObjectRef, container: &str, resource: &str) -> Option<f64> {
    let spec = scene.workloads.get(workload)?.pod_spec?;
    let own: Vec<Option<f64>> = containers(spec)
        .filter(|(c, init)| !init && (container.is_empty() || text(c, "/name") == container))
        .map(|(c, _)| quantity::of(c.pointer(&format!("/resources/limits/{resource}"))))
        .collect();
    if own.is_empty() { None } else { own.into_iter().sum() }
}

fn memory(scene: &Scene, one: &Seen, found: &mut Found) {
    if !one.body.name.contains("bytes") && !matches!(one.body.unit.as_str(), "bytes" | "") {
        return;
    }
    let Some(last) = one.body.points.iter().max_by_key(|p| p.at) else { return };
    let limit = limit_of(scene, &one.workload, &one.container, "memory");
    let highest = one.body.points.iter().map(|p| p.value).fold(last.value, f64::max);
    if let Some(limit) = limit.filter(|l| *l > 0.0 && highest / l >= 0.9) {
        found
            .fact("memory_near_limit", &one.workload)
            .arg("container", one.container.clone())
            .arg("bytes", highest)
            .arg("limit_bytes", limit)
            .arg("ratio", highest / limit)
            .since(one.observation.at)
            .because(&one.observation.id)
            .says(format!(
                "{} uses {} of its {} of memory",
                one.workload.name,
                quantity::bytes(highest),
                quantity::bytes(limit)
            ));
    }
    let Some(growth) = growth(&one.body.points) else { return };
    // Growing by less than a tenth over the whole window is breathing.
    let grows = growth.per_second > 0.0 && growth.monotonic >= 0.6 && growth.rise >= 1.1;
    if grows {
        let hours = limit.filter(|l| *l > growth.last).map(|l| (l - growth.last) / growth.per_second / 3600.0);
        found
            .fact("memory_slope", &one.workload)
            .arg("container", one.container.clone())
            .arg("bytes_per_second", growth.per_second)
            .arg("monotonic", growth.monotonic)
            .number("hours_to_limit", hours)
            .arg("resets", growth.resets)
            .since(one.observation.at)
            .because(&one.observation.id)
            .says(format!(
                "memory of {} grows by {} an hour",
                one.workload.name,
                quantity::bytes(growth.per_second * 3600.0)
            ));
    } else if growth.rise < 1.05 && growth.resets == 0 {
        let draft = found
            .fact("memory_flat", &one.workload)
            .arg("bytes", growth.last)
            .number("limit_bytes", limit)
            .since(one.observation.at)
            .because(&one.observation.id);
        let finite = one.body.points.iter().filter(|p| p.value.is_finite());
        let silent = finite.map(|p| scene.at.seconds_since(p.at)).fold(f64::INFINITY, f64::min);
        if silent > STALE_SECONDS {
            draft
                .unknown(format!("it was last measured {silent:.0} s before"))
                .says(format!("whether memory of {} grows", one.workload.name));
        } else {
            draft.says(format!("memory of {} does not grow", one.workload.name));
        }
    }
}

fn cpu(scene: &Scene, one: &Seen, found: &mut Found) {
    let Some(last) = recent_level(one) else { return };
    let cores = !one.body.name.contains("percent") && one.body.unit != "percent";
    let limit = limit_of(scene, &one.workload, &one.container, "cpu").filter(|_| cores);
    let ratio = limit.map(|l| last / l);
    let change = shift(&one.body.points);
    let rise = change.filter(|s| s.score >= NOTABLE).map(Shift::ratio_of);
    if ratio.is_some_and(|r| r >= 0.8) || rise.is_some_and(|r| r >= 2.0 && last > 0.05) {
        found
            .fact("cpu_high", &one.workload)
            .arg("container", one.container.clone())
            .number("usage_millicores", cores.then_some(last * 1000.0))
            .number("limit_millicores", limit.map(|l| l * 1000.0))
            .number("ratio", ratio)
            .number("rise", rise)
            .arg("rank", 0)
            .since(change.map_or(one.observation.at, |s| s.at))
            .because(&one.observation.id)
            .says(format!(
                "{} uses {} cores{}{}",
                one.workload.name,
                figure(last),
                limit.map(|l| format!(" of {}", figure(l))).unwrap_or_default(),
                rise.map(|r| format!(", {}× what it was", figure(r))).unwrap_or_default()
            ));
    }
}

impl Shift {
    fn ratio_of(self) -> f64 {
        self.ratio()
    }
}

/// The level of the newest fifth of a series.
fn recent_level(one: &Seen) -> Option<f64> {
    let mut points = one.body.points.clone();
    points.sort_by_key(|p| p.at);
    let tail = points.len() - (points.len() / 5).max(1).min(points.len());
    let mut values: Vec<f64> = points.get(tail..)?.iter().map(|p| p.value).filter(|v| v.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    (!values.is_empty()).then(|| series::median(&values))
}

fn throttling(scene: &Scene, one: &Seen, found: &mut Found) {
    let change = shift(&one.body.points);
    // A counter of throttled seconds or periods that only grows is looked at by its rate.
    let counter = one.body.name.ends_with("_total")
        || growth(&one.body.points).is_some_and(|g| g.monotonic > 0.99 && g.rise > 2.0 && g.last > 60.0);
    let level = if counter { growth(&one.body.points).map(|g| g.per_second) } else { recent_level(one) };
    let Some(level) = level.map(|l| change.filter(|c| !counter && c.score > NOTABLE).map_or(l, |c| l.max(c.after)))
    else {
        return;
    };
    if level < 0.25 {
        return;
    }
    let limit = limit_of(scene, &one.workload, &one.container, "cpu").map(|l| l * 1000.0);
    found
        .fact("cpu_throttled", &one.workload)
        .arg("container", one.container.clone())
        .arg("ratio", level)
        .number("limit_millicores", limit)
        .arg("usage_millicores", -1)
        .arg("source", "metric")
        .number("rise", change.map(|c| c.ratio()))
        .since(change.filter(|c| c.score > NOTABLE).map_or(one.observation.at, |c| c.at))
        .because(&one.observation.id)
        .says(format!("{} is throttled ({}: {})", one.workload.name, one.body.name, figure(level)));
}

fn hot(one: &Seen, found: &mut Found) {
    let finite = one.body.points.iter().map(|p| p.value).filter(|v| v.is_finite());
    let Some(highest) = finite.max_by(f64::total_cmp).filter(|v| *v >= 85.0) else {
        return;
    };
    found
        .fact("gpu_hot", &one.workload)
        .arg("celsius", highest)
        .arg("message", one.body.name.clone())
        .since(one.observation.at)
        .because(&one.observation.id)
        .says(format!("a GPU of {} is at {highest:.0} °C", one.workload.name));
}

fn xid(one: &Seen, found: &mut Found) {
    let mut points: Vec<_> = one.body.points.iter().filter(|p| p.value.is_finite()).collect();
    points.sort_by_key(|p| p.at);
    let (Some(first), Some(point)) = (points.first(), points.iter().rfind(|p| p.value > 0.0)) else { return };
    let name = one.body.name.to_ascii_lowercase();
    let number = name.contains("xid").then_some(point.value as i64);
    // A counter of errors tells of now only where it counts up; that a row could not be remapped is a state.
    if number.is_none() && !name.contains("row_remap_failure") && point.value <= first.value {
        return;
    }
    let what = match number {
        Some(number) => format!("reports XID {number}"),
        None => format!("counts errors of its memory that cannot be corrected ({}: {})", one.body.name, point.value),
    };
    found
        .fact("gpu_error", &one.workload)
        .number("xid", number)
        .arg("fault", number.map_or("hardware", crate::gpu::fault_of))
        .arg("message", one.body.name.clone())
        .arg(
            "node",
            one.body.labels.get("Hostname").or_else(|| one.body.labels.get("node")).cloned().unwrap_or_default(),
        )
        .since(point.at)
        .because(&one.observation.id)
        .says(format!("a GPU of {} {what}", one.workload.name));
}

/// Used against capacity of a volume, where both were measured.
fn volumes(seen: &[Seen], found: &mut Found) {
    let last = |one: &Seen| one.body.points.iter().max_by_key(|p| p.at).map(|p| p.value);
    for used in seen.iter().filter(|s| s.body.name.contains("volume_stats_used")) {
        let capacity = seen.iter().find(|s| {
            s.body.name.contains("volume_stats_capacity") && s.observation.subject == used.observation.subject
        });
        let ratio = capacity.and_then(|c| Some((last(used)? / last(c)?, c)));
        if let Some((ratio, capacity)) = ratio.filter(|(r, _)| *r >= 0.95) {
            let since: Time = used.observation.at;
            found
                .fact("volume_full", &used.workload)
                .arg("used_ratio", ratio)
                .arg("claims", Vec::<String>::new())
                .since(since)
                .because(&used.observation.id)
                .because(&capacity.observation.id)
                .says(format!("{} is {:.0} % full", used.workload.name, ratio * 100.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::{Body, MetricBody, MetricPoint, Time};

    use crate::sketch::{NOW, Sketch, fact, has};

    fn metric(name: &str, values: impl IntoIterator<Item = f64>) -> Body {
        let points = values
            .into_iter()
            .enumerate()
            .map(|(i, value)| MetricPoint { at: Time::from_seconds(NOW - 600 + 10 * i as i64), value })
            .collect();
        Body::Metric(MetricBody { name: name.into(), unit: String::new(), labels: BTreeMap::new(), points })
    }

    fn step(low: f64, high: f64) -> Vec<f64> {
        (0..60).map(|i| if i < 30 { low } else { high }).collect()
    }

    #[test]
    fn the_callee_whose_latency_rose_most_explains_its_caller() {
        let facts = Sketch::new()
            .deployment("cart")
            .deployment("web")
            .but("Deployment/shop/web", |d| {
                d["spec"]["template"]["spec"]["containers"][0]["env"] =
                    serde_json::json!([{"name": "CART", "value": "cart:80"}])
            })
            .released(Some("Deployment/shop/cart"), metric("p95latency", step(2.0, 900.0)))
            .released(Some("Deployment/shop/web"), metric("p95latency", step(40.0, 950.0)))
            .facts();
        assert_eq!(fact(&facts, "latency_rise", "Deployment/shop/cart").args["rank"], 1);
        assert_eq!(fact(&facts, "latency_rise", "Deployment/shop/web").args["explained_by"], "Deployment/shop/cart");
    }

    #[test]
    fn what_became_slow_lacks_no_cpu_only_where_its_cpu_was_measured() {
        let slow = || {
            let latency = metric("p95latency", step(2.0, 900.0));
            Sketch::new().deployment("cart").released(Some("Deployment/shop/cart"), latency)
        };
        let said = |sketch: Sketch| {
            let facts = sketch.facts();
            assert!(!has(&facts, "cpu_high"));
            let open = facts.iter().any(|f| f.name == "cpu_high");
            (fact(&facts, "latency_rise", "Deployment/shop/cart").args["cpu"].as_str().unwrap().to_owned(), open)
        };
        assert_eq!(said(slow()), ("; whether it lacks CPU was not measured".to_owned(), true));
        let idle = metric("container_cpu_usage_cores", step(0.01, 0.01));
        let measured = slow().released(Some("Deployment/shop/cart"), idle);
        assert_eq!(said(measured), (", and it does not lack CPU".to_owned(), false));
    }

    #[test]
    fn a_steady_series_is_no_fact() {
        let facts = Sketch::new()
            .deployment("cart")
            .released(Some("Deployment/shop/cart"), metric("p95latency", step(5.0, 5.2)))
            .facts();
        assert!(!has(&facts, "latency_rise"));
    }

    #[test]
    fn memory_that_grows_to_its_limit_is_told_twice() {
        let limit = 256.0 * 1024.0 * 1024.0;
        let facts = Sketch::new()
            .deployment("cart")
            .released(
                Some("Pod/shop/cart-abc-1"),
                metric("container_memory_working_set_bytes", (0..60).map(|i| limit * (0.4 + 0.01 * f64::from(i)))),
            )
            .facts();
        assert!(has(&facts, "memory_slope") && has(&facts, "memory_near_limit"));
    }

    #[test]
    fn throttling_counts_only_where_there_is_much_of_it() {
        let facts = |high| {
            Sketch::new()
                .deployment("cart")
                .released(Some("Deployment/shop/cart"), metric("cpu_cfs_throttled", step(0.0, high)))
                .facts()
        };
        assert!(has(&facts(0.9), "cpu_throttled"));
        assert!(!has(&facts(0.02), "cpu_throttled"));
    }
}
