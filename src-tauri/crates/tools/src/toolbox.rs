use std::sync::Arc;

use model::ToolSpec;

use crate::Tool;
use crate::alerts::Alerts;
use crate::broken_hop::FirstBrokenHop;
use crate::dependencies::Dependencies;
use crate::describe::Describe;
use crate::dns_answer::DnsAnswer;
use crate::events::Events;
use crate::get_object::GetObject;
use crate::helm_release::HelmRelease;
use crate::knowledge_search::KnowledgeSearch;
use crate::list::List;
use crate::logs::Logs;
use crate::may_reach::MayReach;
use crate::metrics::Metrics;
use crate::neighbours::Neighbours;
use crate::node_agents::NodeAgents;
use crate::path::{BlastRadius, DependencyPath};
use crate::probe::Probe;
use crate::result_page::ResultPage;
use crate::rollout_history::RolloutHistory;
use crate::shape::{ConfigShape, SecretShape};
use crate::similar_cases::SimilarCases;
use crate::volume_chain::VolumeChain;
use crate::what_changed::WhatChanged;
use crate::write::{
    Annotate, Cordon, CronJobResume, CronJobSuspend, DeletePod, Patch, RolloutRestart, RolloutUndo, Scale, Uncordon,
    Write,
};

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
            .with(Arc::new(HelmRelease))
            .with(Arc::new(GetObject))
            .with(Arc::new(WhatChanged))
            .with(Arc::new(Dependencies))
            .with(Arc::new(Describe))
            .with(Arc::new(Events))
            .with(Arc::new(Neighbours))
            .with(Arc::new(KnowledgeSearch))
            .with(Arc::new(List))
            .with(Arc::new(DependencyPath))
            .with(Arc::new(BlastRadius))
            .with(Arc::new(FirstBrokenHop))
            .with(Arc::new(MayReach))
            .with(Arc::new(DnsAnswer))
            .with(Arc::new(RolloutHistory))
            .with(Arc::new(VolumeChain))
            .with(Arc::new(SimilarCases))
            .with(Arc::new(ResultPage))
            .with(Arc::new(Write::<RolloutUndo>::new()))
            .with(Arc::new(Write::<RolloutRestart>::new()))
            .with(Arc::new(Write::<Scale>::new()))
            .with(Arc::new(Write::<Patch>::new()))
            .with(Arc::new(Write::<DeletePod>::new()))
            .with(Arc::new(Write::<Cordon>::new()))
            .with(Arc::new(Write::<Uncordon>::new()))
            .with(Arc::new(Write::<CronJobSuspend>::new()))
            .with(Arc::new(Write::<CronJobResume>::new()))
            .with(Arc::new(Write::<Annotate>::new()))
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
