//! Conditions in CEL, the expression language that Kubernetes itself uses.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, OnceLock};

use cel::common::value::{CowVal, Val};
use cel::context::{Context, VariableResolver};
use cel::{Env, Program, Value as CelValue};
use model::{Fact, ObjectRef};
use regex::Regex;
use serde_json::Value;

/// What a condition may mention.
const VARIABLES: [&str; 5] = ["fact", "signal", "object", "facts", "near"];

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));
#[expect(clippy::expect_used, reason = "a constant pattern, covered by every test that compiles a condition")]
static BINDINGS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\.(?:all|exists|exists_one|map|filter)\(\s*([A-Za-z_]\w*)\s*,").expect("the pattern is constant")
});

/// A compiled condition. An empty one always holds.
#[derive(Debug, Default)]
pub struct Condition {
    text: String,
    program: Option<Program>,
    mentions_fact: bool,
}

impl Condition {
    /// Compiles once; the error says line (from 1, within the text) and why.
    pub fn compile(text: &str) -> Result<Self, (u32, String)> {
        Self::compile_over(text, &VARIABLES)
    }

    /// As [`Condition::compile`], with other variables.
    pub(crate) fn compile_over(text: &str, variables: &[&str]) -> Result<Self, (u32, String)> {
        if text.trim().is_empty() {
            return Ok(Condition::default());
        }
        let program = ENV.compile(text).map_err(|errors| {
            let first = errors.errors.first();
            let line = first.map_or(1, |e| u32::try_from(e.pos.0).unwrap_or(1).max(1));
            let why = first.map_or_else(|| errors.to_string(), |e| e.msg.clone());
            (line, why)
        })?;
        let references = program.references();
        let bound: BTreeSet<&str> = BINDINGS.captures_iter(text).filter_map(|c| c.get(1)).map(|m| m.as_str()).collect();
        let mut unknown: Vec<&str> = references
            .variables()
            .into_iter()
            .filter(|v| v.starts_with(|c: char| c.is_ascii_alphabetic()))
            .filter(|v| !variables.contains(v) && !bound.contains(v))
            .collect();
        unknown.sort_unstable();
        if let Some(name) = unknown.first() {
            let known: Vec<String> = variables.iter().map(|v| format!("`{v}`")).collect();
            let (last, rest) = known.split_last().map_or(("", &[][..]), |(last, rest)| (last.as_str(), rest));
            return Err((1, format!("`{name}` is not known; a condition may use {} and {last}", rest.join(", "))));
        }
        let mentions_fact = references.has_variable("fact");
        Ok(Condition { text: text.to_owned(), program: Some(program), mentions_fact })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.program.is_none()
    }

    /// Whether it is about one fact at a time.
    pub fn mentions_fact(&self) -> bool {
        self.mentions_fact
    }

    /// Whether it holds. What is missing (an argument, a fact) makes it false, not an error.
    pub fn holds(&self, scene: &Scene<'_>) -> bool {
        let Some(program) = &self.program else { return true };
        let mut context = Context::with_env(Arc::clone(&ENV));
        context.set_variable_resolver(scene);
        matches!(program.execute(&context), Ok(CelValue::Bool(true)))
    }
}

/// What a condition comes to.
#[derive(Debug, PartialEq)]
pub(crate) enum Decided {
    Holds,
    Broken,
    /// Something that it asks for is not there, with what.
    Unknown(String),
}

impl Condition {
    /// Decides it over variables of its own; what is missing leaves it undecided.
    pub(crate) fn decide(&self, variables: &dyn VariableResolver) -> Decided {
        let Some(program) = &self.program else { return Decided::Holds };
        let mut context = Context::with_env(Arc::clone(&ENV));
        context.set_variable_resolver(variables);
        match program.execute(&context) {
            Ok(CelValue::Bool(true)) => Decided::Holds,
            Ok(CelValue::Bool(false)) => Decided::Broken,
            Ok(_) => Decided::Unknown(format!("`{}` is neither true nor false", self.text)),
            Err(error) => Decided::Unknown(format!("`{}` cannot be decided here: {error}", self.text)),
        }
    }
}

/// A fact ready for conditions; converted when the first condition looks at it.
#[derive(Debug)]
pub struct BoundFact {
    pub fact: Fact,
    value: OnceLock<Box<dyn Val>>,
}

impl BoundFact {
    pub fn new(fact: Fact) -> Self {
        BoundFact { fact, value: OnceLock::new() }
    }

    fn value(&self) -> &dyn Val {
        let fact = &self.fact;
        &**self.value.get_or_init(|| {
            let certainty = match &fact.certainty {
                model::Certainty::Known => text_map([("is", "known"), ("because", "")]),
                model::Certainty::Unknown { because } => text_map([("is", "unknown"), ("because", because)]),
            };
            let args: HashMap<String, CelValue> = fact.args.iter().map(|(k, v)| (k.clone(), value_of(v))).collect();
            let map: HashMap<String, CelValue> = HashMap::from([
                ("name".to_owned(), CelValue::from(fact.name.as_str())),
                ("subject".to_owned(), object_value(&fact.subject)),
                ("args".to_owned(), CelValue::from(args)),
                ("certainty".to_owned(), certainty),
                ("says".to_owned(), CelValue::from(fact.says.as_str())),
            ]);
            boxed(CelValue::from(map))
        })
    }
}

/// A list of fact names ready for conditions.
#[derive(Debug)]
pub struct Names(Box<dyn Val>);

impl Names {
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let set: BTreeSet<&str> = names.into_iter().collect();
        Names(boxed(CelValue::from(set.into_iter().map(CelValue::from).collect::<Vec<_>>())))
    }
}

impl Default for Names {
    fn default() -> Self {
        Names::new([])
    }
}

/// What a condition looks at: one fact, the fact that made the candidate (`signal`), the object it is asked for, the names
/// of the facts about that object (`facts`) and of those around it (`near`).
pub struct Scene<'a> {
    fact: Option<&'a BoundFact>,
    signal: Option<&'a BoundFact>,
    object: Box<dyn Val>,
    facts: &'a Names,
    near: &'a Names,
}

impl<'a> Scene<'a> {
    pub fn new(fact: Option<&'a BoundFact>, object: &ObjectRef, facts: &'a Names, near: &'a Names) -> Self {
        Scene { fact, signal: None, object: boxed(object_value(object)), facts, near }
    }

    /// With the fact that made the candidate.
    pub fn raised_by(self, signal: &'a BoundFact) -> Self {
        Scene { signal: Some(signal), ..self }
    }

    /// The same scene with another fact in front.
    pub fn show(&mut self, fact: Option<&'a BoundFact>) {
        self.fact = fact;
    }
}

impl VariableResolver for Scene<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        match variable {
            "fact" => self.fact.map(|f| CowVal::Borrowed(f.value())),
            "signal" => self.signal.map(|f| CowVal::Borrowed(f.value())),
            "object" => Some(CowVal::Borrowed(&*self.object)),
            "facts" => Some(CowVal::Borrowed(&*self.facts.0)),
            "near" => Some(CowVal::Borrowed(&*self.near.0)),
            _ => None,
        }
    }
}

pub(crate) fn boxed(value: CelValue) -> Box<dyn Val> {
    Box::<dyn Val>::try_from(value).unwrap_or_else(|_| Box::new(cel::common::types::CelNull))
}

fn text_map<const N: usize>(pairs: [(&str, &str); N]) -> CelValue {
    CelValue::from(pairs.into_iter().map(|(k, v)| (k.to_owned(), CelValue::from(v))).collect::<HashMap<_, _>>())
}

fn object_value(object: &ObjectRef) -> CelValue {
    text_map([("kind", &object.kind), ("namespace", &object.namespace), ("name", &object.name)])
}

/// JSON as CEL; whole numbers become `int`, so that comparing with a literal works.
pub(crate) fn value_of(value: &Value) -> CelValue {
    match value {
        Value::Null => CelValue::Null,
        Value::Bool(b) => CelValue::Bool(*b),
        Value::Number(n) => n.as_i64().map_or_else(|| CelValue::Float(n.as_f64().unwrap_or(f64::NAN)), CelValue::Int),
        Value::String(text) => CelValue::from(text.as_str()),
        Value::Array(items) => CelValue::from(items.iter().map(value_of).collect::<Vec<_>>()),
        Value::Object(map) => {
            CelValue::from(map.iter().map(|(k, v)| (k.clone(), value_of(v))).collect::<HashMap<_, _>>())
        }
    }
}
