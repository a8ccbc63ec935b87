//! Connections come and go, futures are dropped, clones share.

use std::task::Poll;
use std::time::Duration;

use futures::StreamExt as _;
use futures::executor::block_on;
use futures::future::{join_all, poll_fn};
use one_ontology::{Seq, SequentialIds, Store as _, ThingId};
use plugin_store_postgres::PostgresStore;
use tokio_postgres::{Config, NoTls};

use crate::help::{Home, change, fill, home, now, scope, verified};
use crate::server::{client, run};

/// How many connections of a name the server has.
fn connections(home: &Home, name: &str) -> i64 {
    home.number(&format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}'"
    ))
}

fn named(home: &Home, name: &str) -> String {
    format!("{}?application_name={name}", home.address)
}

#[test]
fn the_last_clone_closes_all_connections() {
    let Some(home) = home("the_last_clone_closes_all_connections") else {
        return;
    };
    let name = format!("{}_life", home.schema);
    let store = block_on(PostgresStore::connect(&named(&home, &name), home.options())).unwrap();
    let clone = store.clone();
    let mut stream = store.watch(&scope(), Seq::START);
    fill(&store, 2);
    drop(store);
    for number in 1..3 {
        let event = block_on(stream.next()).unwrap().unwrap();
        assert_eq!(event.seq, Seq::new(number));
    }
    assert!(connections(&home, &name) > 0);
    drop(clone);
    assert!(connections(&home, &name) > 0, "a watcher keeps the store");
    drop(stream);
    for _ in 0..100 {
        if connections(&home, &name) == 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{} connections are left", connections(&home, &name));
}

#[test]
fn no_more_connections_than_allowed_and_all_who_wait_are_served() {
    let Some(home) = home("no_more_connections_than_allowed") else {
        return;
    };
    let name = format!("{}_most", home.schema);
    let options = home.options().connections(2);
    let store = block_on(PostgresStore::connect(&named(&home, &name), options)).unwrap();
    let ids = SequentialIds::new();
    let all = (0..40).map(|i| store.commit(change(&ids, &format!("thing {i}"))));
    for result in block_on(join_all(all)) {
        result.unwrap();
    }
    assert_eq!(verified(&store).len(), 40);
    // Two, and the one that wakes.
    assert!(connections(&home, &name) <= 3);
}

#[test]
fn on_the_hosts_runtime() {
    let Some(home) = home("on_the_hosts_runtime") else {
        return;
    };
    run(async {
        let config: Config = home.address.parse().unwrap();
        let here = tokio::runtime::Handle::current();
        let store = PostgresStore::connect_on(here, config, NoTls, home.options());
        let store = store.await.unwrap();
        let ids = SequentialIds::new();
        let mut stream = store.watch(&scope(), Seq::START);
        store.commit(change(&ids, "x")).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap().seq.get(), 1);
    });
}

#[test]
fn a_commit_given_up_before_it_began_is_not_done() {
    let Some(home) = home("a_commit_given_up_before_it_began") else {
        return;
    };
    let store = home.open();
    drop(store.commit(change(&SequentialIds::new(), "never polled")));
    assert!(verified(&store).is_empty());
}

/// Whenever a commit is given up, it is done or not, and the connection it had is of no harm to the
/// next.
#[test]
fn a_commit_given_up_in_the_middle_is_done_whole_or_not_at_all() {
    let Some(home) = home("a_commit_given_up_in_the_middle") else {
        return;
    };
    let store = home.open_with(home.options().connections(1)).unwrap();
    let ids = SequentialIds::starting_at(1000);
    fill(&store, 1);
    let (mut given_up, mut done) = (0, 1);
    for round in 0..60 {
        // It waits for the server twice: to look, and to write.
        let mut commit = store.commit(change(&ids, "given up"));
        let mut patience = round % 4;
        let outcome = block_on(poll_fn(|context| match commit.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending if patience == 0 => Poll::Ready(None),
            Poll::Pending => {
                patience -= 1;
                Poll::Pending
            }
        }));
        drop(commit);
        match outcome {
            Some(result) => {
                result.unwrap();
                done += 1;
            }
            None => given_up += 1,
        }
        // What was given up has ended when the next has the place to itself.
        block_on(store.commit(change(&ids, "next"))).unwrap();
        done += 1;
        let events = verified(&store).len();
        assert!(events >= done && events <= done + given_up, "{events}");
    }
    assert!(
        given_up >= 10 && done > 70,
        "{given_up} given up, {done} done"
    );
    let things = home.number("SELECT count(*) FROM @things");
    assert_eq!(things, i64::try_from(verified(&store).len()).unwrap());
}

#[test]
fn who_waits_for_too_long_is_told_that_it_is_busy() {
    let Some(home) = home("who_waits_for_too_long") else {
        return;
    };
    let short = Duration::from_millis(150);
    let options = home.options().connections(1).acquire_timeout(short);
    let options = options
        .lock_timeout(Duration::from_secs(2))
        .statement_timeout(short);
    let store = home.open_with(options).unwrap();
    fill(&store, 1);
    let ids = SequentialIds::new();
    run(async {
        let client = client(&home.address).await.unwrap();
        // All writers of things wait for this.
        let lock = home.with_schema("BEGIN; LOCK TABLE @things IN ACCESS EXCLUSIVE MODE");
        client.batch_execute(&lock).await.unwrap();
        let (scope, id) = (scope(), ThingId::new(&ids, now()));
        let both = futures::join!(store.commit(change(&ids, "x")), store.thing(&scope, id));
        // The statement took too long; there was no connection for the other.
        for error in [both.0.unwrap_err(), both.1.unwrap_err()] {
            assert_eq!(error.tag(), "StoreBusy", "{error}");
        }
        client.batch_execute("ROLLBACK").await.unwrap();
        store.commit(change(&ids, "x")).await.unwrap();
    });
    assert_eq!(verified(&store).len(), 2);
}

#[test]
fn a_watch_sees_commits_of_another_store() {
    let Some(home) = home("a_watch_sees_commits_of_another_store") else {
        return;
    };
    let options = home.options().poll_interval(Duration::from_secs(600));
    let (watches, writes) = (
        home.open_with(options.clone()).unwrap(),
        home.open_with(options).unwrap(),
    );
    let mut stream = watches.watch(&scope(), Seq::START);
    let writer = std::thread::spawn(move || {
        let ids = SequentialIds::new();
        for _ in 0..5 {
            std::thread::sleep(Duration::from_millis(60));
            block_on(writes.commit(change(&ids, "x"))).unwrap();
        }
        writes
    });
    for number in 1..6 {
        let event = block_on(stream.next()).unwrap().unwrap();
        assert_eq!(event.seq, Seq::new(number));
    }
    drop(writer.join().unwrap());
}
