//! What a long trail costs: checked, proven, exported, read back, pruned; beside hashing its texts and no more.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::Duration;

use benches::report::{Cell, Row, Section, Target, Unit};
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

use crate::timing::timed;

/// How many events one change set has.
const BATCH: u64 = 5_000;

/// What checking a million events may take, in milliseconds.
const AT_MOST: f64 = 10_000.0;

pub(crate) fn sections(plan: crate::Plan) -> Vec<Section> {
    let count = if plan.is_quick { 2 * BATCH } else { 1_000_000 };
    let mut table = Table(Vec::new());
    fill(&mut table, count);
    vec![Section {
        title: format!("A trail of {count} events on SQLite"),
        note: format!(
            "{BATCH} events a change set. Checking recomputes every digest and the tree of the checkpoint; the texts hashed alone are what no check \
             can do without. Each once."
        ),
        contestants: vec!["ours".to_owned()],
        ours: 1,
        rows: table.0,
    }]
}

/// The rows so far.
struct Table(Vec<Row>);

impl Table {
    fn row<T>(&mut self, label: &str, run: impl FnOnce() -> T) -> T {
        let (milliseconds, result) = timed(run);
        self.0.push(Row {
            label: label.to_owned(),
            unit: Unit::Milliseconds,
            target: None,
            cells: vec![Cell::figure(milliseconds)],
        });
        result
    }

    fn expect(&mut self, target: f64) {
        let row = self.0.last_mut().unwrap();
        row.target = Some(Target::Figure(target));
    }
}

fn fill(table: &mut Table, count: u64) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options::default().durability(Durability::Normal);
    let store = SqliteStore::open(folder.path().join("trail"), options).unwrap();
    let scope = Scope::system("bench".parse().unwrap(), Place::Global);
    let ids = SequentialIds::new();
    table.row("written to SQLite", || {
        (0..count / BATCH).for_each(|_| write(&store, &scope, &ids));
    });
    let signer = Ed25519Signer::from_seed(&[7; 32]);
    let keys = TrustedKeys::new([signer.key()]).unwrap();
    let whole = table.row("checked from SQLite", || {
        block_on(trail::verify(&store, &scope, Check::default(), |_| ())).unwrap()
    });
    table.expect(AT_MOST);
    let signed = whole
        .checkpoint(Timestamp::EPOCH)
        .unwrap()
        .sign(&signer)
        .unwrap();
    let mut lines = Vec::new();
    table.row("exported from SQLite", || {
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
    table.row("read back from the export", || {
        let mut reader = Reader::new(&keys);
        for line in &lines {
            reader.line(line).unwrap();
        }
        reader.finish().unwrap()
    });
    table.row("the texts hashed alone", || {
        for line in &lines {
            black_box(Digest::of(line.as_bytes()));
        }
    });
    drop(lines);
    let events = all(&store, &scope);
    table.row("checked in memory", || {
        let mut verifier = Verifier::new(scope.place());
        events
            .iter()
            .for_each(|event| verifier.push(event).unwrap());
        verifier.finish(None).unwrap()
    });
    let mut tree = Tree::new();
    table.row("a tree that makes proofs", || {
        events.iter().for_each(|event| tree.push(&event.digest));
    });
    let proofs: u64 = 100_000.min(count);
    let made: Vec<_> = table.row(&format!("{proofs} proofs made"), || {
        let numbers = (0..proofs).map(|n| Seq::new(n * (count / proofs) + 1));
        numbers
            .map(|seq| tree.include(seq, Seq::new(count)).unwrap())
            .collect()
    });
    table.row(&format!("{proofs} proofs checked"), || {
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
    table.row("pruned from SQLite", || {
        let id = EventId::new(&ids, now);
        block_on(store.commit(ChangeSet::prune(&scope, id, &retention, now))).unwrap()
    });
    table.row("the rest checked", || {
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
