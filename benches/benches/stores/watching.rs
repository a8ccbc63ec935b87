//! How soon a watcher sees what was committed.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use benches::report::{Cell, Row, Section, Unit};
use futures::executor::{block_on, block_on_stream};
use one_ontology::{Seq, Store};

use crate::Plan;
use crate::catalog::{changes, registry};
use crate::host::Host;
use crate::timing::Samples;

/// Who watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watcher {
    /// The store that commits.
    Same,
    /// Another store on the same facts, as in another process.
    Other,
}

pub(crate) fn sections(plan: Plan) -> Vec<Section> {
    let hosts = plan.hosts();
    let contestants = hosts.iter().map(|host| host.name().to_owned());
    let mut section = Section {
        title: "From commit to watcher".to_owned(),
        note: "From when a commit has returned to when a watcher has its event, one at a time; 0 where the watcher was first. SQLite has \
               no way to wake other processes: they look every 50 ms. PostgreSQL's hosts gather for 50 ms what they tell each other."
            .to_owned(),
        ours: hosts.len(),
        contestants: contestants.collect(),
        rows: Vec::new(),
    };
    for (name, watcher) in [
        ("the same host", Watcher::Same),
        ("another host", Watcher::Other),
    ] {
        let all = hosts.iter().map(|host| latencies(host, watcher, plan));
        let all: Vec<Option<Samples>> = all.collect();
        for hundredths in [50, 99] {
            let cell = |samples: &Option<Samples>| match samples {
                Some(samples) => Cell::figure(samples.percentile(hundredths)),
                None => Cell::None("one host".to_owned()),
            };
            section.rows.push(Row {
                label: format!("{name}, p{hundredths}"),
                unit: Unit::Milliseconds,
                target: None,
                cells: all.iter().map(cell).collect(),
            });
        }
    }
    vec![section]
}

fn latencies(host: &Host, watcher: Watcher, plan: Plan) -> Option<Samples> {
    let store = host.open();
    let watching: Arc<dyn Store> = match (watcher, host) {
        (Watcher::Same, _) => store.clone(),
        (Watcher::Other, Host::Memory(_)) => return None,
        (Watcher::Other, Host::Sqlite(_) | Host::Postgres(_)) => host.open(),
    };
    let rounds = plan.of(500, 3);
    let scope = registry();
    let head = block_on(store.head(&scope)).unwrap();
    let events = watching.watch(&scope, head.map_or(Seq::default(), |head| head.seq));
    let (tell, seen) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        for event in block_on_stream(events).take(rounds) {
            tell.send((event.unwrap().seq, Instant::now())).unwrap();
        }
    });
    // Whoever has just begun to watch reads first and is woken later.
    std::thread::sleep(Duration::from_millis(100));
    let mut samples = Samples::default();
    for round in 0..rounds {
        let changes = changes(&scope, &format!("{watcher:?} {round}"));
        let receipt = block_on(store.commit(changes)).unwrap();
        let returned = Instant::now();
        let (seq, at) = seen.recv().unwrap();
        assert_eq!(seq, receipt.head.seq, "events come in order");
        samples.push(at.saturating_duration_since(returned).as_secs_f64() * 1e3);
    }
    thread.join().unwrap();
    Some(samples)
}
