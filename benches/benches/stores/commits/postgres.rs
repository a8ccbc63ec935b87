//! The PostgreSQL store beside a program written by hand over tokio-postgres.

use std::sync::Arc;
use std::time::Instant;

use benches::measure::process_time;
use benches::report::{Section, Unit};
use futures::future::join_all;
use futures::lock::Mutex;
use one_ontology::{Event, Group, GroupId, NewEvent, Place, Store as _, Thing, Timestamp};
use plugin_store_postgres::{Durability, PostgresStore};
use tokio_postgres::{Client, NoTls, Statement};

use super::{
    COMPARED, Figures, Runs, assert_same, change_set, facts, in_turns, in_writers, row, scope,
    target,
};
use crate::Plan;
use crate::catalog::changes;
use crate::host::Server;

/// A server lets so many in besides whoever else works there.
const CONNECTIONS: usize = 16;

/// What a run is of.
#[derive(Clone, Copy, Debug)]
struct Work {
    durability: Durability,
    writers: usize,
    places: Places,
    rounds: usize,
}

/// Where the writers write: commits of one place come one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Places {
    One,
    EachItsOwn,
}

/// How the store is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// As a role that row-level security binds, on the store's own thread.
    Usual,
    /// As a superuser, whom row-level security lets pass.
    PassingBy,
    /// On the host's runtime instead of a thread.
    OnRuntime,
}

pub(super) fn section(plan: Plan, server: &str) -> Section {
    verify(server);
    let mut rows = Vec::new();
    let all = [
        (1, Places::One),
        (8, Places::One),
        (8, Places::EachItsOwn),
        (64, Places::EachItsOwn),
    ];
    for durability in [Durability::Full, Durability::Normal] {
        for (writers, places) in all.into_iter().take(plan.of(all.len(), 2)) {
            let work = Work {
                durability,
                writers,
                places,
                rounds: plan.of(if writers == 1 { 256 } else { 1024 }, 64),
            };
            let runs = in_turns(
                plan.of(3, 1),
                &[
                    &|| by_store(server, work, Way::Usual),
                    &|| by_hand(server, work),
                    &|| by_store(server, work, Way::PassingBy),
                    &|| by_store(server, work, Way::OnRuntime),
                ],
            );
            let label = work.label();
            rows.push(row(label.clone(), Unit::PerSecond, &runs, Runs::rate));
            rows.push(row(
                format!("{label}, CPU each"),
                Unit::Milliseconds,
                &runs,
                Runs::cpu,
            ));
            rows.push(row(
                format!("{label}, server"),
                Unit::Milliseconds,
                &runs,
                Runs::server,
            ));
        }
    }
    Section {
        title: "Change sets on PostgreSQL".to_owned(),
        note: "The same rows. By hand: tokio-postgres, statements prepared, two round trips a change; it neither validates nor decides, and no \
               row-level security binds it. CPU is that of this process; below it, that of the server's processes for its connections. Up to 16 \
               connections; medians of 3 runs in turn; a run of both was read back and is the same."
            .to_owned(),
        contestants: ["store", "by hand", "store, superuser", "store, host's runtime"]
            .map(str::to_owned)
            .to_vec(),
        ours: 1,
        rows,
    }
}

fn verify(server: &str) {
    let work = Work {
        durability: Durability::Normal,
        writers: 1,
        places: Places::One,
        rounds: COMPARED,
    };
    let [hand, store] = [(); 2].map(|()| Server::new(server));
    run(by_hand_on(&hand, work));
    run(by_store_on(&store, work, Way::Usual));
    assert_same(&hand.open(), &store.open());
}

impl Work {
    fn label(self) -> String {
        let level = match self.durability {
            Durability::Full => "FULL",
            Durability::Normal => "NORMAL",
        };
        let places = match self.places {
            Places::One if self.writers > 1 => ", 1 place",
            Places::One => "",
            Places::EachItsOwn => ", a place each",
        };
        format!("{level}, {}{places}", in_writers(self.writers))
    }

    fn place(self, writer: usize) -> Place {
        match self.places {
            Places::One => Place::Global,
            Places::EachItsOwn => Place::Group(GroupId::of_name(&[&writer.to_string()])),
        }
    }

    /// Founds the groups whose places are written to.
    async fn prepare(self, store: &PostgresStore) {
        for writer in 0..self.writers {
            if let Place::Group(id) = self.place(writer) {
                let group = Group::new(id, "Group", Timestamp::EPOCH);
                let founded = changes(&scope(group.place()), "founded").insert(group);
                store.commit(founded).await.unwrap();
            }
        }
    }

    /// Runs `commit(place, number)`, each number once, as so many writers at a time.
    async fn measure(self, server: &Server, commit: impl AsyncFn(Place, usize)) -> Figures {
        let before = server_time(server).await;
        let (start, cpu) = (Instant::now(), process_time().as_secs_f64());
        let write = async |writer: usize| {
            for number in (writer..self.rounds).step_by(self.writers) {
                commit(self.place(writer), number).await;
            }
        };
        join_all((0..self.writers).map(write)).await;
        let mut figures = Figures::since(start, cpu, self.rounds);
        let after = server_time(server).await;
        figures.server = before
            .zip(after)
            .map(|(before, after)| (after - before) * 1e3 / super::count(self.rounds));
        figures
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    plugin_test_postgres::run(future)
}

fn by_store(server: &str, work: Work, way: Way) -> Figures {
    run(by_store_on(&Server::new(server), work, way))
}

fn by_hand(server: &str, work: Work) -> Figures {
    run(by_hand_on(&Server::new(server), work))
}

async fn by_store_on(server: &Server, work: Work, way: Way) -> Figures {
    let usual = match way {
        Way::PassingBy => plugin_store_postgres::Options::default().schema(server.schema()),
        Way::Usual | Way::OnRuntime => server.options(),
    };
    let options = usual
        .durability(work.durability)
        .connections(work.writers.min(CONNECTIONS));
    let store = match way {
        Way::OnRuntime => {
            let (here, config) = (tokio::runtime::Handle::current(), server.address().parse());
            PostgresStore::connect_on(here, config.unwrap(), NoTls, options).await
        }
        Way::Usual | Way::PassingBy => PostgresStore::connect(server.address(), options).await,
    };
    let store = store.unwrap();
    work.prepare(&store).await;
    work.measure(server, async |place, number| {
        store.commit(change_set(place, number)).await.unwrap();
    })
    .await
}

async fn by_hand_on(server: &Server, work: Work) -> Figures {
    // The store makes the tables, and the groups; the rest is tokio-postgres.
    let store = PostgresStore::connect(server.address(), server.options()).await;
    work.prepare(&store.unwrap()).await;
    let mut hands = Vec::new();
    for _ in 0..work.writers.min(CONNECTIONS) {
        hands.push(Mutex::new(Hand::new(server, work.durability).await));
    }
    let hands = Arc::new(hands);
    work.measure(server, async |place, number| {
        let (thing, event) = facts(place, number);
        let hand = hands[number % hands.len()].lock().await;
        hand.commit(&thing, event).await;
    })
    .await
}

/// Seconds of processor time of the server's processes for this database; none if they are on another machine.
async fn server_time(server: &Server) -> Option<f64> {
    let client = plugin_test_postgres::client(server.address())
        .await
        .unwrap();
    let sql = "SELECT pid FROM pg_stat_activity \
               WHERE application_name = $1 AND pid <> pg_backend_pid()";
    let rows = client.query(sql, &[&server.schema()]).await.unwrap();
    rows.iter().map(|row| seconds_of(row.get(0))).sum()
}

fn seconds_of(pid: i32) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (name, fields) = text.rsplit_once(')')?;
    if !name.contains("(postgres") {
        return None;
    }
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: f64 = ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    Some(ticks / 100.0)
}

/// The least that writes the same.
struct Hand {
    client: Client,
    head: Statement,
    thing: Statement,
    event: Statement,
}

impl Hand {
    async fn new(server: &Server, durability: Durability) -> Self {
        let client = plugin_test_postgres::client(server.address())
            .await
            .unwrap();
        if durability == Durability::Normal {
            let sql = "SET synchronous_commit = off";
            client.batch_execute(sql).await.unwrap();
        }
        let schema = server.schema();
        let head =
            format!("SELECT doc FROM {schema}.events WHERE place = $1 ORDER BY seq DESC LIMIT 1");
        let thing = format!(
            "INSERT INTO {schema}.things (place, id, type, name, status, doc, changed) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)"
        );
        let event = format!(
            "INSERT INTO {schema}.events (place, seq, type, target, doc) \
             VALUES ($1, $2, $3, $4, $5)"
        );
        Self {
            head: client.prepare(&head).await.unwrap(),
            thing: client.prepare(&thing).await.unwrap(),
            event: client.prepare(&event).await.unwrap(),
            client,
        }
    }

    async fn commit(&self, thing: &Thing, event: NewEvent) {
        let client = &self.client;
        let place = match thing.place {
            Place::Global => vec![0],
            Place::Group(id) => id.as_uuid().as_bytes().to_vec(),
        };
        let lock = place
            .iter()
            .fold(0_i64, |lock, byte| lock << 3 ^ i64::from(*byte));
        let begin = format!("BEGIN; SELECT pg_advisory_xact_lock({lock})");
        let (begun, last) = futures::join!(client.batch_execute(&begin), async {
            client.query_opt(&self.head, &[&place]).await
        },);
        begun.unwrap();
        let head = last.unwrap().map(|row| {
            let doc: &str = row.get(0);
            serde_json::from_str::<Event>(doc).unwrap().head()
        });
        let scope = scope(thing.place);
        let event = Event::seal(
            thing.place,
            head.as_ref(),
            scope.actor(),
            Timestamp::EPOCH,
            event,
        );
        let seq = i64::try_from(event.seq.get()).unwrap();
        let docs = (
            serde_json::to_string(thing).unwrap(),
            serde_json::to_string(&event).unwrap(),
        );
        let (id, target) = (thing.id.as_uuid(), target(thing));
        let (of_type, status) = (thing.thing_type.as_str(), thing.status.as_str());
        let event_type = event.event_type.as_str();
        let done = futures::join!(
            async {
                let row: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
                    [&place, id, &of_type, &thing.name, &status, &docs.0, &seq];
                client.execute(&self.thing, &row).await
            },
            async {
                let row: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
                    [&place, &seq, &event_type, &target, &docs.1];
                client.execute(&self.event, &row).await
            },
            client.batch_execute("COMMIT"),
        );
        done.0.unwrap();
        done.1.unwrap();
        done.2.unwrap();
    }
}
