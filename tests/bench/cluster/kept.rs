//! What the history takes on the disk, how fast it appends, and how soon it gives a neighbourhood back.

use std::time::Instant;

use ::history::History;
use anyhow::{Context, Result};
use model::{Body, ChangeKind, ClusterId, ObjectRef, Observation, Source, Time};
use playground::{MadeUp, PodPhase};

use crate::Wanted;
use crate::figures::{Figures, median, percentile};

/// As a watch's writer appends.
const BATCH: u64 = 500;
/// Objects of a large cluster; their versions make the million.
const OBJECTS: u32 = 10_000;
/// Objects of a neighbourhood: the default picture of an incident.
const NEAR: u32 = 300;

pub fn measure(wanted: &Wanted, figures: &mut Figures) -> Result<()> {
    let count = if wanted.quick { wanted.observations.min(200_000) } else { wanted.observations };
    eprintln!("── a history of {count} observations");
    let folder = tempfile::tempdir()?;
    let cluster = ClusterId("cluster:bench".into());
    let path = folder.path().join("history.db");
    let history = History::open(&path, cluster.clone())?;
    let made_up = MadeUp::default();
    let begun = Time::from_seconds(1_800_000_000);
    let (mut done, mut seconds) = (0_u64, 0.0);
    while done < count {
        let batch: Vec<Observation> =
            (done..(done + BATCH).min(count)).map(|number| version(&made_up, &cluster, begun, number)).collect();
        let started = Instant::now();
        history.append(&batch)?;
        seconds += started.elapsed().as_secs_f64();
        done += batch.len() as u64;
    }
    let rate = count as f64 / seconds;
    let len = history.len()?;
    drop(history);
    let bytes = size(&path)? as f64 / len.max(1) as f64;
    figures.note(format!("history of {len} observations"), format!("{rate:.0} appended a second"));
    figures.set("history_bytes_per_observation", bytes);
    let alone = sqlite(folder.path(), count.min(200_000), bytes.round() as usize)?;
    figures.note("rows of that size by SQLite alone", format!("{alone:.0} a second"));
    figures.set("append_vs_sqlite", rate / alone);

    let history = History::open(&path, cluster)?;
    let last = begun.0 + count as i64 * 1_000;
    let mut near = Vec::new();
    for round in 0..100_i64 {
        let at = Time(begun.0 + (last - begun.0) / 100 * (round + 1));
        let first = (round as u32 * 97) % (OBJECTS - NEAR);
        let objects: Vec<ObjectRef> = (first..first + NEAR).map(|place| subject(&made_up, place)).collect();
        let started = Instant::now();
        let seen = neighbourhood(&history, &objects, at)?;
        near.push(started.elapsed().as_secs_f64() * 1e3);
        anyhow::ensure!(seen > 0, "the neighbourhood is empty");
    }
    figures.note("snapshot of 300 objects: median", format!("{:.1} ms", median(&near)));
    if count >= 1_000_000 {
        figures.set("snapshot_p99_ms", percentile(&near, 0.99));
    } else {
        figures.note(
            format!("snapshot of 300 objects out of {count} observations: 99th percentile"),
            format!("{:.1} ms", percentile(&near, 0.99)),
        );
        figures.lacks("snapshot_p99_ms", format!("the history had {count} observations, not a million"));
    }
    let started = Instant::now();
    let whole = history.snapshot(Time(begun.0 + (last - begun.0) / 2))?;
    figures.note(
        format!("snapshot of all {} objects in the middle of the history", whole.objects.len()),
        format!("{:.0} ms", started.elapsed().as_secs_f64() * 1e3),
    );
    Ok(())
}

/// The objects of a neighbourhood as of a time; gives how many there were.
fn neighbourhood(history: &History, objects: &[ObjectRef], at: Time) -> Result<usize> {
    let snapshot = history.snapshot(at)?;
    Ok(objects.iter().filter(|object| snapshot.get(object).is_some()).count())
}

fn subject(made_up: &MadeUp, place: u32) -> ObjectRef {
    let pod = made_up.pod(place, 0, PodPhase::Running);
    let text = |field: &str| pod["metadata"][field].as_str().unwrap_or_default().to_owned();
    ObjectRef::new("Pod", text("namespace"), text("name"))
}

/// The next version of a pod, as a watch would tell it: each pod is listed once and then changes again and again.
fn version(made_up: &MadeUp, cluster: &ClusterId, begun: Time, number: u64) -> Observation {
    let place = (number % u64::from(OBJECTS)) as u32;
    let turn = number / u64::from(OBJECTS);
    let phase = if turn % 7 == 6 { PodPhase::Crashing } else { PodPhase::Running };
    let mut pod = made_up.pod(place, 0, phase);
    let at = Time(begun.0 + number as i64 * 1_000);
    let when = Time::from_seconds(at.seconds()).to_string();
    let uid = format!("{:08x}-0000-4000-8000-{place:012x}", place ^ 0x5eed_cafe);
    let revision = (1_000 + number).to_string();
    pod["metadata"]["uid"] = uid.clone().into();
    pod["metadata"]["resourceVersion"] = revision.clone().into();
    for condition in pod["status"]["conditions"].as_array_mut().into_iter().flatten().skip(2).take(2) {
        condition["lastTransitionTime"] = when.clone().into();
    }
    pod["status"]["containerStatuses"][0]["restartCount"] = turn.into();
    let subject = {
        let text = |field: &str| pod["metadata"][field].as_str().unwrap_or_default().to_owned();
        ObjectRef::new("Pod", text("namespace"), text("name"))
    };
    model::project("Pod", &mut pod);
    let body = Body::Object {
        api_version: "v1".into(),
        uid: uid.into(),
        resource_version: revision.into(),
        change: ChangeKind::Present,
        object: pod.into(),
    };
    Observation::new(cluster.clone(), at, at, Source::Watch, Some(subject), body)
}

/// The file with what SQLite keeps beside it.
fn size(path: &std::path::Path) -> Result<u64> {
    let mut all = 0;
    let (folder, name) = (path.parent().context("no folder")?, path.file_name().context("no name")?);
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&*name.to_string_lossy()) {
            all += entry.metadata()?.len();
        }
    }
    Ok(all)
}

/// Rows a second of the barest table, with the same batches and the same care for the disk.
fn sqlite(folder: &std::path::Path, count: u64, bytes: usize) -> Result<f64> {
    let mut bare = rusqlite::Connection::open(folder.join("bare.db"))?;
    bare.pragma_update(None, "journal_mode", "wal")?;
    bare.pragma_update(None, "synchronous", "normal")?;
    bare.execute_batch("CREATE TABLE rows (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT")?;
    let body: Vec<u8> = (0..bytes).map(|at| (at * 31 % 251) as u8).collect();
    let started = Instant::now();
    for _ in 0..count / BATCH {
        let batch = bare.transaction()?;
        {
            let mut insert = batch.prepare_cached("INSERT INTO rows (body) VALUES (?1)")?;
            for _ in 0..BATCH {
                insert.execute([&body])?;
            }
        }
        batch.commit()?;
    }
    Ok((count / BATCH * BATCH) as f64 / started.elapsed().as_secs_f64())
}
