//! `OneRuntime`, and what a runtime of it is granted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use one_ontology::{Clock, Directory, GroupId, IdSource, Store, ThingId};
use plugin_registry::Embedder;
use plugin_runtime_api::{
    CallContext, HostCall, HostError, HostReply, HostServices, ModelProvider, Permissions,
    RuntimeId, Vault,
};
use serde_json::Value;

use super::answer::answer;
use super::bounds;
use super::causes::Causes;
use super::desk::invalid;
use super::embedder_model::EmbedderModel;
use super::log::LogSink;
use super::permission::needed_permission;

/// Answers elizaOS plugins from the six dimensions.
///
/// A host makes one, and one view of it for each runtime ([`OneRuntime::for_runtime`]). What
/// plugins of one agent in one organisation keep is theirs alone: every id is named by
/// organisation, agent, kind and elizaOS id, so the same elizaOS id of another agent or
/// organisation is another row, and nothing is read that does not belong to both.
///
/// | elizaOS | becomes | with |
/// |---|---|---|
/// | memory | knowledge: `document`, `chunk` for a fragment, `vector_only` without text | the labels `agent:`, `of:`, `table:`, `room:`, `world:`, `entity:` and `unique`; the record in `metadata`, its text and vector as the row's own |
/// | entity | thing `audience_member`; the agent itself `external_agent` | `properties.record` |
/// | room | thing `conversation` | its `world` as a property |
/// | world | thing `community` | |
/// | component | thing `eliza_component` | named for its entity, so that a store's index finds it |
/// | task | thing `eliza_task` | named as the task is |
/// | cached value | thing `eliza_cache` | named by its key |
/// | participant | connection `participated_in`, entity to room | its state in `metadata`; a new state ends it and makes another |
/// | relationship | connection `eliza_relationship`, entity to entity | the record in `metadata`; a change ends it and makes another |
/// | emitted event | thing `eliza_event` and event `eliza_event_emitted` | the payload in the thing |
/// | message sent | thing `message`, a draft, and event `communication_event` | target and content in the thing: the outbox that connectors of the host send from |
///
/// What is forgotten is archived. Every write is in the organisation's trail with the call, the
/// instance and the execution, and never with what was said. Memories are listed by when they were
/// made, as the plugin says, but never later than when they were kept.
///
/// Calls that only look are answered `null` or left out where there is nothing; calls that change
/// something that is not there are refused, so that nothing looks done that was not.
#[derive(Clone, Debug)]
pub struct OneRuntime {
    shared: Arc<Shared>,
}

/// What all runtimes share.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) store: Arc<dyn Store>,
    pub(super) own_directory: Option<Arc<dyn Directory>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) models: Vec<Arc<dyn ModelProvider>>,
    pub(super) vector_name: String,
    pub(super) vault: Option<Arc<dyn Vault>>,
    pub(super) log: Option<Arc<dyn LogSink>>,
    /// Which deliveries executions under way are.
    pub(super) causes: Arc<Causes>,
    /// The length of each embedding model's vectors, by its place in `models`.
    pub(super) dimensions: Arc<Mutex<BTreeMap<usize, usize>>>,
}

impl Shared {
    pub(super) fn directory(&self) -> &dyn Directory {
        match &self.own_directory {
            Some(directory) => &**directory,
            None => &*self.store,
        }
    }
}

/// What a runtime is, and what each of its plugins may do.
#[derive(Clone, Debug)]
pub struct RuntimeGrants {
    /// The organisation.
    pub group: GroupId,
    /// The agent.
    pub agent: ThingId,
    /// The runtime.
    pub runtime: RuntimeId,
    /// Its plugins, by instance.
    pub plugins: BTreeMap<ThingId, PluginGrant>,
}

/// What one plugin may do, and how it is configured.
#[derive(Clone, Debug, Default)]
pub struct PluginGrant {
    /// What it may do.
    pub grants: Permissions,
    /// Its settings by parameter, without secrets.
    pub settings: BTreeMap<String, Value>,
    /// The parameters that are secrets.
    pub sensitive: BTreeSet<String>,
    /// What it is given of them.
    pub secrets: SecretPolicy,
}

/// What a plugin is given of its secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecretPolicy {
    /// A name that stands for it (`one-secret:<instance>:<parameter>`), for hosts whose way to the
    /// network puts the secret in.
    #[default]
    Placeholder,
    /// The secret itself, leased from the vault and recorded, for plugins that cannot do without.
    Real,
}

impl OneRuntime {
    /// A host over a store, without models, secrets or a log.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self {
            shared: Arc::new(Shared {
                store,
                own_directory: None,
                clock,
                ids,
                models: Vec::new(),
                vector_name: "eliza".to_owned(),
                vault: None,
                log: None,
                causes: Arc::default(),
                dimensions: Arc::default(),
            }),
        }
    }

    /// Asks another directory than the store for who and where.
    #[must_use]
    pub fn with_directory(self, directory: Arc<dyn Directory>) -> Self {
        self.with(|shared| shared.own_directory = Some(directory))
    }

    /// Offers one more provider of models, after those before it.
    #[must_use]
    pub fn with_model(self, provider: Arc<dyn ModelProvider>) -> Self {
        self.with(|shared| shared.models.push(provider))
    }

    /// Offers `TEXT_EMBEDDING` by an embedder, and marks the vectors of memories with its name:
    /// vectors kept under another name are no longer compared.
    #[must_use]
    pub fn with_embedder(self, embedder: Arc<dyn Embedder>) -> Self {
        let name = embedder.model().to_owned();
        self.with_model(Arc::new(EmbedderModel::new(embedder)))
            .with(|shared| shared.vector_name = name)
    }

    /// Takes secrets from a vault.
    #[must_use]
    pub fn with_vault(self, vault: Arc<dyn Vault>) -> Self {
        self.with(|shared| shared.vault = Some(vault))
    }

    /// Takes what plugins log; without a sink it is dropped.
    #[must_use]
    pub fn with_log(self, log: Arc<dyn LogSink>) -> Self {
        self.with(|shared| shared.log = Some(log))
    }

    /// What one runtime may ask. A caller that says to be another organisation, agent, runtime or
    /// instance is refused.
    #[must_use]
    pub fn for_runtime(&self, grants: RuntimeGrants) -> Arc<dyn HostServices> {
        Arc::new(View {
            shared: Arc::clone(&self.shared),
            grants,
        })
    }

    fn with(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        change(Arc::make_mut(&mut self.shared));
        self
    }
}

/// The host as one runtime sees it.
#[derive(Debug)]
struct View {
    shared: Arc<Shared>,
    grants: RuntimeGrants,
}

impl View {
    /// The grants of whoever asks.
    fn grant(&self, context: &CallContext, call: &str) -> Result<&PluginGrant, HostError> {
        let mine = context.group == self.grants.group
            && context.agent == self.grants.agent
            && context.runtime == self.grants.runtime;
        self.grants
            .plugins
            .get(&context.instance)
            .filter(|_| mine)
            .ok_or_else(|| invalid(call, "the caller does not belong to this runtime"))
    }
}

#[async_trait]
impl HostServices for View {
    async fn call(&self, context: &CallContext, call: HostCall) -> Result<HostReply, HostError> {
        let name = call.name();
        let grant = self.grant(context, name)?;
        if let Some(permission) = needed_permission(&call).filter(|p| !grant.grants.allow(*p)) {
            return Err(HostError::Denied {
                call: name.to_owned(),
                permission,
            });
        }
        bounds::check(&call)?;
        answer(&self.shared, &self.grants.plugins, grant, context, call).await
    }
}
