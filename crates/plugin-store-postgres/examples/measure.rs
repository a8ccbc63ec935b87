//! What a commit costs, beside a program that writes the same rows by hand.
//!
//! `cargo run --release -p plugin-store-postgres --example measure -- postgres://root@127.0.0.1/test`
//!
//! The address must be a superuser's on this machine: the example makes a role and a schema, removes
//! both, and reads the processor time of the server's processes from `/proc`.
#![cfg_attr(
    unix,
    expect(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "an example that measures may end by panicking"
    )
)]

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    unix::main();
}

#[cfg(unix)]
mod unix {
    use std::time::Duration;

    use futures::future::join_all;
    use one_ontology::{
        BudgetRule, ChangeSet, Clock as _, EventId, EventType, Group, GroupId, NewEvent, RandomIds,
        Scope, Spend, Store as _, SystemClock, Thing, ThingId, ThingType,
    };
    use plugin_store_postgres::{Durability, Options, PostgresStore};
    use tokio_postgres::{Client, NoTls, Statement};
    use uuid::Uuid;

    const ROLE: &str = "one_plugin_measure";
    const SCHEMA: &str = "one_plugin_measure";
    const DESCRIPTION: &str =
        "connects agents to a database with migrations and pooled connections";

    pub(crate) fn main() {
        let address = std::env::args().nth(1).expect("the address of a server");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        println!("writers places        who                         commits/s  here us  server us");
        for (durability, seconds) in [(Durability::Full, 3), (Durability::Normal, 3)] {
            println!("-- {durability:?}");
            for (writers, same) in [(1, false), (8, false), (8, true)] {
                for who in [
                    Who::ByHand,
                    Who::Store,
                    Who::StorePassingBy,
                    Who::StoreOnRuntime,
                ] {
                    runtime.block_on(prepare(&address));
                    let time = Duration::from_secs(seconds);
                    let measured = match who {
                        Who::ByHand => {
                            runtime.block_on(by_hand(&address, writers, same, durability, time))
                        }
                        _ => runtime
                            .block_on(by_store(&address, writers, same, durability, who, time)),
                    };
                    let (count, took, here, server) = measured;
                    let each = f64::from(count);
                    println!(
                        "{writers:7} {:12}  {:26} {:10.0} {:8.0} {:10.0}",
                        if same { "one" } else { "each its own" },
                        who.name(),
                        each / took.as_secs_f64(),
                        here * 1e6 / each,
                        server * 1e6 / each,
                    );
                }
            }
        }
        runtime.block_on(clean(&address));
    }

    #[derive(Clone, Copy, PartialEq)]
    enum Who {
        ByHand,
        Store,
        StorePassingBy,
        StoreOnRuntime,
    }

    impl Who {
        const fn name(self) -> &'static str {
            match self {
                Self::ByHand => "by hand",
                Self::Store => "store",
                Self::StorePassingBy => "store, row security passed by",
                Self::StoreOnRuntime => "store, on the host's runtime",
            }
        }
    }

    async fn connect(address: &str) -> Client {
        let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
        tokio::spawn(async move { drop(connection.await) });
        client
    }

    async fn clean(address: &str) {
        let client = connect(address).await;
        let sql = format!(
            "DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; DROP ROLE IF EXISTS {ROLE}; CHECKPOINT"
        );
        client.batch_execute(&sql).await.unwrap();
    }

    async fn prepare(address: &str) {
        clean(address).await;
        let sql = format!("CREATE ROLE {ROLE}; CREATE SCHEMA {SCHEMA} AUTHORIZATION {ROLE}");
        connect(address).await.batch_execute(&sql).await.unwrap();
        let options = Options::default().schema(SCHEMA).role(ROLE);
        drop(PostgresStore::connect(address, options).await.unwrap());
    }

    /// Seconds of processor time of this process.
    fn here() -> f64 {
        seconds_of("/proc/self/stat")
    }

    fn seconds_of(path: &str) -> f64 {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let fields = text.rsplit(')').next().unwrap_or_default();
        let ticks = fields.split_whitespace().skip(11).take(2);
        ticks
            .filter_map(|ticks| ticks.parse::<f64>().ok())
            .sum::<f64>()
            / 100.0
    }

    /// Seconds of processor time of all connections that are there.
    async fn server(address: &str) -> f64 {
        let client = connect(address).await;
        let sql = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()";
        let rows = client.query(sql, &[]).await.unwrap();
        let of = |pid: i32| seconds_of(&format!("/proc/{pid}/stat"));
        rows.iter().map(|row| of(row.get(0))).sum()
    }

    type Measured = (u32, Duration, f64, f64);

    async fn by_store(
        address: &str,
        writers: usize,
        same: bool,
        durability: Durability,
        who: Who,
        time: Duration,
    ) -> Measured {
        let mut options = Options::default()
            .schema(SCHEMA)
            .durability(durability)
            .connections(writers);
        if who != Who::StorePassingBy {
            options = options.role(ROLE).require_row_security();
        }
        let store = if who == Who::StoreOnRuntime {
            let here = tokio::runtime::Handle::current();
            let config = address.parse().unwrap();
            PostgresStore::connect_on(here, config, NoTls, options)
                .await
                .unwrap()
        } else {
            PostgresStore::connect(address, options).await.unwrap()
        };
        let now = SystemClock.now();
        let event = || {
            NewEvent::new(
                EventId::new(&RandomIds, now),
                EventType::EntityCreated,
                None,
            )
        };
        let mut scopes: Vec<Scope> = Vec::new();
        for _ in 0..writers {
            let group = Group::new(GroupId::new(&RandomIds, now), "Group", now);
            let scope = Scope::system("measure".parse().unwrap(), group.place());
            let changes = ChangeSet::new(&scope, event(), now).insert(group);
            store.commit(changes).await.unwrap();
            scopes.push(scope);
        }
        let change = |scope: &Scope| {
            let id = ThingId::new(&RandomIds, now);
            let mut thing = Thing::new(scope, id, ThingType::Course, "plugin sql", now);
            thing.properties = thing.properties.with("description", DESCRIPTION);
            let rule = BudgetRule::Level { limit: 1 << 40 };
            ChangeSet::new(scope, event(), now)
                .insert(thing)
                .spend(Spend::one("installs".parse().unwrap(), rule))
                .once(id.to_string().parse().unwrap())
        };
        let (cpu, cpu_there) = (here(), server(address).await);
        let begin = tokio::time::Instant::now();
        let write = |writer: usize| {
            let (store, change) = (&store, &change);
            let scope = scopes.get(if same { 0 } else { writer }).unwrap();
            async move {
                let mut count = 0;
                while begin.elapsed() < time {
                    store.commit(change(scope)).await.unwrap();
                    count += 1;
                }
                count
            }
        };
        let counts = join_all((0..writers).map(write)).await;
        let took = begin.elapsed();
        let there = server(address).await - cpu_there;
        (counts.into_iter().sum::<u32>(), took, here() - cpu, there)
    }

    /// The least that writes the same: two goes, each statement prepared, texts made beforehand; it
    /// seals no chain, checks nothing and has no row-level security.
    async fn by_hand(
        address: &str,
        writers: usize,
        same: bool,
        durability: Durability,
        time: Duration,
    ) -> Measured {
        let mut hands = Vec::new();
        for _ in 0..writers {
            hands.push(Hand::new(address, durability).await);
        }
        let (cpu, cpu_there) = (here(), server(address).await);
        let begin = tokio::time::Instant::now();
        let write = async |writer: usize, hand: &Hand| {
            let place = if same { 0 } else { writer };
            let mut count = 0;
            while begin.elapsed() < time {
                hand.commit(place).await;
                count += 1;
            }
            count
        };
        let all = hands.iter().enumerate();
        let counts = join_all(all.map(|(writer, hand)| write(writer, hand))).await;
        let took = begin.elapsed();
        let there = server(address).await - cpu_there;
        (counts.into_iter().sum::<u32>(), took, here() - cpu, there)
    }

    struct Hand {
        client: Client,
        statements: Vec<Statement>,
    }

    const STATEMENTS: [&str; 9] = [
        "SELECT doc FROM @events WHERE place = $1 ORDER BY seq DESC LIMIT 1",
        "SELECT doc FROM @receipts WHERE place = $1 AND key = $2",
        "SELECT doc FROM @groups WHERE place = $1",
        "SELECT doc FROM @things WHERE place = $1 AND id = $2",
        "SELECT doc FROM @budgets WHERE place = $1 AND key = $2",
        "INSERT INTO @things VALUES ($1, $2, 'course', 'plugin sql', 'active', NULL, NULL, $3, $4)",
        "INSERT INTO @budgets VALUES ($1, $2, $3) ON CONFLICT (place, key) DO UPDATE SET doc = $3",
        "INSERT INTO @events VALUES ($1, $2, 'entity_created', NULL, $3)",
        "INSERT INTO @receipts VALUES ($1, $2, $3)",
    ];

    impl Hand {
        async fn new(address: &str, durability: Durability) -> Self {
            let client = connect(address).await;
            if durability == Durability::Normal {
                let sql = "SET synchronous_commit = off";
                client.batch_execute(sql).await.unwrap();
            }
            let mut statements = Vec::new();
            for sql in STATEMENTS {
                let sql = sql.replace('@', &format!("{SCHEMA}."));
                statements.push(client.prepare(&sql).await.unwrap());
            }
            Self { client, statements }
        }

        async fn commit(&self, number: usize) {
            let (client, place) = (&self.client, vec![u8::try_from(number).unwrap(); 16]);
            let [
                head,
                receipt,
                group,
                thing,
                budget,
                add,
                spend,
                event,
                answer,
            ] = self.statements.as_slice()
            else {
                return;
            };
            let id: Uuid = *ThingId::new(&RandomIds, SystemClock.now()).as_uuid();
            let key = id.to_string();
            let begin = format!("BEGIN; SELECT pg_advisory_xact_lock({number})");
            let installs = "installs";
            let found = futures::join!(
                client.batch_execute(&begin),
                async { client.query_opt(head, &[&place]).await },
                async { client.query_opt(receipt, &[&place, &key]).await },
                async { client.query_opt(group, &[&place]).await },
                async { client.query_opt(thing, &[&place, &id]).await },
                async { client.query_opt(budget, &[&place, &installs]).await },
            );
            let seq: i64 = found.1.unwrap().map_or(0, |row| {
                let doc: &str = row.get(0);
                doc.split(' ').next().unwrap().parse().unwrap()
            });
            let doc = "x".repeat(400);
            let event_doc = format!("{} {doc}", seq + 1);
            let number = seq + 1;
            let done = futures::join!(
                async { client.execute(add, &[&place, &id, &doc, &number]).await },
                async { client.execute(spend, &[&place, &installs, &doc]).await },
                async { client.execute(event, &[&place, &number, &event_doc]).await },
                async { client.execute(answer, &[&place, &key, &doc]).await },
                client.batch_execute("COMMIT"),
            );
            done.2.unwrap();
            done.4.unwrap();
        }
    }
}
