//! Change sets inside a host's own transactions.

use std::time::Duration;

use futures::StreamExt as _;
use futures::executor::block_on;
use one_ontology::{
    Answer, BudgetRule, ChangeSet, Seq, SequentialIds, Spend, Store as _, ThingQuery, ThingType,
};
use tokio_postgres::Client;

use crate::help::{ROLE, change, change_in, event, fill, group, home, now, scope, verified};
use crate::server::{client, run};

async fn host(home: &crate::help::Home) -> Client {
    let client = client(&home.address).await.unwrap();
    client
        .batch_execute(&home.with_schema(&format!(
            "SET ROLE {ROLE}; CREATE TABLE IF NOT EXISTS @orders (plugin text)"
        )))
        .await
        .unwrap();
    client
}

#[test]
fn both_are_committed_or_neither() {
    let Some(home) = home("both_are_committed_or_neither") else {
        return;
    };
    let store = home.open();
    let ids = SequentialIds::new();
    let insert = home.with_schema("INSERT INTO @orders VALUES ('p')");
    run(async {
        let mut client = host(&home).await;
        for (keeps, orders, events) in [(false, 0, 0), (true, 1, 1), (false, 1, 1), (true, 2, 2)] {
            let transaction = client.transaction().await.unwrap();
            transaction.execute(&insert, &[]).await.unwrap();
            let receipt = store
                .commit_in(&transaction, change(&ids, "x"))
                .await
                .unwrap();
            assert_eq!(receipt.answer, Answer::Done);
            if keeps {
                transaction.commit().await.unwrap();
                let head = store.head(&scope()).await.unwrap();
                assert_eq!(head, Some(receipt.head));
            } else {
                transaction.rollback().await.unwrap();
            }
            assert_eq!(verified(&store).len(), events);
            let count = home.with_schema("SELECT count(*) FROM @orders");
            let count: i64 = client.query_one(&count, &[]).await.unwrap().get(0);
            assert_eq!(count, orders);
        }
    });
}

#[test]
fn a_refusal_leaves_the_transaction_usable_and_outside_of_every_place() {
    let Some(home) = home("a_refusal_leaves_the_transaction_usable") else {
        return;
    };
    let store = home.open();
    let ids = SequentialIds::new();
    fill(&store, 1);
    let taken = change(&ids, "x").insist_absent(ThingQuery::of_type(ThingType::Course));
    let rule = BudgetRule::Level { limit: 0 };
    let spent = change(&ids, "x").spend(Spend::one("b".parse().unwrap(), rule));
    run(async {
        let mut client = host(&home).await;
        let transaction = client.transaction().await.unwrap();
        for (changes, tag) in [(taken, "AlreadyExists"), (spent, "BudgetExhausted")] {
            let error = store.commit_in(&transaction, changes).await.unwrap_err();
            assert_eq!(error.tag(), tag);
        }
        let insert = home.with_schema("INSERT INTO @orders VALUES ('p')");
        transaction.execute(&insert, &[]).await.unwrap();
        let once = |name| change(&ids, name).once("request".parse().unwrap());
        let first = store.commit_in(&transaction, once("y")).await.unwrap();
        let second = store.commit_in(&transaction, once("z")).await.unwrap();
        assert_eq!(second.answer, Answer::Replayed);
        assert_eq!(second.head, first.head);
        // The host is in no place afterwards.
        let things = home.with_schema("SELECT 1 FROM @things");
        assert!(transaction.query(&things, &[]).await.unwrap().is_empty());
        transaction.commit().await.unwrap();
    });
    assert_eq!(verified(&store).len(), 2);
}

#[test]
fn every_part_of_a_change_set_is_done_inside() {
    let Some(home) = home("every_part_of_a_change_set_is_done_inside") else {
        return;
    };
    let store = home.open();
    let ids = SequentialIds::new();
    let (a, b) = (group(&store, &ids), group(&store, &ids));
    run(async {
        let mut client = host(&home).await;
        let transaction = client.transaction().await.unwrap();
        let rule = BudgetRule::Level { limit: 9 };
        for scope in [&a, &b] {
            let absent = ThingQuery::of_type(ThingType::Course).with("colour", "red");
            let changes = change_in(scope, &ids, "Rust")
                .insist_absent(absent)
                .insist_absent(ThingQuery::of_type(ThingType::Lesson))
                .spend(Spend::one("b".parse().unwrap(), rule))
                .event(event(&ids));
            store.commit_in(&transaction, changes).await.unwrap();
        }
        transaction.commit().await.unwrap();
    });
    for scope in [&a, &b] {
        assert_eq!(crate::help::verified_in(&store, scope).len(), 3);
        let page = block_on(store.things(scope, &ThingQuery::default())).unwrap();
        assert_eq!(page.items.len(), 1);
        let budget = block_on(store.budget(scope, &"b".parse().unwrap())).unwrap();
        assert!(budget.is_some());
    }
}

#[test]
fn others_wait_for_the_hosts_transaction_and_a_stricter_one_is_told_that_it_is_late() {
    let Some(home) = home("others_wait_for_the_hosts_transaction") else {
        return;
    };
    let patience = Duration::from_millis(200);
    let store = home
        .open_with(home.options().lock_timeout(patience))
        .unwrap();
    let ids = SequentialIds::new();
    let elsewhere = group(&store, &ids);
    run(async {
        let mut client = host(&home).await;
        let transaction = client.transaction().await.unwrap();
        store
            .commit_in(&transaction, change(&ids, "held"))
            .await
            .unwrap();
        let error = store.commit(change(&ids, "waits")).await.unwrap_err();
        assert_eq!(error.tag(), "StoreBusy", "{error}");
        // Another place does not wait.
        store
            .commit(change_in(&elsewhere, &ids, "x"))
            .await
            .unwrap();
        transaction.commit().await.unwrap();
        store.commit(change(&ids, "passes")).await.unwrap();

        let strict = client.build_transaction();
        let level = tokio_postgres::IsolationLevel::RepeatableRead;
        let transaction = strict.isolation_level(level).start().await.unwrap();
        transaction.query("SELECT 1", &[]).await.unwrap();
        store.commit(change(&ids, "in between")).await.unwrap();
        let late = store.commit_in(&transaction, change(&ids, "late")).await;
        assert_eq!(late.unwrap_err().tag(), "StoreBusy");
        drop(transaction);
    });
    assert_eq!(verified(&store).len(), 3);
}

#[test]
fn watchers_hear_of_the_hosts_commits() {
    let Some(home) = home("watchers_hear_of_the_hosts_commits") else {
        return;
    };
    // So long that only a wake-up can be the reason.
    let options = home.options().poll_interval(Duration::from_secs(600));
    let store = home.open_with(options).unwrap();
    let ids = SequentialIds::new();
    fill(&store, 1);
    let mut stream = store.watch(&scope(), Seq::START);
    assert_eq!(block_on(stream.next()).unwrap().unwrap().seq.get(), 1);
    run(async {
        let mut client = host(&home).await;
        let mut next = Box::pin(stream.next());
        for _ in 0..20 {
            // It waits now.
            assert!(futures::poll!(next.as_mut()).is_pending());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let transaction = client.transaction().await.unwrap();
        let changes = ChangeSet::new(&scope(), event(&ids), now());
        store.commit_in(&transaction, changes).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(next.await.unwrap().unwrap().seq.get(), 2);
    });
}
