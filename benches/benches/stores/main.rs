//! The three stores beside programs written by hand, full-text search of SQLite's and plain loops, in one run:
//! `cargo bench -p benches --bench stores`.
//!
//! Prints the figures, and writes them to `target/bench/stores.md` and `target/bench/stores.svg`. With words behind `--` only the
//! topics that they name run (`-- commits search`), and nothing is written; with `--quick` (or `--test`) everything that is small runs once,
//! to see that it works. What is measured how is in the package's README.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the table is what this program is for"
)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a broken bench may panic"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "a bench measures time by the machine's clock"
)]

mod audit;
mod budgets;
mod catalog;
mod commits;
mod host;
mod lists;
mod peers;
mod queries;
mod search;
mod timing;
mod vectors;
mod watching;
mod weight;

use benches::report::{Section, table, write};

use self::host::{Host, Server};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Whether everything runs once, and small.
    pub(crate) is_quick: bool,
    /// Where a PostgreSQL server is, if there is one.
    pub(crate) server: Option<&'static str>,
}

impl Plan {
    /// One of two numbers: that of a full run, or that of a quick one.
    pub(crate) const fn of(self, full: usize, quick: usize) -> usize {
        if self.is_quick { quick } else { full }
    }

    /// A store of each kind, empty.
    pub(crate) fn hosts(self) -> Vec<Host> {
        let postgres = self
            .server
            .map(|server| Host::Postgres(Server::new(server)));
        let embedded = [Host::memory(), Host::sqlite()];
        embedded.into_iter().chain(postgres).collect()
    }
}

/// What one word on the command line stands for.
type Topic = (&'static str, fn(Plan) -> Vec<Section>);

const TOPICS: [Topic; 6] = [
    ("commits", commits::sections),
    ("budgets", budgets::sections),
    ("watch", watching::sections),
    ("search", search::sections),
    ("vectors", vectors::sections),
    ("audit", audit::sections),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if weight::is_child(&arguments) {
        return weight::child(&arguments);
    }
    let (options, words): (Vec<_>, Vec<_>) = arguments
        .into_iter()
        .partition(|argument| argument.starts_with('-'));
    let plan = Plan {
        is_quick: options.iter().any(|o| o == "--quick" || o == "--test"),
        server: plugin_test_postgres::address("benches stores: everything on PostgreSQL"),
    };
    let mut sections = Vec::new();
    for (_, measure) in TOPICS
        .iter()
        .filter(|(name, _)| words.is_empty() || words.iter().any(|word| word == name))
    {
        let measured = measure(plan);
        println!("{}", table(&measured));
        sections.extend(measured);
    }
    let verdicts: Vec<bool> = sections.iter().flat_map(Section::verdicts).collect();
    let met = verdicts.iter().filter(|is_met| **is_met).count();
    println!("{met} of {} targets are met", verdicts.len());
    if plan.server.is_none() {
        eprintln!("SKIPPED: everything on PostgreSQL: there is no server");
    }
    if !plan.is_quick && words.is_empty() {
        let title = "The stores, milliseconds, logarithmic";
        println!(
            "{}",
            write(env!("CARGO_TARGET_TMPDIR"), "stores", title, &sections)
        );
    }
}
