use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

/// Lines that differ only in numbers, ids, addresses and times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    pub count: usize,
    /// When its first and last line were written, in the log's own words, where lines begin with a time.
    pub first: Option<String>,
    pub last: Option<String>,
    /// The newest line.
    pub example: String,
    trouble: bool,
}

#[expect(clippy::unwrap_used, reason = "the expression is a constant, and a test compiles it")]
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\W{0,2}(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d)(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?").unwrap()
});
#[expect(clippy::unwrap_used, reason = "the expression is a constant, and a test compiles it")]
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        \b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b  # a UUID
        | \b0x[0-9a-fA-F]+\b
        | \b(?:[0-9]*[a-f]+[0-9]+|[0-9]+[a-f]+)[0-9a-f]{6,}\b          # a digest, with at least one digit and letter
        | \d+",
    )
    .unwrap()
});
#[expect(clippy::unwrap_used, reason = "the expression is a constant, and a test compiles it")]
static TROUBLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(error|err|fatal|panic|exception|fail(ed|ure|s)?|refused|denied|timed? ?out|cannot|could not|unable|invalid|no such|not found|killed|critical|severe|unhandled|traceback|rejected|unavailable)").unwrap()
});

/// Patterns of a log, those that look like trouble first, then by how often they occur. Continuation lines (indented, as
/// in a stack trace) belong to the line before them.
pub(super) fn patterns<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Pattern> {
    let mut index: HashMap<String, usize> = HashMap::new();
    let mut patterns: Vec<Pattern> = Vec::new();
    for line in lines {
        if line.starts_with([' ', '\t']) && !patterns.is_empty() {
            continue;
        }
        let time = TIME.captures(line).map(|found| found[1].to_owned());
        let rest = TIME.replace(line, "");
        let masked = VARIABLE.replace_all(&rest, "#").into_owned();
        let at = *index.entry(masked).or_insert_with(|| {
            patterns.push(Pattern {
                count: 0,
                first: time.clone(),
                last: None,
                example: String::new(),
                trouble: TROUBLE.is_match(&rest),
            });
            patterns.len() - 1
        });
        let pattern = &mut patterns[at];
        pattern.count += 1;
        pattern.last = time.or(pattern.last.take());
        line.trim_end().clone_into(&mut pattern.example);
    }
    patterns.sort_by_key(|p| (!p.trouble, std::cmp::Reverse(p.count)));
    patterns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_only_in_numbers_and_ids_are_one_pattern() {
        let lines = [
            "2026-01-31T03:14:00Z GET /cart/12 took 5 ms",
            "2026-01-31T03:14:01Z GET /cart/13 took 900 ms",
            "2026-01-31T03:14:05Z ERROR connect to 10.0.0.7:5432: connection refused",
            "2026-01-31T03:14:09.123Z GET /cart/99 took 1 ms",
        ];
        let found = patterns(lines.into_iter());
        assert_eq!(found.len(), 2);
        assert!(found[0].example.contains("connection refused"), "trouble comes first");
        assert_eq!((found[1].count, found[1].first.as_deref()), (3, Some("2026-01-31T03:14:00")));
        assert_eq!(found[1].last.as_deref(), Some("2026-01-31T03:14:09"));
        assert!(found[1].example.contains("/cart/99"), "the newest line is the example");
    }

    #[test]
    fn a_stack_trace_is_part_of_the_line_that_it_follows() {
        let found = patterns(
            ["Exception in thread main", "\tat cart.Main.run(Main.java:12)", "\tat x.Y.z(Y.java:3)"].into_iter(),
        );
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].count, 1);
    }

    #[test]
    fn words_that_happen_to_look_hexadecimal_stay() {
        let found = patterns(["the facade is faded", "the decade is faded"].into_iter());
        assert_eq!(found.len(), 2);
    }
}
