//! Asking a budget what is left, beside counting the events that spent it.

use std::time::Duration;

use benches::report::{Cell, Row, Section, Target, Unit};
use futures::executor::block_on;
use one_ontology::{
    BudgetKey, BudgetRule, ChangeSet, EventId, EventQuery, EventType, Limit, NewEvent, QuotaPeriod,
    Scope, Spend, Store, ThingId, Timestamp,
};

use crate::Plan;
use crate::catalog::registry;
use crate::host::Host;
use crate::timing::Samples;

/// How many events one change set brings; a minute later comes the next. It is what the smaller window has room for.
const BATCH: u32 = 100;

const MINUTE: Duration = Duration::from_secs(60);

pub(crate) fn sections(plan: Plan) -> Vec<Section> {
    let count = plan.of(10_000, 1_000);
    let mut rows = Vec::new();
    for host in plan.hosts() {
        rows.extend(compare(&host, count, plan));
    }
    vec![Section {
        title: format!("A budget of {count} spent"),
        note: "Peeking at what is used, beside counting the events about the same thing: through the store, and by a `SELECT count(*)` over its \
               index of events, which is no more than a lower bound: it knows nothing of windows. A quota keeps one number, a rolling window one moment for \
               each unit inside: \"100 a minute\" is the platform's own for executions, and has seen as many events as the others. Medians; all agree."
            .to_owned(),
        contestants: ["budget", "counting events", "SELECT count(*)"]
            .map(str::to_owned)
            .to_vec(),
        ours: 1,
        rows,
    }]
}

fn compare(host: &Host, count: usize, plan: Plan) -> Vec<Row> {
    let (store, scope) = (host.open(), registry());
    let subject = ThingId::of_name(&["subject"]);
    let limit = u32::try_from(count).unwrap();
    let used = u64::from(limit);
    let quota = BudgetRule::Quota {
        limit: used,
        period: QuotaPeriod::Month,
    };
    let day = Duration::from_secs(24 * 3600);
    let budgets = [
        ("quota of a month", quota, used),
        (
            "100 a minute",
            BudgetRule::window(BATCH, MINUTE),
            u64::from(BATCH),
        ),
        ("window with all", BudgetRule::window(limit, day), used),
    ];
    let keys = ["quota", "minute", "day"].map(|key| key.parse::<BudgetKey>().unwrap());
    let mut now = Timestamp::EPOCH;
    for first in (0..limit).step_by(BATCH as usize) {
        now = Timestamp::EPOCH.plus(MINUTE * (first / BATCH));
        let spend = budgets.iter().zip(&keys).map(|((_, rule, _), key)| Spend {
            key: key.clone(),
            rule: *rule,
            amount: BATCH,
        });
        let changes = spent(&scope, subject, first, now);
        block_on(store.commit(spend.fold(changes, ChangeSet::spend))).unwrap();
    }
    let counted = Samples::of(0..plan.of(11, 1), |_| {
        assert_eq!(count_events(&*store, &scope, subject), used);
    });
    let selected = select(host, subject, used, plan);
    let rows = budgets.iter().zip(&keys).map(|((name, rule, used), key)| {
        let peeked = Samples::of(0..plan.of(1_001, 1), |_| {
            let state = block_on(store.budget(&scope, key)).unwrap().unwrap();
            assert_eq!(state.used(rule, now), *used);
        });
        let figure = |samples: &Samples| Cell::figure(samples.percentile(50));
        Row {
            label: format!("{}, {name}", host.name()),
            unit: Unit::Milliseconds,
            // What is promised is a row of the size that budgets have.
            target: (*name != "window with all").then_some(Target::OfPeer(1.0 / 500.0)),
            cells: vec![
                figure(&peeked),
                figure(&counted),
                selected
                    .as_ref()
                    .map_or(Cell::None("no SQL".to_owned()), figure),
            ],
        }
    });
    rows.collect()
}

/// Events about the subject, each of which spent one.
fn spent(scope: &Scope, subject: ThingId, first: u32, now: Timestamp) -> ChangeSet {
    let event = |number: u32| {
        let id = EventId::of_name(&["spent", &number.to_string()]);
        NewEvent::new(id, EventType::TaskEvent, Some(subject.into()))
    };
    let changes = ChangeSet::new(scope, event(first), now);
    let events = (first + 1..first + BATCH).map(event);
    events.fold(changes, ChangeSet::event)
}

fn count_events(store: &dyn Store, scope: &Scope, subject: ThingId) -> u64 {
    let mut query = EventQuery {
        limit: Limit::new(Limit::MAX),
        ..EventQuery::about(subject)
    };
    let mut count = 0;
    loop {
        let page = block_on(store.events(scope, &query)).unwrap();
        count += u64::try_from(page.items.len()).unwrap();
        query.cursor = page.next;
        if query.cursor.is_none() {
            return count;
        }
    }
}

/// Counting by hand, where there is a database to ask.
fn select(host: &Host, subject: ThingId, used: u64, plan: Plan) -> Option<Samples> {
    let rounds = 0..plan.of(101, 1);
    let mut target = vec![b't'];
    target.extend_from_slice(subject.as_uuid().as_bytes());
    match host {
        Host::Memory(_) => None,
        Host::Sqlite(_) => {
            let file = rusqlite::Connection::open(host.file()?).unwrap();
            let sql = "SELECT count(*) FROM events WHERE place = x'' AND target = ?";
            let mut statement = file.prepare(sql).unwrap();
            Some(Samples::of(rounds, |_| {
                let count: i64 = statement.query_row([&target], |row| row.get(0)).unwrap();
                assert_eq!(u64::try_from(count).unwrap(), used);
            }))
        }
        Host::Postgres(server) => Some(plugin_test_postgres::run(async {
            let client = plugin_test_postgres::client(server.address())
                .await
                .unwrap();
            let sql = format!(
                r"SELECT count(*) FROM {}.events WHERE place = '\x00' AND target = $1",
                server.schema()
            );
            let statement = client.prepare(&sql).await.unwrap();
            let mut samples = Samples::default();
            for _ in rounds {
                let start = std::time::Instant::now();
                let row = client.query_one(&statement, &[&target]).await.unwrap();
                samples.push(start.elapsed().as_secs_f64() * 1e3);
                assert_eq!(u64::try_from(row.get::<_, i64>(0)).unwrap(), used);
            }
            samples
        })),
    }
}
