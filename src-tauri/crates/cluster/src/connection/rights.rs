use std::time::Duration;

use futures::StreamExt;
use futures::stream;
use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE};
use kube::Client;
use serde_json::{Value, json};

use super::scope::{Rights, Rules};
use crate::Kind;

/// No role binding stands in a namespace that does not exist: the rules of a review in it are those that hold in every
/// namespace. Kubernetes has no question of its own for them.
const NOWHERE: &str = "caseboard-no-such-namespace";
/// Every namespace costs a watch for each kind; of those that were not asked for, so many are watched.
const FOUND_AT_MOST: usize = 12;
/// Namespaces whose rules are asked for, of those that the cluster lists.
const ASKED_AT_MOST: usize = 60;
const AT_ONCE: usize = 8;
/// For each question, and for all of them; what was answered by then is used.
const TAKES_AT_MOST: Duration = Duration::from_secs(10);

/// Asks which rules apply to this login, in as few requests as answer it: one for whoever may list everything. `None`
/// where the cluster does not say (or not in time): then everything is tried, and its refusals tell.
///
/// `wanted` are the namespaces of interest; `only` those. `everywhere` is the answer of [`everywhere`], where that was
/// asked already.
pub(super) async fn ask(
    client: &Client,
    kinds: &[Kind],
    wanted: &[String],
    only: bool,
    everywhere: Option<Rules>,
) -> Option<Rights> {
    let everywhere = match everywhere {
        Some(everywhere) => everywhere,
        None => self::everywhere(client).await?,
    };
    let mut rights = Rights { everywhere, ..Rights::default() };
    if kinds.iter().all(|kind| rights.everywhere(kind)) {
        return Some(rights);
    }
    let over = tokio::time::Instant::now() + TAKES_AT_MOST;
    let found = match kinds.iter().find(|kind| kind.kind == "Namespace") {
        Some(kind) if !only && rights.everywhere(kind) => {
            tokio::time::timeout_at(over, namespaces(client)).await.unwrap_or_default()
        }
        Some(_) | None => Vec::new(),
    };
    let mut found: Vec<String> = found.into_iter().filter(|name| !wanted.contains(name)).collect();
    rights.left_out = found.split_off(found.len().min(ASKED_AT_MOST));
    let names: Vec<String> = wanted.iter().cloned().chain(found).collect();
    let questions: Vec<_> = names.iter().map(|name| rules(client, name)).collect();
    let answers: Vec<Option<Rules>> = all_until(over, questions).await;
    rights.partial = answers.len() < names.len();
    if answers.is_empty() && !names.is_empty() {
        tracing::debug!("the cluster did not say in time what may be listed");
        return None;
    }
    rights.left_out.splice(0..0, names.iter().skip(answers.len().max(wanted.len())).cloned());
    let of_names: Vec<(String, Rules)> =
        names.iter().cloned().zip(answers).filter_map(|(name, rules)| Some((name, rules?))).collect();
    rights.take(kinds, wanted, of_names, FOUND_AT_MOST);
    let open = rights.open(kinds);
    let keys: Vec<(String, String)> = open.iter().map(|(kind, namespace)| (kind.name(), namespace.clone())).collect();
    let questions: Vec<_> = open.iter().map(|(kind, namespace)| may_list(client, kind, namespace)).collect();
    let answers: Vec<bool> = all_until(over + TAKES_AT_MOST, questions).await;
    rights.partial |= answers.len() < keys.len();
    rights.asked = keys.into_iter().zip(answers).collect();
    Some(rights)
}

/// A few at a time, in order; the answers that there are when the time is over.
async fn all_until<F: Future>(over: tokio::time::Instant, questions: Vec<F>) -> Vec<F::Output> {
    stream::iter(questions).buffered(AT_ONCE).take_until(tokio::time::sleep_until(over)).collect().await
}

/// The rules that hold in every namespace; needs no knowledge of what is served.
pub(super) async fn everywhere(client: &Client) -> Option<Rules> {
    tokio::time::timeout(TAKES_AT_MOST, rules(client, NOWHERE)).await.ok()?
}

async fn rules(client: &Client, namespace: &str) -> Option<Rules> {
    let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace}});
    let answer = post(client, "selfsubjectrulesreviews", &review).await?;
    answer["status"]["resourceRules"].is_array().then(|| Rules::read(&answer["status"]))
}

async fn may_list(client: &Client, kind: &Kind, namespace: &str) -> bool {
    let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "verb": "list", "group": kind.group, "resource": kind.plural, "namespace": namespace}}});
    let answer = post(client, "selfsubjectaccessreviews", &review).await;
    answer.is_some_and(|answer| answer["status"]["allowed"] == true)
}

async fn namespaces(client: &Client) -> Vec<String> {
    let asked = Request::get("/api/v1/namespaces?limit=500")
        .header(ACCEPT, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json")
        .body(Vec::new());
    let Ok(request) = asked else { return Vec::new() };
    let list: Value = client.request(request).await.unwrap_or_default();
    let items = list["items"].as_array().into_iter().flatten();
    items.filter_map(|item| item["metadata"]["name"].as_str().map(str::to_owned)).collect()
}

async fn post(client: &Client, reviews: &str, review: &Value) -> Option<Value> {
    let path = format!("/apis/authorization.k8s.io/v1/{reviews}");
    let request = Request::post(path).header(CONTENT_TYPE, "application/json").body(review.to_string().into_bytes());
    let answer = client.request::<Value>(request.ok()?).await;
    answer.inspect_err(|error| tracing::debug!(%error, reviews, "the cluster does not say what is allowed")).ok()
}
