//! Fills a real API server with pods, and changes them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use reqwest::Method;
use serde_json::{Value, json};

use crate::controlplane::ApiServer;

/// Requests that are on their way at the same time.
const AT_ONCE: u32 = 12;

/// Writes to a real API server as its administrator.
#[derive(Clone)]
pub struct Load {
    client: reqwest::Client,
    base: String,
    token: &'static str,
    /// Kinds and shapes as the playground makes them up.
    made_up: Arc<playground::MadeUp>,
    /// The uids that the server gave, by name.
    uids: Arc<Mutex<HashMap<String, Value>>>,
}

impl Load {
    pub fn new(server: &ApiServer) -> Result<Load> {
        let client =
            reqwest::Client::builder().tls_danger_accept_invalid_certs(true).user_agent("caseboard-bench").build()?;
        Ok(Load {
            client,
            base: server.base.clone(),
            token: server.token,
            made_up: Arc::default(),
            uids: Arc::default(),
        })
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Vec<u8>> {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.base)).bearer_auth(self.token);
        if let Some(body) = body {
            let kind = if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
            request = request.header("content-type", kind).body(body.to_string());
        }
        let response = request.send().await?;
        let code = response.status().as_u16();
        let text = response.bytes().await?;
        ensure!(
            (200..300).contains(&code) || (code == 409 && method == Method::POST),
            "{method} {path} was answered with {code}: {}",
            String::from_utf8_lossy(&text).chars().take(300).collect::<String>()
        );
        Ok(text.to_vec())
    }

    /// Namespaces, nodes and owners of the first so many pods.
    pub async fn scenery(&self, pods: u32) -> Result<()> {
        for mut object in self.made_up.scenery(pods) {
            self.own(&mut object);
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let (kind, name, namespace) = (text("/kind"), text("/metadata/name"), text("/metadata/namespace"));
            let place = match kind.as_str() {
                "Namespace" => "/api/v1/namespaces".to_owned(),
                "Node" => "/api/v1/nodes".to_owned(),
                "Deployment" => format!("/apis/apps/v1/namespaces/{namespace}/deployments"),
                _ => format!("/apis/apps/v1/namespaces/{namespace}/replicasets"),
            };
            let made = self.send(Method::POST, &place, Some(&object)).await;
            let made: Value = serde_json::from_slice(&made.with_context(|| format!("could not make {kind} {name}"))?)?;
            if made["kind"] == kind.as_str() {
                self.uids
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(name.clone(), made["metadata"]["uid"].clone());
            }
            if matches!(kind.as_str(), "Node" | "Deployment" | "ReplicaSet") {
                let status = json!({ "status": object["status"] });
                self.send(Method::PATCH, &format!("{place}/{name}/status"), Some(&status)).await?;
            }
        }
        Ok(())
    }

    /// Makes a pod and says that it runs, as its node would.
    pub async fn pod(&self, place: u32, life: u32) -> Result<()> {
        let mut pod = self.made_up.pod(place, life, playground::PodPhase::Running);
        self.own(&mut pod);
        let (namespace, name) = names(&pod);
        self.send(Method::POST, &format!("/api/v1/namespaces/{namespace}/pods"), Some(&pod)).await?;
        self.set_status(&pod, &namespace, &name).await
    }

    /// Its owner under the uid that the server gave it.
    fn own(&self, object: &mut Value) {
        let uids = self.uids.lock().unwrap_or_else(PoisonError::into_inner);
        for owner in object["metadata"]["ownerReferences"].as_array_mut().into_iter().flatten() {
            if let Some(uid) = owner["name"].as_str().and_then(|name| uids.get(name)) {
                owner["uid"] = uid.clone();
            }
        }
    }

    async fn set_status(&self, pod: &Value, namespace: &str, name: &str) -> Result<()> {
        let status = json!({ "status": pod["status"] });
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/status");
        self.send(Method::PATCH, &path, Some(&status)).await.map(drop)
    }

    /// Sets what a pod's node says of it; gives the subject of the incident that it becomes, or was.
    pub async fn say(&self, place: u32, life: u32, phase: playground::PodPhase) -> Result<String> {
        let pod = self.made_up.pod(place, life, phase);
        let (namespace, name) = names(&pod);
        self.set_status(&pod, &namespace, &name).await?;
        let app = pod.pointer("/metadata/labels/app.kubernetes.io~1name").and_then(Value::as_str).unwrap_or_default();
        Ok(format!("Deployment/{namespace}/{app}"))
    }

    async fn delete(&self, place: u32, life: u32) -> Result<()> {
        let (namespace, name) = names(&self.made_up.pod(place, life, playground::PodPhase::Running));
        let now = json!({ "gracePeriodSeconds": 0 });
        self.send(Method::DELETE, &format!("/api/v1/namespaces/{namespace}/pods/{name}"), Some(&now)).await.map(drop)
    }

    /// Makes the pods of these places, several at once; gives how many a second.
    pub async fn fill(&self, places: std::ops::Range<u32>) -> Result<f64> {
        let started = Instant::now();
        let count = places.len();
        let next = Arc::new(AtomicU32::new(places.start));
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE {
            let (load, next, end) = (self.clone(), Arc::clone(&next), places.end);
            workers.spawn(async move {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    if place >= end {
                        return anyhow::Ok(());
                    }
                    load.pod(place, 0).await?;
                }
            });
        }
        while let Some(done) = workers.join_next().await {
            done??;
        }
        Ok(count as f64 / started.elapsed().as_secs_f64())
    }

    /// A rollout of the places from `first` on: old pods are deleted, new ones made and run, at so many writes a second at
    /// most, until the time is over; gives how many there were a second.
    pub async fn storm(&self, places: Vec<u32>, rate: f64, until: Instant) -> Result<f64> {
        let started = Instant::now();
        let next = Arc::new(AtomicU32::new(0));
        let places = Arc::new(places);
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE * 2 {
            let (load, next, places) = (self.clone(), Arc::clone(&next), Arc::clone(&places));
            workers.spawn(async move {
                loop {
                    // Three writes for each pod: gone, new, running.
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let due = started + Duration::from_secs_f64(f64::from(number) * 3.0 / rate);
                    if due >= until {
                        return anyhow::Ok(());
                    }
                    tokio::time::sleep_until(due.into()).await;
                    if Instant::now() >= until {
                        return Ok(());
                    }
                    let place = places[number as usize % places.len()];
                    let life = number / places.len() as u32;
                    load.delete(place, life).await?;
                    load.pod(place, life + 1).await?;
                }
            });
        }
        while let Some(done) = workers.join_next().await {
            done??;
        }
        Ok(f64::from(next.load(Ordering::Relaxed)) * 3.0 / started.elapsed().as_secs_f64())
    }
}

fn names(pod: &Value) -> (String, String) {
    let text = |field: &str| pod["metadata"][field].as_str().unwrap_or_default().to_owned();
    (text("namespace"), text("name"))
}
