use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::{KeyShape, ShapeBody, Time};
use serde_json::Value;

use crate::name::kind_of;
use crate::{Redactor, entropy};

/// A word of eight letters can be read as base64 by chance; a longer one that gives clean text hardly can.
const SHORTEST_ENCODED: usize = 8;
/// Nobody encodes more often.
const DEEPEST: u8 = 5;

pub(crate) fn shape(redactor: &Redactor, kind: &str, object: &Value) -> ShapeBody {
    let mut keys = Vec::new();
    for (field, encoded) in [("data", kind == "Secret"), ("binaryData", true), ("stringData", false)] {
        for (key, value) in object.get(field).and_then(Value::as_object).into_iter().flatten() {
            let Some(text) = value.as_str() else { continue };
            // What does not decode is kept as it is: that it is broken shows in its size.
            let bytes = match encoded {
                true => STANDARD.decode(text.trim()).unwrap_or_else(|_| text.as_bytes().to_vec()),
                false => text.as_bytes().to_vec(),
            };
            if let (Some(kind), Ok(text)) = (secret_kind(kind, key), std::str::from_utf8(&bytes)) {
                redactor.seen.learn(text, kind);
            }
            keys.push(KeyShape {
                key: key.clone(),
                bytes: bytes.len() as u64,
                digest: redactor.digest(&bytes),
                encoding_depth: encoding_depth(&bytes),
                not_after: not_after(&bytes),
            });
        }
    }
    keys.sort_by(|a, b| a.key.cmp(&b.key));
    keys.dedup_by(|a, b| a.key == b.key);
    ShapeBody { kind: kind.to_owned(), keys }
}

/// Every value of a Secret is one; of a ConfigMap, those that are named so.
fn secret_kind(kind: &str, key: &str) -> Option<&'static str> {
    kind_of(key).or((kind == "Secret").then_some("secret"))
}

fn encoding_depth(bytes: &[u8]) -> u8 {
    let mut depth = 0;
    let mut text = String::from_utf8_lossy(bytes).trim().to_owned();
    while depth < DEEPEST && text.len() >= SHORTEST_ENCODED && text.len().is_multiple_of(4) {
        match entropy::decoded(&text) {
            Some(inside) if !inside.trim().is_empty() => text = inside.trim().to_owned(),
            _ => break,
        }
        depth += 1;
    }
    depth
}

/// The earliest end of validity among the certificates in the value.
fn not_after(bytes: &[u8]) -> Option<Time> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    if !bytes.windows(BEGIN.len()).any(|window| window == BEGIN) {
        return None;
    }
    x509_parser::pem::Pem::iter_from_buffer(bytes)
        .filter_map(Result::ok)
        .filter(|pem| pem.label == "CERTIFICATE")
        .filter_map(|pem| pem.parse_x509().ok().map(|cert| Time::from_seconds(cert.validity().not_after.timestamp())))
        .min()
}
