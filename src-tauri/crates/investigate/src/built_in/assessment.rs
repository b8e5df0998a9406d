use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use knowledge::{Blueprints, FailureMode, Library, Sign, render, spoken};
use model::{ClusterId, Incident, NoiseEntry, ObjectRef, ObservationId, Severity, Snapshot};

use super::fact_map::FactMap;
use super::focus::Focus;
use super::next_call::checks_of;

/// The odds of "something else" beside an incident's hypotheses: an unexplained incident is a cause that is not known here
/// about one time in five.
const SOMETHING_ELSE: f64 = 0.25;
/// A signal of at least this ratio decides by itself.
pub(crate) const DECISIVE: f64 = 30.0;
/// A recent change of the object itself, where the failure mode has no finer word about changes.
const CHANGED: f64 = 2.0;

/// One piece of evidence and what it does to the odds.
#[derive(Clone, Debug)]
pub(crate) struct Weight {
    /// Natural logarithm of the likelihood ratio.
    pub ln: f64,
    pub fact: Option<usize>,
    pub says: String,
}

/// A failure mode on an object, with everything that speaks for and against it.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub mode: Arc<FailureMode>,
    pub object: ObjectRef,
    /// By family: evidence of one family counts once.
    pub weights: BTreeMap<String, Weight>,
    /// The fact behind its strongest signal.
    pub signal: usize,
    pub signal_ratio: f64,
    pub log_odds: f64,
    /// Which incident, by its place in the list.
    pub incident: usize,
    pub probability: f64,
    /// The failure mode and object that explain it away.
    pub explained_by: Option<String>,
}

impl Candidate {
    pub fn id(&self) -> String {
        format!("{} @ {}", self.mode.id, self.object)
    }

    /// What it says, for a sentence.
    pub fn words(&self) -> String {
        let mut title = self.mode.title.clone();
        title.truncate(title.trim_end_matches('.').len());
        format!("“{title}” ({})", spoken(&self.object))
    }

    /// The strongest likelihood ratio that speaks for it.
    pub fn strongest(&self) -> f64 {
        self.weights.values().map(|w| w.ln).fold(0.0, f64::max).exp()
    }
}

/// All candidates, ranked over all incidents.
pub(crate) struct Assessment {
    pub map: FactMap,
    pub incidents: Vec<Incident>,
    pub candidates: Vec<Candidate>,
}

/// What stays the same over an investigation.
pub(crate) struct Frame<'a> {
    pub cluster: &'a ClusterId,
    pub library: &'a Library,
    pub blueprints: &'a Blueprints,
    pub focus: &'a Focus,
    pub snapshot: &'a Snapshot,
    /// Digests of the calls whose results were released.
    pub answered: &'a BTreeSet<String>,
    pub released: &'a BTreeSet<ObservationId>,
    /// Facts that were set aside because they do no harm, by name and subject: whatever else befalls the object, they are
    /// not its cause.
    pub harmless: &'a BTreeSet<(String, ObjectRef)>,
}

/// Rules of the noise ledger under which a fact stays true and does nobody any harm.
const HARMLESS: [&str; 2] = ["on-its-way-out", "works-all-the-same"];

/// What the ledger set aside as harmless.
pub(crate) fn harmless(noise: &[NoiseEntry]) -> BTreeSet<(String, ObjectRef)> {
    let aside = noise.iter().filter(|entry| HARMLESS.contains(&entry.rule.as_str()));
    aside.map(|entry| (entry.signal.name.clone(), entry.signal.subject.clone())).collect()
}

impl Assessment {
    pub fn new(map: FactMap, incidents: Vec<Incident>, frame: &Frame<'_>) -> Self {
        let mut candidates = raise(&map, frame);
        one_for_each_cause(&mut candidates, &map);
        for candidate in &mut candidates {
            weigh(candidate, &map, frame);
        }
        candidates.retain_mut(|candidate| match place(candidate, &map, &incidents) {
            Some(incident) => {
                candidate.incident = incident;
                true
            }
            None => false,
        });
        for candidate in &mut candidates {
            let incident = &incidents[candidate.incident];
            candidate.log_odds += coverage(candidate, &map, incident);
            candidate.log_odds += attention(candidate, &map, frame.focus);
        }
        absorb(&mut candidates);
        explain_away(&mut candidates, &map);
        normalise(&mut candidates, incidents.len());
        rank(&mut candidates, &incidents, &map, frame.focus);
        Assessment { map, incidents, candidates }
    }

    /// Candidates of one incident, best first.
    pub fn of_incident(&self, incident: usize) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter().filter(move |c| c.incident == incident)
    }
}

/// Makes a candidate of every failure mode whose signals hold, per object.
fn raise(map: &FactMap, frame: &Frame<'_>) -> Vec<Candidate> {
    let mut found: BTreeMap<(String, ObjectRef), Candidate> = BTreeMap::new();
    for mode in frame.library.failure_modes() {
        for sign in &mode.signals {
            for index in sign.facts.iter().flat_map(|name| map.named(name)) {
                let fact = map.fact(*index);
                let aside =
                    !frame.harmless.is_empty() && frame.harmless.contains(&(fact.name.clone(), fact.subject.clone()));
                if aside || !map.holds(&sign.when, Some(*index), &fact.subject) {
                    continue;
                }
                let object = object_of(sign, map, *index);
                let candidate = found.entry((mode.id.clone(), object.clone())).or_insert_with(|| Candidate {
                    mode: Arc::clone(mode),
                    object,
                    weights: BTreeMap::new(),
                    signal: *index,
                    signal_ratio: 0.0,
                    log_odds: 0.0,
                    incident: 0,
                    probability: 0.0,
                    explained_by: None,
                });
                if sign.ratio > candidate.signal_ratio {
                    candidate.signal_ratio = sign.ratio;
                    candidate.signal = *index;
                }
                put(candidate, sign, Some(*index), map);
            }
        }
    }
    found.into_values().collect()
}

/// The object that a sign accuses; where its template names none (an argument that is empty or a list), the subject.
fn object_of(sign: &Sign, map: &FactMap, index: usize) -> ObjectRef {
    let fact = map.fact(index);
    if sign.object.is_empty() {
        return fact.subject.clone();
    }
    match render(&sign.object, Some(fact), &fact.subject).parse::<ObjectRef>() {
        Ok(object) if !object.name.contains(", ") => map.graph.workload_of(&object),
        _ => fact.subject.clone(),
    }
}

/// A claim and the workloads that mount it tell the same story: the claim tells it, since the field that is wrong is its.
fn one_for_each_cause(candidates: &mut Vec<Candidate>, map: &FactMap) {
    let claims: BTreeSet<(String, ObjectRef)> = candidates
        .iter()
        .filter(|c| c.object.kind == "PersistentVolumeClaim")
        .map(|c| (c.mode.id.clone(), c.object.clone()))
        .collect();
    candidates.retain(|candidate| {
        let mounts = map.graph.dependencies(&candidate.object);
        !mounts.iter().any(|edge| claims.contains(&(candidate.mode.id.clone(), edge.to.clone())))
    });
}

fn put(candidate: &mut Candidate, sign: &Sign, fact: Option<usize>, map: &FactMap) {
    let ln = sign.ratio.ln();
    let stronger = candidate.weights.get(&sign.family).is_none_or(|held| ln.abs() > held.ln.abs());
    if stronger {
        let says = render(&sign.says, fact.map(|i| map.fact(i)), &candidate.object);
        candidate.weights.insert(sign.family.clone(), Weight { ln, fact, says });
    }
}

/// Prior, signals, evidence, recent change, blueprint.
fn weigh(candidate: &mut Candidate, map: &FactMap, frame: &Frame<'_>) {
    let mode = Arc::clone(&candidate.mode);
    let object = candidate.object.clone();
    for sign in &mode.evidence {
        if sign.facts.is_empty() {
            if map.holds_for(&sign.when, None, candidate.signal, &object) {
                put(candidate, sign, None, map);
            }
            continue;
        }
        for index in sign.facts.iter().flat_map(|name| map.named(name)) {
            if map.stands(sign.on, map.fact(*index), &object)
                && map.holds_for(&sign.when, Some(*index), candidate.signal, &object)
            {
                put(candidate, sign, Some(*index), map);
            }
        }
    }
    if !candidate.weights.contains_key("change")
        && let Some(index) = changed(map, &object)
    {
        let says = "it changed recently".to_owned();
        candidate.weights.insert("change".into(), Weight { ln: CHANGED.ln(), fact: Some(index), says });
    }
    let shift =
        frame.blueprints.shift(frame.cluster, &object, &mode.id, |condition| map.holds_near(condition, &object));
    if let Some(shift) = shift {
        let says = format!("blueprint `{}` v{}: {}", shift.blueprint, shift.version, shift.because);
        candidate.weights.insert("blueprint".into(), Weight { ln: shift.ratio.ln(), fact: None, says });
    }
    if let Some(silence) = silence(candidate, map, frame) {
        candidate.weights.insert("silence".into(), silence);
    }
    let prior = (mode.prior / (1.0 - mode.prior)).ln();
    candidate.log_odds = prior + candidate.weights.values().map(|w| w.ln).sum::<f64>();
}

/// A check whose answer is there and holds nothing for the hypothesis speaks against it, the more the more it could tell.
fn silence(candidate: &Candidate, map: &FactMap, frame: &Frame<'_>) -> Option<Weight> {
    let told = |w: &Weight| w.fact.is_some_and(|i| map.fact(i).evidence.iter().any(|id| frame.released.contains(id)));
    // What restates a symptom is seen already; its checks look for what is behind it.
    if frame.answered.is_empty()
        || candidate.mode.symptomatic
        || candidate.weights.values().any(|w| w.ln > 0.0 && told(w))
    {
        return None;
    }
    let calls = checks_of(candidate, map, frame.snapshot, frame.cluster);
    let answered = calls.iter().filter(|(call, _)| frame.answered.contains(&call.digest()));
    let gain = answered.map(|(_, gain)| *gain).fold(0.0, f64::max);
    let says = "it was looked for and not found".to_owned();
    // A signal that decides is not undone by an answer that merely does not mention it.
    let least: f64 = if candidate.signal_ratio >= DECISIVE { 0.5 } else { 0.05 };
    (gain > 0.0).then(|| Weight { ln: (1.0 - gain).max(least).ln(), fact: None, says })
}

fn changed(map: &FactMap, object: &ObjectRef) -> Option<usize> {
    map.about(object).iter().copied().find(|i| {
        let fact = map.fact(*i);
        let created = fact.args.get("how").is_some_and(|how| how == "created");
        let recent =
            fact.args.get("seconds_before").and_then(serde_json::Value::as_f64).is_none_or(|s| s < 6.0 * 3600.0);
        matches!(fact.name.as_str(), "changed_recently" | "config_changed_before_restart") && !created && recent
    })
}

/// The incident that a candidate could explain: one that names its object, else one whose subjects depend on it.
fn place(candidate: &Candidate, map: &FactMap, incidents: &[Incident]) -> Option<usize> {
    let fact = &map.fact(candidate.signal).subject;
    let names = |incident: &Incident, object: &ObjectRef| {
        incident.subjects.contains(object)
            || incident.origin.as_ref() == Some(object)
            || incident.signals.iter().any(|s| s.subject == *object)
    };
    let by_name = |object: &ObjectRef| incidents.iter().position(|i| names(i, object));
    by_name(&candidate.object).or_else(|| by_name(fact)).or_else(|| {
        incidents.iter().position(|incident| {
            let mut troubled = incident.signals.iter().map(|s| &s.subject).chain(&incident.subjects);
            troubled.any(|subject| map.reaches(&candidate.object, subject))
        })
    })
}

/// A cause that explains all that is seen beats one that explains a part: up to a factor of three.
fn coverage(candidate: &Candidate, map: &FactMap, incident: &Incident) -> f64 {
    if incident.signals.is_empty() {
        return 0.0;
    }
    let explained = incident.signals.iter().filter(|s| map.reaches(&candidate.object, &s.subject)).count();
    (1.0 + 2.0 * explained as f64 / incident.signals.len() as f64).ln()
}

/// The engineer asked about something: what cannot be its cause steps back.
fn attention(candidate: &Candidate, map: &FactMap, focus: &Focus) -> f64 {
    if focus.is_empty() {
        return 0.0;
    }
    let about = |object: &ObjectRef| map.reaches(&candidate.object, object) || map.reaches(object, &candidate.object);
    if !focus.objects.is_empty() {
        let near = focus.objects.iter().any(|o| map.near(o).contains(&candidate.object));
        return match () {
            () if focus.objects.contains(&candidate.object) => 3.0_f64.ln(),
            () if near || focus.objects.iter().any(about) => 0.0,
            () => -(5.0_f64.ln()),
        };
    }
    let inside = focus.namespaces.contains(candidate.object.namespace.as_str())
        || candidate.object.namespace.is_empty() && candidate.object.kind != "Namespace"
        || candidate.object.kind == "Namespace" && focus.namespaces.contains(candidate.object.name.as_str());
    if inside { 0.0 } else { -(20.0_f64.ln()) }
}

/// Of one failure mode on several objects of an incident, the one that is decided takes over from those that are only
/// suspected.
fn absorb(candidates: &mut [Candidate]) {
    let decided: Vec<(String, usize, String)> = candidates
        .iter()
        .filter(|c| c.signal_ratio >= DECISIVE)
        .map(|c| (c.mode.id.clone(), c.incident, c.words()))
        .collect();
    for candidate in candidates.iter_mut().filter(|c| c.signal_ratio < DECISIVE) {
        let by =
            decided.iter().find(|(mode, incident, _)| *mode == candidate.mode.id && *incident == candidate.incident);
        if let Some((_, _, words)) = by {
            candidate.log_odds -= 20.0_f64.ln();
            candidate.explained_by = Some(words.clone());
        }
    }
}

/// What only restates a symptom gives way to a cause on the same object or upstream of it.
fn explain_away(candidates: &mut [Candidate], map: &FactMap) {
    let causes: Vec<(usize, ObjectRef, f64, bool, f64)> = candidates
        .iter()
        .enumerate()
        .map(|(i, c)| (i, c.object.clone(), c.log_odds, c.mode.symptomatic, c.signal_ratio))
        .collect();
    for index in 0..candidates.len() {
        let own = &candidates[index];
        let rival = causes
            .iter()
            .filter(|(i, object, odds, symptomatic, _)| {
                *i != index
                    && match (own.mode.symptomatic, symptomatic) {
                        (true, false) => *odds > -0.5 && map.reaches(object, &own.object),
                        // Of two symptoms the one upstream is nearer to the cause.
                        (true, true) => {
                            *odds > own.log_odds - 1.0
                                && *object != own.object
                                && map.reaches(object, &own.object)
                                && !map.reaches(&own.object, object)
                        }
                        (false, false) => {
                            own.signal_ratio < DECISIVE
                                && *odds > own.log_odds + 1.0
                                && *odds > 0.0
                                && *object != own.object
                                && map.reaches(object, &own.object)
                                && !map.reaches(&own.object, object)
                        }
                        (false, true) => false,
                    }
            })
            .max_by(|a, b| a.2.total_cmp(&b.2));
        let Some((rival, ..)) = rival else { continue };
        let penalty: f64 = match (own.mode.symptomatic, candidates[*rival].mode.symptomatic) {
            (true, false) => 20.0,
            (true, true) => 4.0,
            (false, _) => 3.0,
        };
        let by = candidates[*rival].words();
        candidates[index].log_odds -= penalty.ln();
        candidates[index].explained_by = Some(by);
    }
}

/// Shares of each incident. That each of many workloads crashes for reasons of its own is one way to see it, not one for
/// each: restatements of one symptom share the place of the likeliest among them.
fn normalise(candidates: &mut [Candidate], incidents: usize) {
    let odds = |candidate: &Candidate| candidate.log_odds.min(30.0).exp();
    let mut restated: BTreeMap<(usize, String), (f64, f64)> = BTreeMap::new();
    for candidate in candidates.iter().filter(|c| c.mode.symptomatic) {
        let (most, sum) = restated.entry((candidate.incident, candidate.mode.id.clone())).or_default();
        *most = most.max(odds(candidate));
        *sum += odds(candidate);
    }
    let shares: Vec<f64> = candidates
        .iter()
        .map(|candidate| match restated.get(&(candidate.incident, candidate.mode.id.clone())) {
            Some((most, sum)) if candidate.mode.symptomatic && *sum > 0.0 => odds(candidate) * most / sum,
            _ => odds(candidate),
        })
        .collect();
    let mut totals = vec![SOMETHING_ELSE; incidents];
    for (candidate, share) in candidates.iter().zip(&shares) {
        totals[candidate.incident] += share;
    }
    for (candidate, share) in candidates.iter_mut().zip(shares) {
        candidate.probability = share / totals[candidate.incident];
    }
}

/// Probability times how much the incident matters.
fn rank(candidates: &mut [Candidate], incidents: &[Incident], map: &FactMap, focus: &Focus) {
    let mut weights: Vec<f64> = incidents.iter().map(|incident| importance(incident, map, focus)).collect();
    for (incident, weight) in weights.iter_mut().enumerate() {
        *weight *= ground(candidates, incident);
    }
    let key = |c: &Candidate| c.probability * weights[c.incident];
    candidates.sort_by(|a, b| {
        key(b)
            .total_cmp(&key(a))
            .then_with(|| b.log_odds.total_cmp(&a.log_odds))
            .then_with(|| (&a.mode.id, &a.object).cmp(&(&b.mode.id, &b.object)))
    });
}

/// How firm the ground under an incident's first hypothesis is: a lone guess without rivals is not a certainty.
fn ground(candidates: &[Candidate], incident: usize) -> f64 {
    let first =
        candidates.iter().filter(|c| c.incident == incident).max_by(|a, b| a.probability.total_cmp(&b.probability));
    let firmness = first.map_or(0.0, |c| c.strongest().max(1.0).ln() / DECISIVE.ln());
    0.4 + 0.6 * firmness.min(1.0)
}

pub(crate) fn importance(incident: &Incident, map: &FactMap, focus: &Focus) -> f64 {
    let severity = match incident.severity {
        Severity::Critical => 1.0,
        Severity::Major => 0.8,
        Severity::Minor => 0.5,
        Severity::Info => 0.2,
    };
    let reach = (incident.subjects.len() + incident.blast_radius.len()) as f64;
    let asked = focus.objects.is_empty()
        || incident.subjects.iter().any(|s| focus.objects.iter().any(|o| o == s || map.reaches(s, o)));
    let attention = if asked { 1.0 } else { 0.3 };
    severity * attention * (1.0 + 0.1 * (1.0 + reach).ln())
}
