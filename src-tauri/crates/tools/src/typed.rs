use async_trait::async_trait;
use gate::{Leave, Permit, TryOut};
use model::{Preview, Risk, Shown, ToolCall, ToolSpec};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::Answer;
use crate::{Failure, Outcome, Surroundings, Tool, ToolError};

/// A tool whose arguments are a Rust type; everything that follows from the type is written once, below.
#[async_trait]
pub(crate) trait Typed: Send + Sync + 'static {
    type Args: DeserializeOwned + JsonSchema + Send + Sync;

    const NAME: &'static str;
    const TITLE: &'static str;
    const DESCRIPTION: &'static str;
    /// As risky as any arguments can make it.
    const RISK: Risk = Risk::Read;

    /// What the types cannot say about the arguments, in words.
    fn consistent(_args: &Self::Args) -> Result<(), String> {
        Ok(())
    }

    fn risk_of(&self, _args: &Self::Args) -> Risk {
        Self::RISK
    }

    fn would(&self, args: &Self::Args, surroundings: &Surroundings) -> Preview;

    /// The same of a call whose difference was worked out already.
    fn would_as(&self, args: &Self::Args, _shown: &Shown, surroundings: &Surroundings) -> Preview {
        self.would(args, surroundings)
    }

    /// What it would change, from the history; nothing for reads.
    fn shown(&self, _args: &Self::Args, _surroundings: &Surroundings) -> Option<Shown> {
        None
    }

    /// What it would change, as the cluster says.
    async fn try_out(
        &self,
        _args: Self::Args,
        _leave: TryOut,
        _surroundings: &Surroundings,
    ) -> Result<Shown, ToolError> {
        Err(ToolError {
            what: format!("`{}` was not tried", Self::NAME),
            why: "it changes nothing".into(),
            hint: "Approve or deny it.".into(),
        })
    }

    async fn answer(&self, args: Self::Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, ToolError>;

    /// The same for what can end with nobody knowing whether it was done.
    async fn act(&self, args: Self::Args, permit: Permit, surroundings: &Surroundings) -> Result<Answer, Failure> {
        Ok(self.answer(args, permit, surroundings).await?)
    }
}

#[async_trait]
impl<T: Typed> Tool for T {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: T::NAME.into(),
            title: T::TITLE.into(),
            description: T::DESCRIPTION.into(),
            schema: schema::<T>(),
        }
    }

    fn risk(&self, args: &Value) -> Risk {
        parse::<T>(args).map_or(T::RISK, |args| self.risk_of(&args))
    }

    fn check(&self, args: &Value) -> Result<(), ToolError> {
        parse::<T>(args).map(drop)
    }

    fn preview(&self, call: &ToolCall, surroundings: &Surroundings) -> Preview {
        match parse::<T>(&call.args) {
            Ok(args) => match &call.shown {
                Some(shown) => self.would_as(&args, shown, surroundings),
                None => self.would(&args, surroundings),
            },
            Err(error) => Preview { does: format!("Nothing: {error}"), diff: None, cost: String::new(), undo: None },
        }
    }

    fn shown(&self, call: &ToolCall, surroundings: &Surroundings) -> Option<Shown> {
        Typed::shown(self, &parse::<T>(&call.args).ok()?, surroundings)
    }

    async fn try_out(&self, leave: TryOut, surroundings: &Surroundings) -> Result<Shown, ToolError> {
        let args = parse::<T>(&Leave::what(&leave).args)?;
        Typed::try_out(self, args, leave, surroundings).await
    }

    async fn run(&self, permit: Permit, surroundings: &Surroundings) -> Result<Outcome, Failure> {
        let call = permit.what();
        if call.tool != T::NAME {
            return Err(Failure::Failed(ToolError {
                what: format!("`{}` did not run", T::NAME),
                why: format!("the call that was approved is `{}`", call.tool),
                hint: "Propose the call again.".into(),
            }));
        }
        let here = surroundings.reach.cluster();
        if call.cluster != *here {
            return Err(Failure::Failed(ToolError {
                what: format!("`{}` did not run", T::NAME),
                why: format!("the call was approved for {} and would have run on {here}", call.cluster),
                hint: "Propose the call again for the cluster that is open.".into(),
            }));
        }
        let args = parse::<T>(&call.args)?;
        Ok(self.act(args, permit, surroundings).await?.outcome(surroundings)?)
    }
}

fn parse<T: Typed>(args: &Value) -> Result<T::Args, ToolError> {
    let parsed = serde_path_to_error::deserialize(args).map_err(|error| {
        let (path, why) = (error.path().to_string(), error.inner().to_string());
        if path == "." || why.contains(&format!("`{path}`")) { why } else { format!("`{path}`: {why}") }
    });
    parsed.and_then(|args| T::consistent(&args).map(|()| args)).map_err(|why| ToolError {
        what: format!("the arguments of `{}` do not fit", T::NAME),
        why,
        hint: format!("It takes {}.", takes(&schema::<T>())),
    })
}

/// The arguments in a sentence: `namespace`, `pod` (optional), …
fn takes(schema: &Value) -> String {
    let required = |name: &str| schema["required"].as_array().is_some_and(|r| r.iter().any(|one| one == name));
    let names = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| if required(name) { format!("`{name}`") } else { format!("`{name}` (optional)") });
    names.collect::<Vec<_>>().join(", ")
}

/// The schema as a form and a model want it: flat, and an optional argument is left out rather than null.
fn schema<T: Typed>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T::Args>().to_value();
    schema["title"] = T::TITLE.into();
    for (_, property) in schema["properties"].as_object_mut().into_iter().flatten() {
        without_null(property);
    }
    schema
}

fn without_null(property: &mut Value) {
    let Some(map) = property.as_object_mut() else { return };
    if map.get("default").is_some_and(Value::is_null) {
        map.remove("default");
    }
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|one| one != "null");
        if let [one] = &types[..] {
            let one = one.clone();
            map.insert("type".into(), one);
        }
    }
    if let Some(Value::Array(values)) = map.get_mut("enum") {
        values.retain(|one| !one.is_null());
    }
    if let Some(Value::Array(choices)) = map.get("anyOf") {
        let choices: Vec<Value> = choices.iter().filter(|c| c["type"] != "null").cloned().collect();
        if let [Value::Object(one)] = &choices[..] {
            let one = one.clone();
            map.remove("anyOf");
            for (key, value) in one {
                map.entry(key).or_insert(value);
            }
        }
    }
}

/// A form hands over an empty text for a field that was left empty.
pub(crate) fn blank_is_none<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.filter(|text| !text.trim().is_empty()))
}

/// An object as arguments name it: the namespace beside it is empty for cluster-scoped objects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    /// Kubernetes' own word for the kind, such as `Deployment`.
    #[schemars(title = "Kind", length(min = 1))]
    pub kind: String,
    /// Empty for objects that have none, such as a Node.
    #[serde(default)]
    #[schemars(title = "Namespace")]
    pub namespace: String,
    #[schemars(title = "Name", length(min = 1))]
    pub name: String,
}

impl Named {
    pub fn object(&self) -> model::ObjectRef {
        let Named { kind, namespace, name } = self;
        model::ObjectRef::new(kind.trim(), namespace.trim(), name.trim())
    }

    pub fn consistent(&self) -> Result<(), String> {
        match (self.kind.trim(), self.name.trim()) {
            ("", _) => Err("`kind` is empty".into()),
            (_, "") => Err("`name` is empty".into()),
            _ => Ok(()),
        }
    }
}
