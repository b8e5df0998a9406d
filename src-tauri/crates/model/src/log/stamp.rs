use crate::Time;

/// A time of a line stands among so many of its first bytes.
const HEAD: usize = 80;

/// The time that a line tells near its beginning; without a zone it is taken as UTC.
pub fn time_in(line: &str) -> Option<Time> {
    let head = &line.as_bytes()[..line.len().min(HEAD)];
    let mut at = 0;
    while at + 19 <= head.len() {
        if let Some((time, _)) = stamp(&line.as_bytes()[at..]) {
            return Some(time);
        }
        at += 1;
    }
    None
}

/// A time at the very beginning, and how many bytes it takes: `2026-01-31T03:14:00.123Z`, `2026/01/31 03:14:00,123`.
pub(super) fn stamp(bytes: &[u8]) -> Option<(Time, usize)> {
    let digits = |from: usize, count: usize| -> Option<i64> {
        let part = bytes.get(from..from + count)?;
        part.iter().all(u8::is_ascii_digit).then(|| part.iter().fold(0, |sum, b| sum * 10 + i64::from(b - b'0')))
    };
    let is = |at: usize, one: &[u8]| bytes.get(at).is_some_and(|b| one.contains(b));
    if !(is(4, b"-/") && is(7, b"-/") && is(10, b"T ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (year, month, day) = (digits(0, 4)?, digits(5, 2)?, digits(8, 2)?);
    let (hour, minute, second) = (digits(11, 2)?, digits(14, 2)?, digits(17, 2)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut end = 19;
    let mut micros = 0;
    if is(end, b".,") && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end += 1;
        let mut worth = 100_000;
        while let Some(digit) = bytes.get(end).filter(|b| b.is_ascii_digit()) {
            micros += i64::from(digit - b'0') * worth;
            worth /= 10;
            end += 1;
        }
    }
    let mut offset = 0;
    if is(end, b"Z") {
        end += 1;
    } else {
        let sign = end + usize::from(is(end, b" "));
        let colon = usize::from(is(sign + 3, b":"));
        if is(sign, b"+-")
            && let (Some(hours), Some(minutes)) = (digits(sign + 1, 2), digits(sign + 3 + colon, 2))
        {
            offset = (hours * 60 + minutes) * if is(sign, b"-") { -60 } else { 60 };
            end = sign + 5 + colon;
        }
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset;
    Some((Time(seconds * 1_000_000 + micros), end))
}

/// Days since 1970-01-01 in the Gregorian calendar, counted in years that begin in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}
