//! A store against the memory store: the same change sets, the same answers.

mod changes;
mod pool;
mod queries;
mod random;

use futures::StreamExt as _;
use futures::executor::block_on;
use one_ontology::audit::trail::{self, Check};
use one_ontology::{EventQuery, Limit, MemoryStore, Place, Receipt, Scope, Seq, Store, StoreError};

use crate::store::Subject;
pub(crate) use changes::any_in;
pub(crate) use pool::{Pool, TEXTS};
pub(crate) use random::Random;

/// How many change sets a normal run makes.
pub const CHANGE_SETS: usize = 2000;

/// After so many a history ends and the next starts on a fresh store.
const HISTORY: usize = 100;

/// How many change sets this run makes: [`CHANGE_SETS`], or what `ONE_PLUGIN_LONG` says.
///
/// # Panics
/// If `ONE_PLUGIN_LONG` is not a number.
#[must_use]
pub fn change_sets() -> usize {
    std::env::var("ONE_PLUGIN_LONG").map_or(CHANGE_SETS, |text| {
        text.parse().expect("ONE_PLUGIN_LONG is a number")
    })
}

/// Compares [`change_sets`] change sets.
///
/// # Panics
/// At the first difference, saying the history's seed.
pub fn run(fresh: impl Fn() -> Subject) {
    let histories = change_sets().div_ceil(HISTORY);
    let mut counts = Counts::default();
    for seed in 0..histories as u64 {
        history(seed, HISTORY, fresh(), &mut counts);
    }
    eprintln!("{counts:?}");
    // A generator that only makes nonsense would find nothing.
    assert!(counts.done * 3 > counts.refused, "{counts:?}");
    assert!(counts.pruned * 200 > counts.done, "{counts:?}");
}

/// What came of the change sets, so that a run can say what it has tried.
#[derive(Debug, Default)]
struct Counts {
    done: usize,
    pruned: usize,
    replayed: usize,
    refused: usize,
    queries: usize,
    rows: usize,
}

fn history(seed: u64, length: usize, subject: Subject, counts: &mut Counts) {
    let model = MemoryStore::new();
    let mut random = Random::new(seed);
    let mut pool = Pool::new();
    for step in 0..length {
        let context = format!("history {seed}, step {step}");
        let changes = changes::any(&mut random, &mut pool, &model);
        let expected = block_on(model.commit(changes.clone()));
        let found = block_on(subject.store.commit(changes.clone()));
        same_result(&expected, &found, &context, &changes);
        match &expected {
            Ok(receipt) if receipt.answer == one_ontology::Answer::Done => {
                counts.done += 1;
                counts.pruned += usize::from(changes.needs().covered.is_some());
            }
            Ok(_) => counts.replayed += 1,
            Err(_) => counts.refused += 1,
        }
        for _ in 0..4 {
            counts.queries += 1;
            counts.rows += queries::compare(&mut random, &pool, &model, &*subject.store, &context);
        }
    }
    for place in pool.places() {
        same_chain(place, &model, &subject, seed);
    }
    block_on(queries::compare_directory(&pool, &model, &*subject.store));
}

fn same_result(
    expected: &Result<Receipt, StoreError>,
    found: &Result<Receipt, StoreError>,
    context: &str,
    changes: &one_ontology::ChangeSet,
) {
    let same = match (expected, found) {
        (Ok(expected), Ok(found)) => expected == found,
        (Err(expected), Err(found)) => expected.tag() == found.tag(),
        _ => false,
    };
    assert!(
        same,
        "{context}: expected {expected:?}, found {found:?} for {changes:#?}"
    );
}

fn same_chain(place: Place, model: &dyn Store, subject: &Subject, seed: u64) {
    let (store, patience) = (&*subject.store, subject.patience);
    let scope = Scope::system("suite".parse().unwrap(), place);
    let mut query = EventQuery {
        limit: Limit::new(Limit::MAX),
        ..EventQuery::default()
    };
    let mut events = Vec::new();
    loop {
        let expected = block_on(model.events(&scope, &query)).unwrap();
        let found = block_on(store.events(&scope, &query)).unwrap();
        assert_eq!(found, expected, "history {seed}: the events of {place}");
        events.extend(found.items);
        query.cursor = expected.next;
        if query.cursor.is_none() {
            break;
        }
    }
    let head = block_on(model.head(&scope)).unwrap();
    assert_eq!(block_on(store.head(&scope)).unwrap(), head);
    let verified = async |store| trail::verify(store, &scope, Check::default(), |_| ()).await;
    let (expected, found) = (
        block_on(verified(model)).unwrap(),
        block_on(verified(store)),
    );
    let found = found.unwrap();
    assert_eq!(
        (found.head(), found.after, found.events),
        (head, expected.after, expected.events)
    );
    // From before the first that is left: what was pruned is not watched.
    let first = events.first().map_or(0, |event| event.seq.get() - 1);
    let stream = store.watch(&scope, Seq::new(first));
    let watched = block_on(crate::store::timer::within(
        patience,
        stream.take(events.len()).collect::<Vec<_>>(),
    ));
    let watched: Vec<_> = watched
        .expect("a watcher gets every event")
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        watched, events,
        "history {seed}: what a watcher of {place} gets"
    );
}
