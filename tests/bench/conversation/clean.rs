//! Lines without a secret, as random as logs are.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::Result;
use caseboard_tests::captures;

use crate::dice::{Dice, LOWER};

/// Of the recorded incidents no more is taken than this, spread over all of them.
const MOST_RECORDED: usize = 60_000;
const MOST_OF_A_FILE: usize = 400;

pub fn made(dice: &mut Dice, count: usize) -> Vec<String> {
    (0..count).map(|_| line(dice)).collect()
}

fn pod(dice: &mut Dice) -> String {
    let app = dice.one(&["cart", "payments", "auth-proxy", "token-issuer", "session-store", "key-server", "vault"]);
    format!(
        "{app}-{}-{}",
        dice.letters("bcdfghjklmnpqrstvwxz2456789", 10),
        dice.letters("bcdfghjklmnpqrstvwxz2456789", 5)
    )
}

fn time(dice: &mut Dice) -> String {
    format!(
        "2026-11-23T{:02}:{:02}:{:02}.{:06}Z",
        dice.below(24),
        dice.below(60),
        dice.below(60),
        dice.below(1_000_000)
    )
}

fn ip(dice: &mut Dice) -> String {
    format!("10.{}.{}.{}", dice.below(256), dice.below(256), dice.below(256))
}

fn line(dice: &mut Dice) -> String {
    let (pod, time, ip) = (pod(dice), time(dice), ip(dice));
    match dice.below(32) {
        0 => format!(
            "I1123 03:14:07.{:06}       1 reflector.go:{}] Listing and watching *v1.Secret from k8s.io/client-go/informers",
            dice.below(999_999),
            dice.below(900)
        ),
        1 => format!(
            "{time} INFO request_id={} path=/api/v1/tokens/refresh status=200 duration={}ms",
            dice.uuid(),
            dice.below(900)
        ),
        2 => format!("Pulled image \"ghcr.io/shop/cart@sha256:{}\" in {}ms", dice.hex(64), dice.below(9_000)),
        3 => format!(
            "{{\"level\":\"info\",\"ts\":\"{time}\",\"trace_id\":\"{}\",\"span_id\":\"{}\",\"msg\":\"authenticated user\",\"auth\":\"oidc\"}}",
            dice.hex(32),
            dice.hex(16)
        ),
        4 => format!("HEAD is now at {} fix: rotate keys before they expire", dice.hex(40)),
        5 => format!(
            "\tat com.shop.auth.TokenService.verify(TokenService.java:{}) ~[auth-1.4.{}.jar!/:na]",
            dice.below(900),
            dice.below(90)
        ),
        6 => format!(
            "{ip} - - [23/Nov/2026:03:14:07 +0000] \"POST /oauth/token HTTP/1.1\" 401 {} \"-\" \"okhttp/4.12.0\"",
            dice.below(9_000)
        ),
        7 => format!(
            "MountVolume.SetUp failed for volume \"kube-api-access-{}\" : object \"shop\"/\"kube-root-ca.crt\" not registered",
            dice.letters(LOWER, 5)
        ),
        8 => format!("Error: secret \"{}-credentials\" not found", dice.letters(LOWER, 6)),
        9 => format!("couldn't find key password in Secret shop/{}", dice.letters(LOWER, 8)),
        10 => format!("{time} FATAL: password authentication failed for user \"{}\"", dice.letters(LOWER, 6)),
        11 => format!("containerd://{} exited with {}", dice.hex(64), dice.below(140)),
        12 => format!("Successfully assigned shop/{pod} to ip-{}.eu-west-1.compute.internal", ip.replace('.', "-")),
        13 => format!(
            "[{time}] WARN  rdkafka: [thrd:{ip}:9092/{}]: SASL authentication error: check credentials",
            dice.below(9)
        ),
        14 => {
            format!("{time} cache miss key=user:{}:profile ttl=3600 bytes={}", dice.below(99_999), dice.below(99_999))
        }
        15 => format!(
            "E1123 03:14:07 1 authentication.go:73] Unable to authenticate the request err=\"[invalid bearer token, token lookup failed for uid {}]\"",
            dice.uuid()
        ),
        16 => format!(
            "level=info ts={time} caller=compact.go:{} component=tsdb msg=\"write block\" ulid=01J{}",
            dice.below(900),
            dice.letters("ABCDEFGHJKMNPQRSTVWXYZ0123456789", 23)
        ),
        17 => format!("raft: {} became leader at term {}, key=/registry/pods/shop/{pod}", dice.hex(16), dice.below(90)),
        18 => format!(
            "etag \"{}\" last-modified {time} x-amz-request-id {}",
            dice.hex(32),
            dice.letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 16)
        ),
        19 => format!(
            "helm upgrade --install cart ./chart --set image.tag={} --set existingSecret=cart-credentials",
            dice.hex(7)
        ),
        20 => format!(
            "TLS handshake error from {ip}:{}: remote error: tls: bad certificate, serial {}",
            dice.below(65_535),
            dice.hex(20)
        ),
        21 => format!(
            "cert-manager: certificate shop/{}-tls is valid until 2027-01-01T00:00:00Z, fingerprint {}",
            dice.letters(LOWER, 5),
            dice.hex(40)
        ),
        22 => format!("Datadog agent: tagger entity container_id://{} cached", dice.hex(64)),
        23 => format!("github.com/shop/cart@v1.{}.0-0.20261123031407-{} h1:ok", dice.below(90), dice.hex(12)),
        24 => format!(
            "max_tokens=4096 prompt_tokens={} completion_tokens={} key_count={}",
            dice.below(9_000),
            dice.below(900),
            dice.below(90)
        ),
        25 => format!(
            "vault: core: security barrier not initialized; seal type=shamir version=1.{}.0 accessor={}",
            dice.below(20),
            dice.letters(LOWER, 8)
        ),
        26 => format!(
            "Message: 'io.lettuce.core.RedisCommandExecutionException: NOAUTH Authentication required.' node={ip}:6379 slot={}",
            dice.below(16_384)
        ),
        27 => format!(
            "goroutine {} [select]:\nk8s.io/client-go/tools/cache.(*Reflector).ListAndWatch(0xc{}, 0xc{})",
            dice.below(900),
            dice.hex(9),
            dice.hex(9)
        ),
        28 => format!(
            "Normal  Scheduled  {}s  default-scheduler  Successfully assigned shop/{pod} to node-{}",
            dice.below(90),
            dice.below(9)
        ),
        29 => {
            format!("{time} DEBUG s3: GET https://backups.s3.eu-west-1.amazonaws.com/cart/{}.tar.zst 200", dice.uuid())
        }
        30 => format!("resourceVersion {} uid {} generation {}", dice.below(9_999_999), dice.uuid(), dice.below(90)),
        _ => format!(
            "{time} INFO  session {} of user {} ended, secret rotation in {} days",
            dice.below(99_999),
            dice.below(99_999),
            dice.below(90)
        ),
    }
}

/// What lines of the recorded incidents say that do hold something to hide: a password that a framework made up, tokens
/// of users, addresses of customers. They were found by reading; what is redacted in them is no false find.
const NOT_CLEAN: &[&str] = &["generated security password", "TOKEN: ey", "@example."];

/// Lines of the recorded incidents' logs, each once. They are of test beds; what stands in them was published with them.
pub fn recorded() -> Result<Vec<String>> {
    let folder = captures::folder().map_err(anyhow::Error::msg)?;
    let mut files = Vec::new();
    for case in captures::cases(&folder)? {
        collect(&case, &mut files)?;
    }
    files.sort();
    let step = (files.len() * MOST_OF_A_FILE / MOST_RECORDED).max(1);
    let (mut seen, mut lines) = (HashSet::new(), Vec::new());
    for file in files.iter().step_by(step.min(4)) {
        let text = String::from_utf8_lossy(&fs::read(file)?).into_owned();
        for line in text.lines().filter(|line| is_clean(line)).take(MOST_OF_A_FILE) {
            if lines.len() < MOST_RECORDED && seen.insert(blake3::hash(line.as_bytes())) {
                lines.push(line.to_owned());
            }
        }
    }
    Ok(lines)
}

fn is_clean(line: &str) -> bool {
    !line.trim().is_empty() && !NOT_CLEAN.iter().any(|words| line.contains(words))
}

fn collect(folder: &Path, into: &mut Vec<std::path::PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, into)?;
        } else if path.extension().is_some_and(|extension| extension == "log") {
            into.push(path);
        }
    }
    Ok(())
}
