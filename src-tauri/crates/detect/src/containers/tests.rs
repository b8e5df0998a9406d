use serde_json::{Value, json};

use crate::sketch::{Sketch, ago, fact, has};

#[test]
fn a_crash_loop_tells_how_it_ended_and_whether_a_probe_killed_it() {
    let end = json!({"exitCode": 137, "reason": "Error", "startedAt": ago(60), "finishedAt": ago(50)});
    let plain = Sketch::new().broken("cart", "CrashLoopBackOff", "", end.clone()).facts();
    let told = fact(&plain, "crash_loop", "Deployment/shop/cart");
    assert_eq!(
        (&told.args["exit_code"], &told.args["run_seconds"], &told.args["killed_by_probe"]),
        (&json!(137), &json!(10), &json!(false))
    );
    let killed = Sketch::new()
        .broken("cart", "CrashLoopBackOff", "", end)
        .event("Pod/shop/cart-abc-1", "Killing", "Container app failed liveness probe, will be restarted")
        .facts();
    assert_eq!(fact(&killed, "crash_loop", "Deployment/shop/cart").args["killed_by_probe"], true);
}

#[test]
fn an_old_restart_of_a_container_that_runs_is_no_loop() {
    let facts = Sketch::new()
        .deployment("cart")
        .but("Pod/shop/cart-abc-1", |p| {
            p["status"]["containerStatuses"][0]["restartCount"] = json!(2);
            p["status"]["containerStatuses"][0]["lastState"] =
                json!({"terminated": {"exitCode": 1, "finishedAt": ago(9000)}});
        })
        .facts();
    assert!(has(&facts, "container_restarted") && !has(&facts, "crash_loop"));
}

#[test]
fn running_out_of_memory_is_told_with_the_limit() {
    let end = json!({"exitCode": 137, "reason": "OOMKilled", "startedAt": ago(100), "finishedAt": ago(50)});
    let facts = Sketch::new().broken("cart", "CrashLoopBackOff", "", end).facts();
    let told = fact(&facts, "oom_killed", "Deployment/shop/cart");
    assert_eq!((&told.args["limit_bytes"], &told.args["by"]), (&json!(268_435_456), &json!("limit")));
    assert!(!has(&Sketch::new().deployment("cart").facts(), "oom_killed"));
}

#[test]
fn a_container_that_the_runtime_refuses_says_why() {
    let facts = Sketch::new()
        .broken("cart", "RunContainerError", "exec: \"serve\": executable file not found in $PATH", Value::Null)
        .facts();
    assert_eq!(fact(&facts, "container_cannot_start", "Deployment/shop/cart").args["answer"], "executable_not_found");
}

#[test]
fn an_init_container_that_waits_names_what_it_waits_for() {
    let facts = Sketch::new()
        .deployment("cart")
        .but("Pod/shop/cart-abc-1", |p| {
            p["spec"]["initContainers"] = json!([{"name": "wait", "command": ["sh", "-c", "until nc -z db 5432; do sleep 1; done"]}]);
            p["status"]["phase"] = json!("Pending");
            p["status"]["initContainerStatuses"] = json!([{"name": "wait", "ready": false, "restartCount": 0, "state": {"running": {"startedAt": ago(400)}}}]);
        })
        .facts();
    assert_eq!(fact(&facts, "init_container_failing", "Deployment/shop/cart").args["waits_for"], "db:5432");
}

#[test]
fn a_sandbox_that_cannot_be_made_is_put_to_network_or_runtime() {
    let with = |message: &str| {
        Sketch::new()
            .broken("cart", "ContainerCreating", "", Value::Null)
            .event("Pod/shop/cart-abc-1", "FailedCreatePodSandBox", message)
            .facts()
    };
    let answer = |facts: &[model::Fact]| fact(facts, "sandbox_failed", "Deployment/shop/cart").args["answer"].clone();
    assert_eq!(answer(&with("failed to setup network for sandbox \"x\": plugin type=\"flannel\" failed")), "cni");
    let full = "plugin type=\"aws-cni\" failed (add): add cmd: failed to assign an IP address to container";
    assert_eq!(answer(&with(full)), "ip_exhausted");
    assert_eq!(
        answer(&with(
            "rpc error: code = Unavailable desc = connection error: dial unix /run/containerd/containerd.sock"
        )),
        "runtime_down"
    );
}

#[test]
fn two_containers_that_want_one_port_are_told() {
    let with = |port: i64| {
        Sketch::new()
            .deployment("cart")
            .but("Deployment/shop/cart", |d| {
                let sidecar = json!({"name": "side", "ports": [{"containerPort": port}]});
                d["spec"]["template"]["spec"]["containers"].as_array_mut().expect("containers").push(sidecar);
            })
            .facts()
    };
    assert_eq!(
        fact(&with(8080), "container_port_conflict", "Deployment/shop/cart").args["containers"],
        json!(["app", "side"])
    );
    assert!(!has(&with(8081), "container_port_conflict"));
}

#[test]
fn a_nodes_shortage_is_blamed_for_a_kill_of_its_moment_only_whatever_uid_its_event_has() {
    let end = || json!({"exitCode": 137, "reason": "OOMKilled", "startedAt": ago(9000), "finishedAt": ago(100)});
    let by = |seconds: i64, uid: &str| {
        let message = "System OOM encountered, victim process: cart, pid: 4812";
        let facts = Sketch::new()
            .broken("cart", "CrashLoopBackOff", "", end())
            .but("Pod/shop/cart-abc-1", |p| p["spec"]["nodeName"] = json!("node-a"))
            .node("node-a", false)
            .event_of("Node//node-a", uid, "SystemOOM", message, seconds)
            .facts();
        fact(&facts, "oom_killed", "Deployment/shop/cart").args["by"].clone()
    };
    assert_eq!(by(101, "node-a"), "node", "the kubelet writes the node's name for its uid");
    assert_eq!(by(5000, "node-a"), "limit", "another day's");
    assert_eq!(by(101, "another-object"), "limit", "a former node's");
}

#[test]
fn an_init_container_that_works_is_not_failing_and_one_that_asks_again_and_again_is() {
    let with = |command: &str, seconds: i64, restarts: i64| {
        let init = json!([{"name": "prepare", "command": ["sh", "-c", command]}]);
        let status = json!([{"name": "prepare", "ready": false, "restartCount": restarts, "state": {"running": {"startedAt": ago(seconds)}}}]);
        let sketch = Sketch::new().deployment("cart").unavailable("cart").but("Pod/shop/cart-abc-1", |p| {
            p["spec"]["initContainers"] = init;
            p["status"] = json!({"phase": "Pending", "initContainerStatuses": status,
                "containerStatuses": [{"name": "app", "state": {"waiting": {"reason": "PodInitializing"}}}]});
        });
        sketch.triage()
    };
    assert_eq!(with("fetch-model", 580, 0).incidents.len(), 0);
    assert_eq!(with("fetch-model", 580, 3).incidents.len(), 1);
    assert_eq!(with("until nc -z db 5432; do sleep 1; done", 580, 0).incidents.len(), 1);
}
