//! Times and sizes as people write them.

use std::time::Duration;

/// `2d`, `12h`, `30m`, `45s`.
pub fn time(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let seconds = match unit {
        "d" => 86_400.0,
        "h" => 3_600.0,
        "m" => 60.0,
        "s" => 1.0,
        _ => return Err("write a time such as 2d, 12h, 30m or 45s".into()),
    };
    let length = number.filter(|number| *number > 0.0).map(|number| number * seconds);
    length.and_then(|s| Duration::try_from_secs_f64(s).ok()).ok_or_else(|| format!("`{text}` is not a time"))
}

/// `1GiB`, `500MB`.
pub fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let bytes = match unit {
        "GiB" | "Gi" => 1024.0 * 1024.0 * 1024.0,
        "MiB" | "Mi" => 1024.0 * 1024.0,
        "GB" | "G" => 1e9,
        "MB" | "M" => 1e6,
        _ => return Err("write a size such as 1GiB, 500MiB or 2GB".into()),
    };
    let size = number.filter(|number| *number > 0.0 && *number < 1e6).map(|number| number * bytes);
    // Below two to the power of 64 by the check above.
    size.map(|size| size as u64).ok_or_else(|| format!("`{text}` is not a size"))
}

fn split(text: &str) -> (Option<f64>, &str) {
    let at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    (text[..at].trim().parse().ok(), text[at..].trim())
}

pub fn human(bytes: u64) -> String {
    let mib = bytes as f64 / (1024.0 * 1024.0);
    if mib < 1024.0 { format!("{mib:.1} MiB") } else { format!("{:.2} GiB", mib / 1024.0) }
}

#[cfg(test)]
mod tests;
