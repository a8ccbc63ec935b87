//! The one connection that says and hears that something was committed.
//!
//! It only wakes: who is woken reads by number. What is said may be lost, so watchers look by
//! themselves now and then. It is said after a commit and not in it, because `NOTIFY` inside a
//! transaction makes all of a database's commits wait for each other's disk.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures::StreamExt as _;
use futures::channel::mpsc;
use futures::future::{Either, select};
use one_ontology::{Place, StoreError};
use tokio_postgres::AsyncMessage;

use crate::bell::Bell;
use crate::key;
use crate::pool::Pool;

/// What watchers hold on to.
#[derive(Debug)]
pub(crate) struct Wires {
    pub(crate) pool: Arc<Pool>,
    pub(crate) bell: Bell,
    said: Mutex<Said>,
    interval: Duration,
}

#[derive(Debug, Default)]
struct Said {
    /// What was committed here and not yet said elsewhere.
    tags: BTreeSet<String>,
    wake: Option<mpsc::UnboundedSender<()>>,
}

/// What others hear is gathered for so long.
const GATHER: Duration = Duration::from_millis(50);
/// How long to wait before connecting again.
const PAUSE: Duration = Duration::from_millis(250);

impl Wires {
    pub(crate) fn new(pool: Arc<Pool>, interval: Duration) -> Arc<Self> {
        Arc::new(Self {
            pool,
            bell: Bell::default(),
            said: Mutex::default(),
            interval,
        })
    }

    /// Wakes watchers here, and tells other stores.
    pub(crate) fn announce(self: &Arc<Self>, place: Place) {
        self.bell.ring(place);
        let tag = tag(&self.pool.schema, place);
        self.say(Some(tag));
    }

    pub(crate) fn watcher_came(self: &Arc<Self>, place: Place) {
        self.bell.watcher_came(place, tag(&self.pool.schema, place));
        self.say(None);
    }

    fn say(self: &Arc<Self>, tag: Option<String>) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.tags.extend(tag);
        let wake = said.wake.get_or_insert_with(|| {
            let (wake, woken) = mpsc::unbounded();
            self.pool.background.spawn(run(Arc::downgrade(self), woken));
            wake
        });
        // It ends only with the runtime.
        let _sent = wake.unbounded_send(());
    }

    fn take(&self) -> Vec<String> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut said.tags).into_iter().collect()
    }
}

/// What a place is called on the wire: anybody in the database may listen, so not its id.
pub(crate) fn tag(schema: &str, place: Place) -> String {
    format!("{:016x}", key::lock(schema, &format!("tag of {place}")))
}

/// Where it is said.
pub(crate) fn channel(schema: &str) -> String {
    format!("{schema}_events")
}

/// As long as the store lives, on whatever connection there is. It holds the store by a weak hand
/// only, so that this does not keep it alive.
async fn run(wires: Weak<Wires>, mut woken: mpsc::UnboundedReceiver<()>) {
    loop {
        if let Err(error) = listen(&wires, &mut woken).await {
            // Nobody to tell: who reads meets the same and says so.
            drop(error);
        }
        let Some(wires) = wires.upgrade() else {
            return;
        };
        // Watchers look for themselves while nobody wakes them.
        wires.bell.ring_all();
        let pause = wires.pool.background.sleep(PAUSE);
        drop(wires);
        pause.await;
    }
}

enum Woken {
    /// Something was committed here, or somebody watches; false when the store has gone.
    Here(bool),
    /// Something was committed elsewhere; none when the connection has gone.
    Elsewhere(Option<(i32, String)>),
    /// Nothing happened for long.
    Time,
}

async fn listen(
    wires: &Weak<Wires>,
    woken: &mut mpsc::UnboundedReceiver<()>,
) -> Result<(), StoreError> {
    let Some(strong) = wires.upgrade() else {
        return Ok(());
    };
    let (client, messages) = strong.pool.connection().await?;
    let (heard, mut hears) = mpsc::unbounded();
    strong.pool.background.spawn(async move {
        let mut messages = messages;
        while let Some(Ok(message)) = messages.next().await {
            if let AsyncMessage::Notification(said) = message {
                let what = (said.process_id(), said.payload().to_owned());
                let _gone = heard.unbounded_send(what);
            }
        }
    });
    let channel = channel(&strong.pool.schema);
    let unavailable =
        |error: tokio_postgres::Error| crate::error::unavailable(crate::error::words(&error));
    client
        .batch_execute(&format!(
            "SET synchronous_commit = off; SET client_min_messages = warning; LISTEN \"{channel}\""
        ))
        .await
        .map_err(unavailable)?;
    let notify = client
        .prepare("SELECT pg_backend_pid(), pg_notify($1, tag) FROM unnest($2::text[]) tag")
        .await
        .map_err(unavailable)?;
    // What was committed before this was listening.
    strong.bell.ring_all();
    drop(strong);
    let mut own = None;
    loop {
        let Some(strong) = wires.upgrade() else {
            return Ok(());
        };
        let tags = strong.take();
        let (gather, time) = (
            strong.pool.background.sleep(GATHER),
            strong.pool.background.sleep(strong.interval),
        );
        drop(strong);
        if !tags.is_empty() {
            let rows = client
                .query(&notify, &[&channel, &tags])
                .await
                .map_err(unavailable)?;
            own = rows
                .first()
                .and_then(|row| row.try_get::<_, i32>(0).ok())
                .or(own);
            gather.await;
        }
        match next(woken, &mut hears, time).await {
            Woken::Here(true) => {}
            Woken::Here(false) | Woken::Elsewhere(None) => return Ok(()),
            // Who committed here has rung here.
            Woken::Elsewhere(Some((from, _))) if Some(from) == own => {}
            Woken::Elsewhere(Some((_, tag))) => ring(wires, |bell| bell.ring_tag(&tag)),
            Woken::Time => ring(wires, Bell::ring_all),
        }
    }
}

fn ring(wires: &Weak<Wires>, ring: impl Fn(&Bell)) {
    if let Some(wires) = wires.upgrade() {
        ring(&wires.bell);
    }
}

async fn next(
    woken: &mut mpsc::UnboundedReceiver<()>,
    hears: &mut mpsc::UnboundedReceiver<(i32, String)>,
    time: crate::background::Sleep,
) -> Woken {
    let here = woken.next();
    let elsewhere = hears.next();
    match select(select(here, elsewhere), time).await {
        Either::Left((Either::Left((here, _)), _)) => {
            // One look takes all that was said meanwhile.
            while let Ok(()) = woken.try_recv() {}
            Woken::Here(here.is_some())
        }
        Either::Left((Either::Right((elsewhere, _)), _)) => Woken::Elsewhere(elsewhere),
        Either::Right(_) => Woken::Time,
    }
}
