#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

use proptest::prelude::*;

use super::*;

fn there_and_back(base: &str, text: &str) -> Option<usize> {
    let mut patch = Vec::new();
    if !make(base.as_bytes(), text.as_bytes(), usize::MAX, &mut patch) {
        return None;
    }
    let mut back = b"before".to_vec();
    apply(base.as_bytes(), &patch, usize::MAX, &mut back).unwrap();
    assert_eq!(back, [b"before", text.as_bytes()].concat());
    Some(patch.len())
}

#[test]
fn a_few_new_values_are_a_few_bytes() {
    let version = |revision: u32, at: &str| {
        let more = "x".repeat(1_000);
        format!(
            r#"{{"resource_version":"{revision}","object":{{"metadata":{{"resourceVersion":"{revision}"}},"more":"{more}",
            "status":[{{"type":"Ready","at":"{at}"}},{{"type":"Started","at":"{at}"}}],"restarts":{revision}}}}}"#
        )
    };
    let (one, other) = (version(99, "2026-09-21T14:13:20Z"), version(1_204_711, "2026-09-22T09:01:47Z"));
    assert!(there_and_back(&one, &other).unwrap() < 60);
    assert!(there_and_back(&one, &one).unwrap() < 8);
    assert!(there_and_back("", "").is_some() && there_and_back("a", "").is_some());
}

#[test]
fn what_is_built_differently_is_given_up_soon() {
    let one: String = (0..400).map(|n| format!(r#""key{n}":{n},"#)).collect();
    let other: String = (0..400).map(|n| format!(r#""{n}":{{"is":"{n}"}},"#)).collect();
    let mut patch = Vec::new();
    assert!(!make(one.as_bytes(), other.as_bytes(), usize::MAX, &mut patch));
    assert!(patch.len() < 200, "{}", patch.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_text_comes_back_from_its_patch(base in "[ab\",}{1]{0,40}", text in "[ab\",}{1]{0,40}") {
        there_and_back(&base, &text);
        there_and_back(&format!("{base}{text}"), &format!("{text}{base}{text}"));
    }

    /// A torn one is refused or gives another text, of the length that it says.
    #[test]
    fn a_torn_patch_is_no_crash(base in "[ab]{0,20}", patch in proptest::collection::vec(any::<u8>(), 0..20)) {
        let mut text = Vec::new();
        if apply(base.as_bytes(), &patch, 100, &mut text).is_some() {
            prop_assert!(text.len() <= 100);
        }
    }
}
