//! What is recorded of executions.

use std::collections::VecDeque;
use std::time::Duration;

use one_ontology::{Event, EventQuery, EventType, Limit, Seq, ThingId};
use plugin_runtime_api::ExecutionId;

use crate::{
    Call, Execution, Kept, ManagerError, Operation, Progress, Reuse, Run, RunFilter, Runs, Tenant,
};

impl Tenant {
    /// The executions of an instance that ended behind an event, in the order in which they ended,
    /// at most `limit` of them. Removed instances keep theirs.
    ///
    /// # Errors
    /// `Denied`, `Store`.
    pub async fn runs(
        &self,
        instance: ThingId,
        filter: &RunFilter,
        after: Seq,
        limit: Limit,
    ) -> Result<Runs, ManagerError> {
        self.allow(Operation::ViewPluginExecutionLogs)?;
        let mut runs = Vec::new();
        let mut next = None;
        self.each_end(instance, after, |event| {
            let Some(run) = Run::of(event).filter(|run| filter.matches(run)) else {
                return Go::On;
            };
            if runs.len() == limit.get() {
                next = runs.last().map(|last: &Run| last.seq);
                return Go::NoFurther;
            }
            runs.push(run);
            Go::On
        })
        .await?;
        Ok(Runs { runs, next })
    }

    /// The last executions of an instance that ended, the newest first, at most `limit` of them.
    /// Reads the ends of all.
    ///
    /// # Errors
    /// `Denied`, `Store`.
    pub async fn last_runs(
        &self,
        instance: ThingId,
        filter: &RunFilter,
        limit: Limit,
    ) -> Result<Vec<Run>, ManagerError> {
        self.allow(Operation::ViewPluginExecutionLogs)?;
        let mut last = VecDeque::new();
        self.each_end(instance, Seq::START, |event| {
            if let Some(run) = Run::of(event).filter(|run| filter.matches(run)) {
                if last.len() == limit.get() {
                    last.pop_front();
                }
                last.push_back(run);
            }
            Go::On
        })
        .await?;
        Ok(last.into_iter().rev().collect())
    }

    /// How an execution stands: under way, silent, or ended and how.
    ///
    /// # Errors
    /// `Denied`, `ExecutionNotFound`, `Store`.
    pub async fn progress(
        &self,
        instance: ThingId,
        execution: ExecutionId,
    ) -> Result<Progress, ManagerError> {
        self.progress_after(instance, execution, Seq::START).await
    }

    pub(crate) async fn progress_after(
        &self,
        instance: ThingId,
        execution: ExecutionId,
        after: Seq,
    ) -> Result<Progress, ManagerError> {
        self.allow(Operation::ViewPluginExecutionLogs)?;
        let row = self.find(instance).await?;
        let lease = row.and_then(|row| row.properties.executions.get(&execution).cloned());
        match lease {
            Some(lease) if lease.lease_until <= self.shared().now() => Ok(Progress::Silent(lease)),
            Some(lease) => Ok(Progress::Running(lease)),
            None => {
                let run = self.run_of(instance, execution, after).await?;
                let run = run.ok_or(ManagerError::ExecutionNotFound { execution })?;
                Ok(Progress::Ended(Box::new(run)))
            }
        }
    }

    /// The record of an execution that has ended; where its end was told twice, as it was told
    /// last.
    async fn run_of(
        &self,
        instance: ThingId,
        execution: ExecutionId,
        after: Seq,
    ) -> Result<Option<Run>, ManagerError> {
        let mut found = None;
        self.each_end(instance, after, |event| {
            let run = Run::of(event).filter(|run| run.execution == execution);
            found = run.or(found.take());
            Go::On
        })
        .await?;
        Ok(found)
    }

    /// Runs a recorded execution again: the same component with the same input and the same time, as an execution of
    /// its own that is admitted like any other, and says which one it repeats. What it does is done
    /// twice, whatever its effect: whoever asks knows that.
    ///
    /// # Errors
    /// `Denied`, `ExecutionNotFound`, `InputNotKept` if not all of its input was; and those of
    /// [`Tenant::call`].
    pub async fn rerun(
        &self,
        instance: ThingId,
        execution: ExecutionId,
    ) -> Result<Execution, ManagerError> {
        self.allow(Operation::RetryFailedPluginAction)?;
        let run = self.run_of(instance, execution, Seq::START).await?;
        let run = run.ok_or(ManagerError::ExecutionNotFound { execution })?;
        let input = run.input.filter(|input| input.kept == Kept::Whole);
        let input = input.ok_or(ManagerError::InputNotKept { execution })?;
        let call = Call {
            kind: run.kind,
            component: run.component,
            input: input.value,
            timeout: run.timeout_ms.map(Duration::from_millis),
            repeats: Some(execution),
            reuse: Reuse::Never,
            waits: None,
            agent: run.agent,
        };
        self.call(instance, call).await
    }

    /// Goes through the events behind `after` that say how executions of an instance ended.
    async fn each_end(
        &self,
        instance: ThingId,
        after: Seq,
        mut visit: impl FnMut(&Event) -> Go + Send,
    ) -> Result<(), ManagerError> {
        let types: Vec<EventType> = Run::ENDS.to_vec();
        let mut query = EventQuery {
            types,
            after,
            limit: Limit::new(Limit::MAX),
            ..EventQuery::about(instance)
        };
        loop {
            let page = self.shared().store.events(&self.scope, &query).await?;
            for event in &page.items {
                if visit(event) == Go::NoFurther {
                    return Ok(());
                }
            }
            match page.next {
                Some(cursor) => query.cursor = Some(cursor),
                None => return Ok(()),
            }
        }
    }
}

/// Whether there is more to go through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Go {
    On,
    NoFurther,
}
