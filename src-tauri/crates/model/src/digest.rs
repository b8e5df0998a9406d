use serde_json::Value;

/// The first 24 hexadecimal digits (96 bits) of BLAKE3 over the parts, each preceded by its length so that no two lists
/// of parts run together.
pub fn digest_hex(parts: &[&[u8]]) -> String {
    digest(parts).to_hex()[..24].to_string()
}

pub(crate) fn digest(parts: &[&[u8]]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize()
}

/// JSON with object keys sorted and no white space: equal values give equal text, whatever order they were written in.
pub fn canonical_json(value: &Value) -> String {
    fn write(value: &Value, out: &mut String) {
        match value {
            Value::Object(map) => {
                let mut keys: Vec<&String> = map.keys().collect();
                keys.sort_unstable();
                out.push('{');
                for (i, key) in keys.into_iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    out.push_str(&Value::String(key.clone()).to_string());
                    out.push(':');
                    write(&map[key], out);
                }
                out.push('}');
            }
            Value::Array(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    write(item, out);
                }
                out.push(']');
            }
            scalar => out.push_str(&scalar.to_string()),
        }
    }
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// The digest of a JSON value, independent of the order of its keys.
pub fn digest_json(value: &Value) -> String {
    digest_hex(&[canonical_json(value).as_bytes()])
}
