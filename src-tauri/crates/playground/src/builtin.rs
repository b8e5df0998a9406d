//! The scenarios that come with the program.

use crate::{Broken, Scenario};

macro_rules! scenarios {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../../knowledge/scenarios/", $name, ".yaml")))),*]
    };
}

/// Name and script; the first one is what a newcomer sees.
pub static BUILT_IN: &[(&str, &str)] = scenarios![
    "demo",
    "refused-address",
    "refused-database",
    "oom-limit-lowered",
    "oom-leak",
    "oom-either",
    "readiness-path",
    "readiness-dependency",
    "image-tag",
    "image-pull-secret",
    "node-lost",
    "claim-pending",
    "healthy-noisy",
];

/// Reads a scenario that comes with the program.
pub fn built_in(name: &str) -> Result<Scenario, Broken> {
    let found = BUILT_IN.iter().find(|(known, _)| *known == name);
    let Some((name, script)) = found else {
        let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        return Err(Broken {
            path: name.to_owned(),
            line: 0,
            what: "no scenario of that name comes with the program".into(),
            hint: format!("Choose one of {}, or give the path of a script", names.join(", ")),
        });
    };
    Scenario::load(&format!("knowledge/scenarios/{name}.yaml"), script)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use model::{Body, ChangeKind, ClusterId, ObjectRef};

    #[test]
    fn every_script_of_the_library_is_built_in_and_plays() {
        let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../knowledge/scenarios"));
        let mut on_disk: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        on_disk.sort();
        let mut known: Vec<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
        known.sort();
        assert_eq!(on_disk, known);
        for (name, _) in BUILT_IN {
            let scenario = built_in(name).unwrap_or_else(|broken| panic!("{broken}"));
            assert_eq!(scenario.name, *name);
            assert_eq!(scenario.truth.healthy, scenario.truth.object.is_none(), "{name}: a fault has an object");
        }
    }

    #[test]
    fn twins_name_each_other_and_differ_in_their_cause() {
        for (name, _) in BUILT_IN {
            let one = built_in(name).unwrap();
            let Some(twin) = &one.twin else { continue };
            let other = built_in(twin).unwrap();
            assert_eq!(other.twin.as_deref(), Some(*name));
            assert_ne!(
                (&one.truth.object, &one.truth.failure_mode),
                (&other.truth.object, &other.truth.failure_mode),
                "{name} and {twin}"
            );
        }
    }

    #[test]
    fn the_truth_names_an_object_of_its_cluster() {
        for (name, _) in BUILT_IN {
            let scenario = built_in(name).unwrap();
            let Some(truth) = &scenario.truth.object else { continue };
            let truth: ObjectRef = truth.parse().unwrap();
            let cluster = ClusterId("cluster:test".into());
            let there = scenario.observations(&cluster, scenario.start).iter().any(|o| {
                o.subject.as_ref() == Some(&truth) && matches!(o.body, Body::Object { change: ChangeKind::Present, .. })
            });
            assert!(there, "{name} has no {truth}");
        }
    }

    #[test]
    fn the_truth_speaks_in_the_words_of_the_library() {
        let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../knowledge/failure-modes"));
        let mut fixes = std::collections::BTreeSet::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let ids = text.lines().filter_map(|line| line.trim().strip_prefix("- id:"));
            fixes.extend(ids.map(|id| id.trim().to_owned()));
        }
        for (name, _) in BUILT_IN {
            let truth = built_in(name).unwrap().truth;
            for mode in truth.failure_mode.iter().chain(&truth.ambiguous) {
                assert!(folder.join(format!("{mode}.md")).is_file(), "{name}: there is no failure mode `{mode}`");
            }
            for fix in truth.fixes_ok.iter().chain(&truth.fixes_forbidden) {
                assert!(fixes.contains(fix), "{name}: no failure mode has a fix `{fix}`");
            }
        }
    }
}
