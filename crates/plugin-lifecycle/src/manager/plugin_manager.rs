//! The manager.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use one_ontology::{Actor, Clock, Directory, GroupId, IdSource, Place, Scope, Store, Timestamp};
use plugin_registry::{Embedder, SchemaChecker, Source, SymbolSource};
use plugin_runtime_api::{Engine, Executor, IsolationLevel, ModelProvider, Timer, Vault};
use serde_json::{Value, json};

use crate::manager::events::Hints;
use crate::manager::hosting::Hosting;
use crate::manager::places::Lines;
use crate::manager::reuse::ResultCaches;
use crate::{ManagerError, Observer, OneRuntime, Policy, Tenant};

/// Installs, governs and runs plugins for many organisations, over a host's own store, directory
/// and executor.
///
/// Cheap to clone; clones share everything. It owns no thread and no task: what is not called does
/// not happen.
#[derive(Clone, Debug)]
pub struct PluginManager {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) executor: Arc<dyn Executor>,
    pub(crate) sources: Vec<(Engine, Arc<dyn Source>)>,
    pub(crate) names: Option<Arc<dyn SymbolSource>>,
    pub(crate) vault: Option<Arc<dyn Vault>>,
    pub(crate) timer: Option<Arc<dyn Timer>>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) schemas: Option<Arc<dyn SchemaChecker>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) one: OneRuntime,
    pub(crate) policy: Policy,
    pub(crate) character: Value,
    pub(crate) hints: Arc<Hints>,
    /// The results that may be used again.
    pub(crate) results: Arc<ResultCaches>,
    /// Who waits for a place.
    pub(crate) lines: Arc<Lines>,
    /// What this process has under way.
    pub(crate) hosting: Arc<Hosting>,
    /// Which organisation's secrets an executor without isolation holds, by engine.
    secrets: Arc<Mutex<BTreeMap<Engine, GroupId>>>,
}

impl PluginManager {
    /// A manager with the machine's clock and randomness.
    #[cfg(feature = "system")]
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        directory: Arc<dyn Directory>,
        executor: Arc<dyn Executor>,
    ) -> Self {
        Self::with_environment(
            store,
            directory,
            executor,
            Arc::new(one_ontology::SystemClock),
            Arc::new(one_ontology::RandomIds),
        )
    }

    /// A manager whose time and ids come from the host: for tests, replays and simulations.
    #[must_use]
    pub fn with_environment(
        store: Arc<dyn Store>,
        directory: Arc<dyn Directory>,
        executor: Arc<dyn Executor>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        let one = OneRuntime::new(store.clone(), clock.clone(), ids.clone())
            .with_directory(directory.clone());
        Self {
            shared: Arc::new(Shared {
                store,
                directory,
                executor,
                sources: Vec::new(),
                names: None,
                vault: None,
                timer: None,
                observer: None,
                schemas: None,
                clock,
                ids,
                one,
                policy: Policy::default(),
                character: json!({"name": "Agent"}),
                hints: Arc::default(),
                results: Arc::default(),
                lines: Arc::default(),
                hosting: Arc::default(),
                secrets: Arc::default(),
            }),
        }
    }

    fn change(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        change(Arc::make_mut(&mut self.shared));
        self
    }

    /// Also gets Node plugins from `source`. Sources are asked in the order in which they were
    /// given, until one has the plugin.
    #[must_use]
    pub fn with_source(self, source: Arc<dyn Source>) -> Self {
        self.with_source_for(Engine::Node, source)
    }

    /// Also gets plugins for `engine` from `source`.
    #[must_use]
    pub fn with_source_for(self, engine: Engine, source: Arc<dyn Source>) -> Self {
        self.change(|shared| shared.sources.push((engine, source)))
    }

    /// Lets the names that packages export and import decide which versions of Node plugins fit, as far
    /// as `names` knows them.
    #[must_use]
    pub fn with_names(self, names: Arc<dyn SymbolSource>) -> Self {
        self.change(|shared| shared.names = Some(names))
    }

    /// Offers a model to plugins. Models are asked in the order in which they were given, until
    /// one answers what is asked for.
    #[must_use]
    pub fn with_model(self, model: Arc<dyn ModelProvider>) -> Self {
        self.change(|shared| shared.one = shared.one.clone().with_model(model))
    }

    /// Offers an embedder to plugins as `TEXT_EMBEDDING`, and marks what they keep with its name.
    #[must_use]
    pub fn with_embedder(self, embedder: Arc<dyn Embedder>) -> Self {
        self.change(|shared| shared.one = shared.one.clone().with_embedder(embedder))
    }

    /// Keeps secrets in `vault`.
    #[must_use]
    pub fn with_vault(self, vault: Arc<dyn Vault>) -> Self {
        self.change(|shared| {
            shared.one = shared.one.clone().with_vault(vault.clone());
            shared.vault = Some(vault);
        })
    }

    /// Waits through `timer`, where waiting has to end by time.
    #[must_use]
    pub fn with_timer(self, timer: Arc<dyn Timer>) -> Self {
        self.change(|shared| shared.timer = Some(timer))
    }

    /// Tells `observer` what is done.
    #[must_use]
    pub fn with_observer(self, observer: Arc<dyn Observer>) -> Self {
        self.change(|shared| shared.observer = Some(observer))
    }

    /// Checks settings by `schemas` against the JSON Schemas of their parameters. Without it what has a schema
    /// cannot be set.
    #[must_use]
    pub fn with_schemas(self, schemas: Arc<dyn SchemaChecker>) -> Self {
        self.change(|shared| shared.schemas = Some(schemas))
    }

    /// Decides by `policy` instead of the defaults.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        self.change(|shared| shared.policy = policy)
    }

    /// Gives agents this character, as elizaOS has it: at least `name`.
    #[must_use]
    pub fn with_character(self, character: Value) -> Self {
        self.change(|shared| shared.character = character)
    }

    /// The only way in: who, in which organisation. What they are there is decided now, from the
    /// directory.
    ///
    /// # Errors
    /// `Scope`: there is no such organisation, it is archived, or it is not theirs.
    pub async fn tenant(
        &self,
        actor: impl Into<Actor>,
        group: GroupId,
    ) -> Result<Tenant, ManagerError> {
        let directory = self.shared.directory.as_ref();
        let scope = Scope::enter(directory, actor.into(), Place::Group(group)).await?;
        let unknown = || one_ontology::ScopeError::NoAccess {
            place: Place::Group(group),
            actor: scope.actor().clone(),
        };
        let group = directory.group(group).await?.ok_or_else(unknown)?;
        Ok(Tenant::new(self.clone(), scope, group))
    }

    /// What the host keeps facts in.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// What the host decides by.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.shared.policy
    }
}

impl Shared {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Reserves an executor for the secrets of `group`: one without isolation may hold those of
    /// one organisation only, for as long as this manager lives.
    pub(crate) fn reserve_for_secrets(
        &self,
        engine: &Engine,
        group: GroupId,
    ) -> Result<(), ManagerError> {
        let level = self
            .executor
            .enforcement(engine)
            .map_or(IsolationLevel::None, |enforcement| enforcement.level);
        match level {
            IsolationLevel::Strict | IsolationLevel::Trusted => return Ok(()),
            IsolationLevel::None | IsolationLevel::Degraded => {}
        }
        let mut holders = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let holder = holders.entry(engine.clone()).or_insert(group);
        if *holder == group {
            Ok(())
        } else {
            Err(ManagerError::IsolationTooWeak {
                level: level.to_string(),
            })
        }
    }
}
