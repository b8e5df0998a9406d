use std::sync::Arc;

use async_trait::async_trait;

use super::BackEnd;
use crate::ReadError;
use crate::connection::Inner;
use crate::reach::{Measure, MetricQuestion, Read};

/// metrics.k8s.io: the use of CPU and memory now.
pub(super) struct MetricsServer(pub Arc<Inner>);

#[async_trait]
impl BackEnd for MetricsServer {
    fn name(&self) -> String {
        "metrics-server".into()
    }

    async fn metrics(&self, question: &MetricQuestion) -> Option<Result<Read, ReadError>> {
        let knows = matches!(question.measure, None | Some(Measure::Cpu | Measure::Memory));
        if !knows || question.query.is_some() {
            return None;
        }
        let found = self.0.resource_use(question).await;
        Some(found.map(|observations| Read {
            observations,
            notes: vec!["metrics-server tells of now alone: no past and no rates.".into()],
        }))
    }
}
