//! A script as it is written: one cluster, or several that share most of what happens.

use model::{Blueprint, Time};
use serde::Deserialize;
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

use super::script::ReactionWord;
use super::span::Span;
use super::stage::merge;
use super::{Act, Broken, Scenario, Step, Truth, step};

const FORMAT: &str = "`knowledge/scenarios/README.md` describes the format";

/// The cluster around what a script is about: the usual nodes, namespaces and services.
const SETTING: &str = include_str!("../../../../../knowledge/scenarios/setting.yaml");

/// When a script that does not say so begins.
const START: &str = "2026-09-14T08:00:00Z";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    twin: Option<String>,
    #[serde(default)]
    truth: Option<Spanned<Value>>,
    #[serde(default)]
    start: Option<Spanned<String>>,
    #[serde(default)]
    length: Option<Span>,
    #[serde(default)]
    namespace: Option<String>,
    /// Whether the usual cluster is around it; where absent, it is around twins.
    #[serde(default)]
    setting: Option<bool>,
    #[serde(default)]
    with: Map<String, Value>,
    #[serde(default)]
    objects: Vec<Spanned<Value>>,
    #[serde(default)]
    steps: Vec<Spanned<Value>>,
    #[serde(default)]
    reactions: Vec<Spanned<Value>>,
    /// What the team knows of this cluster.
    #[serde(default)]
    blueprints: Vec<Blueprint>,
    #[serde(default)]
    twins: Vec<Spanned<Twin>>,
    /// As twins, but nobody's: each stands for itself.
    #[serde(default)]
    scenarios: Vec<Spanned<Twin>>,
}

/// One of several clusters that share the rest of the file.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Twin {
    name: String,
    title: String,
    truth: Value,
    #[serde(default)]
    with: Map<String, Value>,
    #[serde(default)]
    length: Option<Span>,
    #[serde(default)]
    objects: Vec<Spanned<Value>>,
    #[serde(default)]
    steps: Vec<Spanned<Value>>,
    #[serde(default)]
    blueprints: Vec<Blueprint>,
}

/// Words and the line they stand on.
type Lined = (usize, Value);

struct Reader<'p> {
    path: &'p str,
}

impl Reader<'_> {
    fn broken(&self, line: usize, what: impl Into<String>, hint: &str) -> Broken {
        Broken { path: self.path.to_owned(), line, what: what.into(), hint: hint.to_owned() }
    }

    fn parse<T: serde::de::DeserializeOwned>(&self, text: &str) -> Result<T, Broken> {
        serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map_or(0, |l| l.line() as usize);
            let what = error.without_snippet().to_string();
            self.broken(line, what.lines().next().unwrap_or_default(), FORMAT)
        })
    }

    fn truth(&self, line: usize, words: Value) -> Result<Truth, Broken> {
        serde_json::from_value(words).map_err(|error| self.broken(line, format!("`truth`: {error}"), FORMAT))
    }
}

/// The scenarios of one file: one, or as many as it has twins. Each is played once to its end.
pub(super) fn read(path: &str, text: &str) -> Result<Vec<Scenario>, Broken> {
    let reader = Reader { path };
    let file: File = reader.parse(text)?;
    if file.twins.is_empty() && file.scenarios.is_empty() {
        let (line, words) = match &file.truth {
            Some(truth) => (truth.referenced.line() as usize, truth.value.clone()),
            None => return Err(reader.broken(1, "there is no `truth`", FORMAT)),
        };
        let truth = reader.truth(line, words)?;
        return Ok(vec![build(&reader, &file, None, truth)?]);
    }
    if file.twins.len() == 1 {
        let line = file.twins[0].referenced.line() as usize;
        return Err(reader.broken(line, "a twin has nobody to be the twin of", FORMAT));
    }
    let mut scenarios = Vec::new();
    for (twin, paired) in file.twins.iter().map(|t| (t, true)).chain(file.scenarios.iter().map(|t| (t, false))) {
        let mut words = file.truth.as_ref().map_or(Value::Null, |t| t.value.clone());
        merge(&mut words, &twin.value.truth);
        let truth = reader.truth(twin.referenced.line() as usize, words)?;
        let mut scenario = build(&reader, &file, Some(twin), truth)?;
        if paired {
            // The first two are each other's; every other one is compared with the first.
            let other = if scenarios.is_empty() { &file.twins[1] } else { &file.twins[0] };
            scenario.twin = Some(other.value.name.clone());
        }
        scenarios.push(scenario);
    }
    Ok(scenarios)
}

fn build(reader: &Reader<'_>, file: &File, twin: Option<&Spanned<Twin>>, truth: Truth) -> Result<Scenario, Broken> {
    let own = twin.map(|t| &t.value);
    let mut with = file.with.clone();
    with.extend(own.into_iter().flat_map(|t| t.with.clone()));
    let namespace = file.namespace.clone().unwrap_or_else(|| if own.is_some() { "shop" } else { "default" }.into());
    with.entry("namespace").or_insert_with(|| namespace.clone().into());
    let lined = |items: &[Spanned<Value>]| -> Vec<Lined> {
        items.iter().map(|item| (item.referenced.line() as usize, item.value.clone())).collect()
    };
    let fill = |items: Vec<Lined>| -> Result<Vec<Lined>, Broken> {
        let filled = items.into_iter().map(|(line, words)| {
            filled(&words, &with)
                .map(|words| words.map(|words| (line, words)))
                .map_err(|name| reader.broken(line, format!("nothing says what `${name}` is"), "Name it in `with`"))
        });
        filled.filter_map(Result::transpose).collect()
    };
    let mut objects = Vec::new();
    if file.setting.unwrap_or(own.is_some()) {
        let setting: Vec<Value> = reader.parse(SETTING)?;
        objects.extend(fill(setting.into_iter().map(|words| (0, words)).collect())?);
    }
    objects.extend(fill(lined(&file.objects))?);
    let mut steps = Vec::new();
    let mut happens = lined(&file.steps);
    if let Some(twin) = own {
        objects.extend(fill(lined(&twin.objects))?);
        happens.extend(lined(&twin.steps));
    }
    for (line, words) in fill(happens)? {
        steps.push(step(words, line).map_err(|what| reader.broken(line, what, FORMAT))?);
    }
    steps.sort_by_key(|s: &Step| s.at);
    let mut reactions = Vec::new();
    for (line, words) in fill(lined(&file.reactions))? {
        let word: ReactionWord =
            serde_json::from_value(words).map_err(|error| reader.broken(line, error.to_string(), FORMAT))?;
        for words in &word.steps {
            step(words.clone(), line).map_err(|what| reader.broken(line, what, FORMAT))?;
        }
        reactions.push((line, word));
    }
    let (line, start) = file.start.as_ref().map_or((0, START), |s| (s.referenced.line() as usize, s.value.as_str()));
    let start = start.parse::<Time>().map_err(|error| {
        reader.broken(line, error.to_string(), "`start` is the time at which the script's clock shows zero")
    })?;
    let last = steps.last().map_or(Span(0), |s| s.at);
    let acts = objects.into_iter().map(|(line, words)| Act { line, name: "apply".into(), words });
    let scenario = Scenario {
        name: own.map_or(&file.name, |t| &t.name).clone(),
        title: own.map_or(&file.title, |t| &t.title).clone(),
        about: file.about.clone(),
        twin: file.twin.clone(),
        truth,
        start,
        length: own.and_then(|t| t.length).or(file.length).unwrap_or(last),
        namespace,
        blueprints: file.blueprints.iter().chain(own.into_iter().flat_map(|t| &t.blueprints)).cloned().collect(),
        objects: acts.collect(),
        steps,
        reactions,
    };
    let mut stage = scenario.stage(start);
    stage.advance(scenario.end(start)).map_err(|fault| {
        let what = match own {
            Some(twin) => format!("in `{}`: {}", twin.name, fault.what),
            None => fault.what,
        };
        reader.broken(fault.line, what, &fault.hint)
    })?;
    Ok(scenario)
}

/// Puts what `with` says for `$name` (a whole value) and `${name}` (within a text). What is null there is left out; an
/// error is the name of which nothing is known.
fn filled(words: &Value, with: &Map<String, Value>) -> Result<Option<Value>, String> {
    Ok(Some(match words {
        Value::String(text) => {
            let name = text.strip_prefix('$').filter(|name| {
                name.starts_with(|c: char| c.is_ascii_lowercase())
                    && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            });
            match name {
                Some(name) => match with.get(name) {
                    Some(Value::Null) => return Ok(None),
                    Some(value) => return filled(value, with),
                    None => return Err(name.to_owned()),
                },
                None => Value::String(with.iter().fold(text.clone(), |text, (name, value)| match value {
                    Value::String(value) => text.replace(&format!("${{{name}}}"), value),
                    Value::Number(value) => text.replace(&format!("${{{name}}}"), &value.to_string()),
                    _ => text,
                })),
            }
        }
        Value::Array(items) => {
            let mut out = Vec::with_capacity(items.len());
            for item in items {
                match filled(item, with)? {
                    // A list in the place of one item of a list is its items.
                    Some(Value::Array(inner)) if item.is_string() => out.extend(inner),
                    Some(item) => out.push(item),
                    None => {}
                }
            }
            Value::Array(out)
        }
        Value::Object(map) => {
            let mut out = Map::new();
            for (key, value) in map {
                if let Some(value) = filled(value, with)? {
                    out.insert(key.clone(), value);
                }
            }
            // A step from which everything was left out does nothing.
            if out.len() < map.len() && out.keys().all(|key| key == "at") {
                return Ok(None);
            }
            Value::Object(out)
        }
        other => other.clone(),
    }))
}
