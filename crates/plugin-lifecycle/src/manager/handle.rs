//! Executions that somebody waits for elsewhere than where they are driven.

use std::fmt;

use futures::StreamExt as _;
use futures::future::{AbortHandle, Abortable, BoxFuture, Pending, pending, ready};
use futures::stream::{self, BoxStream};
use one_ontology::{Seq, ThingId};
use plugin_runtime_api::{ExecutionId, Outcome};

use crate::manager::execute::key_of;
use crate::{ActivityKind, Call, Execution, ManagerError, Operation, Progress, SignOfLife, Tenant};

/// An execution that has been admitted and written, with the work that is left of it.
///
/// The core owns no thread: whoever holds `work` drives it. A host spawns it on its runtime and
/// answers its caller with the handle. Where it is dropped before its end, the execution stops
/// where it is, and is ended by its lease as any other whose host went down
/// ([`PluginManager::recover`](crate::PluginManager::recover)).
#[must_use = "nothing runs unless `work` is driven"]
pub struct Started {
    /// To poll it, to watch it, to cancel it.
    pub handle: ExecutionHandle,
    /// Runs it and writes how it ended.
    pub work: BoxFuture<'static, Result<Execution, ManagerError>>,
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started")
            .field("handle", &self.handle)
            .finish_non_exhaustive()
    }
}

/// A handle on an execution that was started here. Others, on any host, ask by its ids:
/// [`Tenant::progress`], [`Tenant::signs_of_life`], [`Tenant::cancel`].
#[derive(Clone, Debug)]
pub struct ExecutionHandle {
    tenant: Tenant,
    instance: ThingId,
    execution: ExecutionId,
    began: Seq,
    stop: AbortHandle,
}

/// Where whoever drives an execution learns that it is to end.
#[derive(Debug)]
pub(crate) struct Stop(Abortable<Pending<()>>);

impl Stop {
    pub(crate) fn pair() -> (AbortHandle, Self) {
        let (ask, registration) = AbortHandle::new_pair();
        (ask, Self(Abortable::new(pending(), registration)))
    }

    /// One that nobody asks.
    pub(crate) fn never() -> Self {
        Self::pair().1
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.0.is_aborted()
    }

    /// Returns when somebody asks.
    pub(crate) async fn asked(&mut self) {
        let _aborted = (&mut self.0).await;
    }
}

impl ExecutionHandle {
    /// Which execution.
    #[must_use]
    pub const fn execution(&self) -> ExecutionId {
        self.execution
    }

    /// Of which instance.
    #[must_use]
    pub const fn instance(&self) -> ThingId {
        self.instance
    }

    /// The number of the event that says it began.
    #[must_use]
    pub const fn began(&self) -> Seq {
        self.began
    }

    /// How it stands, as it is written.
    ///
    /// # Errors
    /// As [`Tenant::progress`].
    pub async fn poll(&self) -> Result<Progress, ManagerError> {
        let (tenant, after) = (&self.tenant, self.began);
        tenant
            .progress_after(self.instance, self.execution, after)
            .await
    }

    /// Its signs of life from its beginning to its end, as they are written, on whichever host.
    #[must_use]
    pub fn watch(&self) -> BoxStream<'static, Result<SignOfLife, ManagerError>> {
        let after = Seq::new(self.began.get().saturating_sub(1));
        self.tenant.signs_of_life(self.execution, after)
    }

    /// Ends it, wherever it is: what waits to run does not run, what runs is cancelled.
    ///
    /// # Errors
    /// As [`Tenant::cancel`].
    pub async fn cancel(&self) -> Result<(), ManagerError> {
        let asked = self.tenant.cancel(self.instance, self.execution).await;
        if asked.is_ok() {
            self.stop.abort();
        }
        asked
    }

    /// How it ended with its output, as long as the executor remembers; none if it has not ended,
    /// or the executor has forgotten.
    ///
    /// # Errors
    /// As [`Tenant::progress`], and `Executor`.
    pub async fn outcome(&self) -> Result<Option<Outcome>, ManagerError> {
        let Progress::Ended(run) = self.poll().await? else {
            return Ok(None);
        };
        let key = key_of(self.execution, run.attempts)?;
        Ok(self.tenant.shared().executor.outcome(&key).await?)
    }
}

impl Tenant {
    /// Admits a call, writes that it begins, and gives a handle on it with the work that is left:
    /// for what takes longer than somebody waits.
    ///
    /// # Errors
    /// As [`Tenant::call`] as far as `Admission`, `InstanceNotFound` and `Store` go; the others are
    /// the work's.
    pub async fn start_call(&self, instance: ThingId, call: Call) -> Result<Started, ManagerError> {
        let kind = ActivityKind::Execute;
        let entered = self.shared().hosting.enter();
        let begun = match entered {
            Ok(inside) => self
                .begin(instance, call)
                .await
                .map(|begun| (inside, begun)),
            Err(error) => Err(error),
        };
        let (inside, mut begun) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                return self.watched(kind, Some(instance), ready(Err(error))).await;
            }
        };
        let (stop, asked) = Stop::pair();
        begun.stop = asked;
        let handle = ExecutionHandle {
            tenant: self.clone(),
            instance,
            execution: begun.execution,
            began: begun.began,
            stop,
        };
        let tenant = self.clone();
        let work = Box::pin(async move {
            let _inside = inside;
            let work = Box::pin(tenant.drive(begun));
            tenant.watched(kind, Some(instance), work).await
        });
        Ok(Started { handle, work })
    }

    /// The signs of life of an execution behind an event, as they are written; the stream ends
    /// with its end. A host that knows where it began says so, because everything since is gone
    /// through.
    #[must_use]
    pub fn signs_of_life(
        &self,
        execution: ExecutionId,
        after: Seq,
    ) -> BoxStream<'static, Result<SignOfLife, ManagerError>> {
        if let Err(denied) = self.allow(Operation::ViewPluginExecutionLogs) {
            return stream::once(async { Err(denied.into()) }).boxed();
        }
        let events = self.shared().store.watch(&self.scope, after);
        let signs = events.filter_map(move |event| async move {
            match event {
                Ok(event) => SignOfLife::of(&event, execution).map(Ok),
                Err(error) => Some(Err(ManagerError::from(error))),
            }
        });
        // An error is the last of the store's stream; the end is the last of this one.
        let until_the_end = stream::unfold(Some(signs.boxed()), |signs| async move {
            let mut signs = signs?;
            let sign = signs.next().await?;
            let last = matches!(sign, Ok(SignOfLife::Ended(_)) | Err(_));
            Some((sign, (!last).then_some(signs)))
        });
        until_the_end.boxed()
    }
}
