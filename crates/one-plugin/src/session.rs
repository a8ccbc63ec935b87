//! What a command works with: the store, the sources, the executors, the manager.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::executor::block_on;
use one_ontology::{
    Actor, ChangeSet, Clock as _, EventId, EventType, Group, GroupId, Membership, NewEvent, Person,
    PersonId, Place, Plan, RandomIds, Role, Scope, Store, SystemClock,
};
use plugin_config_jsonschema::JsonSchemas;
use plugin_executor_node::{NodeConfig, NodeError, NodeExecutor};
use plugin_lifecycle::{InstalledPlugin, PluginManager, Policy, Tenant, native_source};
use plugin_registry::{Catalog, EmbeddedSource, LexicalEmbedder, MemorySource, Source};
use plugin_runtime_api::{
    Engine, EngineRouter, Executor, NativeExecutor, NativePlugin, NotesPlugin, SecretName,
    SecretString,
};
use plugin_source_npm::{Network, NpmOptions, NpmPlaces, NpmSource, NpmSymbols, SymbolReader};
use plugin_store_sqlite::Durability;

use crate::cli::Global;
use crate::failure::Failure;
use crate::interrupt;
use crate::kept::Kept;
use crate::meter::{MeteredExecutor, MeteredSource, Waited};
use crate::timer::SystemTimer;
use crate::vault::SessionVault;

/// What finds the names in packages' files.
const READER: SymbolReader = SymbolReader {
    revision: plugin_symbols::REVISION,
    read: plugin_symbols::read_symbols,
};

/// Who acts where nobody is named.
const OWNER: &str = "owner";

/// Everything a command works with.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) manager: PluginManager,
    /// The npm registry; why it cannot be used, where it cannot.
    pub(crate) npm: Result<Arc<NpmSource>, Failure>,
    pub(crate) embedded: Arc<EmbeddedSource>,
    /// The native plugins of this program.
    pub(crate) native: Arc<MemorySource>,
    /// Whether no registry may be asked.
    pub(crate) offline: bool,
    pub(crate) policy: Policy,
    pub(crate) embedder: Arc<LexicalEmbedder>,
    /// What runs Node plugins; why nothing does, where nothing does.
    pub(crate) node: Result<String, Failure>,
    pub(crate) waited: Arc<Waited>,
    pub(crate) vault: Arc<SessionVault>,
    /// The file of its key.
    pub(crate) vault_key: Option<PathBuf>,
    environment: BTreeMap<String, String>,
    org: String,
    /// Who acts, if somebody is named.
    named: Option<String>,
    #[expect(dead_code, reason = "held for as long as the session")]
    at_work: interrupt::AtWork,
}

/// How a session is opened.
#[derive(Clone, Debug)]
pub(crate) struct Opening<'a> {
    pub(crate) global: &'a Global,
    pub(crate) home: &'a Path,
    pub(crate) policy: Policy,
    pub(crate) engines: Engines,
    pub(crate) durability: Durability,
}

/// Which executors are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engines {
    /// Node, if it is there, and native plugins.
    All,
    /// Native plugins only.
    Native,
}

impl Session {
    /// The session of a command.
    pub(crate) fn open(global: &Global) -> Result<Self, Failure> {
        let home = home(global)?;
        Self::with(&Opening {
            global,
            home: &home,
            policy: Policy::default(),
            engines: Engines::All,
            durability: Durability::Full,
        })
    }

    pub(crate) fn with(opening: &Opening<'_>) -> Result<Self, Failure> {
        let Opening { global, home, .. } = opening;
        make(home)?;
        let environment: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let store = Kept::at(global.store.as_ref(), home)?.open(opening.durability)?;
        let waited = Arc::new(Waited::default());
        let plugins: Vec<Arc<dyn NativePlugin>> = vec![Arc::new(NotesPlugin)];
        let (executor, node) = executors(global, &plugins, opening.engines, &waited);
        let npm = npm(global, home, &environment);
        let embedded = Arc::new(EmbeddedSource::new());
        let native = Arc::new(native_source(&plugins));
        let embedder = Arc::new(LexicalEmbedder::new());
        let vault = SessionVault::open(global.vault_key.as_deref(), store.clone())?;
        let vault = Arc::new(vault);
        let mut manager = PluginManager::new(store.clone(), store.clone(), executor)
            .with_policy(opening.policy.clone())
            .with_timer(Arc::new(SystemTimer))
            .with_vault(vault.clone())
            .with_schemas(Arc::new(JsonSchemas::new()))
            .with_embedder(embedder.clone())
            .with_source_for(Engine::Native, native.clone());
        if let Ok(npm) = &npm {
            let npm: Arc<dyn Source> = npm.clone();
            manager = manager.with_source(Arc::new(MeteredSource(npm, waited.clone())));
        }
        manager = manager.with_source(embedded.clone());
        if let (true, Ok(npm)) = (global.symbols, &npm) {
            manager = manager.with_names(Arc::new(NpmSymbols::new(npm.clone(), READER)));
        }
        Ok(Self {
            at_work: interrupt::ends_with(&manager),
            store,
            manager,
            npm,
            embedded,
            native,
            offline: global.offline,
            policy: opening.policy.clone(),
            embedder,
            node,
            waited,
            vault,
            vault_key: global.vault_key.clone(),
            environment,
            org: global.org.clone(),
            named: global.person.clone(),
        })
    }

    /// Who acts, in the organisation of the command. `default` is made on first use.
    pub(crate) fn tenant(&self) -> Result<Tenant, Failure> {
        if self.org == "default" && block_on(self.store.group(group_id("default")))?.is_none() {
            match self.create_org("default", Plan::Enterprise, self.person()) {
                // Another command was first, at the same moment.
                Err(failure) if failure.tag() == "AlreadyExists" => {}
                made => drop(made?),
            }
        }
        self.tenant_of(&self.org, self.person())
    }

    /// The organisation of the command for whoever acts on the whole platform; none if there is no such organisation, or who is
    /// named may not enter it.
    pub(crate) fn tenant_on_platform(&self) -> Result<Option<Tenant>, Failure> {
        if block_on(self.store.group(group_id(&self.org)))?.is_none() {
            return Ok(None);
        }
        let tenant = self
            .manager
            .tenant(self.on_platform()?, group_id(&self.org));
        match block_on(tenant) {
            Ok(tenant) => Ok(Some(tenant)),
            Err(error) if error.tag() == "NoAccess" => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Who acts on the whole platform: who is named; else whoever may write its store.
    pub(crate) fn on_platform(&self) -> Result<Actor, Failure> {
        Ok(match &self.named {
            Some(name) => Actor::Person(person_id(name)),
            None => Actor::System("platform_owner".parse()?),
        })
    }

    pub(crate) fn tenant_of(&self, org: &str, person: &str) -> Result<Tenant, Failure> {
        let tenant = self.manager.tenant(person_id(person), group_id(org));
        block_on(tenant).map_err(|error| {
            if error.tag() == "NoAccess" {
                let message = format!("there is no organisation `{org}` that `{person}` may enter");
                let help = format!("`one-plugin org create {org}` makes it, if nobody has");
                return Failure::new("NoAccess", message).with([help]);
            }
            error.into()
        })
    }

    /// Makes an organisation with its owner.
    pub(crate) fn create_org(
        &self,
        name: &str,
        plan: Plan,
        owner: &str,
    ) -> Result<GroupId, Failure> {
        let (id, person, now) = (group_id(name), person_id(owner), SystemClock.now());
        let scope = Scope::system("cli".parse()?, Place::Group(id));
        let mut group = Group::new(id, name, now);
        group.plan = plan;
        let event = |event_type, target| {
            NewEvent::new(EventId::new(&RandomIds, now), event_type, Some(target))
        };
        let changes = ChangeSet::new(&scope, event(EventType::GroupCreated, id.into()), now)
            .insert(group)
            .insert(Person::new(&scope, person, owner, now))
            .insert(Membership::new(
                person,
                Place::Group(id),
                Role::GroupOwner,
                now,
            ))
            .event(event(EventType::UserJoinedGroup, person.into()));
        block_on(self.store.commit(changes))?;
        Ok(id)
    }

    /// The catalog as the tenant sees it.
    pub(crate) fn catalog(&self, tenant: &Tenant) -> Catalog {
        Catalog::new(self.store.clone(), tenant.scope())
    }

    /// The shared registry, to be written by this program.
    pub(crate) fn registry_scope(&self) -> Result<Scope, Failure> {
        Ok(Scope::system("registry_sync".parse()?, Place::Global))
    }

    /// The secrets that the environment holds for an installed plugin, into this run's vault; and that
    /// what the vault keeps for its runtime can be opened, before anything is started.
    pub(crate) fn lend_secrets(
        &self,
        tenant: &Tenant,
        instance: &InstalledPlugin,
    ) -> Result<(), Failure> {
        for (name, value) in &self.environment {
            let Some(parameter) = name.strip_prefix("ONE_PLUGIN_SECRET_") else {
                continue;
            };
            let name = SecretName {
                group: tenant.group().id,
                instance: instance.instance,
                parameter: parameter.to_owned(),
            };
            self.vault.lend(&name, SecretString::new(value.as_str()))?;
        }
        let group = tenant.group().id;
        for member in block_on(tenant.instance(instance.instance))?
            .properties
            .members
        {
            let kept = self.vault.only_kept(group, member.instance)?;
            if !kept.is_empty() {
                self.vault.refuse_unopened(group, &member.package, &kept)?;
            }
        }
        Ok(())
    }

    /// In which organisation, by name.
    pub(crate) fn org(&self) -> &str {
        &self.org
    }

    /// Who acts, by name.
    pub(crate) fn person(&self) -> &str {
        self.named.as_deref().unwrap_or(OWNER)
    }
}

/// The id of an organisation of this program.
pub(crate) fn group_id(name: &str) -> GroupId {
    GroupId::of_name(&["org", name])
}

/// The id of a person of this program.
pub(crate) fn person_id(name: &str) -> PersonId {
    PersonId::of_name(&["person", name])
}

/// Makes the directory where everything is kept, if it is not there.
pub(crate) fn make(home: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(home).map_err(|error| {
        let message = format!("`{}` cannot be used: {error}", home.display());
        Failure::new("HomeUnusable", message)
    })
}

/// Where everything is kept.
pub(crate) fn home(global: &Global) -> Result<PathBuf, Failure> {
    let data = || {
        let xdg = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
        let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/share"));
        Some(
            xdg.filter(|dir| dir.is_absolute())
                .or(home)?
                .join("one-plugin"),
        )
    };
    global
        .home
        .clone()
        .or_else(data)
        .ok_or_else(|| Failure::new("HomeUnusable", "there is no directory to keep things in"))
}

fn executors(
    global: &Global,
    plugins: &[Arc<dyn NativePlugin>],
    engines: Engines,
    waited: &Arc<Waited>,
) -> (Arc<dyn Executor>, Result<String, Failure>) {
    let native: Arc<dyn Executor> = Arc::new(NativeExecutor::with_timer(
        plugins.iter().cloned(),
        Arc::new(SystemTimer),
        Arc::new(SystemClock),
    ));
    let mut config = NodeConfig::from_path_variable(std::env::var_os("PATH"));
    config.node = global.node.clone();
    let node = match engines {
        Engines::All => NodeExecutor::new(config)
            .map_err(|error: NodeError| Failure::new("NodeMissing", error.to_string())),
        Engines::Native => Err(Failure::new("NodeMissing", "Node was not asked for")),
    };
    match node {
        Ok(node) => {
            let engine = node.engine().to_owned();
            let node = Arc::new(node);
            interrupt::listen(Some(&node));
            let node: Arc<dyn Executor> = Arc::new(MeteredExecutor(node, waited.clone()));
            (Arc::new(EngineRouter::new([native, node])), Ok(engine))
        }
        Err(failure) => {
            interrupt::listen(None);
            (native, Err(failure))
        }
    }
}

fn npm(
    global: &Global,
    home: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<Arc<NpmSource>, Failure> {
    let config = NpmPlaces::new(environment.clone()).config()?;
    let mut options = NpmOptions::new(home.join("packages"), environment.clone());
    if global.offline {
        options.network = Network::Offline;
    }
    Ok(Arc::new(NpmSource::new(config, options)?))
}
