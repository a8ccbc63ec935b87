//! Texts at the edge of what npm reads: loose forms, white space, build metadata, 2^53, 256 characters.

use plugin_resolver::machine::answer_ranges_line;
use serde_json::{Value, json};

const EDGES: &str = include_str!("data/edges.txt");

#[test]
fn every_text_is_read_as_npm_reads_it() {
    let mut lines = EDGES.lines().skip_while(|line| line.starts_with('#'));
    let text = |line: &str| serde_json::from_str::<String>(line).unwrap();
    let versions: Vec<String> = lines
        .by_ref()
        .take_while(|line| !line.is_empty())
        .map(text)
        .collect();
    let (mut rows, mut wrong) = (0, Vec::new());
    for line in lines {
        let mut cells = line.split('\t');
        let range = text(cells.next().unwrap());
        for include_prerelease in [false, true] {
            rows += 1;
            let case = json!({
                "range": range,
                "versions": versions,
                "include_prerelease": include_prerelease,
            });
            let answer: Value =
                serde_json::from_str(&answer_ranges_line(&case.to_string())).unwrap();
            let found = match answer["satisfied"].as_array() {
                None => "invalid".to_owned(),
                Some(satisfied) => {
                    assert_eq!(satisfied.len(), versions.len());
                    let inside = satisfied.iter().enumerate().filter(|(_, is)| **is == true);
                    let inside: Vec<String> = inside.map(|(at, _)| at.to_string()).collect();
                    match inside.is_empty() {
                        true => "-".to_owned(),
                        false => inside.join(","),
                    }
                }
            };
            let expected = cells.next().unwrap();
            if found != expected {
                wrong.push(format!(
                    "{range:?}, {include_prerelease}: {found}, not {expected}"
                ));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(rows > 300, "{rows}");
}
