//! Figures of the window: `cargo xtask bench --only window`.
//!
//! Start and memory are those of the real program under a virtual screen, with an empty home folder and no network. The
//! window says itself when it was painted and when it could be used; both are in its log. What the canvases cost is
//! measured in a browser (`ui/browser/figures.ts`) and handed over as a file.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use caseboard_tests::process::Process;
use caseboard_tests::window::Screen;
use serde_json::{Map, Value, json};
use wire::rows::Update;
use wire::{Commands as _, Workbench};

/// The first start fills the disk's cache and is left out.
const STARTS: usize = 6;
const PATIENCE: Duration = Duration::from_secs(60);
/// The shell's own pause between two messages to the window.
const PAUSE: Duration = Duration::from_millis(100);
const STORM: Duration = Duration::from_secs(5);

struct Started {
    painted_ms: f64,
    usable_ms: f64,
    memory_mb: f64,
}

fn main() -> anyhow::Result<()> {
    let (mut program, mut drawn, mut as_json) = (None, None, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => as_json = true,
            "--program" => program = arguments.next().map(PathBuf::from),
            "--drawn" => drawn = arguments.next().map(PathBuf::from),
            other => bail!("`{other}` is unknown; there are --program, --drawn and --json"),
        }
    }
    let program = program.context("say with --program which window is measured")?;
    let mut figures = Map::new();
    let screen = Screen::start().context("a virtual screen is needed: install xvfb")?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(start(&program, &screen)?);
    }
    let starts = &starts[1..];
    figures.insert("first_paint_ms".into(), median(starts.iter().map(|s| s.painted_ms)));
    figures.insert("usable_ms".into(), median(starts.iter().map(|s| s.usable_ms)));
    figures.insert("memory_mb".into(), median(starts.iter().map(|s| s.memory_mb)));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let storm = runtime.block_on(storm())?;
    figures.insert("storm_wakeups_per_s".into(), json!(storm.woken));
    figures.insert("storm_update_bytes_per_s".into(), json!(storm.bytes));
    if let Some(path) = drawn {
        let text = std::fs::read_to_string(&path).with_context(|| format!("could not read `{}`", path.display()))?;
        let line = text.lines().rev().find(|line| line.starts_with('{')).context("the browser measured nothing")?;
        let measured: Map<String, Value> = serde_json::from_str(line)?;
        figures.extend(measured);
    }
    if as_json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    } else {
        for (name, value) in &figures {
            println!("{name:<26} {value:>10}");
        }
    }
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> Value {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).map_or(Value::Null, |value| json!((value * 10.0).round() / 10.0))
}

fn now_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1000.0
}

/// Starts the program once, waits until it can be used and has settled, and ends it.
fn start(program: &Path, screen: &Screen) -> anyhow::Result<Started> {
    let home = tempfile::tempdir()?;
    let mut command = Command::new(program);
    command
        .env("DISPLAY", screen.display())
        .env("GDK_BACKEND", "x11")
        .env("CASEBOARD_HOME", home.path())
        .env("HOME", home.path())
        .env("CASEBOARD_LOG", "info")
        .env_remove("KUBECONFIG")
        .env_remove("WAYLAND_DISPLAY")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let began = now_ms();
    let mut running = Process::start_group(&mut command)?;
    let waiting = Instant::now();
    let (painted_at, usable_at) = loop {
        if let Some(said) = said(home.path()) {
            break said;
        }
        if waiting.elapsed() > PATIENCE {
            bail!("the window did not say within {PATIENCE:?} that it can be used");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    // What the start needed for a moment is given back.
    std::thread::sleep(Duration::from_secs(5));
    let memory_mb = memory(running.id());
    running.kill();
    Ok(Started { painted_ms: painted_at / 1000.0 - began, usable_ms: usable_at / 1000.0 - began, memory_mb })
}

/// When the window was painted and usable, in microseconds since 1970, as its log says.
fn said(home: &Path) -> Option<(f64, f64)> {
    let mut folders = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).ok()?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if !path.components().any(|part| part.as_os_str() == "logs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let Some(line) = text.lines().find(|line| line.contains("the window can be used")) else { continue };
            return Some((number(line, "painted_at")?, number(line, "usable_at")?));
        }
    }
    None
}

fn number(line: &str, name: &str) -> Option<f64> {
    let (_, rest) = line.split_once(name)?;
    let digits: String = rest.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Proportional memory of a process and all that it started, in MB.
fn memory(root: u32) -> f64 {
    let mut all = vec![root];
    let mut kilobytes = 0.0;
    while let Some(process) = all.pop() {
        let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
        let pss =
            rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB")?.trim().parse().ok());
        kilobytes += pss.unwrap_or(0.0);
        let tasks = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
        for task in tasks {
            let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
    }
    kilobytes / 1024.0
}

/// What a storm of changes sends to one window in a second.
struct Storm {
    woken: f64,
    /// Of updates alone: what the window then asks for again is answered once a second.
    bytes: f64,
}

/// How often a second the shell would wake its window while two thousand things a second change.
async fn storm() -> anyhow::Result<Storm> {
    let home = tempfile::tempdir()?;
    let opening = desk::Opening {
        paths: desk::Paths::in_folder(home.path())?,
        in_memory: true,
        knowledge: Vec::new(),
        kubeconfigs: cluster::Sources::default(),
        with_added: false,
    };
    let bench = Workbench::with(opening, "demo".into()).await?;
    let clusters = bench.clusters_list(wire::Nothing {}).await.map_err(anyhow::Error::msg)?;
    let id = clusters.first().context("the playground is not served")?.id.clone();
    let mut updates = bench.updates();
    let teller = std::sync::Arc::clone(bench.desk());
    let telling = tokio::spawn(async move {
        let mut tick = tokio::time::interval(Duration::from_millis(5));
        loop {
            tick.tick().await;
            for _ in 0..10 {
                teller.tell(Update::ClusterChanged { cluster: id.clone() });
            }
        }
    });
    // From one waking on: what is counted are the pauses between them.
    let _ = updates.gathered(PAUSE).await;
    let began = Instant::now();
    let (mut woken, mut bytes) = (0_u32, 0_usize);
    while began.elapsed() < STORM {
        // A window that fell behind is woken too.
        if let Ok(gathered) = updates.gathered(PAUSE).await {
            bytes += serde_json::to_vec(&gathered)?.len();
        }
        woken += 1;
    }
    let seconds = began.elapsed().as_secs_f64();
    telling.abort();
    bench.close().await;
    Ok(Storm { woken: (f64::from(woken) / seconds * 10.0).round() / 10.0, bytes: (bytes as f64 / seconds).round() })
}
