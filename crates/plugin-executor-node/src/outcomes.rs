//! What became of earlier invocations, by idempotency key.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use futures::FutureExt as _;
use futures::channel::oneshot;
use futures::future::{BoxFuture, Shared};
use one_ontology::IdempotencyKey;
use plugin_runtime_api::{ExecutorError, Outcome, RuntimeId};

use crate::lock::lock;

pub(crate) type Answer = Result<Outcome, ExecutorError>;
pub(crate) type Waiting = Shared<BoxFuture<'static, Answer>>;
/// Keys are unique within an organisation only, so the runtime is part of what they name.
type Key = (IdempotencyKey, RuntimeId);

const MAX_BYTES: u64 = 64 << 20;

#[derive(Debug)]
enum Entry {
    UnderWay(Waiting),
    Done { outcome: Outcome, bytes: u64 },
}

#[derive(Debug, Default)]
struct Inner {
    entries: BTreeMap<Key, Entry>,
    done: VecDeque<Key>,
    bytes: u64,
}

/// Remembers a bounded number of outcomes, the oldest forgotten first.
#[derive(Debug)]
pub(crate) struct Outcomes {
    inner: Mutex<Inner>,
    capacity: usize,
}

/// The duty to say, once, how an invocation ended.
#[derive(Debug)]
pub(crate) struct Ticket {
    key: Key,
    sender: oneshot::Sender<Answer>,
}

/// What is known of a key.
pub(crate) enum Begun {
    /// Nothing: run it, and settle the ticket.
    New(Ticket, Waiting),
    /// It was asked before.
    Known(Waiting),
}

impl Outcomes {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            inner: Mutex::default(),
            capacity,
        }
    }

    pub(crate) fn begin(&self, runtime: RuntimeId, key: &IdempotencyKey) -> Begun {
        let key = (key.clone(), runtime);
        let mut inner = lock(&self.inner);
        match inner.entries.get(&key) {
            Some(Entry::UnderWay(waiting)) => Begun::Known(waiting.clone()),
            Some(Entry::Done { outcome, .. }) => {
                Begun::Known(futures::future::ready(Ok(outcome.clone())).boxed().shared())
            }
            None => {
                let (sender, receiver) = oneshot::channel();
                let waiting = receiver
                    .map(|answer| {
                        answer.unwrap_or_else(|_| {
                            Err(ExecutorError::Unavailable {
                                reason: "the executor was dropped".to_owned(),
                            })
                        })
                    })
                    .boxed()
                    .shared();
                inner
                    .entries
                    .insert(key.clone(), Entry::UnderWay(waiting.clone()));
                Begun::New(Ticket { key, sender }, waiting)
            }
        }
    }

    /// Says how it ended. What never ran is forgotten, so that it may be asked again.
    pub(crate) fn settle(&self, ticket: Ticket, answer: Answer) {
        let mut inner = lock(&self.inner);
        match &answer {
            Err(_) => {
                inner.entries.remove(&ticket.key);
            }
            Ok(outcome) => {
                let bytes = outcome.usage.bytes_out;
                let outcome = outcome.clone();
                inner.bytes += bytes;
                inner.done.push_back(ticket.key.clone());
                inner
                    .entries
                    .insert(ticket.key, Entry::Done { outcome, bytes });
                while inner.done.len() > self.capacity || inner.bytes > MAX_BYTES {
                    let Some(oldest) = inner.done.pop_front() else {
                        break;
                    };
                    if let Some(Entry::Done { bytes, .. }) = inner.entries.remove(&oldest) {
                        inner.bytes = inner.bytes.saturating_sub(bytes);
                    }
                }
            }
        }
        drop(inner);
        let _nobody_waits = ticket.sender.send(answer);
    }

    /// The outcome under a key, if exactly one runtime has finished one.
    pub(crate) fn get(&self, key: &IdempotencyKey) -> Option<Outcome> {
        let inner = lock(&self.inner);
        let first = RuntimeId::from_uuid(uuid::Uuid::nil());
        let mut found = inner
            .entries
            .range((key.clone(), first)..)
            .take_while(|((it, _), _)| it == key)
            .filter_map(|(_, entry)| match entry {
                Entry::Done { outcome, .. } => Some(outcome.clone()),
                Entry::UnderWay(_) => None,
            });
        match (found.next(), found.next()) {
            (Some(outcome), None) => Some(outcome),
            _ => None,
        }
    }
}
