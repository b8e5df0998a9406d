//! What the kubelet and the scheduler do to a pod, one beat after the other, with the events they write.

use model::{ObjectRef, Time};

use super::actor::{Exit, Phase, Pod, Workload};
use super::script::{State, StateName};
use super::stage::{Due, Stage};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    Schedule,
    Pull,
    /// The container starts, for the first time or again.
    Start,
    Ready,
    Exit,
    /// The same trouble goes on: its event is seen again.
    Nag,
    Finish,
}

/// The kubelet's pauses between restarts of a container, and between pulls of an image.
const BACK_OFF_SECONDS: [i64; 7] = [1, 10, 20, 40, 80, 160, 300];

fn back_off(times: u32) -> i64 {
    BACK_OFF_SECONDS[(times as usize).min(BACK_OFF_SECONDS.len() - 1)]
}

impl Stage {
    pub(super) fn beat(&mut self, workload: &ObjectRef, name: &str, episode: u32, beat: Beat) {
        let Some(actor) = self.workloads.get(workload) else { return };
        let Some(at) = actor.pods.iter().position(|p| p.name == name) else { return };
        let (actor, mut pod) = (actor.clone(), actor.pods[at].clone());
        if pod.episode != episode || pod.deleting.is_some() || pod.lost {
            return;
        }
        match beat {
            Beat::Schedule => self.schedule(&actor, &mut pod),
            Beat::Pull => self.pull(&actor, &mut pod),
            Beat::Start => self.start(&actor, &mut pod),
            Beat::Ready => self.turn(&mut pod, true),
            Beat::Exit => self.exit(&actor, &mut pod),
            Beat::Nag => self.nag(&actor, &mut pod),
            Beat::Finish => self.finish(&actor, &mut pod),
        }
        if let Some(actor) = self.workloads.get_mut(workload)
            && let Some(slot) = actor.pods.get_mut(at)
        {
            *slot = pod;
        }
    }

    fn plan_beat(&mut self, actor: &Workload, pod: &Pod, seconds: f64, beat: Beat) {
        let at = Time(self.now.0.saturating_add((seconds * 1e6) as i64));
        let due = Due::Beat { workload: actor.object.clone(), pod: pod.name.clone(), episode: pod.episode, beat };
        self.plan(at, due);
    }

    /// A pod that was just made: nothing has looked at it yet.
    pub(super) fn begin(&mut self, actor: &Workload, pod: &Pod) {
        self.plan_beat(actor, pod, 0.2, Beat::Schedule);
    }

    fn kubelet(&mut self, actor: &Workload, pod: &Pod, event_type: &str, reason: &str, message: &str, times: u32) {
        self.event(&actor.pod_ref(&pod.name), event_type, reason, message, "kubelet", times);
    }

    fn schedule(&mut self, actor: &Workload, pod: &mut Pod) {
        let node = match pod.state.state {
            StateName::Pending => None,
            _ => self.place(actor),
        };
        let subject = actor.pod_ref(&pod.name);
        let Some(node) = node else {
            let message = pod.state.message.clone().unwrap_or_else(|| self.no_node_fits(actor));
            // A script whose message is empty plays a pod that no scheduler looks at.
            if !message.is_empty() {
                self.event(&subject, "Warning", "FailedScheduling", &message, "default-scheduler", 1);
            }
            self.plan_beat(actor, pod, 300.0, Beat::Schedule);
            return;
        };
        let message = format!("Successfully assigned {}/{} to {node}", actor.object.namespace, pod.name);
        self.event(&subject, "Normal", "Scheduled", &message, "default-scheduler", 1);
        pod.node = Some(node);
        pod.scheduled = self.now;
        pod.phase = Phase::Creating;
        let next = if pod.state.state == StateName::Creating { Beat::Nag } else { Beat::Pull };
        self.plan_beat(actor, pod, 0.8, next);
    }

    fn pull(&mut self, actor: &Workload, pod: &mut Pod) {
        let image = self.image_of(actor, pod);
        if pod.state.state == StateName::ImagePull {
            let Phase::Unpulled { backing_off: false } = pod.phase else {
                self.kubelet(actor, pod, "Normal", "Pulling", &format!("Pulling image \"{image}\""), 1);
                let answer = pod.state.message.clone().unwrap_or_else(|| {
                    format!("rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": {image}: not found")
                });
                let failed = format!("Failed to pull image \"{image}\": {answer}");
                self.kubelet(actor, pod, "Warning", "Failed", &failed, 1);
                self.kubelet(actor, pod, "Warning", "Failed", "Error: ErrImagePull", 1);
                pod.phase = Phase::Unpulled { backing_off: false };
                self.plan_beat(actor, pod, 12.0, Beat::Pull);
                return;
            };
            let attempt = pod.episode_attempt();
            self.kubelet(
                actor,
                pod,
                "Normal",
                "BackOff",
                &format!("Back-off pulling image \"{image}\""),
                attempt.max(1),
            );
            self.kubelet(actor, pod, "Warning", "Failed", "Error: ImagePullBackOff", attempt.max(1));
            pod.phase = Phase::Unpulled { backing_off: true };
            pod.restarts += 1;
            self.plan_beat(actor, pod, back_off(pod.restarts + 1) as f64, Beat::Pull);
            return;
        }
        if matches!(pod.phase, Phase::Unpulled { .. }) {
            pod.restarts = 0;
        }
        if pod.state.state == StateName::ConfigError {
            self.nag(actor, pod);
            return;
        }
        if self.already_pulled(&image, pod.node.as_deref().unwrap_or_default()) {
            let message =
                format!("Container image \"{image}\" already present on machine and can be accessed by the pod");
            self.kubelet(actor, pod, "Normal", "Pulled", &message, 1);
        } else {
            self.kubelet(actor, pod, "Normal", "Pulling", &format!("Pulling image \"{image}\""), 1);
            let message = format!(
                "Successfully pulled image \"{image}\" in 1.204s (1.204s including waiting). Image size: 48310912 bytes."
            );
            self.kubelet(actor, pod, "Normal", "Pulled", &message, 1);
        }
        self.plan_beat(actor, pod, 1.3, Beat::Start);
    }

    fn start(&mut self, actor: &Workload, pod: &mut Pod) {
        if pod.phase != Phase::Creating {
            pod.restarts += 1;
        }
        self.kubelet(actor, pod, "Normal", "Created", "Container created", 1);
        self.kubelet(actor, pod, "Normal", "Started", "Container started", 1);
        pod.phase = Phase::Running;
        pod.started = self.now;
        if pod.address.is_none() {
            pod.address = Some(self.address(pod.node.as_deref().unwrap_or_default()));
        }
        let quick = !actor.has_readiness();
        match pod.state.state {
            StateName::CrashLoop | StateName::Oom => {
                let life = pod.state.life.map_or(3.0, |l| l.0 as f64 / 1e6).max(0.1);
                self.turn(pod, quick);
                if !quick && life > 12.0 {
                    self.plan_beat(actor, pod, 6.0, Beat::Ready);
                }
                self.plan_beat(actor, pod, life, Beat::Exit);
            }
            StateName::Completed | StateName::Failed => {
                self.turn(pod, true);
                let life = pod.state.life.map_or(20.0, |l| l.0 as f64 / 1e6).max(0.1);
                self.plan_beat(actor, pod, life, Beat::Finish);
            }
            StateName::Unready => {
                self.turn(pod, false);
                self.plan_beat(actor, pod, 10.0, Beat::Nag);
            }
            _ if quick => self.turn(pod, true),
            _ => self.plan_beat(actor, pod, 6.0, Beat::Ready),
        }
    }

    pub(super) fn turn(&mut self, pod: &mut Pod, ready: bool) {
        if pod.ready != ready {
            pod.ready = ready;
            pod.turned = self.now;
        }
    }

    fn exit(&mut self, actor: &Workload, pod: &mut Pod) {
        let run = pod.restarts;
        pod.last_exit = Some(self.exit_of(&pod.state, pod.started, self.now, run));
        self.turn(pod, false);
        match pod.state.message.clone() {
            Some(message) if killed_by(&message).is_some() => {
                let probe = killed_by(&message).unwrap_or_default();
                self.kubelet(actor, pod, "Warning", "Unhealthy", &message, 3);
                let killing = format!("Container {} failed {probe} probe, will be restarted", actor.container());
                self.kubelet(actor, pod, "Normal", "Killing", &killing, 1);
            }
            Some(message) => self.kubelet(actor, pod, "Warning", "Failed", &format!("Error: {message}"), 1),
            None => {}
        }
        // The kubelet restarts a container at once the first time, and holds it back from then on.
        let pause = back_off(run);
        if run == 0 {
            pod.phase = Phase::Exited;
        } else {
            pod.phase = Phase::BackingOff;
            let subject = actor.pod_ref(&pod.name);
            let uid = self.uid_of(&subject).unwrap_or_else(|| self.uid(&subject));
            let message = format!(
                "Back-off restarting failed container {} in pod {}_{}({uid})",
                actor.container(),
                pod.name,
                actor.object.namespace
            );
            self.kubelet(actor, pod, "Warning", "BackOff", &message, (pause / 12).max(1) as u32);
        }
        self.plan_beat(actor, pod, pause as f64, Beat::Start);
    }

    fn exit_of(&self, state: &State, started: Time, finished: Time, run: u32) -> Exit {
        let (code, reason) = match state.state {
            StateName::Oom => (137, "OOMKilled"),
            StateName::Completed => (0, "Completed"),
            _ => (state.exit.unwrap_or(1), "Error"),
        };
        let reason = state.reason.clone().unwrap_or_else(|| reason.to_owned());
        let message = state.message.clone().filter(|message| killed_by(message).is_none());
        Exit { started, finished, code, reason, message, run }
    }

    fn nag(&mut self, actor: &Workload, pod: &mut Pod) {
        match pod.state.state {
            StateName::Unready => {
                let message = pod
                    .state
                    .message
                    .clone()
                    .unwrap_or_else(|| "Readiness probe failed: HTTP probe failed with statuscode: 503".into());
                self.turn(pod, false);
                self.kubelet(actor, pod, "Warning", "Unhealthy", &message, 3);
                self.plan_beat(actor, pod, 30.0, Beat::Nag);
            }
            StateName::Creating => {
                let reason = pod.state.reason.clone().unwrap_or_else(|| "FailedMount".into());
                let message = pod.state.message.clone().unwrap_or_default();
                let from = if reason == "FailedAttachVolume" { "attachdetach-controller" } else { "kubelet" };
                self.event(&actor.pod_ref(&pod.name), "Warning", &reason, &message, from, 1);
                self.plan_beat(actor, pod, 120.0, Beat::Nag);
            }
            StateName::ConfigError => {
                let image = self.image_of(actor, pod);
                let message =
                    format!("Container image \"{image}\" already present on machine and can be accessed by the pod");
                self.kubelet(actor, pod, "Normal", "Pulled", &message, 3);
                let why = pod.state.message.clone().unwrap_or_else(|| "configuration not found".into());
                self.kubelet(actor, pod, "Warning", "Failed", &format!("Error: {why}"), 3);
                pod.phase = Phase::Unconfigured;
                self.plan_beat(actor, pod, 36.0, Beat::Nag);
            }
            _ => {}
        }
    }

    fn finish(&mut self, actor: &Workload, pod: &mut Pod) {
        let run = pod.restarts;
        pod.last_exit = Some(self.exit_of(&pod.state, pod.started, self.now, run));
        self.turn(pod, false);
        let done = pod.state.state == StateName::Completed;
        pod.phase = if done { Phase::Succeeded } else { Phase::Failed };
        if actor.object.kind == "Job" {
            let job = actor.object.clone();
            if done {
                self.event(&job, "Normal", "Completed", "Job completed", "job-controller", 1);
            } else {
                let message = "Job has reached the specified backoff limit";
                self.event(&job, "Warning", "BackoffLimitExceeded", message, "job-controller", 1);
            }
        }
    }

    /// Puts an existing pod into another state. Gives `false` where only a new pod could be in it.
    pub(super) fn restate(&mut self, actor: &Workload, pod: &mut Pod, state: State) -> bool {
        pod.episode += 1;
        let was = pod.phase;
        pod.state = state;
        match pod.state.state {
            StateName::Ready => match was {
                Phase::Running => self.turn(pod, true),
                Phase::BackingOff | Phase::Exited => self.plan_beat(actor, pod, 1.0, Beat::Start),
                Phase::Unscheduled => self.plan_beat(actor, pod, 0.5, Beat::Schedule),
                Phase::Creating | Phase::Unpulled { .. } | Phase::Unconfigured => {
                    pod.phase = Phase::Creating;
                    self.plan_beat(actor, pod, 1.0, Beat::Pull);
                }
                Phase::Succeeded | Phase::Failed | Phase::Evicted => return false,
            },
            StateName::Unready => match was {
                Phase::Running => self.nag(actor, pod),
                Phase::BackingOff | Phase::Exited => self.plan_beat(actor, pod, 1.0, Beat::Start),
                _ => return false,
            },
            StateName::CrashLoop | StateName::Oom => match was {
                Phase::Running => {
                    pod.restarts = pod.restarts.max(pod.state.restarts.unwrap_or(0));
                    self.exit(actor, pod);
                }
                Phase::BackingOff | Phase::Exited => self.plan_beat(actor, pod, 1.0, Beat::Start),
                _ => return false,
            },
            StateName::Evicted => {
                let message = pod
                    .state
                    .message
                    .clone()
                    .unwrap_or_else(|| "The node was low on resource: ephemeral-storage.".into());
                self.kubelet(actor, pod, "Warning", "Evicted", &message, 1);
                let killing = format!("Stopping container {}", actor.container());
                self.kubelet(actor, pod, "Normal", "Killing", &killing, 1);
                pod.phase = Phase::Evicted;
                self.turn(pod, false);
            }
            StateName::Completed | StateName::Failed if was == Phase::Running => self.finish(actor, pod),
            _ => return false,
        }
        true
    }

    /// A pod that was there before the script begins: as it is, without its history of events.
    pub(super) fn settle_in(&mut self, actor: &Workload, pod: &mut Pod) {
        pod.turned = pod.created.plus_seconds(9).min(self.now);
        pod.scheduled = pod.created;
        pod.started = pod.created.plus_seconds(3).min(self.now);
        pod.restarts = pod.state.restarts.unwrap_or(0);
        if pod.state.state == StateName::Pending {
            self.schedule(actor, pod);
            return;
        }
        pod.node = self.place(actor);
        let node = pod.node.clone().unwrap_or_default();
        if matches!(pod.state.state, StateName::ImagePull | StateName::Creating | StateName::ConfigError) {
            pod.phase = Phase::Creating;
            pod.restarts = 0;
            let beat = if pod.state.state == StateName::Creating { Beat::Nag } else { Beat::Pull };
            self.plan_beat(actor, pod, 1.0, beat);
            return;
        }
        pod.address = Some(self.address(&node));
        pod.phase = Phase::Running;
        let image = self.image_of(actor, pod);
        self.already_pulled(&image, &node);
        match pod.state.state {
            StateName::CrashLoop | StateName::Oom => {
                // It has just come to the end of a run.
                pod.started = Time(self.now.0 - pod.state.life.map_or(3_000_000, |life| life.0.abs()));
                pod.restarts = pod.restarts.saturating_sub(1);
                self.exit(actor, pod);
            }
            StateName::Unready => self.nag(actor, pod),
            StateName::Completed | StateName::Failed => {
                let started = pod.started;
                let finished = started.plus_seconds(21).min(self.now);
                pod.last_exit = Some(self.exit_of(&pod.state, started, finished, 0));
                let done = pod.state.state == StateName::Completed;
                pod.phase = if done { Phase::Succeeded } else { Phase::Failed };
            }
            StateName::Evicted => pod.phase = Phase::Evicted,
            _ => {
                pod.ready = true;
                if pod.restarts > 0 {
                    let again = Time(self.now.0 - pod.state.restarted.map_or(86_400_000_000, |s| s.0.abs()));
                    let exit = self.exit_of(&pod.state, pod.started, again.plus_seconds(-1), pod.restarts - 1);
                    pod.started = again;
                    pod.turned = again.plus_seconds(6);
                    pod.last_exit = Some(exit);
                }
            }
        }
    }
}

/// The probe for whose failures the kubelet kills, where a message is about one.
fn killed_by(message: &str) -> Option<&'static str> {
    let kills = |probe: &str| message.to_ascii_lowercase().starts_with(&format!("{probe} probe "));
    ["liveness", "startup"].into_iter().find(|probe| kills(probe))
}

impl Pod {
    /// How often its image was asked for again, for the counts of events.
    fn episode_attempt(&self) -> u32 {
        (back_off(self.restarts + 1) / 15) as u32
    }
}

/// The pause that follows the exit of run `run`, as the kubelet writes it (`10s`, `2m40s`, `5m0s`).
pub(super) fn pause_after(run: u32) -> String {
    let seconds = back_off(run);
    if seconds < 60 { format!("{seconds}s") } else { format!("{}m{}s", seconds / 60, seconds % 60) }
}
