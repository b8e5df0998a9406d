#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;

/// The fields as they are read by what was remembered; `None` where it is not understood.
fn fields(alike: &mut Alike<'_>, json: &str) -> Option<BTreeMap<String, Doc>> {
    let mut read = BTreeMap::new();
    alike.fields(json.as_bytes(), |key, doc| drop(read.insert(key.to_owned(), doc))).then_some(read)
}

fn version(revision: u32, ready: bool) -> Value {
    json!({
        "uid": "0f9b6c9e-0000-4000-8000-000000000001",
        "object": {
            "metadata": {"name": "cart-0", "resourceVersion": revision.to_string(), "labels": {"app": "cart", "tier": "shop front"}},
            "spec": {"containers": [{"name": "app", "image": "registry.example.test/cart:1.2.3"}], "priority": 0},
            "status": {
                "conditions": [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": ready}],
                "ratio": 0.25, "restarts": revision, "message": "said \"no\"\n", "none": null
            }
        }
    })
}

#[test]
fn a_version_is_read_as_it_is_and_shares_what_it_says_again() {
    let pool = Pool::default();
    let mut alike = Alike::new(&pool);
    let first = version(7, true);
    assert!(alike.remember(first.to_string().as_bytes(), |_, _| {}));
    let same = fields(&mut alike, &first.to_string()).unwrap();
    assert_eq!(same["object"], first["object"]);
    let next = version(71, false);
    let read = fields(&mut alike, &next.to_string()).unwrap();
    assert_eq!(read["object"], next["object"]);
    assert_eq!(read["object"].to_string(), next["object"].to_string(), "in the order in which it was written");
    assert!(read["object"]["spec"].is_same(&same["object"]["spec"]));
    assert!(read["object"]["metadata"]["labels"].is_same(&same["object"]["metadata"]["labels"]));
}

/// Whatever was remembered, a document is read as it is.
#[test]
fn what_was_remembered_never_shows() {
    let texts = [
        r#"{"a":1,"b":[1,2,3],"c":{"d":"more than fourteen bytes","e":null}}"#,
        r#"{"a":12,"b":[1,2],"c":{"e":null,"d":"more than fourteen bytes"}}"#,
        r#"{"b":[0,1,2,3],"c":{"d":"more than fourteen bytes, and some"},"a":1}"#,
        r#"{"a":{"b":[1,2,3]},"b":{},"c":[]}"#,
        r#"{"a":-0.5e3,"b":18446744073709551615,"c":-9223372036854775808,"d":1e400}"#,
        r#"{"a":1,"a":2,"c":{"x":1,"y":2,"x":3}}"#,
        r#"{"a":2,"a":1,"c":{"x":3,"y":2,"x":1}}"#,
        r#"{"a":"ü\u00fc\\","b":[[[]],[{}]],"c":true}"#,
        r#"{}"#,
    ];
    for before in texts {
        for text in texts {
            let pool = Pool::default();
            let mut alike = Alike::new(&pool);
            let usual = serde_json::from_str::<Doc>(text).ok();
            let understood = alike.remember(before.as_bytes(), |_, _| {});
            assert_eq!(understood, serde_json::from_str::<Doc>(before).is_ok(), "{before}");
            for _ in 0..2 {
                let read = fields(&mut alike, text);
                assert_eq!(read.is_some(), usual.is_some(), "{text} after {before}");
                for (key, value) in read.iter().flatten() {
                    assert_eq!(value, &usual.as_ref().unwrap()[key.as_str()], "{key} of {text} after {before}");
                }
                alike.remember(text.as_bytes(), |_, _| {});
            }
        }
    }
}

#[test]
fn what_is_no_json_is_not_understood_and_leaves_nothing_behind() {
    let pool = Pool::default();
    let mut alike = Alike::new(&pool);
    assert!(alike.remember(br#"{"a":{"b":"0123456789abcdef"},"c":[1]}"#, |_, _| {}));
    let deep = format!("{{\"a\":{}", "[".repeat(100_000));
    let torn =
        ["", "{", "[1]", "{\"a\":}", "{\"a\":1,}", "{\"a\":{\"b\":\"0123", "{\"a\":01}", "{\"a\":1}x", "{\"c\":[1,]}"];
    for text in torn.into_iter().chain([deep.as_str()]) {
        assert!(!alike.remember(text.as_bytes(), |_, _| {}), "{}", &text[..text.len().min(30)]);
    }
    assert!(!alike.fields(b"{\"a\":\"\xff\"}", |_, _| {}));
    let read = fields(&mut alike, r#"{"a":{"b":"0123456789abcdef"},"c":[2]}"#).unwrap();
    assert_eq!(read["c"], json!([2]));
}
