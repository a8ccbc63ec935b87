//! What a long trail costs: checked, proven, exported, read back, pruned; beside hashing its texts and no more.
//!
//! `cargo bench -p benches --bench audit`; with `--quick` (or `--test`) everything runs once on a short trail, to see that it works.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(clippy::unwrap_used, reason = "a broken bench may panic")]
#![expect(
    clippy::disallowed_methods,
    reason = "a bench measures time by the machine's clock"
)]

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::{Duration, Instant};

use benches::measure::thread_time;
use futures::executor::block_on;
use one_ontology::audit::export::Reader;
use one_ontology::audit::trail::{self, Check};
use one_ontology::audit::{
    CheckpointSigner as _, RetentionPolicy, Tree, Verifier, decide_retention,
};
use one_ontology::{
    ChangeSet, Digest, Event, EventId, EventQuery, EventType, Limit, NewEvent, Place, Plan, Scope,
    Seq, SequentialIds, Store, ThingId, Timestamp,
};
use plugin_audit_ed25519::{Ed25519Signer, TrustedKeys};
use plugin_store_sqlite::{Durability, Options, SqliteStore};

/// How many events one change set has.
const BATCH: u64 = 5_000;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick" || argument == "--test");
    let count: u64 = if quick { 2 * BATCH } else { 1_000_000 };
    let directory = tempfile::tempdir().unwrap();
    let options = Options::default().durability(Durability::Normal);
    let store = SqliteStore::open(directory.path().join("trail"), options).unwrap();
    let scope = Scope::system("bench".parse().unwrap(), Place::Global);
    let ids = SequentialIds::new();
    println!("{count} events, {BATCH} a change set     seconds  CPU of this thread  us an event");
    row("written to sqlite", count, || {
        (0..count / BATCH).for_each(|_| write(&store, &scope, &ids));
    });
    let signer = Ed25519Signer::from_seed(&[7; 32]);
    let keys = TrustedKeys::new([signer.key()]).unwrap();
    let whole = row("checked from sqlite", count, || {
        block_on(trail::verify(&store, &scope, Check::default(), |_| ())).unwrap()
    });
    let signed = whole
        .checkpoint(Timestamp::EPOCH)
        .unwrap()
        .sign(&signer)
        .unwrap();
    let mut lines = Vec::new();
    row("exported from sqlite", count, || {
        let write = |line: &str| {
            lines.push(line.to_owned());
            Ok(())
        };
        block_on(trail::export(
            &store,
            &scope,
            None,
            &signed,
            BTreeSet::new(),
            write,
        ))
        .unwrap();
    });
    row("read back from the export", count, || {
        let mut reader = Reader::new(&keys);
        for line in &lines {
            reader.line(line).unwrap();
        }
        reader.finish().unwrap()
    });
    row("the texts hashed alone", count, || {
        for line in &lines {
            black_box(Digest::of(line.as_bytes()));
        }
    });
    drop(lines);
    let events = all(&store, &scope);
    row("checked in memory", count, || {
        let mut verifier = Verifier::new(scope.place());
        events
            .iter()
            .for_each(|event| verifier.push(event).unwrap());
        verifier.finish(None).unwrap()
    });
    let mut tree = Tree::new();
    row("a tree that makes proofs", count, || {
        events.iter().for_each(|event| tree.push(&event.digest));
    });
    let proofs: u64 = 100_000.min(count);
    let made: Vec<_> = row(&format!("{proofs} proofs made"), proofs, || {
        let numbers = (0..proofs).map(|n| Seq::new(n * (count / proofs) + 1));
        numbers
            .map(|seq| tree.include(seq, Seq::new(count)).unwrap())
            .collect()
    });
    row(&format!("{proofs} proofs checked"), proofs, || {
        for proof in &made {
            let index = usize::try_from(proof.seq.get() - 1).unwrap();
            let event = events.get(index).unwrap();
            proof.check(&event.digest, &signed.checkpoint).unwrap();
        }
    });
    drop((events, made, tree));
    let now = Timestamp::EPOCH.plus(Duration::from_secs(365 * 86_400));
    let exported = [signed.trust(&keys).unwrap()];
    let policy = RetentionPolicy::of_plan(Plan::Enterprise);
    let place = scope.place();
    let retention = decide_retention(&policy, place, Seq::new(1), &exported, now).unwrap();
    row("pruned from sqlite", count, || {
        let id = EventId::new(&ids, now);
        block_on(store.commit(ChangeSet::prune(&scope, id, &retention, now))).unwrap()
    });
    row("the rest checked", 1, || {
        block_on(trail::verify(&store, &scope, Check::default(), |_| ())).unwrap()
    });
}

fn write(store: &SqliteStore, scope: &Scope, ids: &SequentialIds) {
    let now = Timestamp::EPOCH;
    let event = |n: u64| {
        let target = ThingId::of_name(&["bench", &(n % 100).to_string()]);
        NewEvent::new(
            EventId::new(ids, now),
            EventType::TaskEvent,
            Some(target.into()),
        )
        .with("action", "benched")
        .with("npm_package", "@bench/plugin-nothing")
        .with("round", n)
    };
    let changes = ChangeSet::new(scope, event(0), now);
    let changes = (1..BATCH).fold(changes, |changes, n| changes.event(event(n)));
    block_on(store.commit(changes)).unwrap();
}

fn all(store: &SqliteStore, scope: &Scope) -> Vec<Event> {
    let mut query = EventQuery {
        limit: Limit::new(Limit::MAX),
        ..EventQuery::default()
    };
    let mut events = Vec::new();
    loop {
        let page = block_on(store.events(scope, &query)).unwrap();
        events.extend(page.items);
        query.cursor = page.next;
        if query.cursor.is_none() {
            return events;
        }
    }
}

fn row<T>(what: &str, count: u64, run: impl FnOnce() -> T) -> T {
    let (start, cpu) = (Instant::now(), thread_time());
    let result = run();
    let (wall, cpu) = (
        start.elapsed().as_secs_f64(),
        (thread_time() - cpu).as_secs_f64(),
    );
    #[expect(clippy::cast_precision_loss, reason = "a count of events is small")]
    let each = wall / count as f64 * 1e6;
    println!("{what:<34} {wall:>9.2} {cpu:>19.2} {each:>12.2}");
    result
}
