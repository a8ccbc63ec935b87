//! Whether a place reads the same, byte for byte, whatever happens in another.
//!
//! Two organisations and the shared registry each have a random history. One store gets all three,
//! mixed; others get one organisation's with the registry's, and the registry's alone. Then
//! everything that can be asked is asked of both, and every answer, refusals and cursors among them,
//! must be the same text: what an organisation sees, of itself and of the registry, is as if there
//! were no other, and what the registry holds is what the platform wrote.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::executor::block_on;
use futures::{FutureExt as _, StreamExt as _};
use one_ontology::{
    Among, ChangeSet, Cursor, Ended, EventQuery, KnowledgeQuery, Limit, MemoryStore, Page,
    PersonQuery, Place, Query, Scope, SearchQuery, Seq, Store, StoreError, ThingQuery, ThingStatus,
};

use crate::store::Subject;
use crate::store::differential::{Pool, Random, any_in};
use crate::store::timer::within;

/// How many histories a normal run makes.
pub const HISTORIES: usize = 100;

/// How many change sets the three places get in one, together.
const LENGTH: usize = 30;

/// How many histories this run makes: `otherwise`, or what `ONE_PLUGIN_HISTORIES` says.
///
/// # Panics
/// If `ONE_PLUGIN_HISTORIES` is not a number.
#[must_use]
pub fn histories(otherwise: usize) -> usize {
    std::env::var("ONE_PLUGIN_HISTORIES").map_or(otherwise, |text| {
        text.parse().expect("ONE_PLUGIN_HISTORIES is a number")
    })
}

/// Compares [`HISTORIES`] histories, or as many as `ONE_PLUGIN_HISTORIES` says.
///
/// # Panics
/// At the first difference, saying the history's seed.
pub fn run(fresh: impl Fn() -> Subject + Sync) {
    run_some(HISTORIES, fresh);
}

/// As [`run`], for a store that takes long to make: `otherwise` histories where nobody says how many.
///
/// # Panics
/// At the first difference, saying the history's seed.
pub fn run_some(otherwise: usize, fresh: impl Fn() -> Subject + Sync) {
    let count = histories(otherwise) as u64;
    let next = AtomicU64::new(0);
    // As many at once as the machine has processors for.
    std::thread::scope(|threads| {
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZero::get) {
            threads.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= count {
                        return;
                    }
                    history(seed, &fresh);
                }
            });
        }
    });
    eprintln!("{count} histories");
}

/// Compares one history; the same seed makes the same one everywhere.
///
/// # Panics
/// If what an organisation or the registry sees tells of who should not be seen.
pub fn history(seed: u64, fresh: &impl Fn() -> Subject) {
    let mut random = Random::new(seed ^ 0x150_1a7e);
    let mut pool = Pool::new();
    let groups = pool.groups();
    let mut views = [
        View::of(&[Place::Group(groups[0]), Place::Global]),
        View::of(&[Place::Group(groups[1]), Place::Global]),
        View::of(&[Place::Global]),
    ];
    let mut mixed = Vec::new();
    for _ in 0..LENGTH {
        let who = random.pick(&[0, 0, 1, 1, 2]);
        // What happens next in a place depends on what can be seen from there only.
        let (place, model) = (views[who].places[0], &views[who].model);
        let changes = any_in(&mut random, &mut pool, model, place);
        for view in &mut views {
            view.take(&changes);
        }
        mixed.push(changes);
    }
    let all = fresh();
    let said_to_all = said(&all, &mixed);
    let reads_of_all = views.iter().map(|view| {
        let place = view.places[0];
        (place, everything(&pool, &all, place))
    });
    let reads_of_all: BTreeMap<Place, String> = reads_of_all.collect();
    for view in &views {
        let alone = fresh();
        let mut answers = said(&alone, &view.changes).into_iter();
        let among_others = said_to_all
            .iter()
            .filter(|(place, _)| view.places.contains(place));
        for (_, among) in among_others {
            let (_, alone) = answers.next().expect("a view gets all that is for it");
            same(seed, "what a commit said", &alone, among);
        }
        for place in &view.places {
            let alone = everything(&pool, &alone, *place);
            same(seed, "what is read", &alone, &reads_of_all[place]);
        }
    }
}

/// What somebody sees: their own place, and what all see.
struct View {
    places: Vec<Place>,
    changes: Vec<ChangeSet>,
    model: MemoryStore,
}

impl View {
    fn of(places: &[Place]) -> Self {
        Self {
            places: places.to_vec(),
            changes: Vec::new(),
            model: MemoryStore::new(),
        }
    }

    fn take(&mut self, changes: &ChangeSet) {
        if self.places.contains(&changes.place()) {
            let _refused_too = block_on(self.model.commit(changes.clone()));
            self.changes.push(changes.clone());
        }
    }
}

fn same(seed: u64, what: &str, alone: &str, among: &str) {
    for (alone, among) in alone.lines().zip(among.lines()) {
        assert_eq!(
            among, alone,
            "history {seed}: {what} tells of another place"
        );
    }
    assert_eq!(among.len(), alone.len(), "history {seed}: {what}");
}

fn said(subject: &Subject, history: &[ChangeSet]) -> Vec<(Place, String)> {
    history
        .iter()
        .map(|changes| {
            let answer = block_on(subject.store.commit(changes.clone()));
            let answer = match answer {
                Ok(receipt) => format!("{receipt:?}\n"),
                Err(error) => format!("{error:?}: {error}\n"),
            };
            (changes.place(), answer)
        })
        .collect()
}

/// The answers to all that can be asked in a place.
fn everything(pool: &Pool, subject: &Subject, place: Place) -> String {
    let scope = &Scope::system("suite".parse().unwrap(), place);
    let store = &*subject.store;
    let mut text = String::new();
    let mut say = |answer: &dyn Debug| writeln!(text, "{answer:?}").unwrap();
    block_on(async {
        for id in pool.things() {
            say(&store.thing(scope, id).await);
        }
        for id in pool.knowledge() {
            say(&store.knowledge_by_id(scope, id).await);
        }
        for id in pool.people() {
            say(&store.person(scope, id).await);
            say(&store.membership(id, scope.place()).await);
        }
        for (key, _) in pool.budgets() {
            say(&store.budget(scope, &key).await);
        }
        if let Some(id) = place.group() {
            say(&store.group(id).await);
        }
        say(&store.head(scope).await);
    });
    lists(pool, store, scope, &mut say);
    searches(pool, store, scope, &mut say);
    watches(subject, scope, &mut say);
    text
}

/// From the start, which may have been pruned, and from before the first event that is left.
fn watches(subject: &Subject, scope: &Scope, say: &mut dyn FnMut(&dyn Debug)) {
    let store = &*subject.store;
    let page = block_on(store.events(scope, &EventQuery::default())).unwrap();
    let first = page.items.first().map_or(1, |event| event.seq.get());
    let head = block_on(store.head(scope)).unwrap();
    let count = head.map_or(0, |head| head.seq.get() + 1 - first);
    for after in [0, first - 1] {
        let mut events = store.watch(scope, Seq::new(after));
        let all = async {
            for _ in 0..count {
                let next = events.next().await;
                say(&next);
                if !matches!(next, Some(Ok(_))) {
                    return;
                }
            }
            say(&events.next().now_or_never().is_none());
        };
        block_on(within(subject.patience, all)).expect("a watcher gets every event");
    }
}

fn lists(pool: &Pool, store: &dyn Store, scope: &Scope, say: &mut dyn FnMut(&dyn Debug)) {
    let limit = Limit::new(2);
    let mut things = vec![ThingQuery::default().in_status(ThingStatus::Archived)];
    things.push(ThingQuery::default());
    things.extend(pool.thing_types().into_iter().map(ThingQuery::of_type));
    for name in ["npm_package", "registry_url", "other"] {
        things.extend(
            pool.values()
                .into_iter()
                .map(|v| ThingQuery::default().with(name, v)),
        );
    }
    things.extend(super::differential::TEXTS.iter().map(|name| ThingQuery {
        name: Some((*name).to_owned()),
        ..ThingQuery::default()
    }));
    for mut query in things {
        query.limit = limit;
        let list = async |q: &ThingQuery| store.things(scope, q).await;
        pages(query, list, |q, c| q.cursor = Some(c), say);
    }
    let mut ends: Vec<_> = pool.ends(scope.place()).into_iter().map(Some).collect();
    ends.push(None);
    for end in ends {
        for (from, to) in [(end, None), (None, end)] {
            let query = one_ontology::ConnectionQuery {
                from,
                to,
                ended: Ended::Listed,
                limit,
                ..Default::default()
            };
            let list = async |q: &one_ontology::ConnectionQuery| store.connections(scope, q).await;
            pages(query, list, |q, c| q.cursor = Some(c), say);
        }
        let query = EventQuery {
            target: end,
            limit,
            ..EventQuery::default()
        };
        let list = async |q: &EventQuery| store.events(scope, q).await;
        pages(query, list, |q, c| q.cursor = Some(c), say);
        let query = KnowledgeQuery {
            source: end,
            limit,
            ..KnowledgeQuery::default()
        };
        let list = async |q: &KnowledgeQuery| store.knowledge(scope, q).await;
        pages(query, list, |q, c| q.cursor = Some(c), say);
    }
    for event_type in pool.event_types() {
        let query = EventQuery {
            types: vec![event_type],
            ..EventQuery::default()
        };
        say(&block_on(store.events(scope, &query)));
    }
    for label in pool.labels() {
        let query = KnowledgeQuery {
            labels: vec![label],
            ..KnowledgeQuery::default()
        };
        say(&block_on(store.knowledge(scope, &query)));
    }
    let query = PersonQuery {
        limit,
        cursor: None,
    };
    let list = async |q: &PersonQuery| store.people(scope, q).await;
    pages(query, list, |q, c| q.cursor = Some(c), say);
    let foreign = PersonQuery {
        cursor: Some(Cursor::from_text("garbage.1")),
        limit,
    };
    say(&block_on(store.people(scope, &foreign)));
}

fn searches(pool: &Pool, store: &dyn Store, scope: &Scope, say: &mut dyn FnMut(&dyn Debug)) {
    let among = [Among::default(), Among::Things { types: Vec::new() }];
    for among in among {
        // Of several words, so that how rare each of them is tells who comes first.
        for text in [
            "bread",
            "bread water äpfel",
            "bread brot",
            "butter a",
            "quoted",
            "braed wat",
        ] {
            for embedding in [None, pool.embeddings().into_iter().next()] {
                let query = SearchQuery {
                    among: among.clone(),
                    text: Some(text.to_owned()),
                    embedding,
                    ..SearchQuery::default()
                };
                say(&block_on(store.search(scope, &query)));
            }
        }
    }
}

/// Every page of a query, cursors and all.
fn pages<Q: Query<Row: Debug>>(
    mut query: Q,
    list: impl AsyncFn(&Q) -> Result<Page<Q::Row>, StoreError>,
    go_on: impl Fn(&mut Q, Cursor),
    say: &mut dyn FnMut(&dyn Debug),
) {
    loop {
        let page = block_on(list(&query));
        say(&page);
        match page.ok().and_then(|page| page.next) {
            Some(cursor) => go_on(&mut query, cursor),
            None => return,
        }
    }
}
