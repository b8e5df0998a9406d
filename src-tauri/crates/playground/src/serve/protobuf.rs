//! The little of Kubernetes' protobuf that clients post whatever the server says it takes: reviews and delete options.

use serde_json::{Value, json};

/// What the body of a request begins with when it is protobuf.
const MAGIC: &[u8] = b"k8s\0";

/// A field of a message: its number and what it holds.
enum Field<'a> {
    Bytes(u64, &'a [u8]),
    /// A number, of no use here.
    Number,
}

/// Reads the body as JSON would give it; `None` where it is no protobuf, or of a kind that is not known here.
pub(super) fn read(body: &[u8]) -> Option<Value> {
    let unknown = body.strip_prefix(MAGIC)?;
    let meta = first(unknown, 1)?;
    let (api_version, kind) = (text(meta, 1), text(meta, 2));
    let raw = first(unknown, 2)?;
    let mut value = match kind.as_str() {
        "SelfSubjectAccessReview" => {
            let spec = first(raw, 2).unwrap_or_default();
            let mut found = json!({});
            if let Some(attributes) = first(spec, 1) {
                found["resourceAttributes"] =
                    texts(attributes, &["namespace", "verb", "group", "version", "resource", "subresource", "name"]);
            }
            if let Some(attributes) = first(spec, 2) {
                found["nonResourceAttributes"] = texts(attributes, &["path", "verb"]);
            }
            json!({ "metadata": {}, "spec": found })
        }
        "SelfSubjectRulesReview" => {
            json!({ "metadata": {}, "spec": texts(first(raw, 2).unwrap_or_default(), &["namespace"]) })
        }
        "SelfSubjectReview" => json!({ "metadata": {} }),
        "DeleteOptions" => options(raw),
        "Eviction" => json!({ "deleteOptions": first(raw, 2).map(options).unwrap_or(Value::Null) }),
        _ => return None,
    };
    value["apiVersion"] = api_version.into();
    value["kind"] = kind.into();
    Some(value)
}

fn options(raw: &[u8]) -> Value {
    let mut options = json!({});
    if let Some(preconditions) = first(raw, 2) {
        options["preconditions"] = texts(preconditions, &["uid", "resourceVersion"]);
    }
    let dry: Vec<String> = fields(raw)
        .into_iter()
        .filter_map(|field| match field {
            Field::Bytes(5, bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        })
        .collect();
    if !dry.is_empty() {
        options["dryRun"] = json!(dry);
    }
    options
}

/// The fields 1, 2, … of a message by these names, where they hold something.
fn texts(message: &[u8], names: &[&str]) -> Value {
    let mut found = json!({});
    for (at, name) in names.iter().enumerate() {
        let value = text(message, at as u64 + 1);
        if !value.is_empty() {
            found[*name] = value.into();
        }
    }
    found
}

fn text(message: &[u8], number: u64) -> String {
    first(message, number).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}

fn first(message: &[u8], number: u64) -> Option<&[u8]> {
    fields(message).into_iter().find_map(|field| match field {
        Field::Bytes(at, bytes) if at == number => Some(bytes),
        _ => None,
    })
}

/// The fields of a message as far as it can be read.
fn fields(mut message: &[u8]) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    while let Some(key) = varint(&mut message) {
        let field = match key & 7 {
            0 => varint(&mut message).map(|_| Field::Number),
            1 => take(&mut message, 8).map(|_| Field::Number),
            2 => varint(&mut message)
                .and_then(|length| take(&mut message, usize::try_from(length).ok()?))
                .map(|bytes| Field::Bytes(key >> 3, bytes)),
            5 => take(&mut message, 4).map(|_| Field::Number),
            _ => None,
        };
        match field {
            Some(field) => fields.push(field),
            None => break,
        }
    }
    fields
}

fn take<'a>(message: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = message.split_at_checked(length)?;
    *message = rest;
    Some(taken)
}

fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = take(message, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
        let mut field = vec![number << 3 | 2, content.len() as u8];
        field.extend(content);
        field
    }

    #[test]
    fn a_review_in_protobuf_reads_as_the_same_review_in_json() {
        let attributes = [bytes(1, b"shop"), bytes(2, b"delete"), bytes(5, b"pods")].concat();
        let raw = bytes(2, &bytes(1, &attributes));
        let meta = [bytes(1, b"authorization.k8s.io/v1"), bytes(2, b"SelfSubjectAccessReview")].concat();
        let body = [MAGIC.to_vec(), bytes(1, &meta), bytes(2, &raw)].concat();
        let review = read(&body);
        let attributes = review.as_ref().map(|r| r["spec"]["resourceAttributes"].clone());
        assert_eq!(attributes, Some(json!({ "namespace": "shop", "verb": "delete", "resource": "pods" })));
        for cut in 0..body.len() {
            let _ = read(&body[..cut]);
        }
        assert!(read(b"{}").is_none());
    }
}
