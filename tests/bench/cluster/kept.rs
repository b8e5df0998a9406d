//! What the history takes on the disk, how fast it appends, and how soon it gives a neighbourhood back.

use std::path::Path;
use std::time::Instant;

use ::history::History;
use anyhow::{Context, Result};
use model::{Body, ChangeKind, ClusterId, ObjectRef, Observation, Source, Time};
use playground::{MadeUp, PodPhase};
use serde_json::Value;

use crate::Wanted;
use crate::figures::{Figures, median, percentile};

/// As a watch's writer appends.
const BATCH: u64 = 500;
/// Objects of a large cluster; their versions make the million.
const OBJECTS: u32 = 10_000;
/// Objects of a neighbourhood: the default picture of an incident.
const NEAR: u32 = 300;
/// Times at which a neighbourhood is asked for.
const ROUNDS: i64 = 200;
/// Asking is over after so long, however slow it is.
const ASKING: std::time::Duration = std::time::Duration::from_secs(60);
/// Microseconds between two observations: a million are a day.
const STEP: i64 = 86_400;
/// Versions of the last hour before a time are asked for, of earlier ones the one that each object was in.
const LOOK_BACK_SECONDS: i64 = 3_600;

pub fn measure(wanted: &Wanted, figures: &mut Figures) -> Result<()> {
    let count = if wanted.quick { wanted.observations.min(200_000) } else { wanted.observations };
    eprintln!("── a history of {count} observations");
    let folder = tempfile::tempdir()?;
    let cluster = ClusterId("cluster:bench".into());
    let path = folder.path().join("history.db");
    let history = History::open(&path, cluster.clone())?;
    let begun = Time::from_seconds(1_800_000_000);
    let mut seconds = 0.0;
    // Made beside the writing, so that the run takes as long as the slower of the two.
    let (sender, made) = std::sync::mpsc::sync_channel::<Vec<Observation>>(8);
    let making = {
        let cluster = cluster.clone();
        std::thread::spawn(move || {
            let pods = pods();
            let mut from = 0;
            while from < count {
                let to = (from + BATCH).min(count);
                let batch = (from..to).map(|number| version(&pods, &cluster, begun, number)).collect();
                if sender.send(batch).is_err() {
                    return;
                }
                from = to;
            }
        })
    };
    for batch in made {
        let started = Instant::now();
        history.append(&batch)?;
        seconds += started.elapsed().as_secs_f64();
    }
    making.join().map_err(|_| anyhow::anyhow!("the observations could not be made"))?;
    let rate = count as f64 / seconds;
    let len = history.len()?;
    drop(history);
    let bytes = size(&path)? as f64 / len.max(1) as f64;
    figures.note(format!("history of {len} observations"), format!("{rate:.0} appended a second"));
    figures.set("history_bytes_per_observation", bytes);
    let alone = sqlite(folder.path(), &path)?;
    figures.note("the same packed rows, tables and indexes by SQLite alone", format!("{alone:.0} a second"));
    figures.set("append_vs_sqlite", rate / alone);

    let history = History::open(&path, cluster.clone())?;
    // By then every object was told of once.
    let (listed, last) = (begun.0 + i64::from(OBJECTS) * STEP, begun.0 + count as i64 * STEP);
    let pods = pods();
    let mut near = Vec::new();
    let asking = Instant::now();
    for round in 0..ROUNDS {
        if asking.elapsed() > ASKING {
            break;
        }
        let at = Time(listed + (last - listed) / ROUNDS * (round * 73 % ROUNDS + 1));
        // One part of the cluster after the other.
        let first = (round as u32 * 97) % (OBJECTS - NEAR);
        let objects: Vec<ObjectRef> = (first..first + NEAR).map(|place| subject(&pods[place as usize][0])).collect();
        let started = Instant::now();
        let seen = neighbourhood(&history, &objects, at)?;
        near.push(started.elapsed().as_secs_f64() * 1e3);
        anyhow::ensure!(seen > 0, "the neighbourhood is empty");
    }
    figures.note(format!("snapshot of 300 objects: median of {}", near.len()), format!("{:.1} ms", median(&near)));
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
    drop((whole, history));
    let history = History::open(&path, cluster)?;
    let started = Instant::now();
    let present = history.present(Time(last))?;
    figures.note(
        format!("the present of all {} objects after the history is opened", present.objects.len()),
        format!("{:.0} ms", started.elapsed().as_secs_f64() * 1e3),
    );
    Ok(())
}

/// The objects of a neighbourhood as of a time; gives how many there were.
fn neighbourhood(history: &History, objects: &[ObjectRef], at: Time) -> Result<usize> {
    let snapshot = history.neighbourhood(at, at.plus_seconds(-LOOK_BACK_SECONDS), objects)?;
    Ok(objects.iter().filter(|object| snapshot.get(object).is_some()).count())
}

/// Every pod as it runs and as it crashes, reduced as on arrival.
fn pods() -> Vec<[Value; 2]> {
    let made_up = MadeUp::default();
    let pod = |place, phase| {
        let mut pod = made_up.pod(place, 0, phase);
        model::project("Pod", &mut pod);
        pod
    };
    (0..OBJECTS).map(|place| [pod(place, PodPhase::Running), pod(place, PodPhase::Crashing)]).collect()
}

fn subject(pod: &Value) -> ObjectRef {
    let text = |field: &str| pod["metadata"][field].as_str().unwrap_or_default();
    ObjectRef::new("Pod", text("namespace"), text("name"))
}

/// The next version of a pod, as a watch would tell it: each pod is listed once and then changes again and again.
fn version(pods: &[[Value; 2]], cluster: &ClusterId, begun: Time, number: u64) -> Observation {
    let place = (number % u64::from(OBJECTS)) as u32;
    let turn = number / u64::from(OBJECTS);
    let mut pod = pods[place as usize][usize::from(turn % 7 == 6)].clone();
    let at = Time(begun.0 + number as i64 * STEP);
    let when = Time::from_seconds(at.seconds()).to_string();
    let uid = format!("{:08x}-0000-4000-8000-{place:012x}", place ^ 0x5eed_cafe);
    let revision = (1_000 + number).to_string();
    pod["metadata"]["uid"] = uid.clone().into();
    pod["metadata"]["resourceVersion"] = revision.clone().into();
    for condition in pod["status"]["conditions"].as_array_mut().into_iter().flatten().skip(2).take(2) {
        condition["lastTransitionTime"] = when.clone().into();
    }
    pod["status"]["containerStatuses"][0]["restartCount"] = turn.into();
    let subject = subject(&pod);
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
fn size(path: &Path) -> Result<u64> {
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

/// Rows a second that SQLite alone appends: the very rows that the history keeps, packed as they are, into the same tables
/// with the same indexes and triggers, in the same batches and with the same care for the disk. What the history does
/// besides is to write the JSON, to look whether it is known already, and to pack it.
fn sqlite(folder: &Path, kept: &Path) -> Result<f64> {
    let kept = rusqlite::Connection::open_with_flags(kept, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut bare = rusqlite::Connection::open(folder.join("bare.db"))?;
    for pragma in ["auto_vacuum", "journal_mode", "journal_size_limit", "synchronous"] {
        let value: rusqlite::types::Value = match pragma {
            // Of a connection, not of the file: as the history sets them.
            "journal_size_limit" => (16_i64 << 20).into(),
            "synchronous" => 1_i64.into(),
            _ => kept.pragma_query_value(None, pragma, |row| row.get(0))?,
        };
        bare.pragma_update_and_check(None, pragma, &value, |_| Ok(())).or_else(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => Ok(()),
            other => Err(other),
        })?;
    }
    let mut made = kept.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")?;
    for sql in made.query_map([], |row| row.get::<_, String>(0))? {
        bare.execute_batch(&sql?)?;
    }
    for table in ["words", "subjects", "dictionaries"] {
        copy(&kept, &mut bare, table, "rowid", &mut 0.0)?;
    }
    let mut seconds = 0.0;
    let count = copy(&kept, &mut bare, "observations", "seq", &mut seconds)?;
    Ok(count as f64 / seconds)
}

/// Copies a table in the order of a column; counts the rows, and the seconds of writing alone.
fn copy(
    from: &rusqlite::Connection,
    to: &mut rusqlite::Connection,
    table: &str,
    order: &str,
    seconds: &mut f64,
) -> Result<u64> {
    let mut all = from.prepare(&format!("SELECT * FROM {table} ORDER BY {order}"))?;
    let columns = all.column_count();
    let insert = format!("INSERT INTO {table} VALUES ({})", vec!["?"; columns].join(", "));
    let mut rows = all.query([])?;
    let mut count = 0;
    loop {
        let mut batch: Vec<Vec<rusqlite::types::Value>> = Vec::with_capacity(BATCH as usize);
        while batch.len() < BATCH as usize {
            let Some(row) = rows.next()? else { break };
            batch.push((0..columns).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?);
        }
        if batch.is_empty() {
            return Ok(count);
        }
        let started = Instant::now();
        let transaction = to.transaction()?;
        {
            let mut insert = transaction.prepare_cached(&insert)?;
            for row in &batch {
                insert.execute(rusqlite::params_from_iter(row))?;
            }
        }
        transaction.commit()?;
        *seconds += started.elapsed().as_secs_f64();
        count += batch.len() as u64;
    }
}
