//! What each fact means when it is true.

use std::collections::HashMap;
use std::sync::LazyLock;

use model::{Category, Severity};

/// How a fact bears on trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Says nothing about trouble by itself.
    Context,
    /// Trouble that something else may have caused.
    Symptom,
    /// Trouble that explains itself and others.
    Cause,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub category: Category,
    pub severity: Severity,
    pub role: Role,
}

/// How a fact bears on trouble; a name that is not in the catalogue is context.
pub fn role_of(name: &str) -> Role {
    entry(name).map_or(Role::Context, |e| e.role)
}

/// Whether code can say a fact of this name.
pub fn is_fact(name: &str) -> bool {
    entry(name).is_some()
}

pub(crate) fn entry(name: &str) -> Option<Entry> {
    BY_NAME.get(name).copied()
}

#[cfg(test)]
pub(crate) fn names() -> Vec<&'static str> {
    BY_NAME.keys().copied().collect()
}

static BY_NAME: LazyLock<HashMap<&'static str, Entry>> = LazyLock::new(|| {
    let groups = [
        (Category::AppInfra, WORKLOADS),
        (Category::ImageDeployment, DEPLOYMENTS),
        (Category::ConfigSecrets, CONFIGURATION),
        (Category::ResourceExhaustion, RESOURCES),
        (Category::Cascading, ROUTES),
        (Category::Storage, STORAGE),
    ];
    let mut all = HashMap::new();
    for (category, text) in groups {
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let (Some(role), Some(severity)) = (words.next(), words.next()) else { continue };
            let role = match role {
                "cause" => Role::Cause,
                "symptom" => Role::Symptom,
                _ => Role::Context,
            };
            let severity = match severity {
                "critical" => Severity::Critical,
                "major" => Severity::Major,
                "minor" => Severity::Minor,
                _ => Severity::Info,
            };
            for name in words {
                all.insert(name, Entry { category, severity, role });
            }
        }
    }
    all
});

const WORKLOADS: &str = "
context info workload_healthy logs_clean log_pattern logs_errors autoscaler_absent depended_on_by blueprint_dependency alerts_quiet recorded_change
context info container_terminated scheduler_unknown
symptom major crash_loop pod_not_ready replicas_unavailable pods_missing statefulset_blocked
symptom minor invariant_broken condition_unmet container_restarted sidecar_not_ready container_waiting pod_failed
symptom major pod_pending daemonset_short
cause major replicas_zero init_container_failing lifecycle_hook_failed job_failed job_held_by_sidecar pod_stuck_terminating
cause major namespace_terminating
cause minor cronjob_not_running
cause minor rollout_paused
context info cronjob_suspended probe_timeout_short probes_disagree probe_differs_from_siblings probe_differs_from_previous readiness_failing_while_serving
symptom major probe_failing
cause major probe_port_unlistened probe_kind_mismatch probe_too_early
cause critical gpu_error
symptom major latency_rise network_errors error_rate_rise alert_firing
symptom minor traffic_rise metric_anomaly
cause critical node_not_ready node_runtime_down node_agent_down node_network_unavailable node_lease_stale node_unreachable
cause major node_problem node_clock_skew control_plane_pod_down apiserver_trouble
cause critical scheduler_not_working controller_manager_not_working
context info node_agent_up node_agent_error node_taint node_version_skew
symptom major sandbox_failed
symptom critical scheduler_silent
symptom minor pod_preempted
cause minor disruption_budget_blocks
";

const DEPLOYMENTS: &str = "
context info image_tag_mutable changed_recently image_changed env_changed resources_changed probe_changed rolled_out_recently
cause major image_pull_failed node_cannot_pull image_architecture_mismatch image_pull_secret_missing container_cannot_start gitops_drift
symptom major rollout_stalled
symptom major pods_create_failed
";

const CONFIGURATION: &str = "
context info env_names_skipped config_changed_before_restart config_changed_after_start changed_after_trouble config_differs_from_running env_value_differs_from_siblings env_value_empty certificate_expires_soon
cause major config_source_failing config_object_missing config_key_missing service_account_missing env_address_unknown env_address_misdirected container_port_conflict env_port_wrong env_protocol_wrong env_undefined
cause major secret_differs_from_siblings secret_encoded_twice certificate_expired
cause major admission_denied webhook_unavailable priority_class_missing
cause major quota_exceeded quota_leaves_no_room_for limit_range_violated quota_needs_requests
symptom major quota_blocks
context minor quota_full
";

const RESOURCES: &str = "
symptom major unschedulable
cause major insufficient_resource resource_claims_unallocated unschedulable_otherwise request_exceeds_every_node node_affinity_unmatched pod_anti_affinity_conflict pod_affinity_unmatched taint_not_tolerated nodes_cordoned topology_spread_unsatisfied too_many_pods host_port_conflict scheduling_gated
context info limit_exceeds_every_node pinned_to_node node_overcommitted memory_flat no_memory_limit cpu_limit_tiny
symptom major volume_binding_failed
cause major oom_killed pod_evicted node_pressure kernel_oom image_gc_failed disk_full
cause minor node_cordoned autoscaler_at_ceiling autoscaler_blind autoscaler_target_missing
cause major cpu_throttled memory_near_limit memory_slope limit_below_request_of_runtime gpu_hot
symptom major cpu_high
";

const ROUTES: &str = "
cause major service_selects_no_pods service_selects_wrong_pods service_target_port_closed service_named_port_missing service_protocol_mismatch service_missing
context info service_selects_several_workloads external_name_service service_port_app_protocol_mismatch policy_isolates dns_policy_default probe_reachable policy_denies_api
context info dependency_broken
symptom major service_no_ready_endpoints probe_unreachable refuses_clients
cause major endpoints_empty service_endpoints_absent tls_secret_unusable ingress_backend_missing ingress_class_missing gateway_route_unresolved policy_denies policy_denies_dns dns_policy_broken service_port_not_offered
cause minor load_balancer_pending
cause major traffic_policy_leaves_nobody
cause critical cluster_dns_unhealthy
symptom major dns_resolution_failed
";

const STORAGE: &str = "
symptom major claim_pending claim_unbound_for
cause major claim_missing claim_lost volume_bound_elsewhere access_mode_mismatch storage_class_mismatch claim_selector_mismatch capacity_mismatch storage_class_missing provisioning_failed volume_attach_failed volume_mount_failed volume_filesystem_damaged volume_permission_denied volume_full csi_driver_missing
cause major claim_terminating
cause minor volume_resize_failed snapshot_failed
context info volume_shared csi_error
";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Names in the first column of the page's tables, and in its paragraph on logs.
    fn documented() -> BTreeSet<String> {
        let page = include_str!("../../FACTS.md");
        let tables = page
            .lines()
            .filter(|line| line.starts_with("| `"))
            .filter_map(|line| line.trim_start_matches("| `").split('`').next().map(str::to_owned));
        tables.chain(["log_pattern".to_owned()]).collect()
    }

    #[test]
    fn the_page_and_the_catalogue_name_the_same_facts() {
        let documented = documented();
        let known: BTreeSet<String> = names().into_iter().map(str::to_owned).collect();
        let undocumented: Vec<_> = known.difference(&documented).collect();
        let unknown: Vec<_> = documented.difference(&known).collect();
        assert!(
            undocumented.is_empty() && unknown.is_empty(),
            "not on the page: {undocumented:?}; not in code: {unknown:?}"
        );
    }
}
