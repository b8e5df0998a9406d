use std::sync::Arc;

use model::ToolSpec;

use crate::Tool;
use crate::alerts::Alerts;
use crate::dependencies::Dependencies;
use crate::describe::Describe;
use crate::events::Events;
use crate::get_object::GetObject;
use crate::knowledge_search::KnowledgeSearch;
use crate::logs::Logs;
use crate::metrics::Metrics;
use crate::neighbours::Neighbours;
use crate::node_agents::NodeAgents;
use crate::probe::Probe;
use crate::shape::{ConfigShape, SecretShape};
use crate::what_changed::WhatChanged;
use crate::write::{RolloutRestart, RolloutUndo, Scale};

/// The tools of an investigation, by name.
#[derive(Clone, Default)]
pub struct Toolbox {
    tools: Vec<Arc<dyn Tool>>,
}

impl Toolbox {
    /// Every tool that Caseboard has.
    pub fn standard() -> Self {
        Toolbox::default()
            .with(Arc::new(Logs))
            .with(Arc::new(Metrics))
            .with(Arc::new(Alerts))
            .with(Arc::new(Probe))
            .with(Arc::new(NodeAgents))
            .with(Arc::new(ConfigShape))
            .with(Arc::new(SecretShape))
            .with(Arc::new(GetObject))
            .with(Arc::new(WhatChanged))
            .with(Arc::new(Dependencies))
            .with(Arc::new(Describe))
            .with(Arc::new(Events))
            .with(Arc::new(Neighbours))
            .with(Arc::new(KnowledgeSearch))
            .with(Arc::new(Scale))
            .with(Arc::new(RolloutRestart))
            .with(Arc::new(RolloutUndo))
    }

    pub fn with(mut self, tool: Arc<dyn Tool>) -> Self {
        self.tools.push(tool);
        self
    }

    pub fn get(&self, name: &str) -> Option<&Arc<dyn Tool>> {
        self.tools.iter().find(|t| t.spec().name == name)
    }

    pub fn specs(&self) -> Vec<ToolSpec> {
        self.tools.iter().map(|t| t.spec()).collect()
    }
}
