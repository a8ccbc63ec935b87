//! The ports of one simulated host: each call passes its gate.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use one_ontology::{
    BudgetKey, BudgetState, ChangeSet, Connection, ConnectionQuery, Directory, Event, EventQuery,
    Group, GroupId, Head, Hit, IdempotencyKey, Knowledge, KnowledgeId, KnowledgeQuery, Membership,
    MemoryStore, Page, Person, PersonId, PersonQuery, Place, Receipt, Scope, SearchQuery, Seq,
    Store, StoreError, Thing, ThingId, ThingQuery, Timestamp,
};
use plugin_registry::{
    MemorySource, PackageDocument, ProgressSink, Silent, Source, SourceError, SourceId,
    StageRequest, Staged,
};
use plugin_runtime_api::{
    Enforcement, Engine, ExecutionId, Executor, ExecutorError, Fence, HostServices, Invocation,
    LogLine, MemoryVault, Outcome, RuntimeId, RuntimeInfo, RuntimeSpec, RuntimeStatus, SecretName,
    SecretString, Vault, VaultError,
};

use super::fleet::Fleet;
use super::gate::{Gate, Way};

const LOST: &str = "the answer was lost";
const REFUSED: &str = "not now";

/// Makes a call as its fate wills.
async fn through<T, E>(
    gate: &Gate,
    what: &str,
    unavailable: impl Fn(&str) -> E,
    call: impl Fn() -> BoxFuture<'static, Result<T, E>>,
) -> Result<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    let (way, fate) = gate.enter(what).await;
    let answer = match way {
        Way::Do => call().await,
        Way::DoTwice => {
            drop(call().await);
            call().await
        }
        Way::Refuse => Err(unavailable(REFUSED)),
        Way::Send => return gate.send(what, call().map(drop).boxed()).await,
    };
    if gate.leave(fate).await {
        return Err(unavailable(LOST));
    }
    answer
}

/// The store as one host sees it: commits pass the gate, reads do not.
#[derive(Debug)]
pub(super) struct HostStore {
    pub(super) inner: Arc<MemoryStore>,
    pub(super) gate: Gate,
}

#[async_trait]
impl Directory for HostStore {
    async fn group(&self, id: GroupId) -> Result<Option<Group>, StoreError> {
        self.inner.group(id).await
    }

    async fn membership(
        &self,
        person: PersonId,
        place: Place,
    ) -> Result<Option<Membership>, StoreError> {
        self.inner.membership(person, place).await
    }

    async fn descendants(&self, group: GroupId) -> Result<Vec<GroupId>, StoreError> {
        self.inner.descendants(group).await
    }
}

#[async_trait]
impl Store for HostStore {
    async fn commit(&self, changes: ChangeSet) -> Result<Receipt, StoreError> {
        let unavailable = |reason: &str| StoreError::Unavailable {
            reason: reason.to_owned(),
        };
        let what = changes.events().first().map_or_else(
            || "commit".to_owned(),
            |event| format!("commit {}", event.event_type),
        );
        through(&self.gate, &what, unavailable, || {
            let (inner, changes) = (Arc::clone(&self.inner), changes.clone());
            async move { inner.commit(changes).await }.boxed()
        })
        .await
    }

    async fn thing(&self, scope: &Scope, id: ThingId) -> Result<Option<Thing>, StoreError> {
        self.inner.thing(scope, id).await
    }

    async fn things(&self, scope: &Scope, query: &ThingQuery) -> Result<Page<Thing>, StoreError> {
        self.inner.things(scope, query).await
    }

    async fn connections(
        &self,
        scope: &Scope,
        query: &ConnectionQuery,
    ) -> Result<Page<Connection>, StoreError> {
        self.inner.connections(scope, query).await
    }

    async fn events(&self, scope: &Scope, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        self.inner.events(scope, query).await
    }

    async fn head(&self, scope: &Scope) -> Result<Option<Head>, StoreError> {
        self.inner.head(scope).await
    }

    async fn knowledge(
        &self,
        scope: &Scope,
        query: &KnowledgeQuery,
    ) -> Result<Page<Knowledge>, StoreError> {
        self.inner.knowledge(scope, query).await
    }

    async fn knowledge_by_id(
        &self,
        scope: &Scope,
        id: KnowledgeId,
    ) -> Result<Option<Knowledge>, StoreError> {
        self.inner.knowledge_by_id(scope, id).await
    }

    async fn people(&self, scope: &Scope, query: &PersonQuery) -> Result<Page<Person>, StoreError> {
        self.inner.people(scope, query).await
    }

    async fn person(&self, scope: &Scope, id: PersonId) -> Result<Option<Person>, StoreError> {
        self.inner.person(scope, id).await
    }

    async fn search(&self, scope: &Scope, query: &SearchQuery) -> Result<Vec<Hit>, StoreError> {
        self.inner.search(scope, query).await
    }

    async fn budget(
        &self,
        scope: &Scope,
        key: &BudgetKey,
    ) -> Result<Option<BudgetState>, StoreError> {
        self.inner.budget(scope, key).await
    }

    fn watch(&self, scope: &Scope, after: Seq) -> BoxStream<'static, Result<Event, StoreError>> {
        self.inner.watch(scope, after)
    }
}

/// The fleet as one host reaches it.
#[derive(Debug)]
pub(super) struct HostExecutor {
    pub(super) inner: Arc<Fleet>,
    pub(super) gate: Gate,
}

fn no_executor(reason: &str) -> ExecutorError {
    ExecutorError::Unavailable {
        reason: reason.to_owned(),
    }
}

#[async_trait]
impl Executor for HostExecutor {
    fn enforcement(&self, engine: &Engine) -> Option<Enforcement> {
        self.inner.enforcement(engine)
    }

    async fn start(
        &self,
        spec: RuntimeSpec,
        host: Arc<dyn HostServices>,
    ) -> Result<RuntimeInfo, ExecutorError> {
        let what = format!("start fence {}", spec.fence.0);
        through(&self.gate, &what, no_executor, || {
            let inner = Arc::clone(&self.inner);
            let (spec, host) = (spec.clone(), Arc::clone(&host));
            async move { inner.start(spec, host).await }.boxed()
        })
        .await
    }

    async fn invoke(
        &self,
        runtime: &RuntimeId,
        call: Invocation,
    ) -> Result<Outcome, ExecutorError> {
        let what = format!("invoke {} fence {}", call.component, call.fence.0);
        through(&self.gate, &what, no_executor, || {
            let inner = Arc::clone(&self.inner);
            let (runtime, call) = (*runtime, call.clone());
            async move { inner.invoke(&runtime, call).await }.boxed()
        })
        .await
    }

    async fn cancel(
        &self,
        runtime: &RuntimeId,
        execution: &ExecutionId,
    ) -> Result<(), ExecutorError> {
        self.inner.cancel(runtime, execution).await
    }

    async fn outcome(&self, key: &IdempotencyKey) -> Result<Option<Outcome>, ExecutorError> {
        through(&self.gate, "outcome", no_executor, || {
            let (inner, key) = (Arc::clone(&self.inner), key.clone());
            async move { inner.outcome(&key).await }.boxed()
        })
        .await
    }

    async fn status(&self, runtime: &RuntimeId) -> Result<RuntimeStatus, ExecutorError> {
        self.inner.status(runtime).await
    }

    async fn stop(
        &self,
        runtime: &RuntimeId,
        fence: Fence,
        grace: Duration,
    ) -> Result<(), ExecutorError> {
        let what = format!("stop fence {}", fence.0);
        through(&self.gate, &what, no_executor, || {
            let (inner, runtime) = (Arc::clone(&self.inner), *runtime);
            async move { inner.stop(&runtime, fence, grace).await }.boxed()
        })
        .await
    }

    fn logs(&self, runtime: &RuntimeId) -> BoxStream<'static, LogLine> {
        self.inner.logs(runtime)
    }
}

/// The source as one host reaches it.
#[derive(Debug)]
pub(super) struct HostSource {
    pub(super) inner: MemorySource,
    pub(super) gate: Gate,
}

#[async_trait]
impl Source for HostSource {
    fn id(&self) -> SourceId {
        self.inner.id()
    }

    async fn package(&self, name: &str) -> Result<PackageDocument, SourceError> {
        self.inner.package(name).await
    }

    async fn stage(
        &self,
        request: &StageRequest,
        _progress: &dyn ProgressSink,
    ) -> Result<Staged, SourceError> {
        let unavailable = |reason: &str| SourceError::Unavailable {
            what: "packages".to_owned(),
            reason: reason.to_owned(),
        };
        through(&self.gate, "stage", unavailable, || {
            let (inner, request) = (self.inner.clone(), request.clone());
            async move { inner.stage(&request, &Silent).await }.boxed()
        })
        .await
    }
}

/// The vault as one host reaches it.
pub(super) struct HostVault {
    pub(super) inner: Arc<MemoryVault>,
    pub(super) gate: Gate,
}

impl fmt::Debug for HostVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostVault").finish_non_exhaustive()
    }
}

fn no_vault(reason: &str) -> VaultError {
    VaultError::Unavailable {
        reason: reason.to_owned(),
    }
}

#[async_trait]
impl Vault for HostVault {
    async fn put(&self, name: &SecretName, secret: SecretString) -> Result<(), VaultError> {
        through(&self.gate, "vault put", no_vault, || {
            let (inner, name, secret) = (Arc::clone(&self.inner), name.clone(), secret.clone());
            async move { inner.put(&name, secret).await }.boxed()
        })
        .await
    }

    async fn lease(
        &self,
        name: &SecretName,
        execution: ExecutionId,
        now: Timestamp,
    ) -> Result<SecretString, VaultError> {
        self.inner.lease(name, execution, now).await
    }

    async fn list(&self, group: GroupId, instance: ThingId) -> Result<Vec<String>, VaultError> {
        self.inner.list(group, instance).await
    }

    async fn rotate(&self, group: GroupId) -> Result<(), VaultError> {
        self.inner.rotate(group).await
    }

    async fn forget(&self, name: &SecretName) -> Result<(), VaultError> {
        through(&self.gate, "vault forget", no_vault, || {
            let (inner, name) = (Arc::clone(&self.inner), name.clone());
            async move { inner.forget(&name).await }.boxed()
        })
        .await
    }

    async fn destroy(&self, group: GroupId, instance: ThingId) -> Result<(), VaultError> {
        through(&self.gate, "vault destroy", no_vault, || {
            let inner = Arc::clone(&self.inner);
            async move { inner.destroy(group, instance).await }.boxed()
        })
        .await
    }
}
