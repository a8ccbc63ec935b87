//! Telling whoever watches.

use std::future::poll_fn;
use std::pin::pin;

use one_ontology::{ChangeSet, Receipt, StoreError, ThingId, Timestamp};

use crate::manager::plugin_manager::Shared;
use crate::observe::written;
use crate::{Activity, ActivityEnd, ActivityKind, ActivitySpan, ManagerError, Observation, Tenant};

impl Shared {
    /// Commits, and tells what was written.
    pub(crate) async fn commit(&self, changes: ChangeSet) -> Result<Receipt, StoreError> {
        let Some(observer) = &self.observer else {
            return self.store.commit(changes).await;
        };
        let told = written(changes.place(), changes.events());
        let receipt = self.store.commit(changes).await?;
        if receipt.answer == one_ontology::Answer::Done {
            told.iter().for_each(|it| observer.observe(it));
        }
        Ok(receipt)
    }

    pub(crate) fn tell(&self, observation: &Observation) {
        if let Some(observer) = &self.observer {
            observer.observe(observation);
        }
    }

    /// Does `work` where it can be watched.
    pub(crate) async fn observed<T>(
        &self,
        activity: Activity,
        end_of: impl Fn(&T) -> ActivityEnd,
        work: impl Future<Output = T>,
    ) -> T {
        let Some(observer) = &self.observer else {
            return work.await;
        };
        let mut watched = Watched {
            shared: self,
            span: observer.begin(&activity),
            began: self.now(),
            end: ActivityEnd::Dropped,
        };
        let mut work = pin!(work);
        let done = poll_fn(|context| {
            watched.span.enter();
            let polled = work.as_mut().poll(context);
            watched.span.exit();
            polled
        })
        .await;
        watched.end = end_of(&done);
        done
    }
}

impl Tenant {
    /// Does a command where it can be watched, unless this host is shutting down.
    pub(crate) async fn observed<T>(
        &self,
        kind: ActivityKind,
        instance: Option<ThingId>,
        work: impl Future<Output = Result<T, ManagerError>>,
    ) -> Result<T, ManagerError> {
        let admitted = async {
            let _inside = self.shared().hosting.enter()?;
            work.await
        };
        self.watched(kind, instance, admitted).await
    }

    /// Does what is admitted already where it can be watched.
    pub(crate) async fn watched<T>(
        &self,
        kind: ActivityKind,
        instance: Option<ThingId>,
        work: impl Future<Output = Result<T, ManagerError>>,
    ) -> Result<T, ManagerError> {
        let activity = Activity {
            kind,
            group: Some(self.group_id()),
            instance,
        };
        let end_of = |done: &Result<T, ManagerError>| match done {
            Ok(_) => ActivityEnd::Done,
            Err(error) => ActivityEnd::Failed(error.tag()),
        };
        self.shared().observed(activity, end_of, work).await
    }
}

/// Tells of the end when it goes, whatever has become of the work by then.
struct Watched<'a> {
    shared: &'a Shared,
    span: Box<dyn ActivitySpan>,
    began: Timestamp,
    end: ActivityEnd,
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        let took = self.shared.now().since(self.began);
        self.span.end(self.end, took);
    }
}
