use xtask::report::{Counts, Report, Show};

fn report(output: &str, log: &str) -> Report {
    let mut report = Report::default();
    for line in output.lines() {
        report.feed(line);
    }
    report.feed_log(log);
    report
}

#[test]
fn result_lines_are_read_and_others_are_not() {
    let counts = |passed, failed, ignored| {
        Some(Counts {
            passed,
            failed,
            ignored,
        })
    };
    for (line, expect) in [
        (
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.20s",
            counts(5, 0, 1),
        ),
        (
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.00s",
            counts(3, 2, 0),
        ),
        (
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s; merged doctests compilation took 0.3s",
            counts(12, 0, 0),
        ),
        (
            "test result: ok. many passed; 0 failed; 0 ignored; 0 measured",
            None,
        ),
        ("test result: ok. 5 passed", None),
        ("test one ... ok", None),
        ("", None),
    ] {
        assert_eq!(Counts::parse(line), expect, "{line}");
    }
}

#[test]
fn binaries_and_doctests_add_up_through_colour() {
    let report = report(
        "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.20s\n\
         test result: \u{1b}[31mFAILED\u{1b}(B\u{1b}[m. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.20s",
        "",
    );
    assert_eq!(report.summary(), "7 passed, 1 failed, 0 skipped");
    assert!(report.skipped_lines().is_empty());
}

#[test]
fn a_test_that_skips_itself_has_not_passed() {
    let report = report(
        "successes:\n\n---- real_package stdout ----\nSKIPPED: worker: node is not installed\n\n\nsuccesses:\n    real_package\n\n\
         test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.20s",
        "",
    );
    assert_eq!(report.summary(), "2 passed, 0 failed, 1 skipped");
    assert_eq!(
        report.skipped_lines(),
        ["SKIPPED: worker: node is not installed"]
    );
}

#[test]
fn a_skip_that_is_printed_and_logged_counts_once() {
    let line = "SKIPPED: worker: no node\n";
    let result = "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.20s";
    for (printed, logged, summary) in [
        (1, 1, "4 passed, 0 failed, 1 skipped"),
        (2, 0, "3 passed, 0 failed, 2 skipped"),
        (1, 3, "2 passed, 0 failed, 3 skipped"),
    ] {
        let report = report(&(line.repeat(printed) + result), &line.repeat(logged));
        assert_eq!(
            report.summary(),
            summary,
            "{printed} printed, {logged} logged"
        );
    }
}

#[test]
fn ignored_tests_are_skipped_and_named() {
    let report = report(
        "test slow ... ignored, takes an hour\ntest plain ... ignored\n\
         test result: ok. 1 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.20s",
        "",
    );
    assert_eq!(report.summary(), "1 passed, 0 failed, 2 skipped");
    assert_eq!(
        report.skipped_lines(),
        [
            "SKIPPED: slow: takes an hour",
            "SKIPPED: plain: marked as ignored"
        ]
    );
}

#[test]
fn what_passing_tests_print_is_not_shown_and_failures_are() {
    let output = [
        ("test one ... ok", Show::Yes),
        ("successes:", Show::No),
        ("---- one stdout ----", Show::No),
        ("chatter", Show::No),
        ("SKIPPED: one: no network", Show::Yes),
        ("successes:", Show::No),
        ("    one", Show::No),
        ("failures:", Show::Yes),
        ("thread 'two' panicked", Show::Yes),
        (
            "test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out",
            Show::Yes,
        ),
        ("     Running tests/it/main.rs", Show::Yes),
    ];
    let mut report = Report::default();
    for (line, expect) in output {
        assert_eq!(report.feed(line), expect, "{line}");
    }
}

#[test]
fn a_failure_is_told_again_at_the_end() {
    let output = "\
test one ... ok
test two ... FAILED
test three ... FAILED
successes:
---- one stdout ----
chatter
successes:
    one
failures:

---- two stdout ----
before
thread 'two' panicked at a.rs:1:2:
assertion failed
stack backtrace:
   0: core::panic
             at /somewhere

---- three stdout ----
3: lines of a test that look like a frame are lost
test four ... FAILED

failures:
    two
    three

test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out
after";
    assert_eq!(
        report(output, "").failure_lines(),
        [
            "FAILED: two",
            "    before",
            "    thread 'two' panicked at a.rs:1:2:",
            "    assertion failed",
            "FAILED: three",
            "    test four ... FAILED",
        ]
    );
    let mut long = String::from("failures:\n---- two stdout ----\n");
    (0..100).for_each(|line| long.push_str(&format!("line {line}\n")));
    let told = report(&long, "").failure_lines();
    assert_eq!((told.len(), &*told[1]), (26, "    line 75"));
}

#[test]
fn only_a_line_that_begins_so_is_a_skip() {
    let report = report(
        "a test said SKIPPED: no\nSKIPPED:\nSKIPPED: \nskipped: no",
        "SKIPPED\n",
    );
    assert_eq!(report.skipped(), 0);
}
