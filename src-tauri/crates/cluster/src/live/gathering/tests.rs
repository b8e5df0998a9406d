#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use super::*;

fn redactor() -> Redactor {
    Redactor::new([7; 32])
}

fn gathered(wanted: Wanted, lines: impl Iterator<Item = String>) -> LogBody {
    let mut gathering = Gathering::new(wanted);
    for line in lines {
        gathering.line(&line);
    }
    gathering.done("app", false, &redactor(), None)
}

fn at(seconds: i64) -> Time {
    Time::from_seconds(1_700_000_000 + seconds)
}

#[test]
fn of_a_long_log_both_ends_are_kept_and_every_line_is_counted() {
    let lines = (0..40_000).map(|n| match n {
        0 => format!("{} listening on port 8080", at(0)),
        20_000 => format!("{} ERROR disk is full", at(n)),
        _ => format!("{} served request {n} in {} ms", at(n), n % 97),
    });
    let log = gathered(Wanted::default(), lines);
    assert_eq!(log.lines, 40_000);
    assert!(log.text.contains("listening on port 8080") && log.text.contains("served request 39999"));
    assert!(!log.text.contains("served request 20001 "));
    assert!(log.text.len() <= HEAD + TAIL + 200, "{}", log.text.len());
    let cut = log.cut.unwrap();
    assert!(cut.contains("in the middle"), "{cut}");
    let kept = log.text.lines().filter(|line| !line.starts_with('…')).count();
    let left_out: usize = cut.split(' ').next().unwrap().parse().unwrap();
    assert_eq!(kept + left_out, 40_000, "what is cut is counted to the line");
    assert_eq!(log.patterns.iter().map(|p| p.count).sum::<u64>(), 40_000);
    assert!(log.patterns[0].example.contains("disk is full"), "what was cut is still told: {:?}", log.patterns);
    assert_eq!(log.patterns[0].first_at, Some(at(20_000)));
}

#[test]
fn a_filter_sees_the_whole_log_and_stack_traces_stay_whole() {
    let lines = (0..30_000).flat_map(|n| {
        let line = if n == 3 { "Exception: odd\n\tat a.B(C.java:1)".to_owned() } else { format!("fine {n}") };
        line.lines().map(|line| format!("{} {line}", at(n))).collect::<Vec<_>>()
    });
    let matching = Some(Matching::new(r"\.java:\d"));
    let log = gathered(Wanted { matching, ..Wanted::default() }, lines);
    assert_eq!(log.text, format!("{} Exception: odd\n\tat a.B(C.java:1)", at(3)));
    assert!(log.cut.unwrap().contains("2 of 30001 lines hold"));
}

#[test]
fn a_time_range_and_a_number_of_entries_restrict() {
    let lines = || (0..100).map(|n| format!("{} line {n}", at(n)));
    let log = gathered(Wanted { since: Some(at(10)), until: Some(at(12)), ..Wanted::default() }, lines());
    assert_eq!(log.lines, 3, "{}", log.text);
    let log = gathered(Wanted { tail: Some(2), ..Wanted::default() }, lines());
    assert_eq!(log.text, format!("{} line 98\n{} line 99", at(98), at(99)));
    assert!(log.cut.unwrap().contains("only the last 2"));
}

#[test]
fn a_line_with_its_own_time_does_not_get_another_one() {
    let line = format!("{} [2026-01-31 03:14:00] hello", at(1));
    let log = gathered(Wanted::default(), [line, format!("{}", at(2)), format!("{} x", at(3))].into_iter());
    assert_eq!(log.text, format!("[2026-01-31 03:14:00] hello\n\n{} x", at(3)));
}

#[test]
fn secrets_are_redacted_in_text_and_patterns_alike() {
    let line = format!("{} started with token ghp_0123456789abcdefghijklmnopqrstuvwxyz", at(1));
    let log = gathered(Wanted::default(), [line].into_iter());
    let all = format!("{log:?}");
    assert!(!all.contains("ghp_0123456789"), "{all}");
    assert!(all.contains("[redacted: "), "{all}");
}
