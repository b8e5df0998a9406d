use std::sync::Arc;
use std::time::Duration;

use http::Request;
use model::{ChangeKind, Doc, ObjectRef, Observation};

use super::Inner;
use crate::Kind;
use crate::arrival::{Decoder, How};

/// A lease says nothing that is worth more waiting.
const WITHIN: Duration = Duration::from_secs(10);

/// Whether a node's controller has not heard from it: the one time that its lease tells more than its conditions do.
pub(super) fn is_lost(node: &Doc) -> bool {
    let conditions = node["status"]["conditions"].as_array().unwrap_or_default();
    conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "Unknown")
}

/// Reads a node's lease, beside the watch that noticed. That it cannot be read is no trouble: it is one more word about a
/// node that is known to be lost.
pub(super) fn read(inner: &Arc<Inner>, node: String) {
    let inner = Arc::downgrade(inner);
    tokio::spawn(async move {
        let Some(inner) = inner.upgrade() else { return };
        if let Ok(Some(observation)) = tokio::time::timeout(WITHIN, ask(&inner, &node)).await {
            inner.writer.keep(observation);
        }
    });
}

async fn ask(inner: &Inner, node: &str) -> Option<Observation> {
    let kind = Kind {
        group: "coordination.k8s.io".into(),
        version: "v1".into(),
        kind: "Lease".into(),
        plural: "leases".into(),
        namespaced: true,
        listable: true,
    };
    let lease = ObjectRef::new("Lease", "kube-node-lease", node);
    let client = inner.client().await.ok()?;
    let request = Request::get(crate::live::path(&kind, &lease)).body(Vec::new()).ok()?;
    let text = client.request_text(request).await.ok()?;
    let incoming = Decoder { kind: &kind, redactor: &inner.redactor }.item(text.as_bytes()).ok()?;
    let now = inner.clock.now();
    inner.arrivals.object(&kind, incoming, None, How::Listed, ChangeKind::Present, now).map(|(_, lease)| lease)
}
