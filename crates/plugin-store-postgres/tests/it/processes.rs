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

use crate::crashes::{A_SCHEMA, kills};
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
    let Some(mut home) = home("a_killed_writer_loses_nothing") else {
        return;
    };
    let mut answered = 0;
    for round in 0..kills(8) {
        if round > 0 && round % A_SCHEMA == 0 {
            home = Home::at(&home.address.clone());
            answered = 0;
        }
        let store = home.open();
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
pub(crate) fn settle(store: &dyn Store) {
    block_on(store.commit(change(&RandomIds, "settles"))).unwrap();
}

/// A tenth of what `ONE_PLUGIN_LONG` says, or so many.
fn rounds(otherwise: u64) -> u64 {
    std::env::var("ONE_PLUGIN_LONG").map_or(otherwise, |text| text.parse::<u64>().unwrap() / 10)
}

/// The names of all things.
pub(crate) fn things(store: &dyn Store) -> Vec<String> {
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
