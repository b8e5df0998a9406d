#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use super::*;

fn patterns(text: &str) -> Vec<LogPattern> {
    Patterns::of_text(text).found(100, str::to_owned).0
}

#[test]
fn lines_that_differ_only_in_numbers_and_ids_are_one_pattern() {
    let found = patterns(
        "2026-01-31T03:14:00Z GET /cart/12 took 5 ms\n2026-01-31T03:14:01Z GET /cart/13 took 900 ms\n\
         2026-01-31T03:14:05Z ERROR connect to 10.0.0.7:5432: connection refused\n\
         2026-01-31T03:14:09.123Z GET /cart/99 took 1 ms",
    );
    assert_eq!(found.len(), 2);
    assert!(found[0].example.contains("connection refused"), "trouble comes first");
    assert_eq!(found[0].template, "ERROR connect to <ip>: connection refused");
    assert_eq!((found[1].count, found[1].template.as_str()), (3, "GET /cart/<num> took <num> ms"));
    assert_eq!(found[1].first_at, Some("2026-01-31T03:14:00Z".parse().unwrap()));
    assert_eq!(found[1].last_at, Some("2026-01-31T03:14:09.123Z".parse().unwrap()));
    assert!(found[1].example.contains("/cart/99"), "the newest line is the example");
}

#[test]
fn names_that_vary_are_found_without_a_number_in_them() {
    let found =
        patterns("user guest logged in from home\nuser reader logged in from work\nuser writer logged in from home");
    let [one] = &found[..] else { panic!("{found:?}") };
    assert_eq!(one.template, "user <*> logged in from <*>");
}

#[test]
fn an_error_is_not_lost_among_lines_that_look_like_it() {
    let found =
        patterns("level=info path=/cart took=1ms\nlevel=error path=/cart took=9ms\nlevel=info path=/cart took=2ms");
    let counts: Vec<(u64, Option<LogLevel>)> = found.iter().map(|p| (p.count, p.level)).collect();
    assert_eq!(counts, [(1, Some(LogLevel::Error)), (2, Some(LogLevel::Info))]);
}

#[test]
fn every_form_of_variable_is_masked() {
    let found = patterns(
        "mount /var/lib/kubelet/pods/ab of 123e4567-e89b-12d3-a456-426614174000 at 0xdeadbeef took 1m2.5s \
         sha 4f5e6d7c8b key=17 from 2026-01-31 03:14:00,5",
    );
    assert_eq!(found[0].template, "mount <path> of <uuid> at <hex> took <dur> sha <hex> key=<num> from <time>");
}

#[test]
fn words_that_happen_to_look_hexadecimal_stay() {
    assert!(patterns("the facade is faded").first().unwrap().template.contains("facade is faded"));
}

#[test]
fn a_stack_trace_is_part_of_the_line_that_it_follows() {
    for (text, entries) in [
        (
            "Exception in thread main\n\tat cart.Main.run(Main.java:12)\nCaused by: x.Y: no\n\tat x.Y.z(Y.java:3)\nnext",
            2,
        ),
        (
            "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\n    g()\nValueError: too deep\nnext one",
            2,
        ),
        ("panic: oh no\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:7 +0x1d\nexit status 2\nstarted anew", 2),
        ("one\ntwo\nthree", 3),
    ] {
        assert_eq!(Patterns::of_text(text).entries(), entries, "{text}");
    }
    let python = "Traceback (most recent call last):\n  File \"a.py\", line 3\nValueError: too deep";
    let found = patterns(python);
    assert_eq!(found[0].template, "ValueError: too deep", "the last line says what it was");
    assert_eq!(found[0].example, python);
    assert_eq!(found[0].level, Some(LogLevel::Error));
}

#[test]
fn a_level_is_read_in_the_forms_that_loggers_write() {
    use LogLevel::{Debug, Error, Fatal, Info, Warning};
    for (line, level) in [
        ("E0131 03:14:00.123456       1 reflector.go:12] Failed to watch", Some(Error)),
        ("I0131 03:14:00.123456       1 main.go:1] no errors", Some(Info)),
        (r#"{"ts":1,"level":"warn","msg":"x"}"#, Some(Warning)),
        ("time=x level=info msg=\"retrying after connection refused\"", Some(Info)),
        ("[error] 7#7: *1 upstream", Some(Error)),
        ("ERROR something", Some(Error)),
        ("FATAL: sorry, too many clients already", Some(Fatal)),
        ("LOG:  checkpoint complete", Some(Info)),
        ("<debug> tick", Some(Debug)),
        ("dial tcp 10.0.0.1:5432: connect: connection refused", Some(Error)),
        ("java.lang.IllegalStateException: closed", Some(Error)),
        ("request timed out", Some(Error)),
        ("compiled with 0 errors", None),
        ("GET / 200", None),
    ] {
        assert_eq!(LogLevel::of(line), level, "{line}");
    }
}

#[test]
fn times_are_read_as_logs_write_them() {
    for (line, time) in [
        ("2026-01-31T03:14:00Z x", "2026-01-31T03:14:00Z"),
        ("[2026-01-31 03:14:00,250] x", "2026-01-31T03:14:00.25Z"),
        ("2024/02/29 23:59:59 x", "2024-02-29T23:59:59Z"),
        ("{\"ts\":\"2026-01-31T03:14:00.5+02:00\"}", "2026-01-31T01:14:00.5Z"),
        ("2026-01-31 03:14:00 -0130 x", "2026-01-31T04:44:00Z"),
        ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
    ] {
        assert_eq!(time_in(line), Some(time.parse().unwrap()), "{line}");
    }
    assert_eq!(time_in("took 2026-13-31T03:14:00Z"), None);
    assert_eq!(time_in("nothing"), None);
}

#[test]
fn many_kinds_of_lines_are_few_patterns_in_bounded_memory_and_the_same_each_time() {
    let mine = || {
        let mut patterns = Patterns::default();
        for n in 0..60_000_u32 {
            let name = n.wrapping_mul(2_654_435_761);
            let line = match n % 20 {
                0 => format!("level=error msg=\"payment {name:x} refused\" after={}ms", n % 700),
                19 => {
                    let letters: String = name.to_string().bytes().map(|b| (b - b'0' + b'a') as char).collect();
                    format!("{letters} said {}", "so ".repeat(n as usize % 50))
                }
                kind => format!("level=info worker={kind} handler-{} did item {name} in {}ms", kind, n % 90),
            };
            patterns.add(&line, Some(Time::from_seconds(i64::from(n))));
        }
        assert!(patterns.groups.len() <= 2 * MOST_HELD, "{}", patterns.groups.len());
        patterns.found(20, str::to_owned)
    };
    let (found, more, rest) = mine();
    assert_eq!(found[0].count, 3_000, "{:?}", found[0]);
    assert_eq!(found[0].template, "level=error msg=\"payment <*> refused\" after=<dur>");
    assert_eq!(found[0].last_at, Some(Time::from_seconds(59_980)));
    assert_eq!(found.iter().map(|p| p.count).sum::<u64>() + rest, 60_000, "each line is counted once");
    assert!(more > 0);
    assert_eq!(mine(), (found, more, rest));
}

const MOST_HELD: usize = 1_500;

#[test]
fn text_that_is_no_log_breaks_nothing() {
    let long = "x".repeat(100_000);
    for text in ["", "\n\n\n", "é1é2 ü", "\u{0}\u{1}", "<<>><num>", long.as_str(), "日本語 2026 年", "[[[[", "/"]
    {
        let _ = patterns(text);
        let _ = LogLevel::of(text);
    }
}
