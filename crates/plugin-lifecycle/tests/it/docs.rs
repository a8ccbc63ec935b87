//! What the README says of the table, the commands and the defaults is what the code does.

use std::fmt::Write as _;
use std::time::Duration;

use one_ontology::{BudgetRule, Plan, Role};
use plugin_lifecycle::{Operation, Permit, Policy, permit};

const README: &str = include_str!("../../README.md");
const TABLE: &str = include_str!("lifecycle_table.txt");

/// The lines between the fences of the first block of a language.
fn block(language: &str) -> &'static str {
    let start = format!("```{language}\n");
    let (_, rest) = README.split_once(&start).unwrap();
    rest.split_once("```").unwrap().0
}

/// The rows of the table under a heading, as trimmed cells, without head and rule.
fn cells(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, rest) = README.split_once(&format!("## {heading}\n")).unwrap();
    rest.lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// The diagram of the table: an arrow a row, between states by name; what else the row depends on
/// stands in parentheses.
fn diagram() -> String {
    let mut diagram = "stateDiagram-v2\n".to_owned();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [id, from, command, to, _] = words[..] else {
            panic!("row `{line}`");
        };
        let node = |state: &'static str| match state.split(':').next().unwrap() {
            "-" => "[*]",
            name => name,
        };
        let named = |text: &'static str| {
            let details = text.split(':').skip(1);
            details
                .filter(|detail| detail.parse::<u32>().is_err())
                .collect::<Vec<_>>()
        };
        let mut details = named(command);
        let states = [named(from), named(to)];
        details.extend(
            states
                .into_iter()
                .find(|d| !d.is_empty())
                .unwrap_or_default(),
        );
        let (from, to, command) = (node(from), node(to), command.split(':').next().unwrap());
        write!(diagram, "    {from} --> {to}: {id} {command}").unwrap();
        if details.is_empty() {
            diagram.push('\n');
        } else {
            writeln!(diagram, " ({})", details.join(", ")).unwrap();
        }
    }
    diagram
}

#[test]
fn the_diagram_is_the_table() {
    let diagram = diagram();
    let arrows = diagram.lines().filter(|line| line.contains("-->"));
    assert_eq!(arrows.count(), 63);
    assert_eq!(block("mermaid"), diagram, "put this instead:\n{diagram}");
}

#[test]
fn who_may_is_what_the_role_matrix_says() {
    let who = |operation: Operation| {
        let may = |role: Role| match permit(role, operation) {
            Permit::Allow => Some(role.as_str().to_owned()),
            Permit::Redacted => Some(format!("{role} (redacted)")),
            Permit::Deny => None,
        };
        let roles = Role::ALL
            .iter()
            .copied()
            .filter(|r| *r != Role::PlatformOwner);
        let roles: Vec<String> = roles.filter_map(may).collect();
        roles.join(", ")
    };
    let rows = cells("Commands");
    assert!(rows.len() >= 12, "{}", rows.len());
    for row in rows {
        let [commands, _, operation, roles, _] = row[..] else {
            panic!("{row:?}");
        };
        let operation: Operation = operation.trim_matches('`').parse().unwrap();
        assert_eq!(roles, who(operation), "{commands}");
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs())
}

fn retries(policy: &Policy) -> String {
    let retries = policy.retries;
    let wait = |n: u32| seconds(retries.first * 2_u32.pow(n));
    let waits: Vec<String> = (0..retries.retries).map(wait).collect();
    let longest = seconds(retries.longest);
    format!(
        "{}, after {}; at most {longest}; all within {}",
        retries.retries,
        waits.join(", "),
        seconds(retries.within)
    )
}

#[test]
fn the_defaults_are_the_policy_s() {
    let policy = Policy::default();
    let limits = policy.limits;
    let daily = |plan| {
        let rule: Option<BudgetRule> = policy.daily(plan);
        rule.map_or_else(|| "no bound".to_owned(), |rule| rule.to_string())
    };
    let plans = |of: &dyn Fn(Plan) -> String| {
        let each = Plan::ALL.iter().map(|plan| format!("{plan} {}", of(*plan)));
        each.collect::<Vec<_>>().join(", ")
    };
    let grants: Vec<&str> = policy.grants.iter().map(|p| p.as_str()).collect();
    let expected = [
        ("installs", policy.installs.to_string()),
        ("plugins", policy.plugins.to_string()),
        ("executions", policy.executions.to_string()),
        ("daily(plan)", plans(&daily)),
        (
            "at_a_time(plan)",
            plans(&|p| policy.at_a_time(p).to_string()),
        ),
        ("syncs", policy.syncs.to_string()),
        ("limits.start_ms", seconds(limits.start())),
        ("limits.timeout_ms", seconds(limits.timeout())),
        (
            "limits.memory_bytes",
            format!("{} MiB", limits.memory_bytes >> 20),
        ),
        ("limits.cpu_percent", format!("{} %", limits.cpu_percent)),
        (
            "limits.disk_write_bytes",
            limits.disk_write_bytes.to_string(),
        ),
        (
            "limits.egress_per_minute",
            limits.egress_per_minute.to_string(),
        ),
        ("limits.egress_bytes", limits.egress_bytes.to_string()),
        (
            "limits.output_bytes",
            format!("{} MiB", limits.output_bytes >> 20),
        ),
        ("limits.host_calls", limits.host_calls.to_string()),
        ("grants", grants.join(", ")),
        ("grace", seconds(policy.grace)),
        ("operation_lease", seconds(policy.operation_lease)),
        ("longest_hold", seconds(policy.longest_hold)),
        ("operation_attempts", policy.operation_attempts.to_string()),
        ("snapshots", policy.snapshots.to_string()),
        ("release_cooldown", seconds(policy.release_cooldown)),
        (
            "recoveries_at_a_time",
            policy.recoveries_at_a_time.to_string(),
        ),
        ("subscriptions", policy.subscriptions.to_string()),
        ("agents", policy.agents.to_string()),
        (
            "character_bytes",
            format!("{} KiB", policy.character_bytes >> 10),
        ),
        (
            "agent_settings_bytes",
            format!("{} KiB", policy.agent_settings_bytes >> 10),
        ),
        ("delivery_batch", policy.delivery_batch.to_string()),
        (
            "deliveries_at_a_time",
            policy.deliveries_at_a_time.to_string(),
        ),
        ("delivery_attempts", policy.delivery_attempts.to_string()),
        ("delivery_backoff", seconds(policy.delivery_backoff)),
        (
            "delivery_backoff_at_most",
            seconds(policy.delivery_backoff_at_most),
        ),
        ("delivery_depth", policy.delivery_depth.to_string()),
        ("errors_in_a_row", policy.errors_in_a_row.to_string()),
        ("errors_in_window", policy.errors_in_window.to_string()),
        ("error_window", seconds(policy.error_window)),
        (
            "breaker.failures",
            format!("{} in a row", policy.breaker.failures),
        ),
        ("breaker.pause", seconds(policy.breaker.pause)),
        ("breaker.probes", policy.breaker.probes.to_string()),
        ("retries", retries(&policy)),
        (
            "cache",
            format!(
                "{} fresh, {} results of an organisation, {} KiB each",
                seconds(policy.cache.fresh),
                policy.cache.entries,
                policy.cache.entry_bytes >> 10
            ),
        ),
        (
            "queue",
            format!(
                "{} waiting, passed over {} times in a row",
                policy.queue.waiting, policy.queue.patience
            ),
        ),
        ("longest_wait", seconds(policy.longest_wait)),
        ("longest", seconds(policy.longest)),
        ("attempts", policy.attempts.to_string()),
    ];
    let said = cells("Defaults");
    let said: Vec<(&str, &str)> = said
        .iter()
        .map(|row| (row[0].trim_matches('`'), row[1]))
        .collect();
    let expected: Vec<(&str, &str)> = expected.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let table: String = expected.iter().fold(String::new(), |table, (name, value)| {
        format!("{table}| `{name}` | {value} |\n")
    });
    assert_eq!(said, expected, "put this instead:\n{table}");
}
