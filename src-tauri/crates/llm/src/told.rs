//! Calls without a format of their own: the tools are described in words, and asked for as JSON in the answer.

use model::ToolSpec;
use serde_json::{Map, Value, json};

use crate::Called;
use crate::encode::wire_name;

pub(crate) fn described(tools: &[ToolSpec]) -> String {
    let mut text = String::from(
        "You can ask for calls of the tools below. Answer with one JSON object and nothing else: \
         {\"say\": \"what you want to tell\", \"calls\": [{\"tool\": \"name\", \"args\": {…}}]}. \
         With no calls the conversation ends. Results come in the next message.\n",
    );
    for tool in tools {
        text.push_str(&format!("\n- {}: {} Arguments: {}", wire_name(&tool.name), tool.description, tool.schema));
    }
    text
}

/// The schema of such an answer.
pub(crate) fn schema(tools: &[ToolSpec]) -> Value {
    let mut shared = Map::new();
    let calls: Vec<Value> = tools
        .iter()
        .map(|tool| {
            let name = wire_name(&tool.name);
            let mut args = tool.schema.clone();
            hoist(&mut args, &name, &mut shared);
            json!({
                "type": "object",
                "properties": { "tool": { "type": "string", "enum": [name] }, "args": args },
                "required": ["tool", "args"],
                "additionalProperties": false,
            })
        })
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": {
            "say": { "type": "string" },
            "calls": { "type": "array", "items": { "anyOf": calls } },
        },
        "required": ["say", "calls"],
        "additionalProperties": false,
    });
    if !shared.is_empty() {
        schema["$defs"] = Value::Object(shared);
    }
    schema
}

/// Moves a tool's own definitions to the top of the whole schema, under names that no other tool has.
fn hoist(schema: &mut Value, tool: &str, shared: &mut Map<String, Value>) {
    match schema {
        Value::Object(map) => {
            map.shift_remove("$schema");
            for field in ["$defs", "definitions"] {
                let Some(Value::Object(own)) = map.shift_remove(field) else { continue };
                for (name, mut definition) in own {
                    hoist(&mut definition, tool, shared);
                    shared.insert(format!("{tool}_{name}"), definition);
                }
            }
            if let Some(Value::String(reference)) = map.get_mut("$ref") {
                let name = reference.strip_prefix("#/$defs/").or_else(|| reference.strip_prefix("#/definitions/"));
                if let Some(moved) = name.map(|name| format!("#/$defs/{tool}_{name}")) {
                    *reference = moved;
                }
            }
            map.values_mut().for_each(|value| hoist(value, tool, shared));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hoist(item, tool, shared)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// An earlier answer, in the form that is asked for.
pub(crate) fn said(text: &str, calls: &[Called]) -> String {
    let calls: Vec<Value> = calls
        .iter()
        .map(|call| {
            let args = serde_json::from_str::<Value>(call.args.as_str()).unwrap_or_else(|_| call.args.as_str().into());
            json!({ "tool": wire_name(&call.tool), "args": args })
        })
        .collect();
    json!({ "say": text, "calls": calls }).to_string()
}

/// An id that another model gave is no word for this one, and may be as random as a token: it is left out.
pub(crate) fn result(call: &str, tool: &str, text: &str) -> String {
    const LONGEST: usize = 24;
    let tool = if tool.is_empty() { "a call" } else { tool };
    let call = if call.len() <= LONGEST { format!(" ({call})") } else { String::new() };
    format!("Result of {tool}{call}:\n{text}")
}

/// What an answer in words says, and the calls in it: a tool's name and its arguments as JSON text, which may be broken.
pub(crate) fn read(answer: &str) -> (String, Vec<(String, String)>) {
    let Some((before, object)) = object_in(answer) else {
        let trimmed = answer.trim_start();
        // It began as it should and broke off: no call, and nothing to show either.
        let is_torn = trimmed.starts_with('{') && ["\"calls\"", "\"say\""].iter().any(|word| trimmed.contains(word));
        return if is_torn {
            (String::new(), vec![(String::new(), answer.to_owned())])
        } else {
            (answer.into(), vec![])
        };
    };
    let asked: Vec<&Value> = match object.get("calls") {
        Some(Value::Array(calls)) => calls.iter().collect(),
        Some(_) | None if object.get("say").is_some() => Vec::new(),
        Some(_) | None => vec![&object],
    };
    let calls = asked.into_iter().map(|call| {
        let tool = ["tool", "name"].iter().find_map(|field| call[*field].as_str()).unwrap_or_default();
        let args = ["args", "arguments", "parameters"].iter().find_map(|field| call.get(*field));
        let args = match args {
            // Some write the arguments as a string of JSON, as one of the formats does.
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => "{}".into(),
        };
        // Without a tool it is no call; a text that is no object is told back as broken.
        if tool.is_empty() { (String::new(), format!("!{call}")) } else { (tool.to_owned(), args) }
    });
    let say = object.get("say").and_then(Value::as_str).unwrap_or(before.trim());
    (say.to_owned(), calls.collect())
}

/// The first JSON object that is such an answer, and the text before it.
fn object_in(answer: &str) -> Option<(&str, Value)> {
    for (at, _) in answer.match_indices('{') {
        let mut values = serde_json::Deserializer::from_str(&answer[at..]).into_iter::<Value>();
        let Some(Ok(value)) = values.next() else { continue };
        let is_call = value.get("tool").or_else(|| value.get("name")).is_some_and(Value::is_string)
            && ["args", "arguments", "parameters"].iter().any(|field| value.get(*field).is_some());
        if value.get("calls").is_some_and(Value::is_array) || value.get("say").is_some_and(Value::is_string) || is_call
        {
            let before = answer[..at].trim_end().trim_end_matches("json").trim_end_matches('`');
            return Some((before, value));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_in_whatever_a_model_writes_around_them() {
        let call = ("logs".to_owned(), r#"{"pod":"a"}"#.to_owned());
        for answer in [
            r#"{"say": "I look.", "calls": [{"tool": "logs", "args": {"pod": "a"}}]}"#,
            "I look.\n```json\n{\"calls\": [{\"tool\": \"logs\", \"args\": {\"pod\": \"a\"}}]}\n```\nthen I tell.",
            r#"I look. {"name": "logs", "arguments": "{\"pod\":\"a\"}"}"#,
        ] {
            assert_eq!(read(answer), ("I look.".to_owned(), vec![call.clone()]), "{answer}");
        }
        assert_eq!(read("It is DNS {sic}."), ("It is DNS {sic}.".to_owned(), vec![]));
        assert_eq!(read(r#"{"say": "It is DNS.", "calls": []}"#), ("It is DNS.".to_owned(), vec![]));
    }

    #[test]
    fn an_answer_that_broke_off_within_its_json_is_a_broken_call() {
        let (say, calls) = read(r#"{"say": "I look.", "calls": [{"tool": "logs", "args": {"po"#);
        assert_eq!((say.as_str(), calls.len()), ("", 1));
        assert!(serde_json::from_str::<Value>(&calls[0].1).is_err());
        let (_, calls) = read(r#"{"say": "", "calls": [{"args": {}}]}"#);
        assert!(serde_json::from_str::<Value>(&calls[0].1).is_err(), "a call of no tool");
    }

    #[test]
    fn definitions_of_two_tools_do_not_meet() {
        let schema_of = |kind: &str| json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": kind}}});
        let tool = |name: &str, kind: &str| ToolSpec {
            name: name.into(),
            title: name.into(),
            description: String::new(),
            schema: schema_of(kind),
        };
        let whole = schema(&[tool("x.y", "string"), tool("z", "number")]);
        assert_eq!(whole["$defs"]["x_y_A"]["type"], "string");
        assert_eq!(whole["$defs"]["z_A"]["type"], "number");
        assert!(whole.to_string().contains("#/$defs/x_y_A"));
    }
}
