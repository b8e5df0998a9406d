use super::*;

#[test]
fn the_manifest_without_secrets_names_no_secret() {
    let (with, without) = (manifest(true), manifest(false));
    assert!(with.contains("secrets"));
    assert!(!without.contains("secrets"), "{without}");
    for text in [with, without] {
        assert!(text.contains("readOnlyRootFilesystem: true") && text.contains("runAsNonRoot: true"));
        assert!(!text.contains("VERSION") && !text.contains("# secrets:"));
        for verb in ["create", "update", "patch", "delete", "*"] {
            assert!(!text.contains(&format!("\"{verb}\"")), "read-only: {verb}");
        }
    }
}
