//! Every capture imports, and everything in it is read.

use std::collections::BTreeMap;

use caseboard_tests::{captures, skip};
use redact::Redactor;

#[test]
fn every_capture_imports_whole() -> anyhow::Result<()> {
    let folder = match captures::folder() {
        Ok(folder) => folder,
        Err(why) => {
            skip("every_capture_imports_whole", &why);
            return Ok(());
        }
    };
    let cases = captures::cases(&folder)?;
    let labels = captures::labels(&folder.join("dev-labels.jsonl"))?;
    assert_eq!(cases.len(), labels.len(), "a capture for each label");
    let redactor = Redactor::new([7; 32]);
    let mut objects: BTreeMap<String, usize> = BTreeMap::new();
    let mut types: BTreeMap<String, usize> = BTreeMap::new();
    let mut unread = Vec::new();
    for case in &cases {
        let imported = history::import::bundle(case, &redactor)?;
        let report = &imported.report;
        assert_eq!(report.files_read + report.unread.len(), report.files_present, "{}", case.display());
        unread.extend(report.unread.iter().map(|(path, why)| format!("{}: {path}: {why}", imported.name)));
        for (kind, count) in &report.objects {
            *objects.entry(kind.clone()).or_default() += count;
        }
        for observation in &imported.observations {
            let body = serde_json::to_value(&observation.body)?;
            *types.entry(body["type"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
    }
    println!("{} captures\nobjects: {objects:#?}\nobservations: {types:#?}", cases.len());
    assert!(unread.is_empty(), "{} files were not read:\n{}", unread.len(), unread.join("\n"));
    for needed in
        ["object", "event", "log", "metric", "probe", "node_agent", "alert", "shape", "change", "dependencies"]
    {
        assert!(types.contains_key(needed), "no {needed} was read");
    }
    Ok(())
}
