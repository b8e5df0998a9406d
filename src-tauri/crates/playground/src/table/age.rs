/// A length of time as kubectl shows it: two units at most, the second one only while it matters.
pub fn human(seconds: f64) -> String {
    let seconds = seconds.trunc() as i64;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let two = |first: i64, unit: &str, second: i64, smaller: &str| match second {
        0 => format!("{first}{unit}"),
        _ => format!("{first}{unit}{second}{smaller}"),
    };
    match seconds {
        ..=-2 => "<invalid>".into(),
        -1 => "0s".into(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => two(minutes, "m", seconds % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => two(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if days < 8 => two(days, "d", hours % 24, "h"),
        _ if days < 730 => format!("{days}d"),
        _ if days < 2_920 => two(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn ages_read_as_kubectl_prints_them() {
        for (seconds, text) in [
            (-5.0, "<invalid>"),
            (-1.0, "0s"),
            (0.4, "0s"),
            (119.0, "119s"),
            (120.0, "2m"),
            (125.0, "2m5s"),
            (600.0, "10m"),
            (10_799.0, "179m"),
            (10_800.0, "3h"),
            (12_000.0, "3h20m"),
            (28_800.0, "8h"),
            (172_800.0, "2d"),
            (180_000.0, "2d2h"),
            (691_200.0, "8d"),
            (63_072_000.0, "2y"),
            (63_200_000.0, "2y1d"),
            (260_000_000.0, "8y"),
        ] {
            assert_eq!(human(seconds), text, "{seconds}");
        }
    }
}
