//! The resolver beside its peers, in one run: `cargo bench -p benches --bench resolver`.
//!
//! Prints the figures, and writes them to `target/bench/resolver.md` and `target/bench/resolver.svg`. With `--quick` (or `--test`)
//! everything that is small runs once, to see that it works. What is measured how, and the real data, are in the package's README.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a broken bench may panic"
)]

mod order;
mod ranges;
mod solving;

use std::thread;
use std::time::Duration;

use benches::measure::Effort;
use benches::report::{Section, table, write};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// How long each line is repeated.
    pub(crate) effort: Effort,
    /// CPU time after which a contestant is stopped.
    pub(crate) limit: Duration,
    /// Whether the large sizes are left out.
    pub(crate) is_quick: bool,
}

fn main() {
    // Peers recurse into what they drop; their stack shall not decide.
    let run = thread::Builder::new().stack_size(1 << 30).spawn(measure);
    run.unwrap().join().unwrap();
}

fn measure() {
    let is_quick = std::env::args().any(|argument| argument == "--quick" || argument == "--test");
    let plan = if is_quick {
        Plan {
            effort: Effort::Once,
            limit: Duration::from_secs(1),
            is_quick,
        }
    } else {
        Plan {
            effort: Effort::Budget(Duration::from_secs(2)),
            limit: Duration::from_secs(20),
            is_quick,
        }
    };
    let measures: [fn(Plan) -> Section; 10] = [
        solving::registries,
        solving::impossible,
        solving::frozen,
        solving::closure,
        solving::hard,
        solving::newest,
        solving::metadata,
        order::order,
        ranges::ranges,
        solving::npm,
    ];
    let mut sections = Vec::new();
    for measure in measures {
        let section = measure(plan);
        println!("{}", table(std::slice::from_ref(&section)));
        sections.push(section);
    }
    let verdicts: Vec<bool> = sections.iter().flat_map(Section::verdicts).collect();
    let met = verdicts.iter().filter(|is_met| **is_met).count();
    println!("{met} of {} targets are met", verdicts.len());
    if !is_quick {
        let title = "CPU time, milliseconds, logarithmic";
        println!(
            "{}",
            write(env!("CARGO_TARGET_TMPDIR"), "resolver", title, &sections)
        );
    }
}
