//! The scenarios that come with the program.

use std::sync::LazyLock;

use crate::{Broken, Scenario};

mod generated {
    include!(concat!(env!("OUT_DIR"), "/twins.rs"));
}

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

/// The names of twins and the file that each is in, so that one is found without playing all.
static TWINS: LazyLock<Vec<(String, &'static str, &'static str)>> = LazyLock::new(|| {
    let names = |text: &'static str| {
        text.lines().filter_map(|line| line.strip_prefix("  - name: ")).map(|name| name.trim().to_owned())
    };
    generated::TWINS.iter().flat_map(|(path, text)| names(text).map(|name| (name, *path, *text))).collect()
});

/// Every scenario that comes with the program, each file read once.
pub fn all_built_in() -> Vec<Result<Scenario, Broken>> {
    let alone = BUILT_IN.iter().map(|(name, _)| built_in(name));
    let twins = generated::TWINS.iter().flat_map(|(path, text)| match Scenario::load_all(path, text) {
        Ok(all) => all.into_iter().map(Ok).collect(),
        Err(broken) => vec![Err(broken)],
    });
    alone.chain(twins).collect()
}

/// Reads a scenario that comes with the program.
pub fn built_in(name: &str) -> Result<Scenario, Broken> {
    if let Some((name, script)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
        return Scenario::load(&format!("knowledge/scenarios/{name}.yaml"), script);
    }
    let twin = TWINS.iter().find(|(known, ..)| known == name);
    let twin = twin.map(|(_, path, script)| Scenario::load_all(path, script)).transpose()?;
    if let Some(found) = twin.into_iter().flatten().find(|scenario| scenario.name == name) {
        return Ok(found);
    }
    let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).chain(TWINS.iter().map(|t| t.0.as_str())).collect();
    Err(Broken {
        path: name.to_owned(),
        line: 0,
        what: "no scenario of that name comes with the program".into(),
        hint: format!("Choose one of {}, or give the path of a script", names.join(", ")),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use model::{Body, ChangeKind, ClusterId, ObjectRef};

    fn all() -> Vec<Scenario> {
        all_built_in().into_iter().map(|scenario| scenario.unwrap_or_else(|broken| panic!("{broken}"))).collect()
    }

    #[test]
    fn every_script_of_the_library_is_built_in_and_plays() {
        let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../knowledge/scenarios"));
        let mut on_disk: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .filter(|name| name != "setting")
            .collect();
        on_disk.sort();
        let mut known: Vec<String> = BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
        known.sort();
        assert_eq!(on_disk, known);
        let mut names = std::collections::BTreeSet::new();
        for scenario in all() {
            let (name, truth) = (&scenario.name, &scenario.truth);
            assert!(names.insert(name.clone()), "two scenarios are called {name}");
            assert_eq!(truth.healthy, truth.object.is_none(), "{name}: a fault has an object");
            assert!(!scenario.title.is_empty() && !scenario.about.is_empty(), "{name} does not say what it is about");
        }
        for (name, ..) in TWINS.iter() {
            assert!(names.contains(name), "{name} is not found by the way its name is written");
        }
    }

    #[test]
    fn twins_name_each_other_and_differ_in_their_cause() {
        let all = all();
        for one in &all {
            let Some(twin) = &one.twin else { continue };
            let other = all.iter().find(|s| s.name == *twin).unwrap_or_else(|| panic!("there is no {twin}"));
            assert!(other.twin.is_some(), "{twin} names nobody");
            assert_ne!(
                (&one.truth.object, &one.truth.failure_mode, &one.truth.fixes_ok),
                (&other.truth.object, &other.truth.failure_mode, &other.truth.fixes_ok),
                "{} and {twin}",
                one.name
            );
        }
    }

    #[test]
    fn the_truth_names_an_object_of_its_cluster() {
        for scenario in all() {
            let others = scenario.truth.others.iter().map(|other| &other.object);
            let truths: Vec<ObjectRef> =
                scenario.truth.object.iter().chain(others).map(|object| object.parse().unwrap()).collect();
            let cluster = ClusterId("cluster:test".into());
            let observations = scenario.observations(&cluster, scenario.start);
            for truth in truths {
                let there = observations.iter().any(|o| {
                    o.subject.as_ref() == Some(&truth)
                        && matches!(o.body, Body::Object { change: ChangeKind::Present, .. })
                });
                assert!(there, "{} has no {truth}", scenario.name);
            }
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
        for Scenario { name, truth, .. } in all() {
            let others = truth.others.iter().map(|other| &other.failure_mode);
            for mode in truth.failure_mode.iter().chain(&truth.ambiguous).chain(others) {
                assert!(folder.join(format!("{mode}.md")).is_file(), "{name}: there is no failure mode `{mode}`");
            }
            for fix in truth.fixes_ok.iter().chain(&truth.fixes_forbidden) {
                assert!(fixes.contains(fix), "{name}: no failure mode has a fix `{fix}`");
            }
        }
    }

    #[test]
    fn what_a_twin_does_not_say_about_a_word_is_an_error_with_its_line() {
        let script = "name: a\nabout: b\nlength: 1m\nobjects:\n- {workload: cart, image: $image}\ntwins:\n  \
                      - {name: one, title: One, truth: {healthy: true}, with: {image: x}}\n  \
                      - {name: two, title: Two, truth: {healthy: true}}\n";
        let broken = Scenario::load_all("script.yaml", script).unwrap_err();
        assert_eq!((broken.line, broken.what.as_str()), (5, "nothing says what `$image` is"));
        let both = Scenario::load_all("script.yaml", &script.replace("Two, ", "Two, with: {image: null}, ")).unwrap();
        assert_eq!(both[1].twin.as_deref(), Some("one"));
        assert!(both[1].objects.iter().all(|act| act.words.get("image").is_none_or(|image| image != "$image")));
    }
}
