use model::{Body, ObjectRef, Observation, ProbeBody};
use serde_json::Value;

use super::{Answer, refusal, segment, status_of};
use crate::{Connection, ReadError};

impl Connection {
    /// Asks a service's TCP ports through the API server's proxy. That shows whether the service has endpoints that
    /// accept connections; not what a network policy lets a pod do, for it does not start from one.
    pub(crate) async fn probe(&self, namespace: &str, service: &str, port: Option<u16>) -> Answer {
        let object = ObjectRef::new("Service", namespace, service);
        let what = format!("a connection attempt to `{namespace}/{service}`");
        let place = format!("/api/v1/namespaces/{}/services/{}", segment(namespace), segment(service));
        let described = self.inner.get_json(&place).await.map_err(|trouble| trouble.reading(&what))?;
        let ports = tcp_ports(&described, port);
        if ports.is_empty() {
            let why = match port {
                Some(port) => format!("the service has no TCP port {port}"),
                None => "the service has no TCP port".into(),
            };
            return Err(ReadError::not_available(what, why, "Look at the service's ports."));
        }
        let mut found = Vec::new();
        for port in ports {
            found.push(self.attempt(&object, &place, port, &what).await?);
        }
        Ok(found)
    }

    async fn attempt(&self, object: &ObjectRef, place: &str, port: u16, what: &str) -> Result<Observation, ReadError> {
        let path = format!("{place}:{port}/proxy/");
        let (code, answer) = self.inner.ask(&path, "*/*", 4 << 10).await.map_err(|trouble| trouble.reading(what))?;
        let (reachable, said) = match status_of(&answer.text) {
            Some(_) if matches!(code.as_u16(), 401 | 403 | 404 | 405) => {
                return Err(refusal(code, &answer.text).reading(what));
            }
            Some(status) => (spoke(&status.message), status.message),
            None => (true, format!("{code} {}", answer.text.lines().next().unwrap_or_default())),
        };
        let output = self.inner.redactor.text(said.trim()).as_str().to_owned();
        let body = ProbeBody {
            target: format!("{}/{}:{port}", object.namespace, object.name),
            port,
            protocol: "TCP".into(),
            reachable,
            output: format!("asked through the API server, not from a pod: {output}"),
        };
        Ok(self.inner.read_now(object.clone(), Body::Probe(body)))
    }
}

/// Something accepted the connection and spoke, though not HTTP.
fn spoke(message: &str) -> bool {
    ["malformed HTTP", "EOF", "connection reset", "transport connection broken", "server gave HTTP response"]
        .iter()
        .any(|part| message.contains(part))
}

fn tcp_ports(service: &Value, wanted: Option<u16>) -> Vec<u16> {
    let ports = service["spec"]["ports"].as_array().into_iter().flatten();
    ports
        .filter(|port| matches!(port["protocol"].as_str(), None | Some("TCP")))
        .filter_map(|port| u16::try_from(port["port"].as_u64()?).ok())
        .filter(|port| wanted.is_none_or(|wanted| wanted == *port))
        .collect()
}
