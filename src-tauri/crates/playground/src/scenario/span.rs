use serde::{Deserialize, Deserializer};

/// A signed length of time in microseconds, written `+90s`, `-3h`, `2h30m`, `41d` or `250ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub i64);

impl Span {
    pub const fn seconds(seconds: i64) -> Self {
        Span(seconds * 1_000_000)
    }
}

impl std::str::FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not a length of time such as +90s, -3h, 2h30m or 41d");
        let (sign, mut rest) = match text.trim().as_bytes() {
            [b'-', ..] => (-1, &text.trim()[1..]),
            [b'+', ..] => (1, &text.trim()[1..]),
            _ => (1, text.trim()),
        };
        if rest == "0" {
            return Ok(Span(0));
        }
        if rest.is_empty() {
            return Err(wrong());
        }
        let mut total: i64 = 0;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let number: i64 = rest[..digits].parse().map_err(|_| wrong())?;
            rest = &rest[digits..];
            let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
            let unit = match &rest[..letters] {
                "ms" => 1_000,
                "s" => 1_000_000,
                "m" => 60_000_000,
                "h" => 3_600_000_000,
                "d" => 86_400_000_000,
                _ => return Err(wrong()),
            };
            rest = &rest[letters..];
            total = number.checked_mul(unit).and_then(|n| total.checked_add(n)).ok_or_else(wrong)?;
        }
        Ok(Span(sign * total))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // YAML reads a bare `0` as a number.
        let text = super::script::Text::deserialize(deserializer)?.to_string();
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Span;

    #[test]
    fn lengths_of_time_are_read_as_people_write_them() {
        for (text, micros) in [
            ("0", 0),
            ("+90s", 90_000_000),
            ("-3h", -10_800_000_000),
            ("2h30m", 9_000_000_000),
            ("250ms", 250_000),
            ("1d", 86_400_000_000),
        ] {
            assert_eq!(text.parse::<Span>(), Ok(Span(micros)), "{text}");
        }
        for wrong in ["", "+", "5", "5x", "m5", "99999999999999d"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }
}
