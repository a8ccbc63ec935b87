//! The store in memory, which has no peer: how fast commits are without any disk.

use benches::report::{Section, Unit};
use futures::executor::block_on;
use one_ontology::{MemoryStore, Place, Store as _};

use super::{Runs, change_set, in_turns, in_writers, on_threads, row};
use crate::Plan;

pub(super) fn section(plan: Plan) -> Section {
    let rounds = plan.of(20_000, 64);
    let mut rows = Vec::new();
    for writers in [1, 8, 64] {
        let run = || {
            let store = MemoryStore::new();
            on_threads(writers, rounds, |number| {
                block_on(store.commit(change_set(Place::Global, number))).unwrap();
            })
        };
        let runs = in_turns(plan.of(5, 1), &[&run]);
        let label = in_writers(writers);
        rows.push(row(label.clone(), Unit::PerSecond, &runs, Runs::rate));
        rows.push(row(
            format!("{label}, CPU each"),
            Unit::Milliseconds,
            &runs,
            Runs::cpu,
        ));
    }
    Section {
        title: "Change sets in memory".to_owned(),
        note: "A thing of about 400 bytes and its event in each; medians of 5 runs.".to_owned(),
        contestants: vec!["store".to_owned()],
        ours: 1,
        rows,
    }
}
