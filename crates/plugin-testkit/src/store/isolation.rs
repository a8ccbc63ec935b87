//! Whether a place reads the same, byte for byte, whatever happens in another.
//!
//! Two organisations each have a random history. One store gets the first's alone, another gets
//! both, mixed; then everything that the first can ask is asked of both, and every answer, refusals
//! and cursors among them, must be the same text.

use std::fmt::{Debug, Write as _};

use futures::executor::block_on;
use futures::{FutureExt as _, StreamExt as _};
use one_ontology::{
    Among, ChangeSet, Cursor, Ended, EventQuery, KnowledgeQuery, Limit, MemoryStore, Page,
    PersonQuery, Place, Query, Scope, SearchQuery, Seq, Store, StoreError, ThingQuery, ThingStatus,
};

use crate::store::Subject;
use crate::store::differential::{Pool, Random, any_in};

/// How many histories a normal run makes.
pub const HISTORIES: usize = 100;

/// How many change sets each of the two places gets in one.
const LENGTH: usize = 12;

/// How many histories this run makes: [`HISTORIES`], or what `ONE_PLUGIN_HISTORIES` says.
///
/// # Panics
/// If `ONE_PLUGIN_HISTORIES` is not a number.
#[must_use]
pub fn histories() -> usize {
    std::env::var("ONE_PLUGIN_HISTORIES").map_or(HISTORIES, |text| {
        text.parse().expect("ONE_PLUGIN_HISTORIES is a number")
    })
}

/// Compares [`histories`] histories.
///
/// # Panics
/// At the first difference, saying the history's seed.
pub fn run(fresh: impl Fn() -> Subject) {
    for seed in 0..histories() as u64 {
        history(seed, &fresh);
    }
}

/// Compares one history; the same seed makes the same one everywhere.
///
/// # Panics
/// If what the first organisation sees tells of the second, or of the other way round.
pub fn history(seed: u64, fresh: &impl Fn() -> Subject) {
    let mut random = Random::new(seed ^ 0x150_1a7e);
    let mut pool = Pool::new();
    let groups = pool.groups();
    let places = [Place::Group(groups[0]), Place::Group(groups[1])];
    // What each does next depends on its own past only.
    let models = [MemoryStore::new(), MemoryStore::new()];
    let mut alone = [Vec::new(), Vec::new()];
    let mut mixed = Vec::new();
    for _ in 0..2 * LENGTH {
        let who = random.below(2);
        let changes = any_in(&mut random, &mut pool, &models[who], places[who]);
        let _refused_too = block_on(models[who].commit(changes.clone()));
        alone[who].push(changes.clone());
        mixed.push(changes);
    }
    let both = fresh();
    let among_others = said(&both, &mixed);
    for (place, own) in places.into_iter().zip(&alone) {
        let one = fresh();
        let alone: String = said(&one, own).into_iter().map(|(_, said)| said).collect();
        let among: String = among_others
            .iter()
            .filter(|(at, _)| *at == place)
            .map(|(_, said)| said.as_str())
            .collect();
        same(seed, "what commits said", &alone, &among);
        let scope = Scope::system("suite".parse().unwrap(), place);
        let alone = everything(&pool, &one, &scope);
        same(
            seed,
            "what is read",
            &alone,
            &everything(&pool, &both, &scope),
        );
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
fn everything(pool: &Pool, subject: &Subject, scope: &Scope) -> String {
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
        let id = scope.place().group().unwrap();
        say(&store.group(id).await);
        say(&store.head(scope).await);
    });
    lists(pool, store, scope, &mut say);
    searches(pool, store, scope, &mut say);
    let mut events = store.watch(scope, Seq::START);
    let head = block_on(store.head(scope)).unwrap();
    let count = head.map_or(0, |head| head.seq.get());
    for _ in 0..count {
        let next = crate::store::timer::within(subject.patience, events.next());
        say(&block_on(next).expect("a watcher gets every event"));
    }
    say(&events.next().now_or_never().is_none());
    text
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
        for text in ["bread", "bread water äpfel", "quoted"] {
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
