//! Texts into values and times.

use model::Time;
use serde_json::Value;

/// A JSON document, or several YAML documents, by what the file says it is.
pub(super) fn documents(path: &str, text: &str) -> Result<Vec<Value>, String> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Err("it is empty".into());
    }
    if path.ends_with(".json") { json(text).map(|value| vec![value]) } else { yaml(text) }
}

pub(super) fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|cause| format!("it is not JSON: {cause}"))
}

pub(super) fn yaml(text: &str) -> Result<Vec<Value>, String> {
    serde_saphyr::from_multiple::<Value>(text).map_err(|cause| {
        let cause = cause.to_string();
        format!("it is not YAML: {}", cause.lines().next().unwrap_or_default())
    })
}

/// A time as the API server writes it; Go's zero time is none.
pub(super) fn time(value: &Value) -> Option<Time> {
    text_time(value.as_str()?)
}

/// RFC 3339, what `git log` and `date` print, or seconds since the epoch.
pub(super) fn text_time(text: &str) -> Option<Time> {
    let text = text.trim();
    let parsed = text.parse::<Time>().ok().or_else(|| {
        ["%a %b %d %H:%M:%S %Y %z", "%Y-%m-%d %H:%M:%S %z", "%a, %d %b %Y %H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%.f%z"]
            .into_iter()
            .find_map(|format| jiff::fmt::strtime::parse(format, text).ok()?.to_timestamp().ok())
            .or_else(|| {
                let civil = text.parse::<jiff::civil::DateTime>().ok()?;
                Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
            })
            .map(|t| Time(t.as_microsecond()))
            .or_else(|| {
                let seconds = text.parse::<f64>().ok().filter(|s| *s > 1e8)?;
                let seconds = if seconds > 1e11 { seconds / 1e3 } else { seconds };
                Some(Time((seconds * 1e6) as i64))
            })
    })?;
    (parsed.seconds() > 0).then_some(parsed)
}

pub(super) fn text_of<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
