//! A store and a vault that let others go first: before each call, and before each answer.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::task::noop_waker;
use one_ontology::{
    BudgetKey, BudgetState, ChangeSet, Connection, ConnectionQuery, Directory, Event, EventQuery,
    Group, GroupId, Head, Hit, Knowledge, KnowledgeId, KnowledgeQuery, Membership, MemoryStore,
    Page, Person, PersonId, PersonQuery, Place, Receipt, Scope, SearchQuery, Seq, Store,
    StoreError, Thing, ThingId, ThingQuery, Timestamp,
};
use plugin_runtime_api::{ExecutionId, MemoryVault, SecretName, SecretString, Vault, VaultError};

/// Lets others go first, once.
async fn others() {
    let mut waited = false;
    poll_fn(|_| match std::mem::replace(&mut waited, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

async fn between<T>(call: impl Future<Output = T>) -> T {
    others().await;
    let answer = call.await;
    others().await;
    answer
}

/// A command on its way, which goes as far as it is let.
pub(crate) struct Walker<'a, T>(Pin<Box<dyn Future<Output = T> + 'a>>);

impl<'a, T> Walker<'a, T> {
    pub(crate) fn new(command: impl Future<Output = T> + 'a) -> Self {
        Self(Box::pin(command))
    }

    /// So many steps; what it came to, if it ended within them.
    pub(crate) fn walk(&mut self, steps: usize) -> Option<T> {
        let waker = noop_waker();
        let mut context = Context::from_waker(&waker);
        for _ in 0..steps {
            if let Poll::Ready(end) = self.0.as_mut().poll(&mut context) {
                return Some(end);
            }
        }
        None
    }

    /// To its end, and how many steps that took.
    pub(crate) fn run(mut self) -> (T, usize) {
        for steps in 1..10_000 {
            if let Some(end) = self.walk(1) {
                return (end, steps);
            }
        }
        panic!("it does not end");
    }
}

#[derive(Debug)]
pub(crate) struct Stepping(pub(crate) Arc<MemoryStore>);

/// A vault as one host reaches it.
#[derive(Debug)]
pub(crate) struct SteppingVault {
    pub(crate) inner: Arc<MemoryVault>,
    /// Whether the answers to what it was given are lost.
    pub(crate) mute: AtomicBool,
}

impl SteppingVault {
    pub(crate) fn over(inner: &Arc<MemoryVault>) -> Arc<Self> {
        Arc::new(Self {
            inner: Arc::clone(inner),
            mute: AtomicBool::new(false),
        })
    }

    async fn answered(
        &self,
        call: impl Future<Output = Result<(), VaultError>>,
    ) -> Result<(), VaultError> {
        between(call).await?;
        if self.mute.load(Ordering::Relaxed) {
            return Err(VaultError::Unavailable {
                reason: "its answer was lost".to_owned(),
            });
        }
        Ok(())
    }
}

#[async_trait]
impl Vault for SteppingVault {
    async fn put(&self, name: &SecretName, secret: SecretString) -> Result<(), VaultError> {
        self.answered(self.inner.put(name, secret)).await
    }

    async fn lease(
        &self,
        name: &SecretName,
        execution: ExecutionId,
        now: Timestamp,
    ) -> Result<SecretString, VaultError> {
        between(self.inner.lease(name, execution, now)).await
    }

    async fn list(&self, group: GroupId, instance: ThingId) -> Result<Vec<String>, VaultError> {
        between(self.inner.list(group, instance)).await
    }

    async fn rotate(&self, group: GroupId) -> Result<(), VaultError> {
        between(self.inner.rotate(group)).await
    }

    async fn forget(&self, name: &SecretName) -> Result<(), VaultError> {
        self.answered(self.inner.forget(name)).await
    }

    async fn destroy(&self, group: GroupId, instance: ThingId) -> Result<(), VaultError> {
        between(self.inner.destroy(group, instance)).await
    }
}

#[async_trait]
impl Directory for Stepping {
    async fn group(&self, id: GroupId) -> Result<Option<Group>, StoreError> {
        self.0.group(id).await
    }

    async fn membership(
        &self,
        person: PersonId,
        place: Place,
    ) -> Result<Option<Membership>, StoreError> {
        self.0.membership(person, place).await
    }

    async fn descendants(&self, group: GroupId) -> Result<Vec<GroupId>, StoreError> {
        self.0.descendants(group).await
    }
}

#[async_trait]
impl Store for Stepping {
    async fn commit(&self, changes: ChangeSet) -> Result<Receipt, StoreError> {
        between(self.0.commit(changes)).await
    }

    async fn thing(&self, scope: &Scope, id: ThingId) -> Result<Option<Thing>, StoreError> {
        between(self.0.thing(scope, id)).await
    }

    async fn things(&self, scope: &Scope, query: &ThingQuery) -> Result<Page<Thing>, StoreError> {
        between(self.0.things(scope, query)).await
    }

    async fn connections(
        &self,
        scope: &Scope,
        query: &ConnectionQuery,
    ) -> Result<Page<Connection>, StoreError> {
        between(self.0.connections(scope, query)).await
    }

    async fn events(&self, scope: &Scope, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        between(self.0.events(scope, query)).await
    }

    async fn head(&self, scope: &Scope) -> Result<Option<Head>, StoreError> {
        between(self.0.head(scope)).await
    }

    async fn knowledge(
        &self,
        scope: &Scope,
        query: &KnowledgeQuery,
    ) -> Result<Page<Knowledge>, StoreError> {
        between(self.0.knowledge(scope, query)).await
    }

    async fn knowledge_by_id(
        &self,
        scope: &Scope,
        id: KnowledgeId,
    ) -> Result<Option<Knowledge>, StoreError> {
        between(self.0.knowledge_by_id(scope, id)).await
    }

    async fn people(&self, scope: &Scope, query: &PersonQuery) -> Result<Page<Person>, StoreError> {
        between(self.0.people(scope, query)).await
    }

    async fn person(&self, scope: &Scope, id: PersonId) -> Result<Option<Person>, StoreError> {
        between(self.0.person(scope, id)).await
    }

    async fn search(&self, scope: &Scope, query: &SearchQuery) -> Result<Vec<Hit>, StoreError> {
        between(self.0.search(scope, query)).await
    }

    async fn budget(
        &self,
        scope: &Scope,
        key: &BudgetKey,
    ) -> Result<Option<BudgetState>, StoreError> {
        between(self.0.budget(scope, key)).await
    }

    fn watch(&self, scope: &Scope, after: Seq) -> BoxStream<'static, Result<Event, StoreError>> {
        self.0.watch(scope, after)
    }
}
