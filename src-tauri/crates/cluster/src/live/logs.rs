use model::{Body, LogBody, ObjectRef};
use serde_json::Value;

use super::{Answer, MOST_BYTES, Text, segment};
use crate::{Connection, LogQuestion, ReadError, TroubleKind};

/// What the API server is asked for at most, in lines; a crash is told by the end of a log.
const MOST_LINES: u32 = 5_000;

impl Connection {
    pub(crate) async fn logs(&self, question: &LogQuestion) -> Answer {
        let LogQuestion { namespace, pod, container, previous, tail, since } = question;
        let what = format!("the {}log of `{namespace}/{pod}`", if *previous { "previous " } else { "" });
        let path = format!("/api/v1/namespaces/{}/pods/{}", segment(namespace), segment(pod));
        let container = match container {
            Some(container) => container.clone(),
            None => {
                let pod = self.inner.get_json(&path).await.map_err(|trouble| trouble.reading(&what))?;
                telling_container(&pod).ok_or_else(|| {
                    ReadError::not_available(&what, "the pod has no containers", "Look at its controller.")
                })?
            }
        };
        let lines = tail.unwrap_or(MOST_LINES).clamp(1, MOST_LINES);
        let mut ask = format!(
            "{path}/log?container={}&tailLines={lines}&limitBytes={MOST_BYTES}&previous={previous}",
            segment(&container)
        );
        if let Some(since) = since {
            let seconds = self.inner.clock.now().seconds_since(*since).ceil().max(1.0);
            ask.push_str(&format!("&sinceSeconds={seconds:.0}"));
        }
        let what = format!("{what}, container `{container}`");
        let Text { text, cut } = match self.inner.get_text(&ask, "*/*", MOST_BYTES).await {
            Ok(text) => text,
            // 400 is how the kubelet says that there is no such log: not started yet, or never restarted.
            Err(trouble) if trouble.kind == TroubleKind::Server && trouble.why.starts_with("400") => {
                let hint =
                    if *previous { "Read the current log instead." } else { "Look at the pod's events instead." };
                return Err(ReadError::not_available(what, trouble.why, hint));
            }
            Err(trouble) => return Err(trouble.reading(what)),
        };
        let text = self.inner.redactor.text(&text).as_str().trim_end().to_owned();
        let cut = if cut {
            Some(format!("only {} MB were read", MOST_BYTES >> 20))
        } else if text.lines().count() >= lines as usize {
            Some(format!("only the last {lines} lines were read"))
        } else {
            since.map(|since| format!("only what was written since {since}"))
        };
        let body = Body::Log(LogBody { container, previous: *previous, text, cut });
        Ok(vec![self.inner.read_now(ObjectRef::new("Pod", namespace, pod), body)])
    }
}

/// The container whose log says most: one that fails, an init container before the others; the first one otherwise.
fn telling_container(pod: &Value) -> Option<String> {
    let name = |value: &Value| value["name"].as_str().map(str::to_owned);
    let statuses = |field: &str| pod["status"][field].as_array().cloned().unwrap_or_default();
    let ended_badly = |status: &Value| {
        ["state", "lastState"].iter().any(|state| {
            let ended = &status[*state]["terminated"];
            ended.is_object() && ended["exitCode"].as_i64() != Some(0)
        }) || status["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    };
    let restarted = |status: &Value| status["restartCount"].as_u64().unwrap_or(0) > 0;
    let init = statuses("initContainerStatuses");
    let main = statuses("containerStatuses");
    let unfinished = |status: &&Value| status["state"]["terminated"]["exitCode"].as_i64() != Some(0);
    let started = |status: &&Value| status["state"]["waiting"]["reason"] != "PodInitializing";
    init.iter()
        .filter(unfinished)
        .find(|s| ended_badly(s))
        .or_else(|| main.iter().find(|s| ended_badly(s)))
        .or_else(|| main.iter().find(|s| restarted(s)))
        .or_else(|| main.iter().filter(started).find(|s| s["ready"] == false))
        .or_else(|| init.iter().find(|s| s["state"]["running"].is_object()))
        .and_then(&name)
        .or_else(|| pod.pointer("/spec/containers/0").and_then(&name))
}
