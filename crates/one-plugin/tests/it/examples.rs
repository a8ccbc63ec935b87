//! The examples of `--help` and of the README are lines to copy: without a network, too, each does what stands beside it.

use std::process::Stdio;

use crate::help::COMMANDS;
use crate::program::{Home, ran};

/// What ends otherwise than with 0 without network and Node, and with what.
const OTHERWISE: &[(&str, i32)] = &[
    // The packages themselves are not part of the program.
    ("install knowledge", 6),
    ("install bootstrap knowledge", 6),
    ("install bootstrap web-search --groups", 6),
    (
        "--as alice --org acme install knowledge@1.6.1 --grant read_only",
        6,
    ),
    // Whoever wants to install a plugin is told first that nothing runs it.
    ("plan knowledge", 6),
    ("plan @elizaos/plugin-knowledge@^1.6", 6),
    ("plan knowledge --host @elizaos/core=1.6.3", 6),
    ("install knowledge --lock plugins.lock --frozen", 6),
    // So that nothing was installed.
    (
        "events subscribe notes plugin_installed plugin_uninstalled --component NOTE_EVENT",
        4,
    ),
    // An id stands there.
    ("events unsubscribe SUBSCRIPTION", 2),
    ("events redeliver LETTER", 2),
    ("events replay SUBSCRIPTION --from 17", 2),
    // Notes are not installed, and nobody has written these characters.
    ("agents list --of notes", 4),
    ("agents grant Ada notes", 4),
    ("agents grant Ada notes --set NOTES_LIMIT=3", 4),
    ("agents config Ada notes --set NOTES_LIMIT=7", 4),
    ("agents config Ada notes --unset NOTES_LIMIT", 4),
    ("agents open notes", 4),
    ("agents open notes NOTES_LIMIT", 4),
    ("agents open notes --none", 4),
    ("agents revoke Ada notes", 4),
    ("agents add Eve --character @eve.json", 2),
    ("agents set Ada --character @ada.json", 2),
    ("exec notes NOTE_COUNT --kind provider --agent Ada", 4),
    ("exec notes NOTE_COUNT --kind provider --agent Guide", 4),
    ("agents grant Guide notes --set NOTES_LIMIT=3", 4),
    (
        "exec notes SEARCH_NOTES --agent Ada --input {\"query\": \"refunds\"}",
        4,
    ),
    ("status knowledge", 4),
    ("status knowledge --json", 4),
    ("suspend knowledge --reason its provider bills twice", 4),
    ("resume knowledge", 4),
    ("retry knowledge", 4),
    ("update knowledge --dry-run", 4),
    ("update knowledge --to ^1.6", 4),
    (
        "update knowledge --approve major --approve parameters_gone",
        4,
    ),
    ("update knowledge --approve secrets.access", 4),
    ("rollback knowledge", 4),
    ("pin knowledge hold", 4),
    ("pin knowledge ^1.6", 4),
    ("pin knowledge beta", 4),
    ("pin knowledge --none", 4),
    (
        "--vault-key vault.key secrets set knowledge OPENAI_API_KEY",
        4,
    ),
    ("--vault-key vault.key activate knowledge", 4),
    ("secrets list knowledge --json", 4),
    ("secrets destroy knowledge OPENAI_API_KEY", 4),
    ("activate knowledge", 4),
    ("deactivate knowledge", 4),
    ("uninstall knowledge", 4),
    ("config knowledge", 4),
    ("config knowledge CTX_KNOWLEDGE_ENABLED=false", 4),
    ("config knowledge --unset CTX_KNOWLEDGE_ENABLED", 4),
    (
        "exec knowledge SEARCH_KNOWLEDGE --input {\"text\": \"search knowledge for refunds\"}",
        4,
    ),
    ("exec knowledge PROCESS_KNOWLEDGE --input -", 4),
    ("exec bootstrap TIME --kind provider", 4),
    ("usage knowledge --window week", 4),
    ("runs knowledge", 4),
    ("runs knowledge --outcome failed --limit 5 --json", 4),
    ("cancel knowledge 019ac9f2-7a00-7000-8000-000000000001", 4),
    ("rerun knowledge 019ac9f2-7a00-7000-8000-000000000001", 4),
    ("audit knowledge", 4),
    ("why @elizaos/core", 4),
    // It says why they cannot be together.
    ("plan bootstrap form --together", 5),
];

/// The words of a line of a shell, as far as examples go.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for c in line.chars() {
        match c {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Without what a shell does with them, and what is said beside them.
fn arguments(command: &str) -> Vec<String> {
    let ends =
        ["  ", " | ", " > ", " < ", " # "].map(|end| command.find(end).unwrap_or(command.len()));
    words(&command[..ends.into_iter().min().unwrap()])
}

/// What is fed to the program and its arguments, of each line that runs it: `echo X | one-plugin Y | dot > z`.
fn examples(page: &str) -> Vec<(String, Vec<String>)> {
    let lines = page
        .lines()
        .map(|line| line.trim_start().trim_start_matches("$ "));
    let example = |line: &str| {
        if let Some(command) = line.strip_prefix("one-plugin ") {
            return Some((String::new(), arguments(command)));
        }
        let (fed, command) = line.strip_prefix("echo ")?.split_once(" | one-plugin ")?;
        Some((words(fed).join(" "), arguments(command)))
    };
    lines.filter_map(example).collect()
}

#[test]
fn every_example_does_what_it_says_without_a_network() {
    let home = Home::new();
    let mut all = Vec::new();
    // First there must be an organisation.
    let (org, others): (Vec<&str>, Vec<&str>) = COMMANDS
        .iter()
        .partition(|command| command.starts_with("org"));
    for command in org.into_iter().chain(others) {
        let page = home.ok(&format!("{command} --help"));
        let told = page.lines().skip_while(|line| !line.starts_with("Example"));
        all.extend(examples(&told.collect::<Vec<_>>().join("\n")));
    }
    all.extend(examples(include_str!("../../README.md")));
    assert!(all.len() > 50, "{} examples were found", all.len());
    let old = home.ok("lock knowledge@^1 --policy lowest");
    for name in ["plugins.lock.old", "a.lock", "b.lock"] {
        std::fs::write(home.beside().join(name), &old).unwrap();
    }
    // Written by an example that comes later in the pages than the first that reads it.
    std::fs::write(
        home.beside().join("plugins.lock"),
        home.ok("lock knowledge bootstrap"),
    )
    .unwrap();
    let mut wrong = Vec::new();
    let mut used = Vec::new();
    for (fed, arguments) in all {
        // These have tests of their own: the one shows everything, the other does not end by itself.
        if arguments[0] == "demo" || arguments.iter().any(|it| it == "--watch") {
            continue;
        }
        let line = arguments.join(" ");
        let expected = OTHERWISE.iter().find(|(other, _)| *other == line);
        used.extend(expected.map(|(line, _)| *line));
        let file = home.beside().join("fed");
        std::fs::write(&file, &fed).unwrap();
        // Without a network, all of them.
        let words = arguments.iter().filter(|word| *word != "--offline");
        let mut command = home.command(words);
        command
            .current_dir(home.beside())
            .stdin(Stdio::from(std::fs::File::open(&file).unwrap()));
        let ran = ran(&mut command);
        if ran.code != expected.map_or(0, |(_, code)| *code) {
            wrong.push(format!("$ one-plugin {line}\n{}", ran.page()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    for (line, _) in OTHERWISE {
        assert!(used.contains(line), "no page has `{line}` any more");
    }
}

#[test]
fn every_plugin_of_the_programs_own_facts_can_be_planned_by_its_short_name() {
    let home = Home::new();
    let found = home.json("search plugin --limit 100");
    let mut names: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["plugin"]["name"].as_str().unwrap())
        .collect();
    assert!(names.len() > 25, "{names:?}");
    names.sort_unstable();
    let mut ends = String::new();
    for name in names {
        let short = name
            .rsplit('/')
            .next()
            .unwrap()
            .trim_start_matches("plugin-");
        let ran = home.run(&format!("tree {short}"));
        let line = match ran.code {
            0 => ran.out.lines().next().unwrap_or_default().to_owned(),
            code => format!(
                "{code}: {}",
                ran.err.lines().take(2).collect::<Vec<_>>().join(" ")
            ),
        };
        ends.push_str(&format!("{short}: {line}\n"));
    }
    insta::assert_snapshot!("short_names", ends.trim_end());
}
