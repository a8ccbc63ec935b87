//! The machine interfaces: whatever a line holds, it is answered by one line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::Value;

use crate::program::Home;

fn page(command: &str, cases: &[&[u8]]) -> String {
    let ran = Home::new().feed(command, &cases.join(&b'\n'));
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let answers: Vec<&str> = ran.out.lines().collect();
    assert_eq!(answers.len(), cases.len(), "{}", ran.out);
    cases
        .iter()
        .zip(answers)
        .map(|(case, answer)| {
            let _is_json: Value = serde_json::from_str(answer).unwrap();
            format!("{}\n  {answer}\n", String::from_utf8_lossy(case))
        })
        .collect()
}

#[test]
fn ranges() {
    let cases: &[&[u8]] = &[
        br#"{"range": "^1.2", "versions": ["1.2.3", "2.0.0"]}"#,
        br#"{"range": ">=1.2.3-alpha", "versions": ["1.2.3-beta", "1.2.4-beta", "1.2.4"]}"#,
        br#"{"range": ">=1.2.3", "versions": ["1.2.4-beta"], "include_prerelease": true}"#,
        br#"{"range": "", "versions": ["0.0.1"]}"#,
        br#"{"range": "^1", "versions": []}"#,
        br#"{"range": "^1", "versions": ["no version", "1.0.0"]}"#,
        br#"{"range": ">>1", "versions": ["1.0.0"]}"#,
        br#"{"range": "workspace:*", "versions": ["1.0.0"]}"#,
        br#"{"range": 1, "versions": ["1.0.0"]}"#,
        br#"{"versions": ["1.0.0"]}"#,
        br#"{"range": "^1""#,
        b"[]",
        b"",
        b"   ",
        b"\xff\xfe",
        b"{\"range\": \"\xc3\", \"versions\": []}",
        br#"{"range": "^1", "versions": ["1.0.0"]}"#,
    ];
    insta::assert_snapshot!("ranges", page("ranges", cases));
}

#[test]
fn resolutions() {
    let cases: &[&[u8]] = &[
        br#"{"id": "1", "packages": {"a": {"1.0.0": {"b": "^1"}}, "b": {"1.0.0": {}, "1.1.0": {}, "2.0.0": {}}}, "root": {"a": "*"}}"#,
        br#"{"id": 2, "packages": {"a": {"1.0.0": {"b": "1"}}, "b": {"1.0.0": {"a": "1"}}}, "root": {"a": "*"}}"#,
        br#"{"id": "3", "packages": {"a": {"1.0.0": {"c": "^1"}}, "b": {"1.0.0": {"c": "^2"}}, "c": {"1.0.0": {}, "2.0.0": {}}}, "root": {"a": "*", "b": "*"}}"#,
        br#"{"id": "4", "packages": {"a": {}}, "root": {"a": "*"}}"#,
        br#"{"id": "5", "packages": {}, "root": {}}"#,
        br#"{"id": "6", "packages": {"a": {"one": {}}}, "root": {"a": "*"}}"#,
        br#"{"id": "7", "packages": {"a": {"1.0.0": {"b": ">>"}}}, "root": {"a": "*"}}"#,
        br#"{"id": "8", "packages": []}"#,
        br#"{"id": "9""#,
        b"",
        b"\xff",
        br#"{"id": "10", "packages": {"a": {"1.0.0": {}}}, "root": {"a": "1"}}"#,
    ];
    insta::assert_snapshot!("resolutions", page("resolve --cases", cases));
}

#[test]
fn a_range_of_a_megabyte_is_refused_and_the_next_line_is_answered() {
    let huge = format!(
        r#"{{"range": "{}", "versions": ["1.0.0"]}}"#,
        "1 || ".repeat(200_000)
    );
    let input = format!("{huge}\n{}\n", r#"{"range": "1", "versions": ["1.0.0"]}"#);
    let ran = Home::new().feed("ranges", input.as_bytes());
    let answers: Vec<Value> = ran
        .out
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(ran.code, 0);
    assert_eq!(answers[0]["valid"], false);
    assert_eq!(answers[0]["error"]["_tag"], "InputTooLarge");
    assert!(answers[0].to_string().len() < 1000);
    assert_eq!(answers[1]["valid"], true);
    assert_eq!(answers.len(), 2);
}

#[test]
fn a_line_longer_than_the_bound_costs_only_itself() {
    let bound = 16 << 20;
    let whole = |len: usize| {
        let start = r#"{"range": "1", "versions": [], "padding": ""#;
        format!("{start}{}\"}}\n", "x".repeat(len - start.len() - 2))
    };
    let input = [whole(bound), whole(bound + 1), whole(50)].concat();
    for (command, path) in [
        ("ranges", "/error/_tag"),
        ("resolve --cases", "/error/_tag"),
    ] {
        let ran = Home::new().feed(command, input.as_bytes());
        assert_eq!(ran.code, 0);
        let answers: Vec<Value> = ran
            .out
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        assert_eq!(answers.len(), 3);
        assert_eq!(answers[1].pointer(path), Some(&Value::from("InvalidCase")));
        assert!(answers[1].to_string().contains("at most 16777216 bytes"));
        if command == "ranges" {
            assert_eq!(answers[0]["valid"], true);
            assert_eq!(answers[2]["valid"], true);
        }
    }
}

#[test]
fn many_lines_at_once_are_answered_in_order() {
    let bad = ["", "{", "[]", "\u{1}"];
    let line = |at: usize| match at % 7 {
        6 => bad[at % bad.len()].to_owned(),
        _ => format!(
            r#"{{"id": {at}, "packages": {{"a": {{"1.0.{at}": {{}}}}}}, "root": {{"a": "*"}}}}"#
        ),
    };
    let count = 5_000;
    let input: Vec<String> = (0..count).map(line).collect();
    let ran = Home::new().feed("resolve --cases", input.join("\n").as_bytes());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let answers: Vec<Value> = ran
        .out
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(answers.len(), count);
    for (at, answer) in answers.iter().enumerate() {
        if at % 7 == 6 {
            assert_eq!(answer["error"]["_tag"], "InvalidCase", "{at}");
        } else {
            assert_eq!(answer["id"], at);
            assert_eq!(answer["selection"]["a"], format!("1.0.{at}"));
        }
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_line() {
    let case = r#"{"range": "1", "versions": ["1.0.0"]}"#;
    let mark = '\u{feff}';
    let ran = Home::new().feed(
        "ranges",
        format!("{mark}{case}\n{case}\n{mark}{case}").as_bytes(),
    );
    let answers: Vec<Value> = ran
        .out
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let valid: Vec<&Value> = answers.iter().map(|answer| &answer["valid"]).collect();
    assert_eq!(valid, [true, true, false]);
}

#[test]
fn what_came_together_is_answered_before_more_is_waited_for() {
    let home = Home::new();
    let mut child = home
        .command(["resolve", "--cases"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for count in [1, 2, 7, 200, 1, 3_000] {
        let case = |at| format!("{{\"id\": {at}, \"packages\": {{}}, \"root\": {{}}}}\n");
        let cases: String = (0..count).map(case).collect();
        // The beginning of the next question, too.
        stdin.write_all(cases.as_bytes()).unwrap();
        stdin.write_all(b"  ").unwrap();
        for at in 0..count {
            let mut answer = String::new();
            stdout.read_line(&mut answer).unwrap();
            let answer: Value = serde_json::from_str(&answer).unwrap();
            assert_eq!(answer["id"], at);
        }
    }
    drop(stdin);
    // The last question is two spaces.
    let mut rest = String::new();
    stdout.read_line(&mut rest).unwrap();
    assert!(rest.contains("the line is empty"), "{rest}");
    assert!(child.wait().unwrap().success());
}

/// 200,000 empty lines are 200 KB, and their answers 20 MB.
#[test]
#[cfg(target_os = "linux")]
fn lines_on_their_way_are_bounded() {
    const LINES: usize = 200_000;
    let home = Home::new();
    let mut child = home
        .command(["ranges"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    // Nothing is read before all is asked, or as much as the program takes without being read.
    let asked = std::thread::spawn(move || {
        stdin.write_all(&[b'\n'; LINES]).unwrap();
        stdin
    });
    let mut answer = String::new();
    for at in 0..LINES {
        answer.clear();
        stdout.read_line(&mut answer).unwrap();
        assert!(answer.ends_with("\"valid\":false}\n"), "{at}: {answer}");
    }
    let stdin = asked.join().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: usize = most
        .and_then(|most| most.trim().strip_suffix(" kB")?.parse().ok())
        .unwrap();
    assert!(kilobytes < 64 * 1024, "{kilobytes} kB");
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let home = Home::new();
    let mut child = home
        .command(["ranges"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let case = b"{\"range\": \"1\", \"versions\": [\"1.0.0\"]}\n";
    stdin.write_all(case).unwrap();
    // An answer comes before the next question is asked.
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut answer = String::new();
    stdout.read_line(&mut answer).unwrap();
    assert_eq!(answer.trim(), r#"{"satisfied":[true],"valid":true}"#);
    drop(stdout);
    // More than any pipe holds; writing fails once the program has gone.
    for _ in 0..100_000 {
        if stdin.write_all(case).is_err() {
            break;
        }
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
