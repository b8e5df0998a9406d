use model::{Risk, digest_hex};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A tool exactly as its server defines it: name, words, schemas, and what it claims.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Definition(Value);

/// What differs between two definitions of one tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    pub part: String,
    pub before: String,
    pub now: String,
}

impl Definition {
    pub(crate) fn of(tool: &rmcp::model::Tool) -> Self {
        Definition(serde_json::to_value(tool).unwrap_or_default())
    }

    /// As its server calls it.
    pub fn name(&self) -> &str {
        self.0["name"].as_str().unwrap_or_default()
    }

    pub fn title(&self) -> &str {
        let title =
            |value: &'_ Value| value["title"].as_str().map(str::trim).filter(|title| !title.is_empty()).is_some();
        match () {
            () if title(&self.0) => self.0["title"].as_str().unwrap_or_default().trim(),
            () if title(&self.0["annotations"]) => self.0["annotations"]["title"].as_str().unwrap_or_default().trim(),
            () => self.name(),
        }
    }

    pub fn description(&self) -> &str {
        self.0["description"].as_str().unwrap_or_default()
    }

    /// The whole schema of its arguments.
    pub fn schema(&self) -> Value {
        let mut schema = self.0["inputSchema"].clone();
        if !schema.is_object() {
            schema = json!({"type": "object"});
        }
        if !schema["properties"].is_object() {
            schema["properties"] = json!({});
        }
        schema
    }

    /// Of everything in it, also of what it claims: any change is a change.
    pub fn fingerprint(&self) -> String {
        digest_hex(&[b"mcp", model::canonical_json(&self.0).as_bytes()])
    }

    fn claim(&self, name: &str) -> Option<bool> {
        self.0["annotations"][name].as_bool()
    }

    /// What the server says of the tool, in words. Nothing checks it.
    pub fn claims(&self) -> String {
        let words = [
            ("readOnlyHint", "that it only reads", "that it changes something"),
            ("destructiveHint", "that it may destroy", "that it destroys nothing"),
            ("idempotentHint", "that doing it twice is doing it once", "that doing it twice does more"),
            ("openWorldHint", "that it reaches other systems", "that it reaches no other systems"),
        ];
        let said: Vec<&str> = words
            .iter()
            .filter_map(|(name, yes, no)| self.claim(name).map(|claim| if claim { *yes } else { *no }))
            .collect();
        if said.is_empty() {
            "The server claims nothing of it.".into()
        } else {
            format!("The server claims {}; nothing has checked that.", said.join(", "))
        }
    }

    /// As risky as our code takes it to be. A claim can make it stricter: what says that it changes something is taken at
    /// its word, and what says nothing may change something. What says that it only reads is not believed: only the
    /// engineer says so (`is_read`).
    pub(crate) fn risk(&self, is_read: bool) -> Risk {
        let reads = self.claim("readOnlyHint");
        if reads == Some(false) || (reads != Some(true) && self.claim("destructiveHint") == Some(true)) {
            // Destructive where it says so outright; what it would destroy is not known, so it counts as a change.
            return Risk::Write;
        }
        match (is_read, reads) {
            (true, _) => Risk::Read,
            (false, Some(_)) => Risk::ReadSensitive,
            (false, None) => Risk::Write,
        }
    }

    /// What is different now.
    pub fn changes(&self, now: &Definition) -> Vec<Change> {
        let (Some(before), Some(after)) = (self.0.as_object(), now.0.as_object()) else { return Vec::new() };
        let mut parts: Vec<&String> = before.keys().chain(after.keys().filter(|k| !before.contains_key(*k))).collect();
        parts.sort_unstable();
        let text = |value: Option<&Value>| match value {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        };
        let differs = |part: &&String| before.get(*part) != after.get(*part);
        let change =
            |part: &String| Change { part: part.clone(), before: text(before.get(part)), now: text(after.get(part)) };
        parts.into_iter().filter(differs).map(change).collect()
    }

    /// Whether arguments fit the schema, as far as its outermost level says.
    pub(crate) fn check(&self, args: &Value) -> Result<(), String> {
        let schema = self.schema();
        let Some(given) = args.as_object() else { return Err("they are no JSON object".into()) };
        let properties = schema["properties"].as_object().cloned().unwrap_or_default();
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !given.contains_key(name) {
                return Err(format!("`{name}` is missing"));
            }
        }
        for (name, value) in given {
            let Some(property) = properties.get(name) else {
                if schema["additionalProperties"] == json!(false)
                    || !properties.is_empty() && schema["additionalProperties"].is_null()
                {
                    return Err(format!("there is no `{name}`"));
                }
                continue;
            };
            if !fits(value, &property["type"]) {
                return Err(format!("`{name}` is {value}, and it takes {}", property["type"]));
            }
            if let Some(choices) = property["enum"].as_array()
                && !choices.contains(value)
            {
                return Err(format!("`{name}` is {value}, and it takes one of {}", Value::from(choices.clone())));
            }
        }
        Ok(())
    }
}

fn fits(value: &Value, kind: &Value) -> bool {
    match kind {
        Value::Array(kinds) => kinds.iter().any(|kind| fits(value, kind)),
        Value::String(kind) => match kind.as_str() {
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
            "number" => value.is_number(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            _ => true,
        },
        _ => true,
    }
}
