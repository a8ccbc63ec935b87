//! What became of invocations, by idempotency key.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use one_ontology::IdempotencyKey;
use uuid::Uuid;

use super::lock;
use crate::{Ending, ExecutorError, Outcome, RuntimeId, Usage};

const MAX_OUTCOMES: usize = 10_000;
const MAX_BYTES: u64 = 64 << 20;

pub(super) type Answer = Result<Outcome, ExecutorError>;
/// Keys are unique within an organisation only, so the runtime is part of what they name.
type Key = (IdempotencyKey, RuntimeId);

enum Entry {
    UnderWay {
        number: u64,
        callers: u32,
        running: Shared<BoxFuture<'static, Answer>>,
    },
    Done {
        outcome: Outcome,
        bytes: u64,
    },
}

#[derive(Default)]
struct Inner {
    next: u64,
    entries: BTreeMap<Key, Entry>,
    done: VecDeque<Key>,
    bytes: u64,
}

/// Remembers a bounded number of outcomes, the oldest forgotten first.
#[derive(Default)]
pub(super) struct Outcomes(Mutex<Inner>);

/// How many only: what plugins said does not belong into a host's logs.
impl fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = lock(&self.0);
        f.debug_struct("Outcomes")
            .field("entries", &inner.entries.len())
            .field("bytes", &inner.bytes)
            .finish_non_exhaustive()
    }
}

impl Outcomes {
    /// The outcome under a key; `None` where there is none and where two runtimes have one.
    pub(super) fn get(&self, key: &IdempotencyKey) -> Option<Outcome> {
        let inner = lock(&self.0);
        let first = RuntimeId::from_uuid(Uuid::nil());
        let mut found = inner
            .entries
            .range((key.clone(), first)..)
            .take_while(|((it, _), _)| it == key)
            .filter_map(|(_, entry)| match entry {
                Entry::Done { outcome, .. } => Some(outcome.clone()),
                Entry::UnderWay { .. } => None,
            });
        match (found.next(), found.next()) {
            (Some(outcome), None) => Some(outcome),
            _ => None,
        }
    }

    /// What was asked before under this key of this runtime, done or under way.
    pub(super) fn known(
        self: &Arc<Self>,
        runtime: RuntimeId,
        key: &IdempotencyKey,
    ) -> Option<Caller> {
        self.join(&mut lock(&self.0), &(key.clone(), runtime))
    }

    /// Runs `work` under a key unless it is known. Its callers run it: it goes on while at least
    /// one of them waits, and is [`Ending::Cancelled`] when none does any more.
    pub(super) fn begin(
        self: &Arc<Self>,
        runtime: RuntimeId,
        key: &IdempotencyKey,
        work: BoxFuture<'static, Answer>,
    ) -> Caller {
        let key = (key.clone(), runtime);
        let mut inner = lock(&self.0);
        if let Some(caller) = self.join(&mut inner, &key) {
            return caller;
        }
        inner.next += 1;
        let number = inner.next;
        let outcomes = Arc::clone(self);
        let settled = key.clone();
        let running = work
            .inspect(move |answer| outcomes.settle(&settled, number, answer.clone()))
            .boxed()
            .shared();
        let entry = Entry::UnderWay {
            number,
            callers: 1,
            running: running.clone(),
        };
        inner.entries.insert(key.clone(), entry);
        drop(inner);
        Caller::Waits(Waits {
            outcomes: Arc::clone(self),
            key,
            number,
            running,
        })
    }

    fn join(self: &Arc<Self>, inner: &mut Inner, key: &Key) -> Option<Caller> {
        match inner.entries.get_mut(key)? {
            Entry::Done { outcome, .. } => Some(Caller::Done(outcome.clone())),
            Entry::UnderWay {
                number,
                callers,
                running,
            } => {
                *callers += 1;
                Some(Caller::Waits(Waits {
                    outcomes: Arc::clone(self),
                    key: key.clone(),
                    number: *number,
                    running: running.clone(),
                }))
            }
        }
    }

    /// Keeps how it ended. What never ran is forgotten, so that it may be asked again.
    fn settle(&self, key: &Key, number: u64, answer: Answer) {
        let over = lock(&self.0).settle(key, number, answer);
        // Only after unlocking: dropping the last hold on it drops code that may look here.
        drop(over);
    }

    fn leave(&self, key: &Key, number: u64) {
        let mut inner = lock(&self.0);
        let Some(Entry::UnderWay {
            number: it,
            callers,
            ..
        }) = inner.entries.get_mut(key)
        else {
            return;
        };
        if *it != number {
            return;
        }
        *callers = callers.saturating_sub(1);
        if *callers > 0 {
            return;
        }
        let abandoned = Outcome {
            ending: Ending::Cancelled,
            usage: Usage::default(),
        };
        let over = inner.settle(key, number, Ok(abandoned));
        drop(inner);
        drop(over);
    }
}

impl Inner {
    fn settle(&mut self, key: &Key, it: u64, answer: Answer) -> Option<Entry> {
        let mine =
            matches!(self.entries.get(key), Some(Entry::UnderWay { number, .. }) if *number == it);
        let over = mine.then(|| self.entries.remove(key))??;
        if let Ok(outcome) = answer {
            let bytes = outcome.usage.bytes_out;
            self.bytes = self.bytes.saturating_add(bytes);
            self.done.push_back(key.clone());
            self.entries
                .insert(key.clone(), Entry::Done { outcome, bytes });
            self.forget();
        }
        Some(over)
    }

    fn forget(&mut self) {
        while self.done.len() > MAX_OUTCOMES || self.bytes > MAX_BYTES {
            let Some(oldest) = self.done.pop_front() else {
                break;
            };
            if let Some(Entry::Done { bytes, .. }) = self.entries.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(bytes);
            }
        }
    }
}

/// One caller of an invocation.
pub(super) enum Caller {
    Done(Outcome),
    Waits(Waits),
}

impl Caller {
    pub(super) async fn answer(self) -> Answer {
        match self {
            Self::Done(outcome) => Ok(outcome),
            Self::Waits(waits) => waits.await,
        }
    }
}

/// Waits for an invocation under way, and drives it meanwhile.
pub(super) struct Waits {
    outcomes: Arc<Outcomes>,
    key: Key,
    number: u64,
    running: Shared<BoxFuture<'static, Answer>>,
}

impl Future for Waits {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        self.running.poll_unpin(context)
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.outcomes.leave(&self.key, self.number);
    }
}
