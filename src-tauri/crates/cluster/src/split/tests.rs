#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use proptest::prelude::*;

use super::*;

fn cut(shape: Shape, largest: usize, chunks: &[&[u8]]) -> (Vec<String>, Splitter) {
    let mut splitter = Splitter::new(shape, largest);
    let mut pieces = Vec::new();
    for chunk in chunks {
        let mut rest = *chunk;
        while let Some(piece) = splitter.next(&mut rest) {
            pieces.push(match piece {
                Piece::Object(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
                Piece::TooLarge { bytes } => format!("too large: {bytes}"),
            });
        }
    }
    (pieces, splitter)
}

const LIST: &str = r#"{"kind":"PodList","metadata":{"resourceVersion":"7","continue":"a\"]}"},
 "items": [ {"a":"}]\\\"{"},null,{"b":[{"c":[]}]} ,7, "x,y",[1,[2]], {} ], "more":[{"items":[1]}]}"#;

#[test]
fn a_list_comes_in_items_and_its_frame_stays() {
    let (pieces, splitter) = cut(Shape::List, 1 << 20, &[LIST.as_bytes()]);
    assert_eq!(pieces, [r#"{"a":"}]\\\"{"}"#, "null", r#"{"b":[{"c":[]}]}"#, "7", r#""x,y""#, "[1,[2]]", "{}"]);
    let frame: serde_json::Value = serde_json::from_slice(splitter.frame().unwrap()).unwrap();
    assert_eq!(frame["metadata"]["continue"], "a\"]}");
    assert_eq!(frame["items"], serde_json::json!([]));
}

#[test]
fn a_list_that_broke_off_has_no_frame() {
    for end in 1..LIST.len() {
        let (_, splitter) = cut(Shape::List, 1 << 20, &[&LIST.as_bytes()[..end]]);
        assert_eq!(splitter.frame(), None, "{}", &LIST[..end]);
    }
}

#[test]
fn an_answer_without_items_is_a_frame() {
    let (pieces, splitter) = cut(Shape::List, 100, &[br#"{"kind":"Status","code":500}"#]);
    assert!(pieces.is_empty());
    assert_eq!(splitter.frame().unwrap(), br#"{"kind":"Status","code":500}"#);
}

#[test]
fn a_line_is_a_piece_and_what_has_no_end_is_none() {
    let (pieces, _) = cut(Shape::Lines, 100, &[b"{\"a\"", b":1}\n\n \r\n{\"b\":2}\n{\"c\""]);
    assert_eq!(pieces, ["{\"a\":1}", "{\"b\":2}"]);
}

#[test]
fn what_is_too_large_is_counted_and_passed_over() {
    let long = "x".repeat(500);
    let list = format!(r#"{{"items":[{{"a":1}},{{"b":"{long}"}},{{"c":2}}]}}"#);
    let chunks: Vec<&[u8]> = list.as_bytes().chunks(7).collect();
    let (pieces, splitter) = cut(Shape::List, 100, &chunks);
    assert_eq!(pieces, ["{\"a\":1}", "too large: 508", "{\"c\":2}"]);
    assert!(splitter.frame().is_some());
    let lines = format!("{{\"a\":1}}\n\"{long}\"\n{{\"c\":2}}\n");
    let chunks: Vec<&[u8]> = lines.as_bytes().chunks(64).collect();
    let (pieces, _) = cut(Shape::Lines, 100, &chunks);
    assert_eq!(pieces, ["{\"a\":1}", "too large: 502", "{\"c\":2}"]);
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<i32>().prop_map(Into::into),
        "[a-z\"\\\\{}\\[\\],: é\n]{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[a-z\"\\\\items]{0,6}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Wherever the network cuts, the pieces are the items.
    #[test]
    fn cuts_do_not_matter(items in prop::collection::vec(any_json(), 0..6), size in 1usize..40) {
        let items: Vec<_> = items.into_iter().filter(|item| item.is_object()).collect();
        let list = serde_json::json!({"kind": "L", "metadata": {"continue": ""}, "items": items}).to_string();
        let chunks: Vec<&[u8]> = list.as_bytes().chunks(size).collect();
        let (pieces, splitter) = cut(Shape::List, 1 << 20, &chunks);
        prop_assert!(splitter.frame().is_some());
        let back: Vec<serde_json::Value> = pieces.iter().map(|piece| serde_json::from_str(piece).unwrap()).collect();
        prop_assert_eq!(back, items);
    }
}
