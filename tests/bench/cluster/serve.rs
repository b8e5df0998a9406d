//! Playground clusters full of made-up pods, in a process whose memory is nobody's concern.
//!
//! It says `kubeconfigs`, then reads `churn PER_SECOND`, `changes` (answered with how many pods changed), `crash PLACE`
//! (answered with `crashed` and the time) and `heal PLACE`.

use anyhow::{Context, Result, bail};
use playground::{Served, Settings, Source};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::process::now_micros;

/// The first argument is the number of clusters, the second that of the pods of each, the third a folder.
pub async fn run(arguments: &[String]) -> Result<()> {
    let [clusters, pods, folder] = arguments else { bail!("serve CLUSTERS PODS FOLDER") };
    let mut all: Vec<Served> = Vec::new();
    for number in 0..clusters.parse::<u32>()? {
        let settings = Settings { port: 0, folder: folder.into(), name: format!("crowd-{number:02}"), history: None };
        all.push(playground::serve(Source::Crowd(pods.parse()?), settings).await?);
    }
    let kubeconfigs: Vec<String> = all.iter().map(|served| served.kubeconfig.display().to_string()).collect();
    println!("{}", json!({ "kubeconfigs": kubeconfigs }));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let (word, rest) = line.split_once(' ').unwrap_or((line.as_str(), ""));
        match word {
            "churn" => {
                let each = rest.parse::<f64>()? / all.len().max(1) as f64;
                all.iter().filter_map(Served::crowd).for_each(|crowd| crowd.set_churn(each));
            }
            "changes" => {
                let changes: u64 = all.iter().filter_map(Served::crowd).map(|crowd| crowd.changed()).sum();
                println!("{}", json!({ "changes": changes }));
            }
            "crash" => {
                let first = all.first().context("there is no cluster")?;
                let pod = first.crash(rest.parse()?).context("there is no such pod")?;
                println!("{}", json!({ "crashed": pod.to_string(), "at": now_micros() }));
            }
            "heal" => {
                if let Some(first) = all.first() {
                    first.heal(rest.parse()?);
                }
            }
            _ => {}
        }
    }
    Ok(())
}
