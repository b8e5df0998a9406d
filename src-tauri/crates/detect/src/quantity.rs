//! Kubernetes quantities: `250m`, `512Mi`, `2`.

use model::Doc;

/// The value in its base unit (cores, bytes, pieces); `None` where it is no quantity.
pub(crate) fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-' || c == '+')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    // `1e3` is a quantity too; everything else that starts with an `e` is none.
    if unit.starts_with(['e', 'E']) && unit.len() > 1 {
        return text.parse().ok();
    }
    let factor = match unit {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" | "K" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        _ => return None,
    };
    number.parse::<f64>().ok().map(|n| n * factor)
}

pub(crate) fn of(value: Option<&Doc>) -> Option<f64> {
    let value = value?;
    value.as_str().map_or_else(|| value.as_f64(), parse)
}

/// A value as a person writes it for a resource.
pub(crate) fn shown(resource: &str, value: f64) -> String {
    let counted = resource.contains("pods")
        || resource.contains("services")
        || resource.contains("count/")
        || resource.contains("persistentvolumeclaims")
        || resource.contains("secrets")
        || resource.contains("configmaps");
    if resource.contains("cpu") {
        if value.fract().abs() < 1e-9 { format!("{value:.0} CPU") } else { format!("{:.0}m CPU", value * 1000.0) }
    } else if (resource.contains("memory") || resource.contains("storage")) && !counted {
        bytes(value)
    } else {
        format!("{value:.0}")
    }
}

pub(crate) fn bytes(value: f64) -> String {
    for (unit, name) in [(1024f64.powi(4), "Ti"), (1024f64.powi(3), "Gi"), (1024f64.powi(2), "Mi"), (1024.0, "Ki")] {
        if value >= unit {
            let amount = value / unit;
            return if (amount - amount.round()).abs() < 0.05 {
                format!("{amount:.0}{name}")
            } else {
                format!("{amount:.1}{name}")
            };
        }
    }
    format!("{value:.0} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_in_every_spelling_and_anything_else_is_not_a_number() {
        assert_eq!(parse("250m"), Some(0.25));
        assert_eq!(parse("2"), Some(2.0));
        assert_eq!(parse("512Mi"), Some(536_870_912.0));
        assert_eq!(parse("1.5Gi"), Some(1_610_612_736.0));
        assert_eq!(parse("128974848"), Some(128_974_848.0));
        assert_eq!(parse("1e3"), Some(1000.0));
        for broken in ["", "Mi", "lots", "1Xi"] {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn amounts_are_shown_as_people_write_them() {
        assert_eq!(shown("requests.cpu", 0.25), "250m CPU");
        assert_eq!(shown("limits.memory", 536_870_912.0), "512Mi");
        assert_eq!(shown("count/services", 3.0), "3");
    }
}
