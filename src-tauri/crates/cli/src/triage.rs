use clap::Args;
use model::Severity;

use crate::report::IncidentReport;
use crate::source::{Opened, Source};
use crate::{Failed, out};

#[derive(Args)]
pub struct Triage {
    #[command(flatten)]
    source: Source,
    #[arg(long)]
    json: bool,
}

impl Triage {
    pub async fn run(self) -> Result<(), Failed> {
        let opened = self.source.open().await?;
        if self.json {
            return out::json(&told(&opened)?);
        }
        let view = opened.desk.triage(&opened.cluster, None)?;
        if view.triage.incidents.is_empty() {
            let looked: u32 = view.looked_at.iter().map(|(_, count)| count).sum();
            out::line(&format!("Nothing is broken ({looked} objects looked at)."));
        }
        for incident in &view.triage.incidents {
            out::line(&format!("{} {}  since {}", mark(incident.severity), incident.title, incident.started_at));
            for subject in incident.subjects.iter().take(6) {
                out::line(&format!("    {subject}"));
            }
            if let Some(origin) = &incident.origin {
                out::line(&format!("    seems to start at {origin}"));
            }
        }
        for sentence in &view.triage.not_checked {
            out::line(&format!("not checked: {sentence}"));
        }
        if !view.triage.noise.is_empty() {
            out::line(&format!("{} signals set aside as noise (--json lists them)", view.triage.noise.len()));
        }
        Ok(())
    }
}

/// The whole answer, for programs.
pub fn told(opened: &Opened) -> Result<serde_json::Value, Failed> {
    let view = opened.desk.triage(&opened.cluster, None)?;
    let incidents: Vec<IncidentReport> = view.triage.incidents.iter().map(IncidentReport::of).collect();
    Ok(serde_json::json!({
        "source": opened.name,
        "at": view.triage.at.to_string(),
        "incidents": incidents,
        "noise": view.triage.noise.iter().map(|entry| serde_json::json!({
            "subject": entry.signal.subject.to_string(),
            "title": entry.signal.title,
            "rule": entry.rule,
            "because": entry.because,
        })).collect::<Vec<_>>(),
        "not_checked": view.triage.not_checked,
    }))
}

pub fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "▲ critical",
        Severity::Major => "◆ major   ",
        Severity::Minor => "● minor   ",
        Severity::Info => "○ info    ",
    }
}
