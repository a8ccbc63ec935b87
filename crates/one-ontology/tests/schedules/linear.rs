//! What threads see of each other is what one thread after the other could have seen: for every run there is an order of
//! all that was asked, each between its question and its answer, in which the store alone gives the same answers.

use std::sync::atomic::{AtomicUsize, Ordering};

use one_ontology::{
    BudgetRule, ChangeSet, EventQuery, Revision, RowId, SearchQuery, Spend, Store, Thing, ThingId,
    ThingQuery, ThingType,
};
use shuttle::future::block_on;
use shuttle::sync::{Arc, Mutex};

use crate::support::{MemoryStore, change, now, scope, under_many_schedules, verified};

/// Something that a thread asks of the store.
#[derive(Clone, Debug)]
enum Ask {
    Commit(Box<ChangeSet>),
    Head,
    Thing,
    Things,
    Events,
    Search,
}

/// What was asked and answered, and between which ticks.
#[derive(Debug)]
struct Done {
    ask: Ask,
    answer: String,
    asked: usize,
    answered: usize,
}

fn thing() -> Thing {
    let id = ThingId::of_name(&["test", "shared"]);
    Thing::new(&scope(), id, ThingType::Course, "bread", now())
}

fn answer(store: &dyn Store, ask: Ask) -> String {
    let scope = scope();
    block_on(async {
        match ask {
            Ask::Commit(changes) => format!("{:?}", store.commit(*changes).await),
            Ask::Head => format!("{:?}", store.head(&scope).await),
            Ask::Thing => format!("{:?}", store.thing(&scope, thing().id).await),
            Ask::Things => format!("{:?}", store.things(&scope, &ThingQuery::default()).await),
            Ask::Events => format!("{:?}", store.events(&scope, &EventQuery::default()).await),
            Ask::Search => {
                let query = SearchQuery {
                    text: Some("bread water".to_owned()),
                    among: one_ontology::Among::Things { types: Vec::new() },
                    ..SearchQuery::default()
                };
                format!("{:?}", store.search(&scope, &query).await)
            }
        }
    })
}

/// Whether what is left has such an order behind what comes before it.
fn has_an_order<'a>(before: &mut Vec<&'a Done>, left: &[&'a Done]) -> bool {
    left.is_empty()
        || left.iter().enumerate().any(|(n, next)| {
            // Nothing that is left was answered before this was asked.
            let may_be_next = left.iter().all(|other| other.answered >= next.asked);
            if !may_be_next || answer_behind(before, next) != next.answer {
                return false;
            }
            let mut rest = left.to_vec();
            rest.remove(n);
            before.push(next);
            let found = has_an_order(before, &rest);
            before.pop();
            found
        })
}

/// What the library's own store says, which one thread asks one thing after the other.
fn answer_behind(before: &[&Done], next: &Done) -> String {
    let store = one_ontology::MemoryStore::new();
    for earlier in before {
        answer(&store, earlier.ask.clone());
    }
    answer(&store, next.ask.clone())
}

fn is_linear(threads: Vec<Vec<Ask>>) {
    under_many_schedules(move || {
        let store = MemoryStore::new();
        let ticks = Arc::new(AtomicUsize::new(0));
        let done = Arc::new(Mutex::new(Vec::new()));
        let running: Vec<_> = threads
            .iter()
            .cloned()
            .map(|asks| {
                let (store, ticks, done) = (store.clone(), ticks.clone(), done.clone());
                shuttle::thread::spawn(move || {
                    for ask in asks {
                        let asked = ticks.fetch_add(1, Ordering::SeqCst);
                        let answer = answer(&store, ask.clone());
                        let answered = ticks.fetch_add(1, Ordering::SeqCst);
                        let one = Done {
                            ask,
                            answer,
                            asked,
                            answered,
                        };
                        done.lock().unwrap().push(one);
                    }
                })
            })
            .collect();
        for thread in running {
            thread.join().unwrap();
        }
        let done = done.lock().unwrap();
        let all: Vec<&Done> = done.iter().collect();
        assert!(has_an_order(&mut Vec::new(), &all), "{:#?}", *done);
        verified(&store);
    });
}

fn commits(changes: ChangeSet) -> Ask {
    Ask::Commit(Box::new(changes))
}

#[test]
fn commits_and_reads_have_an_order() {
    let renamed = |name: &str| {
        let mut thing = thing();
        thing.name = name.to_owned();
        commits(change(name).replace(thing))
    };
    is_linear(vec![
        vec![commits(change("made").insert(thing())), renamed("water")],
        vec![Ask::Thing, renamed("bread and water"), Ask::Things],
        vec![Ask::Head, Ask::Search, Ask::Search],
    ]);
}

#[test]
fn budgets_and_keys_have_an_order() {
    let spend = |name: &str| {
        let spend = Spend::one("shared".parse().unwrap(), BudgetRule::Level { limit: 1 });
        commits(change(name).spend(spend))
    };
    let once = || commits(change("once").once("key".parse().unwrap()));
    is_linear(vec![
        vec![once(), spend("a")],
        vec![spend("b"), once(), Ask::Events],
        vec![once(), Ask::Head],
    ]);
}

#[test]
fn of_two_who_archive_one_is_stale() {
    let archive = |name: &str| {
        let id = RowId::Thing(thing().id);
        commits(change(name).archive(id, Revision::FIRST))
    };
    is_linear(vec![
        vec![commits(change("made").insert(thing())), archive("first")],
        vec![archive("second"), Ask::Thing],
        vec![Ask::Search, Ask::Events],
    ]);
}
