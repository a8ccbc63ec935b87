//! Other processes and other ends of a connection: racing, cut off, killed. Processes are this test
//! binary, started again.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use futures::executor::block_on;
use one_ontology::{
    BudgetRule, ChangeSet, Limit, RandomIds, Seq, Spend, Store, StoreError, ThingQuery,
};
use plugin_store_postgres::{Durability, Options, PostgresStore};

use crate::help::{Home, ROLE, change, event, home, now, scope, verified};
use crate::server;

const CHILD: &str = "ONE_STORE_CHILD";
const ADDRESS: &str = "ONE_STORE_ADDRESS";
const SCHEMA: &str = "ONE_STORE_SCHEMA";

fn start(role: &str, home: &Home) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::child", "--nocapture"])
        .env(CHILD, role)
        .env(ADDRESS, &home.address)
        .env(SCHEMA, &home.schema)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The numbers behind a word that the child prints, as they come.
fn said(child: &mut Child, word: &'static str) -> impl Iterator<Item = u64> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines
        .map_while(Result::ok)
        .filter_map(move |line| line.strip_prefix(word)?.trim().parse().ok())
}

fn say(word: &str, number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{word} {number}").unwrap();
    out.flush().unwrap();
}

/// Not a test: where a process that these tests start begins. Started as one, it does nothing.
#[test]
fn child() {
    let Ok(role) = std::env::var(CHILD) else {
        return;
    };
    let address = std::env::var(ADDRESS).expect("an address comes with the role");
    let schema = std::env::var(SCHEMA).expect("a schema comes with the role");
    let options = Options::default()
        .schema(schema)
        .role(ROLE)
        .connections(3)
        .durability(Durability::Normal);
    let store = block_on(PostgresStore::connect(&address, options)).unwrap();
    match role.as_str() {
        "spend" => spend(&store),
        "write" => loop {
            let receipt = block_on(store.commit(change(&RandomIds, "by a child"))).unwrap();
            say("done", receipt.head.seq.get());
        },
        role => panic!("no such role: {role}"),
    }
}

const LIMIT: u64 = 60;

/// Spends until the budget is exhausted, three at a time.
fn spend(store: &PostgresStore) {
    let mut granted = 0;
    let mut exhausted = false;
    while !exhausted {
        let one = || {
            let rule = BudgetRule::Level { limit: LIMIT };
            let spend = Spend::one("shared".parse().unwrap(), rule);
            store.commit(ChangeSet::new(&scope(), event(&RandomIds), now()).spend(spend))
        };
        for result in block_on(futures::future::join_all([one(), one(), one()])) {
            match result {
                Ok(_) => granted += 1,
                Err(error) if error.tag() == "BudgetExhausted" => exhausted = true,
                Err(error) => panic!("{error}"),
            }
        }
    }
    say("granted", granted);
}

/// They also make the schema at the same time.
#[test]
fn processes_share_a_budget_exactly() {
    let Some(home) = home("processes_share_a_budget_exactly") else {
        return;
    };
    let mut children: Vec<Child> = (0..4).map(|_| start("spend", &home)).collect();
    let granted: Vec<u64> = children
        .iter_mut()
        .map(|child| said(child, "granted").sum())
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(granted.iter().sum::<u64>(), LIMIT, "{granted:?}");
    assert!(
        granted.iter().filter(|one| **one > 0).count() > 1,
        "{granted:?}"
    );
    // Numbered without gaps, in one chain.
    assert_eq!(verified(&home.open()).len() as u64, LIMIT);
}

#[test]
fn a_watch_sees_another_process() {
    let Some(home) = home("a_watch_sees_another_process") else {
        return;
    };
    let store = home.open();
    let mut stream = store.watch(&scope(), Seq::START);
    let mut child = start("write", &home);
    for number in 1..20 {
        let event = block_on(stream.next()).unwrap().unwrap();
        assert_eq!(event.seq, Seq::new(number));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_writer_loses_nothing_that_was_answered() {
    let Some(home) = home("a_killed_writer_loses_nothing") else {
        return;
    };
    let store = home.open();
    let mut answered = 0;
    for round in 0..rounds(8) {
        let mut child = start("write", &home);
        let wanted = usize::try_from(round * 7 % 12).unwrap();
        let mut done = said(&mut child, "done");
        let last = done.by_ref().take(wanted).last();
        std::thread::sleep(Duration::from_micros(round * 131 % 4000));
        child.kill().unwrap();
        child.wait().unwrap();
        answered = done.last().or(last).unwrap_or(answered).max(answered);
        settle(&store);
        let kept = verified(&store).len() as u64;
        assert!(
            kept > answered,
            "{answered} were answered, {kept} are there"
        );
        assert_eq!(things(&store).len() as u64, kept);
        answered = kept;
    }
}

/// What was under way before has ended after this.
fn settle(store: &dyn Store) {
    block_on(store.commit(change(&RandomIds, "settles"))).unwrap();
}

/// A tenth of what `ONE_PLUGIN_LONG` says, or so many.
fn rounds(otherwise: u64) -> u64 {
    std::env::var("ONE_PLUGIN_LONG").map_or(otherwise, |text| text.parse::<u64>().unwrap() / 10)
}

/// The names of all things.
fn things(store: &dyn Store) -> Vec<String> {
    let mut query = ThingQuery {
        limit: Limit::new(Limit::MAX),
        ..ThingQuery::default()
    };
    let mut names = Vec::new();
    loop {
        let page = block_on(store.things(&scope(), &query)).unwrap();
        names.extend(page.items.into_iter().map(|thing| thing.name));
        query.cursor = page.next;
        if query.cursor.is_none() {
            return names;
        }
    }
}

/// Commits `count` named requests, each until it is answered; returns how often one was tried
/// again. With `keys` as idempotency keys too.
fn persist(
    store: &dyn Store,
    writer: usize,
    count: usize,
    keys: bool,
) -> Result<usize, StoreError> {
    let mut again = 0;
    for i in 0..count {
        let name = format!("{writer}:{i}");
        loop {
            let mut changes = change(&RandomIds, &name);
            if keys {
                changes = changes.once(name.parse().unwrap());
            }
            match block_on(store.commit(changes)) {
                Ok(_) => break,
                Err(StoreError::Unavailable { .. } | StoreError::Busy { .. }) => {
                    again += 1;
                    assert!(again < 10_000, "nothing gets through");
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(again)
}

/// Ends every connection of an application, again and again, while `work` is done.
fn cutting<T>(home: &Home, name: &str, pause: Duration, work: impl FnOnce() -> T) -> (T, i64) {
    let over = AtomicBool::new(false);
    std::thread::scope(|threads| {
        let cutter = threads.spawn(|| {
            let mut cut = 0;
            server::run(async {
                let client = server::client(&home.address).await.unwrap();
                let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                           WHERE application_name = $1";
                while !over.load(Ordering::Relaxed) {
                    let row = client.query_one(sql, &[&name]).await.unwrap();
                    cut += row.get::<_, i64>(0);
                    tokio::time::sleep(pause).await;
                }
            });
            cut
        });
        let done = work();
        over.store(true, Ordering::Relaxed);
        (done, cutter.join().unwrap())
    })
}

/// Without keys too: the store finds out by itself what became of a commit that was cut off.
#[test]
fn connections_that_are_cut_off_lose_nothing_and_double_nothing() {
    let Some(home) = home("connections_that_are_cut_off") else {
        return;
    };
    let count = usize::try_from(rounds(50)).unwrap();
    for keys in [true, false] {
        let name = format!("{}_cut_{keys}", home.schema);
        let address = format!("{}?application_name={name}", home.address);
        let open = || block_on(PostgresStore::connect(&address, home.options()));
        let store = open().unwrap();
        let before = things(&store).len();
        let pause = Duration::from_millis(31);
        let (again, cut) = cutting(&home, &name, pause, || {
            std::thread::scope(|threads| {
                let writer = |writer| {
                    let store = &store;
                    let writer = writer + usize::from(keys) * 10;
                    threads.spawn(move || persist(store, writer, count, keys).unwrap())
                };
                let all: Vec<_> = (0..3).map(writer).collect();
                all.into_iter()
                    .map(|one| one.join().unwrap())
                    .sum::<usize>()
            })
        });
        assert!(cut > 5, "{cut} connections were cut off");
        let names = things(&store);
        let each: BTreeSet<&String> = names.iter().collect();
        assert_eq!(
            names.len() - before,
            3 * count,
            "{again} again, {cut} cut off"
        );
        assert_eq!(each.len(), names.len(), "something was done twice");
        assert_eq!(verified(&store).len(), names.len());
        eprintln!("keys {keys}: {cut} connections cut off, {again} commits tried again");
    }
}

#[test]
fn reads_and_watchers_survive_lost_connections() {
    let Some(home) = home("reads_and_watchers_survive") else {
        return;
    };
    let name = format!("{}_reads", home.schema);
    let address = format!("{}?application_name={name}", home.address);
    let options = home.options().poll_interval(Duration::from_millis(100));
    let store = block_on(PostgresStore::connect(&address, options)).unwrap();
    settle(&store);
    let writes = home.open();
    let mut seen = Vec::new();
    let pause = Duration::from_millis(60);
    let (refused, cut) = cutting(&home, &name, pause, || {
        let mut refused = 0;
        for _ in 0..40 {
            settle(&writes);
            // From the last number seen, as the contract says.
            let after = Seq::new(seen.len() as u64);
            let mut stream = store.watch(&scope(), after);
            match block_on(stream.next()).unwrap() {
                Ok(event) => seen.push(event.seq),
                Err(error) => {
                    assert_eq!(error.tag(), "StoreUnavailable", "{error}");
                    refused += 1;
                }
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        refused
    });
    assert!(
        cut > 2 && seen.len() > 20,
        "{cut} cut off, {refused} refused"
    );
    let numbers: Vec<u64> = seen.iter().map(|seq| seq.get()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
}

/// As durable as it gets, on a server of our own that is killed like its machine.
#[test]
fn a_killed_server_loses_nothing_that_was_answered() {
    let mut cluster = match server::own() {
        Ok(cluster) => cluster,
        Err(why) => return server::skip("a_killed_server_loses_nothing", &why),
    };
    let home = Home::at(&cluster.address());
    let options = home.options().durability(Durability::Full);
    let store = home.open_with(options).unwrap();
    let mut written = 0;
    for round in 0..rounds(10) {
        let over = AtomicBool::new(false);
        let answered = std::thread::scope(|threads| {
            let writer = |writer: u64| {
                let (store, over) = (&store, &over);
                threads.spawn(move || {
                    let mut answered = Vec::new();
                    while !over.load(Ordering::Relaxed) {
                        let name = format!("{round}:{writer}:{}", answered.len());
                        let keyed = change(&RandomIds, &name).once(name.parse().unwrap());
                        match block_on(store.commit(keyed)) {
                            Ok(_) => answered.push(name),
                            Err(error) => {
                                assert!(
                                    ["StoreUnavailable", "StoreBusy"].contains(&error.tag()),
                                    "{error}"
                                );
                                break;
                            }
                        }
                    }
                    answered
                })
            };
            let writers: Vec<_> = (0..2).map(writer).collect();
            std::thread::sleep(Duration::from_millis(60 + round * 37 % 90));
            cluster.kill();
            over.store(true, Ordering::Relaxed);
            cluster.start().unwrap();
            let all: Vec<Vec<String>> = writers.into_iter().map(|w| w.join().unwrap()).collect();
            all.concat()
        });
        // The same store goes on.
        settle(&store);
        let kept = things(&store);
        let names: BTreeSet<&String> = kept.iter().collect();
        for name in &answered {
            assert!(
                names.contains(name),
                "round {round}: {name} was answered and is gone"
            );
        }
        assert_eq!(verified(&store).len(), kept.len());
        written += answered.len();
    }
    assert!(written as u64 > rounds(10), "{written} commits in all");
    drop(store);
    drop(home);
}

#[test]
fn a_server_that_is_away_is_unavailable_and_found_again() {
    let mut cluster = match server::own() {
        Ok(cluster) => cluster,
        Err(why) => return server::skip("a_server_that_is_away", &why),
    };
    let home = Home::at(&cluster.address());
    let options = home.options().durability(Durability::Full);
    let store = home.open_with(options).unwrap();
    settle(&store);
    cluster.kill();
    let error = block_on(store.head(&scope())).unwrap_err();
    assert_eq!(error.tag(), "StoreUnavailable", "{error}");
    let error = block_on(store.commit(change(&RandomIds, "x"))).unwrap_err();
    assert_eq!(error.tag(), "StoreUnavailable", "{error}");
    cluster.start().unwrap();
    settle(&store);
    assert_eq!(verified(&store).len(), 2);
    drop(store);
    drop(home);
}

/// A commit that waits in its end, because somebody else has a table that is written only then;
/// `then` is called when it does.
fn held<T>(
    home: &Home,
    store: &PostgresStore,
    then: impl FnOnce(i32) -> T,
) -> Result<(), StoreError> {
    std::thread::scope(|threads| {
        let (held, is_held) = std::sync::mpsc::channel::<()>();
        let (release, released) = futures::channel::oneshot::channel::<()>();
        let lock = home.with_schema("BEGIN; LOCK TABLE @things IN SHARE MODE");
        let address = &home.address;
        threads.spawn(move || {
            server::run(async {
                let client = server::client(address).await.unwrap();
                client.batch_execute(&lock).await.unwrap();
                held.send(()).unwrap();
                let _released = released.await;
            });
        });
        is_held.recv().unwrap();
        let commit = threads.spawn(|| block_on(store.commit(change(&RandomIds, "held"))).map(drop));
        let waits = home.with_schema(
            "SELECT coalesce(max(pid), 0)::bigint FROM pg_locks WHERE NOT granted \
             AND relation = '@things'::regclass",
        );
        let pid = loop {
            let pid = home.number(&waits);
            if pid != 0 {
                break i32::try_from(pid).unwrap();
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        then(pid);
        let _gone = release.send(());
        commit.join().unwrap()
    })
}

#[test]
fn a_commit_cut_off_in_its_end_is_found_out_about_and_done_once() {
    let Some(home) = home("a_commit_cut_off_in_its_end") else {
        return;
    };
    let store = home.open();
    settle(&store);
    for round in 1..4 {
        let cut = |pid: i32| {
            home.sql(&format!("SELECT pg_terminate_backend({pid})"));
            // Long enough to look, and to be held up again.
            std::thread::sleep(Duration::from_millis(50 * round));
        };
        assert_eq!(held(&home, &store, cut), Ok(()));
        let names = things(&store);
        assert_eq!(
            names.iter().filter(|name| *name == "held").count() as u64,
            round
        );
        assert_eq!(verified(&store).len(), names.len());
    }
}

#[test]
fn a_commit_whose_end_nobody_can_tell_says_so() {
    let mut cluster = match server::own() {
        Ok(cluster) => cluster,
        Err(why) => return server::skip("a_commit_whose_end_nobody_can_tell", &why),
    };
    let home = Home::at(&cluster.address());
    let store = home
        .open_with(home.options().durability(Durability::Full))
        .unwrap();
    settle(&store);
    let error = held(&home, &store, |_| cluster.kill()).unwrap_err();
    assert_eq!(error.tag(), "StoreUnavailable", "{error}");
    assert!(error.to_string().contains("is not known"), "{error}");
    cluster.start().unwrap();
    // It was not, this time.
    assert!(!things(&store).contains(&"held".to_owned()));
    drop(store);
    drop(home);
}
