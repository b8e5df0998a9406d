//! What a model is offered beside the tools of the toolbox: to ask a specialist, and to end with something that code can
//! check.

use model::ToolSpec;
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) const ASK_SPECIALIST: &str = "ask_specialist";
pub(crate) const READ_MORE: &str = "read_more";
pub(crate) const CONCLUDE: &str = "conclude";
pub(crate) const REPORT: &str = "report";

/// The tool that shows more of a result of which only a part was released. Whoever reads such a result is offered it,
/// whatever its file names.
pub(crate) const RESULT_PAGE: &str = "result_page";

/// Whether a result is one of whose parts the whole is kept.
pub(crate) fn is_paged(text: &str) -> bool {
    text.contains("`result_page` shows any part")
}

/// The argument that every tool has for a model: why it asks, for the engineer who decides. It is not part of the call.
pub(crate) const WHY: &str = "_why";

/// A tool as a model is offered it.
pub(crate) fn with_why(mut spec: ToolSpec) -> ToolSpec {
    if let Some(properties) = spec.schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (_, property) in properties.iter_mut() {
            if let Some(property) = property.as_object_mut() {
                property.shift_remove("title");
            }
        }
        properties.insert(
            WHY.into(),
            json!({"type": "string", "description": "For the engineer: why, and what each answer would mean."}),
        );
    }
    spec
}

pub(crate) fn ask_specialist<'a>(specialists: impl Iterator<Item = (&'a str, &'a str)>) -> ToolSpec {
    let (ids, words): (Vec<&str>, Vec<String>) = specialists.map(|(id, when)| (id, format!("{id}: {when}"))).unzip();
    ToolSpec {
        name: ASK_SPECIALIST.into(),
        title: "Ask a specialist".into(),
        description: format!(
            "Hands a narrow question to a specialist with its own tools; findings come back with evidence. {}",
            words.join(" ")
        ),
        schema: json!({
            "type": "object",
            "properties": {
                "specialist": {"type": "string", "enum": ids},
                "question": {"type": "string", "description": "One narrow question in your own words; copy no cluster text."},
                "objects": {"type": "array", "items": {"type": "string"}, "description": "Kind/namespace/name of what it is about."},
            },
            "required": ["specialist", "question"],
            "additionalProperties": false,
        }),
    }
}

pub(crate) fn read_more() -> ToolSpec {
    ToolSpec {
        name: READ_MORE.into(),
        title: "Read more".into(),
        description: "Shows more of a result that was shortened.".into(),
        schema: json!({
            "type": "object",
            "properties": {
                "id": {"type": "string", "description": "Such as e4."},
                "from": {"type": "integer", "minimum": 0, "description": "The first character."},
            },
            "required": ["id", "from"],
            "additionalProperties": false,
        }),
    }
}

fn claims(description: &str) -> Value {
    json!({
        "type": "array",
        "description": description,
        "items": {
            "type": "object",
            "properties": {
                "says": {"type": "string"},
                "evidence": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"id": {"type": "string"}, "quote": {"type": "string"}},
                        "required": ["id", "quote"],
                        "additionalProperties": false,
                    },
                },
            },
            "required": ["says", "evidence"],
            "additionalProperties": false,
        },
    })
}

fn texts(description: &str) -> Value {
    json!({"type": "array", "items": {"type": "string"}, "description": description})
}

pub(crate) fn conclude() -> ToolSpec {
    ToolSpec {
        name: CONCLUDE.into(),
        title: "Conclude".into(),
        description:
            "Ends the investigation. Every claim cites evidence by its id with words quoted from it; code looks \
            each up. Say `unknown` where the evidence is thin."
                .into(),
        schema: json!({
            "type": "object",
            "properties": {
                "verdict": {"type": "string", "enum": ["cause", "unknown"]},
                "object": {"type": "string", "description": "Kind/namespace/name of the object in which the cause lies."},
                "failure_mode": {"type": "string", "description": "The id of a failure mode as the hypotheses name it, or `other`."},
                "mechanism": {"type": "string", "description": "What happened, in one sentence."},
                "chain": claims("From the cause to the symptom."),
                "against": claims("What speaks against it."),
                "not_checked": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"what": {"type": "string"}, "because": {"type": "string"}},
                        "required": ["what", "because"],
                        "additionalProperties": false,
                    },
                },
                "fixes": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"says": {"type": "string"}, "conditions": texts("What must hold for it."), "risk": {"type": "string"}},
                        "required": ["says", "conditions", "risk"],
                        "additionalProperties": false,
                    },
                },
                "settles": texts("What would settle it, where it is not settled."),
            },
            "required": ["verdict", "mechanism", "chain", "against", "not_checked", "fixes", "settles"],
            "additionalProperties": false,
        }),
    }
}

pub(crate) fn report() -> ToolSpec {
    ToolSpec {
        name: REPORT.into(),
        title: "Report".into(),
        description: "Ends your work and hands your findings back. Every finding cites evidence by its id with words \
            quoted from it; write the finding itself in your own words."
            .into(),
        schema: json!({
            "type": "object",
            "properties": {
                "answer": {"type": "string", "description": "The answer to the question, in one or two sentences."},
                "findings": claims("What you found."),
                "open": texts("What you could not tell, and why."),
            },
            "required": ["answer", "findings", "open"],
            "additionalProperties": false,
        }),
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Concluding {
    pub verdict: String,
    pub object: String,
    pub failure_mode: String,
    pub mechanism: String,
    pub chain: Vec<Claimed>,
    pub against: Vec<Claimed>,
    pub not_checked: Vec<Unchecked>,
    pub fixes: Vec<Fixing>,
    pub settles: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Claimed {
    pub says: String,
    pub evidence: Vec<Cited>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Cited {
    pub id: String,
    pub quote: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Unchecked {
    pub what: String,
    pub because: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fixing {
    pub says: String,
    pub conditions: Vec<String>,
    pub risk: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Reporting {
    pub answer: String,
    pub findings: Vec<Claimed>,
    pub open: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asking {
    pub specialist: String,
    pub question: String,
    pub objects: Vec<String>,
}
