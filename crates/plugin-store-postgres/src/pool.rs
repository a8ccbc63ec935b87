//! A few connections, handed out one at a time.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use futures::channel::oneshot;
use one_ontology::StoreError;
use tokio_postgres::Row;

use crate::background::Background;
use crate::error::{Failure, connecting};
use crate::session::{Connect, Messages, Query, Session};

pub(crate) struct Pool {
    state: Mutex<State>,
    pub(crate) background: Arc<Background>,
    connect: Box<dyn Connect>,
    pub(crate) schema: Arc<str>,
    settings: String,
    most: usize,
    patience: Duration,
}

#[derive(Default)]
struct State {
    idle: Vec<Session>,
    /// Those idle, those handed out and those being made.
    open: usize,
    waiting: VecDeque<oneshot::Sender<Lease>>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        // The address holds a password.
        f.debug_struct("Pool")
            .field("schema", &self.schema)
            .field("open", &state.open)
            .field("idle", &state.idle.len())
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

impl Pool {
    pub(crate) fn new(
        connect: Box<dyn Connect>,
        background: Arc<Background>,
        options: &crate::Options,
    ) -> Self {
        Self {
            state: Mutex::default(),
            background,
            connect,
            schema: options.schema.as_str().into(),
            settings: options.settings(),
            most: options.connections.max(1),
            patience: options.acquire_timeout,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection, waiting for one if all are in use.
    pub(crate) async fn acquire(self: &Arc<Self>) -> Result<Lease, StoreError> {
        let mut lease = match self.take() {
            Ok(lease) => lease,
            Err(comes) => match self.background.within(self.patience, comes).await {
                Some(Ok(lease)) => lease,
                _ => {
                    return Err(StoreError::Busy {
                        reason: format!("all {} connections are in use", self.most),
                    });
                }
            },
        };
        if let Some(held) = &mut lease.held
            && held.session.as_ref().is_none_or(Session::is_closed)
        {
            held.session = None;
            held.session = Some(self.session().await?);
        }
        Ok(lease)
    }

    fn take(self: &Arc<Self>) -> Result<Lease, oneshot::Receiver<Lease>> {
        let mut state = self.lock();
        let session = state.idle.pop();
        if session.is_none() && state.open >= self.most {
            let (gives, comes) = oneshot::channel();
            state.waiting.retain(|other| !other.is_canceled());
            state.waiting.push_back(gives);
            return Err(comes);
        }
        if session.is_none() {
            state.open += 1;
        }
        Ok(Lease::new(self, session))
    }

    /// A new connection, driven in the background.
    async fn session(&self) -> Result<Session, StoreError> {
        let (client, mut messages) = self.connection().await?;
        self.background
            .spawn(async move { while let Some(Ok(_)) = messages.next().await {} });
        client
            .batch_execute(&self.settings)
            .await
            .map_err(|error| connecting(&error))?;
        Ok(Session::new(client, Arc::clone(&self.schema)))
    }

    /// A connection as the server gives it; who asks for it drives it.
    pub(crate) async fn connection(
        &self,
    ) -> Result<(tokio_postgres::Client, Messages), StoreError> {
        self.background
            .run(self.connect.connect())
            .await?
            .map_err(|error| connecting(&error))
    }

    /// Lets go of connections that nobody uses: one was lost, so others may be.
    pub(crate) fn forget_idle(&self) {
        let idle = {
            let mut state = self.lock();
            state.open -= state.idle.len();
            std::mem::take(&mut state.idle)
        };
        drop(idle);
    }

    fn give_back(self: &Arc<Self>, session: Option<Session>) {
        let mut lease = Lease::new(self, session);
        loop {
            let next = {
                let mut state = self.lock();
                let next = state.waiting.pop_front();
                if next.is_none()
                    && let Some(mut held) = lease.held.take()
                {
                    match held.session.take() {
                        Some(session) if !session.is_closed() => state.idle.push(session),
                        _ => state.open -= 1,
                    }
                    // Its place in the count is settled: there is nothing more to give back.
                    held.pool = None;
                }
                next
            };
            let Some(next) = next else {
                return;
            };
            match next.send(lease) {
                Ok(()) => return,
                // Who waited has gone.
                Err(back) => lease = back,
            }
        }
    }
}

/// A connection in use, or the right to make one. Goes back to the pool when dropped.
pub(crate) struct Lease {
    /// None while a flight is on its way, and after one that was lost.
    held: Option<Held>,
}

/// What a lease holds; whoever drops it gives it back.
struct Held {
    pool: Option<Arc<Pool>>,
    session: Option<Session>,
    /// Whether a transaction is open.
    inside: bool,
}

impl Lease {
    fn new(pool: &Arc<Pool>, session: Option<Session>) -> Self {
        Self {
            held: Some(Held {
                pool: Some(Arc::clone(pool)),
                session,
                inside: false,
            }),
        }
    }

    /// Runs a whole transaction, or its beginning (without `after`), or its end (without
    /// `before`). After an error there is no transaction.
    ///
    /// It runs where the connection is driven, so that whoever waits is woken once and not by
    /// every answer. Who gives up in between leaves it to run to its end.
    pub(crate) async fn flight(
        &mut self,
        before: Option<String>,
        queries: Vec<Query>,
        after: Option<&'static str>,
    ) -> Result<Vec<Vec<Row>>, Failure> {
        let gone = || Failure::Lost("the connection is gone".to_owned());
        let mut held = self.held.take().ok_or_else(gone)?;
        let pool = held.pool.clone().ok_or_else(gone)?;
        let flight = async move {
            let result = held.flight(before, queries, after).await;
            (held, result)
        };
        let (held, result) = pool.background.run(flight).await?;
        self.held = Some(held);
        result
    }
}

impl Held {
    async fn flight(
        &mut self,
        before: Option<String>,
        queries: Vec<Query>,
        after: Option<&'static str>,
    ) -> Result<Vec<Vec<Row>>, Failure> {
        let Some(session) = &mut self.session else {
            return Err(Failure::Lost("there is no connection".to_owned()));
        };
        let result = session.flight(before.as_deref(), &queries, after).await;
        self.inside = result.is_ok() && after.is_none();
        match &result {
            Err(Failure::Lost(_)) => {
                self.session = None;
                if let Some(pool) = &self.pool {
                    pool.forget_idle();
                }
            }
            Err(_) => session.roll_back(),
            Ok(_) => {}
        }
        result
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(pool) = self.pool.take() else {
            return;
        };
        let session = self.session.take();
        if let Some(session) = session.as_ref().filter(|_| self.inside) {
            session.roll_back();
        }
        pool.give_back(session);
    }
}
