use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use model::{Body, ObjectRef, Time};
use serde_json::Value;

use super::door::Door;
use super::{BackEnd, encoded, quoted};
use crate::ReadError;
use crate::connection::Inner;
use crate::live::{Gathering, Wanted};
use crate::reach::{Containers, LogQuestion, Read};

/// How far back is looked where no time is given: a pod that vanished did so lately.
const HOURS_BACK: i64 = 6;
/// Loki's own limit for one answer, and so many answers are asked for.
const PAGE: usize = 5_000;
const MOST_PAGES: usize = 40;

pub(super) struct Loki {
    pub inner: Arc<Inner>,
    pub door: Door,
}

/// One line: nanoseconds, container, text.
type Line = (i64, String, String);

#[async_trait]
impl BackEnd for Loki {
    fn name(&self) -> String {
        self.door.name.clone()
    }

    async fn logs(&self, question: &LogQuestion) -> Option<Result<Read, ReadError>> {
        Some(self.read(question).await)
    }
}

impl Loki {
    async fn read(&self, question: &LogQuestion) -> Result<Read, ReadError> {
        let what = format!("the stored log of `{}/{}`", question.namespace, question.pod);
        let mut lines = Vec::new();
        let mut more = None;
        // The labels of Promtail and Alloy, and then those that come from OpenTelemetry.
        for [namespace, pod, container] in
            [["namespace", "pod", "container"], ["k8s_namespace_name", "k8s_pod_name", "k8s_container_name"]]
        {
            let mut selector = format!("{{{namespace}={},{pod}={}", quoted(&question.namespace), quoted(&question.pod));
            if let Containers::Named(names) = &question.containers {
                let names: Vec<String> = names.iter().map(|name| regex::escape(name)).collect();
                selector.push_str(&format!(",{container}=~{}", quoted(&names.join("|"))));
            }
            selector.push('}');
            if let Some(matching) = &question.matching {
                selector.push_str(&format!(" |~ {}", quoted(&matching.expression())));
            }
            (lines, more) = self.pages(&selector, container, question, &what).await?;
            if !lines.is_empty() {
                break;
            }
        }
        let mut by_container: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
        for (at, container, line) in lines {
            by_container.entry(container).or_default().push((at, line));
        }
        let mut read = Read::default();
        for (container, mut lines) in by_container {
            lines.sort();
            let mut gathering = Gathering::new(Wanted::by(question));
            for (at, line) in &lines {
                gathering.line_at(Some(Time(at / 1_000)), line);
            }
            let body = gathering.done(&container, false, &self.inner.redactor, more.clone());
            let pod = ObjectRef::new("Pod", &question.namespace, &question.pod);
            read.observations.push(self.inner.read_now(pod, Body::Log(body)));
        }
        Ok(read)
    }

    /// All lines of a selector, page after page from the newest back, and what is missing.
    async fn pages(
        &self,
        selector: &str,
        container: &str,
        question: &LogQuestion,
        what: &str,
    ) -> Result<(Vec<Line>, Option<String>), ReadError> {
        let until = question.until.unwrap_or_else(|| self.inner.clock.now());
        let since = question.since.unwrap_or_else(|| until.plus_seconds(-HOURS_BACK * 3_600));
        let start = since.0.saturating_mul(1_000);
        let mut end = until.0.saturating_mul(1_000).saturating_add(1);
        let mut lines: Vec<Line> = Vec::new();
        for _ in 0..MOST_PAGES {
            let path = format!(
                "/loki/api/v1/query_range?query={}&start={start}&end={end}&limit={PAGE}&direction=backward",
                encoded(selector)
            );
            let answer = self.door.json(&path, what).await?;
            let page = lines_of(&answer, container);
            let count = page.len();
            let oldest = page.iter().map(|(at, _, _)| *at).min();
            lines.extend(page);
            match oldest {
                // The end is exclusive: what is as old as the oldest is asked for again and told apart below.
                Some(oldest) if count >= PAGE && oldest + 1 < end => end = oldest + 1,
                _ => {
                    lines.sort();
                    lines.dedup();
                    return Ok((lines, None));
                }
            }
        }
        lines.sort();
        lines.dedup();
        let oldest = Time(end / 1_000);
        Ok((
            lines,
            Some(format!("the log store was asked for {MOST_PAGES} pages; what is older than {oldest} was not read")),
        ))
    }
}

fn lines_of(answer: &Value, container: &str) -> Vec<Line> {
    let streams = answer.pointer("/data/result").and_then(Value::as_array).into_iter().flatten();
    let mut lines = Vec::new();
    for stream in streams {
        let name = stream["stream"][container].as_str().unwrap_or_default();
        for value in stream["values"].as_array().into_iter().flatten() {
            let at = value[0].as_str().and_then(|at| at.parse::<i64>().ok());
            if let (Some(at), Some(text)) = (at, value[1].as_str()) {
                lines.push((at, name.to_owned(), text.trim_end_matches('\n').to_owned()));
            }
        }
    }
    lines
}
