//! Queries, and whether two stores answer them alike.

use std::fmt::Debug;

use futures::executor::block_on;
use one_ontology::{
    Among, ConnectionQuery, Cursor, Directory as _, Ended, EventQuery, KnowledgeQuery, Limit,
    MemoryStore, PersonQuery, Query, Scope, SearchQuery, Seq, Store, StoreError, ThingQuery,
    ThingStatus,
};

use super::pool::{Pool, TEXTS};
use super::random::Random;

/// One query of any kind on both; how many rows it found.
pub(super) fn compare(
    random: &mut Random,
    pool: &Pool,
    model: &MemoryStore,
    store: &dyn Store,
    context: &str,
) -> usize {
    let place = random.pick(&pool.places());
    let scope = &Scope::system("suite".parse().unwrap(), place);
    let both = Both {
        model,
        store,
        context,
    };
    match random.below(7) {
        0 => both.pages(
            things(random, pool),
            async |s, q| s.things(scope, q).await,
            |q, c| q.cursor = Some(c),
        ),
        1 => both.pages(
            connections(random, pool, scope),
            async |s, q| s.connections(scope, q).await,
            |q, c| q.cursor = Some(c),
        ),
        2 => both.pages(
            events(random, pool, scope),
            async |s, q| s.events(scope, q).await,
            |q, c| q.cursor = Some(c),
        ),
        3 => both.pages(
            knowledge(random, pool, scope),
            async |s, q| s.knowledge(scope, q).await,
            |q, c| q.cursor = Some(c),
        ),
        4 => both.pages(
            PersonQuery {
                limit: limit(random),
                cursor: None,
            },
            async |s, q| s.people(scope, q).await,
            |q, c| q.cursor = Some(c),
        ),
        5 => {
            let query = search(random, pool);
            let find = |store: &dyn Store| block_on(store.search(scope, &query));
            let found = both.same(&query, find);
            found.map_or(0, |hits| hits.len())
        }
        _ => {
            let thing = random.pick(&pool.things());
            let row = random.pick(&pool.knowledge());
            let person = random.pick(&pool.people());
            let (key, _) = random.pick(&pool.budgets());
            both.same(&thing, |s| block_on(s.thing(scope, thing)))
                .unwrap();
            both.same(&row, |s| block_on(s.knowledge_by_id(scope, row)))
                .unwrap();
            both.same(&person, |s| block_on(s.person(scope, person)))
                .unwrap();
            both.same(&key, |s| block_on(s.budget(scope, &key)))
                .unwrap();
            both.same(&place, |s| block_on(s.head(scope))).unwrap();
            0
        }
    }
}

pub(super) async fn compare_directory(pool: &Pool, model: &MemoryStore, store: &dyn Store) {
    for id in pool.groups() {
        assert_eq!(store.group(id).await, model.group(id).await);
        assert_eq!(store.descendants(id).await, model.descendants(id).await);
    }
    for place in pool.places() {
        for person in pool.people() {
            assert_eq!(
                store.membership(person, place).await,
                model.membership(person, place).await
            );
        }
    }
}

struct Both<'a> {
    model: &'a MemoryStore,
    store: &'a dyn Store,
    context: &'a str,
}

impl Both<'_> {
    fn same<T: PartialEq + Debug>(
        &self,
        query: &impl Debug,
        read: impl Fn(&dyn Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let expected = read(self.model);
        let found = read(self.store);
        assert_eq!(found, expected, "{}: {query:?}", self.context);
        expected
    }

    /// Every page, with its cursor.
    fn pages<Q: Query<Row: PartialEq + Debug> + Debug>(
        &self,
        mut query: Q,
        list: impl AsyncFn(&dyn Store, &Q) -> Result<one_ontology::Page<Q::Row>, StoreError>,
        go_on: impl Fn(&mut Q, Cursor),
    ) -> usize {
        let mut rows = 0;
        loop {
            let page = self.same(&query, |store| block_on(list(store, &query)));
            let page = page.unwrap();
            rows += page.items.len();
            match page.next {
                Some(cursor) => go_on(&mut query, cursor),
                None => return rows,
            }
        }
    }
}

fn limit(random: &mut Random) -> Limit {
    Limit::new(random.pick(&[1, 2, 3, 5, 100]))
}

pub(super) fn things(random: &mut Random, pool: &Pool) -> ThingQuery {
    let mut query = ThingQuery {
        types: random.some(&pool.thing_types(), 2),
        statuses: random.some(ThingStatus::ALL, 2),
        limit: limit(random),
        ..ThingQuery::default()
    };
    if random.one_in(5) {
        query.name = Some(random.pick(TEXTS).to_owned());
    }
    if random.one_in(3) {
        for name in random.some(&pool.property_names(), 2) {
            query
                .properties
                .insert(name.to_owned(), random.pick(&pool.values()));
        }
    }
    query
}

fn connections(random: &mut Random, pool: &Pool, scope: &Scope) -> ConnectionQuery {
    let ends = pool.ends(scope.place());
    ConnectionQuery {
        types: random.some(&pool.connection_types(), 2),
        from: random.one_in(3).then(|| random.pick(&ends)),
        to: random.one_in(3).then(|| random.pick(&ends)),
        ended: random.pick(&[Ended::Left, Ended::Listed]),
        limit: limit(random),
        cursor: None,
    }
}

fn events(random: &mut Random, pool: &Pool, scope: &Scope) -> EventQuery {
    let ends = pool.ends(scope.place());
    EventQuery {
        types: random.some(&pool.event_types(), 2),
        target: random.one_in(3).then(|| random.pick(&ends)),
        after: Seq::new(random.pick(&[0, 0, 1, 7, 1000])),
        limit: limit(random),
        cursor: None,
    }
}

fn knowledge(random: &mut Random, pool: &Pool, scope: &Scope) -> KnowledgeQuery {
    let ends = pool.ends(scope.place());
    KnowledgeQuery {
        types: random.some(&pool.knowledge_types(), 2),
        source: random.one_in(4).then(|| random.pick(&ends)),
        labels: random.some(&pool.labels(), 2),
        limit: limit(random),
        cursor: None,
    }
}

fn search(random: &mut Random, pool: &Pool) -> SearchQuery {
    let among = if random.one_in(3) {
        Among::Things {
            types: random.some(&pool.thing_types(), 2),
        }
    } else {
        Among::Knowledge {
            types: random.some(&pool.knowledge_types(), 2),
            labels: random.some(&pool.labels(), 1),
        }
    };
    // Words as they are, mistyped, and unfinished.
    let mistyped = ["braed", "wat", "waters apfel", "buttre bread"];
    let searched: Vec<&str> = TEXTS.iter().copied().chain(mistyped).collect();
    SearchQuery {
        among,
        text: random.maybe(&searched).map(str::to_owned),
        embedding: random.maybe(&pool.embeddings()),
        min_similarity: random.maybe(&[-0.5, 0.0, 0.5, 0.99]),
        limit: limit(random),
    }
}
