//! Searches see what was committed, by whichever host, and keep no more memory than they may.

use futures::FutureExt as _;
use futures::executor::block_on;
use one_ontology::{
    Among, ChangeSet, Embedding, EventQuery, Group, GroupId, Hit, IdSource, Knowledge, KnowledgeId,
    KnowledgeType, Limit, RandomIds, RowId, Scope, SearchQuery, SequentialIds, Store, StoreError,
    Thing, ThingId, ThingType,
};
use plugin_store_postgres::PostgresStore;

use crate::help::{ROLE, change, event, fill, home, now, scope};
use crate::server::{client, run};

fn search(store: &dyn Store, query: &SearchQuery) -> Result<Vec<Hit>, StoreError> {
    block_on(store.search(&scope(), query))
}

fn by_text(text: &str) -> SearchQuery {
    SearchQuery {
        among: Among::Things { types: Vec::new() },
        text: Some(text.to_owned()),
        limit: Limit::new(Limit::MAX),
        ..SearchQuery::default()
    }
}

/// How many things of the shared registry a text finds.
fn things(store: &dyn Store, text: &str) -> usize {
    search(store, &by_text(text)).unwrap().len()
}

fn close_to(values: Vec<f32>) -> SearchQuery {
    SearchQuery {
        embedding: Some(Embedding::new("m", values).unwrap()),
        ..SearchQuery::default()
    }
}

fn known(ids: &dyn IdSource, vector: Vec<f32>) -> Knowledge {
    let id = KnowledgeId::new(ids, now());
    let mut row = Knowledge::new(&scope(), id, KnowledgeType::Chunk, now());
    row.text = Some("a passage".to_owned());
    row.embedding = Some(Embedding::new("m", vector).unwrap());
    row
}

/// One host searches, another commits, the first searches again: each new row, changed row and archived row counts.
#[test]
fn a_search_sees_what_another_host_has_committed() {
    let Some(home) = home("a_search_sees_what_another_host_has_committed") else {
        return;
    };
    let (searches, writes) = (home.open(), home.open());
    assert_eq!(things(&searches, "rust"), 0);
    let ids = SequentialIds::new();
    let id = ThingId::new(&ids, now());
    let thing = Thing::new(&scope(), id, ThingType::Course, "rust", now());
    let commit = |changes: ChangeSet| block_on(writes.commit(changes)).unwrap();
    let changes = || ChangeSet::new(&scope(), event(&ids), now());
    commit(changes().insert(thing.clone()));
    assert_eq!(things(&searches, "rust"), 1);

    let mut renamed = thing;
    renamed.name = "go".to_owned();
    commit(changes().replace(renamed));
    assert_eq!((things(&searches, "rust"), things(&searches, "go")), (0, 1));
    assert_eq!((things(&writes, "rust"), things(&writes, "go")), (0, 1));

    let read = block_on(writes.thing(&scope(), id)).unwrap().unwrap();
    commit(changes().archive(RowId::Thing(id), read.revision));
    assert_eq!(things(&searches, "go"), 0);

    let row = known(&ids, vec![1.0, 0.0]);
    commit(changes().insert(row.clone()));
    let near = |store: &PostgresStore| {
        let hits = search(store, &close_to(vec![0.0, 1.0])).unwrap();
        hits.first().and_then(|hit| hit.similarity)
    };
    assert_eq!(near(&searches), Some(0.0));
    let mut moved = row;
    moved.embedding = Some(Embedding::new("m", vec![0.0, 2.0]).unwrap());
    commit(changes().replace(moved));
    assert_eq!((near(&searches), near(&writes)), (Some(1.0), Some(1.0)));
}

/// What a host commits with its own rows is found when, and only if, the host's transaction is committed.
#[test]
fn a_search_sees_what_a_host_has_committed_beside_its_own_rows() {
    let Some(home) = home("a_search_sees_what_a_host_has_committed") else {
        return;
    };
    let store = home.open();
    fill(&store, 1);
    let ids = SequentialIds::starting_at(100);
    run(async {
        let mut client = client(&home.address).await.unwrap();
        client
            .batch_execute(&format!("SET ROLE {ROLE}"))
            .await
            .unwrap();
        let all = by_text("thing");
        let found = async || store.search(&scope(), &all).await.unwrap().len();
        for (keeps, before, after) in [(false, 1, 1), (true, 1, 2), (true, 2, 3)] {
            let transaction = client.transaction().await.unwrap();
            let changes = change(&ids, "thing");
            store.commit_in(&transaction, changes).await.unwrap();
            assert_eq!(found().await, before);
            if keeps {
                transaction.commit().await.unwrap();
            } else {
                transaction.rollback().await.unwrap();
            }
            assert_eq!(found().await, after);
        }
    });
}

/// Many searches at once while others write, on few connections: each answer is that of one moment, none
/// goes back behind an earlier one, and none is refused.
#[test]
fn searches_beside_commits_are_of_one_moment() {
    let Some(home) = home("searches_beside_commits_are_of_one_moment") else {
        return;
    };
    let store = home.open_with(home.options().connections(2)).unwrap();
    let all = by_text("thing");
    std::thread::scope(|threads| {
        for _ in 0..6 {
            threads.spawn(|| {
                let mut before = 0;
                while before < 40 {
                    let found = search(&store, &all).unwrap().len();
                    assert!(found >= before, "{found} < {before}");
                    before = found;
                }
            });
        }
        fill(&store, 40);
    });
}

/// More rows than are fetched at a time, with the same event and with their own.
#[test]
fn all_rows_of_a_large_place_are_read() {
    let Some(home) = home("all_rows_of_a_large_place_are_read") else {
        return;
    };
    let store = home.open();
    let ids = SequentialIds::new();
    let mut expected = 0;
    for count in [1_700, 1, 300] {
        let changes = (0..count).fold(change(&ids, "thing"), |changes, n| {
            let id = ThingId::new(&ids, now());
            let name = format!("thing {n}");
            changes.insert(Thing::new(&scope(), id, ThingType::Course, name, now()))
        });
        block_on(store.commit(changes)).unwrap();
        expected += count + 1;
    }
    for store in [&store, &home.open()] {
        // A limit may be smaller.
        let most = Limit::new(Limit::MAX).get();
        assert_eq!(things(store, "thing"), most.min(expected));
        assert_eq!(things(store, "299"), 2);
        assert_eq!(things(store, "1699"), 1);
    }
}

/// Whatever little memory there is, the answers are the same.
#[test]
fn memory_is_a_bound_and_no_answer() {
    let Some(home) = home("memory_is_a_bound_and_no_answer") else {
        return;
    };
    let plenty = home.open();
    let stores = [0, 1_000].map(|bytes| {
        let options = home.options().connections(2).search_memory(bytes);
        home.open_with(options).unwrap()
    });
    let ids = SequentialIds::new();
    for n in 0..3_u8 {
        let row = known(&ids, vec![1.0, f32::from(n)]);
        let changes = change(&ids, &format!("rust {n}")).insert(row);
        block_on(plenty.commit(changes)).unwrap();
        for query in [by_text("rust"), close_to(vec![1.0, 2.0])] {
            let expected = search(&plenty, &query);
            assert_eq!(expected.as_ref().unwrap().len(), usize::from(n) + 1);
            for store in &stores {
                assert_eq!(search(store, &query), expected);
            }
        }
    }
}

/// After a row that could not be read, what was read of the others does not count as all.
#[test]
fn a_search_that_failed_begins_anew() {
    let Some(home) = home("a_search_that_failed_begins_anew") else {
        return;
    };
    let store = home.open();
    fill(&store, 3);
    assert_eq!(things(&store, "thing"), 3);
    block_on(store.commit(change(&RandomIds, "thing new"))).unwrap();
    block_on(store.commit(change(&RandomIds, "thing broken"))).unwrap();
    home.sql("CREATE TABLE @kept AS SELECT doc FROM @things WHERE name = 'thing broken'");
    home.sql("UPDATE @things SET doc = '{' WHERE name = 'thing broken'");
    for _ in 0..2 {
        let error = search(&store, &by_text("thing")).unwrap_err();
        assert_eq!(error.tag(), "StoreCorrupt", "{error}");
    }
    home.sql("UPDATE @things SET doc = (SELECT doc FROM @kept) WHERE name = 'thing broken'");
    assert_eq!(things(&store, "thing"), 5);
}

/// Who gives up a search leaves its index whole and its connection free.
#[test]
fn a_search_that_was_given_up_is_in_nobodys_way() {
    let Some(home) = home("a_search_that_was_given_up") else {
        return;
    };
    let store = home.open_with(home.options().connections(1)).unwrap();
    fill(&store, 3);
    let all = by_text("thing");
    for polls in 1..12 {
        let scope = scope();
        let mut search = store.search(&scope, &all);
        for _ in 0..polls {
            if (&mut search).now_or_never().is_some() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        drop(search);
        block_on(store.commit(change(&RandomIds, "thing"))).unwrap();
        assert_eq!(things(&store, "thing"), 3 + polls);
    }
}

/// The database was replaced by a copy from before, which then went on: nothing of what is gone is found.
#[test]
fn an_index_of_another_history_is_forgotten() {
    let Some(home) = home("an_index_of_another_history_is_forgotten") else {
        return;
    };
    let store = home.open();
    fill(&store, 2);
    home.sql("CREATE TABLE @e AS TABLE @events; CREATE TABLE @t AS TABLE @things");
    for _ in 0..3 {
        block_on(store.commit(change(&RandomIds, "thing gone"))).unwrap();
    }
    assert_eq!((things(&store, "thing"), things(&store, "gone")), (5, 3));
    home.sql(
        "TRUNCATE @events, @things; INSERT INTO @events TABLE @e; INSERT INTO @things TABLE @t",
    );
    assert_eq!((things(&store, "thing"), things(&store, "gone")), (2, 0));
    for more in 1..=4 {
        block_on(store.commit(change(&RandomIds, "thing else"))).unwrap();
        // One that searches only now and then has come to an event that another one has taken the place of.
        if more == 4 {
            let found = (
                things(&store, "thing"),
                things(&store, "else"),
                things(&store, "gone"),
            );
            assert_eq!(found, (6, 4, 0));
        }
    }
}

/// Places that were never searched before, on as many searches as there are connections, and none can go on: other work
/// does.
#[test]
fn whole_places_are_read_over_a_part_of_the_connections() {
    let Some(home) = home("whole_places_are_read_over_a_part") else {
        return;
    };
    let store = home.open_with(home.options().connections(4)).unwrap();
    let ids = SequentialIds::new();
    let scopes: Vec<Scope> = (0..4)
        .map(|n| {
            let group = Group::new(GroupId::of_name(&[&n.to_string()]), "Group", now());
            let scope = Scope::system("test".parse().unwrap(), group.place());
            let changes = ChangeSet::new(&scope, event(&ids), now()).insert(group);
            block_on(store.commit(changes)).unwrap();
            scope
        })
        .collect();
    let (locked, is_locked) = std::sync::mpsc::channel();
    let (done, is_done) = std::sync::mpsc::channel();
    let sql = &home.with_schema("BEGIN; LOCK TABLE @things IN ACCESS EXCLUSIVE MODE");
    let address = &home.address;
    let search = |scope| block_on(store.search(scope, &by_text("thing")));
    std::thread::scope(|threads| {
        threads.spawn(move || {
            run(async {
                let client = client(address).await.unwrap();
                client.batch_execute(sql).await.unwrap();
                locked.send(()).unwrap();
                is_done.recv().unwrap();
                client.batch_execute("ROLLBACK").await.unwrap();
            });
        });
        is_locked.recv().unwrap();
        let searches: Vec<_> = scopes
            .iter()
            .map(|scope| threads.spawn(|| search(scope)))
            .collect();
        std::thread::sleep(std::time::Duration::from_millis(300));
        let events = block_on(store.events(&scopes[0], &EventQuery::default()));
        done.send(()).unwrap();
        assert_eq!(events.unwrap().items.len(), 1);
        for search in searches {
            assert_eq!(search.join().unwrap(), Ok(Vec::new()));
        }
    });
}
