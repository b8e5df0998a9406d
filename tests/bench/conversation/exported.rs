//! Secrets in what a person passes on: exported cases, and the text of a log file.
//!
//! Each secret goes into a history the way arriving objects, logs and results do, a case is opened and concluded over it, and
//! the `.case` file is searched, and everything else that lies in the folder of the desk.

use std::collections::BTreeMap;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use anyhow::Result;
use gate::Door;
use history::{DeskFile, History, case_file};
use model::{
    Author, Body, CallFact, CallId, CallStep, CaseFact, CaseId, ChangeKind, Clock, ClusterId, Doc, ObjectRef,
    Observation, ResultView, Risk, Ruling, Source, Time, ToolCall, Written,
};
use redact::Redactor;
use serde_json::json;

use super::dice::Dice;
use super::places::{self, Document, Place};
use super::secrets;

pub struct Exported {
    pub all: usize,
    /// In exported cases, and in the desk's own files.
    pub out: usize,
    /// In log files, where whole objects and results are logged as they came, which the program itself never does.
    pub logged: usize,
    pub found: Vec<String>,
}

/// Secrets that share one case; each case is one file.
const TOGETHER: usize = 50;

pub fn run(seed: u64, count: usize) -> Result<Exported> {
    let mut exported = Exported { all: 0, out: 0, logged: 0, found: Vec::new() };
    let mut dice = Dice::new(seed ^ 0xca5e);
    let folder = tempfile::tempdir()?;
    // The worst that could be logged: everything, as it came.
    let paths = desk::Paths::in_folder(&folder.path().join("logged"))?;
    desk::logging::start(&paths, Arc::new(Redactor::new([9; 32])))?;
    for first in (0..count).step_by(TOGETHER) {
        let numbers: Vec<usize> = (first..count.min(first + TOGETHER)).collect();
        let planted: Vec<(&'static str, Place, secrets::Secret)> = numbers
            .iter()
            .map(|number| {
                let (kind, make) = secrets::KINDS[number % secrets::KINDS.len()];
                let place = Place::ALL[(number / secrets::KINDS.len() + number) % Place::ALL.len()];
                (kind, place, make(&mut dice))
            })
            .collect();
        let text = case(folder.path(), first, &planted, &mut dice)?;
        exported.all += planted.len();
        for (number, piece) in found(&planted, &text)? {
            let (kind, place, _) = &planted[number];
            exported.out += 1;
            exported.found.push(format!("{kind} in {}: `{piece}` stands in an exported case", place.word()));
        }
        let mut logs = String::new();
        for entry in std::fs::read_dir(paths.logs())? {
            logs.push_str(&String::from_utf8_lossy(&std::fs::read(entry?.path())?));
        }
        for (number, piece) in found(&planted, &logs)? {
            let (kind, place, _) = &planted[number];
            exported.logged += 1;
            exported.found.push(format!("{kind} in {}: `{piece}` stands in a log file", place.word()));
        }
    }
    Ok(exported)
}

/// Which of the secrets stand in a text, each with the first piece of it.
fn found(planted: &[(&'static str, Place, secrets::Secret)], text: &str) -> Result<BTreeMap<usize, String>> {
    let pieces: Vec<(usize, String)> = planted
        .iter()
        .enumerate()
        .flat_map(|(number, (_, _, secret))| secret.pieces().into_iter().map(move |piece| (number, piece)))
        .collect();
    let automaton = AhoCorasick::new(pieces.iter().map(|(_, piece)| piece))?;
    let mut found = BTreeMap::new();
    for hit in automaton.find_overlapping_iter(text) {
        let (number, piece) = &pieces[hit.pattern().as_usize()];
        found.entry(*number).or_insert_with(|| piece.clone());
    }
    Ok(found)
}

/// The text of everything that was written: the exported case, and the desk's own files beside it.
fn case(
    folder: &std::path::Path,
    number: usize,
    planted: &[(&'static str, Place, secrets::Secret)],
    dice: &mut Dice,
) -> Result<String> {
    let redactor = Redactor::new([7; 32]);
    let cluster = ClusterId("cluster:measured".into());
    let at = Time::from_seconds(1_000);
    let own = folder.join(format!("case-{number}"));
    std::fs::create_dir_all(&own)?;
    let history = History::open(&own.join("history.db"), cluster.clone())?;
    let desk = Arc::new(DeskFile::open(&own.join("desk.db"))?);
    let door = Door::new(Arc::clone(&desk), Arc::new(Stopped(at)) as Arc<dyn Clock>);
    let case = CaseId(uuid::Uuid::from_u128(number as u128 + 1));
    let mut results = Vec::new();
    let mut observations = Vec::new();
    for (index, (_, place, secret)) in planted.iter().enumerate() {
        for (part, document) in places::documents(secret, *place, dice).into_iter().enumerate() {
            let subject = ObjectRef::new("Pod", "shop", format!("web-{index}-{part}"));
            match &document {
                Document::Object(object) => tracing::error!(%object, "could not be read"),
                Document::Text(text) => tracing::error!(text, "could not be read"),
            }
            let body = match document {
                Document::Object(mut object) => {
                    redactor.json(&mut object);
                    Body::Object {
                        api_version: "v1".into(),
                        uid: "u".into(),
                        resource_version: "1".into(),
                        change: ChangeKind::Present,
                        object: Doc::from(object),
                    }
                }
                Document::Text(text) => Body::Log(super::foreign::log(at, false, redactor.text(&text).into_string())),
            };
            let observation = Observation::new(cluster.clone(), at, at, Source::Import, Some(subject), body);
            results.push(redactor.text(&serde_json::to_string(&observation.body)?).into_string());
            observations.push(observation);
        }
    }
    history.append(&observations)?;
    let opened = CaseFact::Opened {
        title: "measured".into(),
        cluster: cluster.clone(),
        cluster_name: "measured".into(),
        as_of: at,
        question: None,
        incidents: Vec::new(),
    };
    door.write(case, &[Written { at, author: super::talk::engineer(), fact: opened }])?;
    for (index, text) in results.into_iter().enumerate() {
        desk.append(case, &released(index, &cluster, at, text, observations[index].id.clone()))?;
    }
    let path = own.join("exported.case");
    case_file::export(&desk, &history, case, &path)?;
    // Compressed rows are read back as a reader would; the bytes are searched as they are, too.
    let mut text = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
    let read = case_file::open(&path)?;
    text.push_str(&serde_json::to_string(&read.events)?);
    for observation in &observations {
        if let Some(kept) = read.history.get(&observation.id)? {
            text.push_str(&serde_json::to_string(&kept)?);
        }
    }
    drop((history, desk));
    for entry in std::fs::read_dir(&own)? {
        text.push_str(&String::from_utf8_lossy(&std::fs::read(entry?.path())?));
    }
    Ok(text)
}

/// The facts of a call whose result was released.
fn released(index: usize, cluster: &ClusterId, at: Time, text: String, id: model::ObservationId) -> Vec<Written> {
    let call = ToolCall {
        tool: "logs".into(),
        cluster: cluster.clone(),
        args: json!({"namespace": "shop", "pod": format!("web-{index}")}),
        reason: "measured".into(),
        expects: String::new(),
        tainted: Vec::new(),
        shown: None,
        definition: None,
        user: None,
    };
    let digest = call.digest();
    let result = ResultView {
        text: text.clone(),
        redactions: Vec::new(),
        cut: None,
        observations: vec![id.clone()],
        next: Vec::new(),
    };
    let steps = [
        CallStep::Proposed { call, risk: Risk::Read, digest: digest.clone() },
        CallStep::Ruled { ruling: Ruling::Allowed { rule: "measured".into() } },
        CallStep::Started { digest },
        CallStep::Succeeded { result },
        CallStep::Released { observations: vec![id], text },
    ];
    let fact =
        |step| CaseFact::Call(CallFact { call: CallId(uuid::Uuid::from_u128(index as u128 + 1)), revision: 1, step });
    steps.into_iter().map(|step| Written { at, author: Author::Program, fact: fact(step) }).collect()
}

struct Stopped(Time);

impl Clock for Stopped {
    fn now(&self) -> Time {
        self.0
    }
}
