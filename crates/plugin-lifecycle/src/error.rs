//! Why the manager does not do as asked.

use one_ontology::audit::trail::TrailError;
use one_ontology::{InvalidValue, ScopeError, StoreError, ThingId, Violations};
use plugin_registry::{ParameterViolation, RegistryError, Severity, SourceError};
use plugin_resolver::{Failure, ResolverError};
use plugin_runtime_api::{ExecutionId, ExecutorError, PluginName, VaultError};

use crate::{AdmissionRefusal, Breaking, Pin, Refusal, StateKind};

/// Why the manager did not do as asked. Whatever the error, the instance is where its trail says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManagerError {
    /// The actor may not enter the organisation.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// The command is not admitted.
    #[error(transparent)]
    Admission(#[from] AdmissionRefusal),
    /// The state does not take the command.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store does not do as asked.
    #[error(transparent)]
    Store(StoreError),
    /// The registry has no usable answer.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// What is asked for cannot be resolved.
    #[error(transparent)]
    Resolution(#[from] Failure),
    /// A name, range or lock cannot be read.
    #[error(transparent)]
    Resolver(#[from] ResolverError),
    /// The packages cannot be fetched.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The executor cannot do its job.
    #[error(transparent)]
    Executor(#[from] ExecutorError),
    /// The vault does not answer.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A text is not what its place asks for.
    #[error(transparent)]
    Value(#[from] InvalidValue),
    /// There is no such instance in this organisation.
    #[error("there is no installed plugin {instance} here")]
    InstanceNotFound {
        /// Which was asked for.
        instance: ThingId,
    },
    /// It is there already.
    #[error("`{package}` {version} is installed already")]
    AlreadyInstalled {
        /// The package.
        package: PluginName,
        /// Its version.
        version: String,
        /// The instance.
        instance: ThingId,
    },
    /// What is left of an installation, or of its end, stands where it would be installed.
    #[error("`{package}` {version} is left here, {state}: uninstall that first")]
    LeftBehind {
        /// The package.
        package: PluginName,
        /// The version that is left.
        version: String,
        /// In which state.
        state: StateKind,
        /// The instance.
        instance: ThingId,
    },
    /// Others need it.
    #[error("{} still {} it", dependents.join(", "), if dependents.len() == 1 { "needs" } else { "need" })]
    HasDependents {
        /// The packages that need it, sorted.
        dependents: Vec<String>,
    },
    /// The plan is not for this organisation, or no longer true.
    #[error("the plan cannot be carried out: {reason}")]
    PlanOutdated {
        /// In words.
        reason: String,
    },
    /// The plugin cannot be installed at all.
    #[error("`{package}` cannot be installed: {reason}")]
    NotInstallable {
        /// The package and version.
        package: String,
        /// Why.
        reason: String,
    },
    /// Other plugins would have to change with it.
    #[error("`{package}` cannot be updated alone: {}", first(update, install))]
    UpdateNeedsOthers {
        /// The package.
        package: PluginName,
        /// Installed plugins that would have to be at other versions, as `name@version`, sorted.
        update: Vec<String>,
        /// Plugins that would have to be installed, as `name@version`, sorted.
        install: Vec<String>,
    },
    /// Its organisation does not let it become that version.
    #[error("`{package}` {version} is pinned to {pin}")]
    Pinned {
        /// The package.
        package: PluginName,
        /// Its version.
        version: String,
        /// To what.
        pin: Pin,
    },
    /// The owner of the platform has revoked it.
    #[error("`{package}` {version} is revoked ({severity}): {reason}{}", instead.as_ref().map_or_else(String::new, |to| format!("; {to} is not")))]
    ReleaseRevoked {
        /// The package.
        package: String,
        /// The version.
        version: String,
        /// How bad it is.
        severity: Severity,
        /// Why, in the owner's words.
        reason: String,
        /// What to have instead, if that is known.
        instead: Option<String>,
    },
    /// Nothing of the kind is revoked.
    #[error("no revocation of `{package}` {versions} stands")]
    RevocationNotFound {
        /// The package.
        package: String,
        /// The versions.
        versions: String,
    },
    /// Changing the version breaks what nobody has agreed to.
    #[error("`{package}` {to} breaks what was not approved: {}", breaking.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    UpdateNotApproved {
        /// The package.
        package: PluginName,
        /// The version.
        to: String,
        /// What it breaks.
        breaking: Vec<Breaking>,
    },
    /// Changing the version failed, and the version of before is back.
    #[error("`{package}` could not become {to} and is {from} again: {cause}")]
    UpdateRolledBack {
        /// The package.
        package: PluginName,
        /// The version that it has.
        from: String,
        /// The version that it was to have.
        to: String,
        /// Why.
        cause: Box<ManagerError>,
    },
    /// The version to go back to does not start.
    #[error("`{package}` is {version} again and does not run: {cause}")]
    RollbackFailed {
        /// The package.
        package: PluginName,
        /// The version that it has.
        version: String,
        /// Why.
        cause: Box<ManagerError>,
    },
    /// Nothing is kept of an earlier version.
    #[error("no earlier version of `{package}` is kept")]
    NoSnapshot {
        /// The package.
        package: PluginName,
    },
    /// The settings do not hold.
    #[error("the settings do not hold: {}", violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    InvalidSettings {
        /// Each that does not hold.
        violations: Vec<ParameterViolation>,
    },
    /// There is nowhere to keep a secret.
    #[error("{}this host has no vault to keep secrets in", are_secrets(names))]
    NoVault {
        /// The parameters; none where no certain one was asked for.
        names: Vec<String>,
    },
    /// Nobody here can destroy its secrets.
    #[error("a vault may have {} of this plugin, and this host has no vault to destroy {} in", names.join(", "), if names.len() == 1 { "it" } else { "them" })]
    SecretsLeft {
        /// The parameters, sorted.
        names: Vec<String>,
    },
    /// There is no such secret.
    #[error("`{name}` is no secret of this plugin")]
    NoSuchSecret {
        /// What was asked for.
        name: String,
    },
    /// The executor does not keep organisations' secrets apart.
    #[error(
        "the executor's isolation level is `{level}`: it may hold the secrets of one organisation only, and holds another's"
    )]
    IsolationTooWeak {
        /// Its level.
        level: String,
    },
    /// Nobody can run it.
    #[error("no executor of this host runs `{engine}` plugins")]
    NoExecutor {
        /// The engine.
        engine: String,
    },
    /// There is nowhere to get plugins from.
    #[error("this host has no source of plugins")]
    NoSource,
    /// Others kept writing the same instance.
    #[error("others keep changing this plugin; tried {attempts} times")]
    Contended {
        /// How often it was tried.
        attempts: u32,
    },
    /// Executions did not end in time.
    #[error("{in_flight} executions have not ended yet")]
    Draining {
        /// How many.
        in_flight: u32,
    },
    /// This host is shutting down ([`PluginManager::drain`](crate::PluginManager::drain)).
    #[error("this host is shutting down, and begins nothing any more")]
    HostDraining,
    /// Another host has taken the operation over.
    #[error("another host has taken this operation over")]
    Superseded,
    /// An execution came to be run so late that others may have ended it as lost.
    #[error("too little is left of the lease of this execution; nothing was run")]
    LeaseTooShort,
    /// There is no such execution, or it is over.
    #[error("there is no execution {execution} of this plugin to be found")]
    ExecutionNotFound {
        /// Which was asked for.
        execution: ExecutionId,
    },
    /// It cannot be run again by its record.
    #[error("not all of the input of execution {execution} was kept")]
    InputNotKept {
        /// Which.
        execution: ExecutionId,
    },
    /// Whoever drove an operation went silent, each time.
    #[error("it was begun {attempts} times, and each time its host went silent")]
    GoneSilent {
        /// How often it was begun.
        attempts: u32,
    },
    /// What is subscribed to does not hold.
    #[error("this cannot be subscribed to: {reason}")]
    InvalidSubscription {
        /// In words.
        reason: String,
    },
    /// There is no such subscription in this organisation.
    #[error("there is no subscription {subscription} here")]
    SubscriptionNotFound {
        /// Which was asked for.
        subscription: ThingId,
    },
    /// There is no such dead letter in this organisation, or no longer the event that it is about.
    #[error("there is no dead letter {letter} here, or no longer its event")]
    DeadLetterNotFound {
        /// Which was asked for.
        letter: ThingId,
    },
    /// There is no such agent in this organisation.
    #[error("there is no agent {agent} here")]
    AgentNotFound {
        /// Which was asked for.
        agent: ThingId,
    },
    /// An agent cannot be so.
    #[error("this cannot be an agent: {reason}")]
    InvalidAgent {
        /// In words.
        reason: String,
    },
    /// Characters are kept and shown, and secrets are not.
    #[error("a character may hold no secrets, and this one does at {}", places.join(", "))]
    SecretsInCharacter {
        /// Where, sorted, at most ten places; never what.
        places: Vec<String>,
    },
    /// Secrets belong to instances.
    #[error("{} {} a secret, and an agent has none of its own", names.join(", "), if names.len() == 1 { "is" } else { "are each" })]
    SecretsForAgent {
        /// The parameters.
        names: Vec<String>,
    },
    /// An agent's setting takes the place of the instance's, whose secrets it goes with.
    #[error("{} {} not open to agents, and only who may configure the plugin sets {} for one", names.join(", "), if names.len() == 1 { "is" } else { "are" }, if names.len() == 1 { "it" } else { "them" })]
    ClosedToAgents {
        /// The settings.
        names: Vec<String>,
    },
    /// Every agent's settings are in the row of the instance.
    #[error("the settings of an agent may have {most_bytes} bytes together")]
    AgentSettingsTooLarge {
        /// How many they may have, names and values as JSON.
        most_bytes: usize,
    },
    /// The agent may use the plugin already, with other settings.
    #[error("agent {agent} may use this plugin already, with other settings")]
    AlreadyGranted {
        /// Which agent.
        agent: ThingId,
    },
    /// Nobody may be given what is not there to stay.
    #[error("no agent can be given a plugin that is {state}")]
    NotGrantable {
        /// Its state.
        state: StateKind,
    },
    /// The trail was tampered with.
    #[error(transparent)]
    Audit(#[from] one_ontology::AuditError),
    /// What is stored of an instance cannot be read.
    #[error("what is stored of plugin {instance} cannot be read: {violations}")]
    Unreadable {
        /// Which.
        instance: ThingId,
        /// What does not fit.
        violations: Violations,
    },
}

impl ManagerError {
    /// Each tag of its own, with what to do about it; transparent ones have the tags of what they
    /// carry.
    pub const TAGS: &'static [(&'static str, &'static str)] = &[
        (
            "CommandRefused",
            "give one of the commands that the message names, or wait",
        ),
        ("InvalidText", "correct the text"),
        (
            "InstanceNotFound",
            "list the installed plugins; those of other organisations are never found",
        ),
        ("AlreadyInstalled", "use the instance that is there"),
        (
            "LeftBehind",
            "uninstall the instance named, then plan again",
        ),
        (
            "HasDependents",
            "remove or deactivate the plugins named first",
        ),
        ("PlanOutdated", "plan again"),
        (
            "PluginNotInstallable",
            "read the reason; choose another version or plugin",
        ),
        (
            "UpdateNeedsOthers",
            "update and install the plugins named first, then plan again",
        ),
        (
            "PluginPinned",
            "ask for a version that the pin admits, or change the pin",
        ),
        (
            "ReleaseRevoked",
            "update to a release that is not revoked; deactivate the plugin first if it is suspended. Only the owner of the platform lifts a revocation",
        ),
        (
            "RevocationNotFound",
            "list what is revoked; name the versions as they stand there",
        ),
        (
            "UpdateNotApproved",
            "read what breaks and approve it; deactivate the plugin first if the new version has to be configured before it starts",
        ),
        (
            "UpdateRolledBack",
            "nothing changed; read why, then plan again",
        ),
        (
            "RollbackFailed",
            "look at why it does not start, then activate it; its settings are those of that version",
        ),
        ("NoSnapshot", "plan an update to the version you want"),
        (
            "InvalidSettings",
            "correct the named settings; `show` lists the parameters",
        ),
        ("NoVault", "give the host a vault, or leave the secret out"),
        (
            "SecretsLeft",
            "remove the plugin, or recover, on a host that has the vault; until then it stays where it is",
        ),
        (
            "NoSuchSecret",
            "list the secrets of the plugin, and its parameters",
        ),
        (
            "IsolationTooWeak",
            "use an executor with a sandbox, or run one process for each organisation",
        ),
        ("NoExecutor", "give the manager an executor for this engine"),
        ("NoSource", "give the manager a source"),
        ("Contended", "try again"),
        (
            "Draining",
            "try again in a moment, or cancel them; executions end by their own deadlines",
        ),
        (
            "HostDraining",
            "ask another host, or this one when it is there again",
        ),
        (
            "LeaseTooShort",
            "run it again; if it stays, look at why the host stalls or the plugin starts so slowly",
        ),
        (
            "ExecutionNotFound",
            "list the runs of the instance; only what is under way can be cancelled",
        ),
        (
            "InputNotKept",
            "call the component with its input; secrets and long values are not recorded",
        ),
        (
            "GoneSilent",
            "look at why hosts go down when they do it; then try again",
        ),
        (
            "InvalidSubscription",
            "name types of events, and an event component that the plugin has",
        ),
        (
            "SubscriptionNotFound",
            "list the subscriptions; those of other organisations are never found",
        ),
        (
            "DeadLetterNotFound",
            "list the dead letters; what was delivered again is none any more",
        ),
        (
            "AgentNotFound",
            "list the agents; those of other organisations are never found",
        ),
        (
            "InvalidAgent",
            "give a character of an object with a `name`, within the bounds named",
        ),
        (
            "SecretsInCharacter",
            "take them out of the character and configure the plugin that needs them",
        ),
        (
            "SecretsForAgent",
            "configure the instance with them; every agent that may use it has them then",
        ),
        (
            "ClosedToAgents",
            "ask an owner of the organisation to set it for the agent, or to open it to agents",
        ),
        (
            "AgentSettingsTooLarge",
            "give the agent fewer or shorter settings; what all agents share belongs to the instance",
        ),
        (
            "AlreadyGranted",
            "configure the plugin for the agent to change its settings",
        ),
        (
            "NotGrantable",
            "install the plugin first, or wait until it is installed",
        ),
        (
            "InstanceUnreadable",
            "the store was written by something else; restore a copy",
        ),
    ];

    /// The stable machine name.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        match self {
            Self::Scope(error) => error.tag(),
            Self::Admission(error) => error.tag(),
            Self::Refused(_) => "CommandRefused",
            Self::Store(error) => error.tag(),
            Self::Registry(error) => error.tag(),
            Self::Resolution(error) => error.tag(),
            Self::Resolver(error) => error.tag(),
            Self::Source(error) => error.tag(),
            Self::Executor(error) => error.tag(),
            Self::Vault(error) => error.tag(),
            Self::Value(_) => "InvalidText",
            Self::InstanceNotFound { .. } => "InstanceNotFound",
            Self::AlreadyInstalled { .. } => "AlreadyInstalled",
            Self::LeftBehind { .. } => "LeftBehind",
            Self::HasDependents { .. } => "HasDependents",
            Self::PlanOutdated { .. } => "PlanOutdated",
            Self::NotInstallable { .. } => "PluginNotInstallable",
            Self::UpdateNeedsOthers { .. } => "UpdateNeedsOthers",
            Self::Pinned { .. } => "PluginPinned",
            Self::ReleaseRevoked { .. } => "ReleaseRevoked",
            Self::RevocationNotFound { .. } => "RevocationNotFound",
            Self::UpdateNotApproved { .. } => "UpdateNotApproved",
            Self::UpdateRolledBack { .. } => "UpdateRolledBack",
            Self::RollbackFailed { .. } => "RollbackFailed",
            Self::NoSnapshot { .. } => "NoSnapshot",
            Self::InvalidSettings { .. } => "InvalidSettings",
            Self::NoVault { .. } => "NoVault",
            Self::SecretsLeft { .. } => "SecretsLeft",
            Self::NoSuchSecret { .. } => "NoSuchSecret",
            Self::IsolationTooWeak { .. } => "IsolationTooWeak",
            Self::NoExecutor { .. } => "NoExecutor",
            Self::NoSource => "NoSource",
            Self::Contended { .. } => "Contended",
            Self::Draining { .. } => "Draining",
            Self::HostDraining => "HostDraining",
            Self::Superseded => "Superseded",
            Self::LeaseTooShort => "LeaseTooShort",
            Self::ExecutionNotFound { .. } => "ExecutionNotFound",
            Self::InputNotKept { .. } => "InputNotKept",
            Self::GoneSilent { .. } => "GoneSilent",
            Self::InvalidSubscription { .. } => "InvalidSubscription",
            Self::SubscriptionNotFound { .. } => "SubscriptionNotFound",
            Self::DeadLetterNotFound { .. } => "DeadLetterNotFound",
            Self::AgentNotFound { .. } => "AgentNotFound",
            Self::InvalidAgent { .. } => "InvalidAgent",
            Self::SecretsInCharacter { .. } => "SecretsInCharacter",
            Self::SecretsForAgent { .. } => "SecretsForAgent",
            Self::ClosedToAgents { .. } => "ClosedToAgents",
            Self::AgentSettingsTooLarge { .. } => "AgentSettingsTooLarge",
            Self::AlreadyGranted { .. } => "AlreadyGranted",
            Self::NotGrantable { .. } => "NotGrantable",
            Self::Audit(error) => error.tag(),
            Self::Unreadable { .. } => "InstanceUnreadable",
        }
    }
}

/// What certain secrets are, before more is said.
fn are_secrets(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => format!("{one} is a secret, and "),
        several => format!("{} are each a secret, and ", several.join(", ")),
    }
}

/// What is to be done before a plugin can be updated.
fn first(update: &[String], install: &[String]) -> String {
    let mut words = Vec::new();
    if !update.is_empty() {
        words.push(format!("update to {} first", update.join(", ")));
    }
    if !install.is_empty() {
        words.push(format!("install {} first", install.join(", ")));
    }
    words.join("; ")
}

impl From<TrailError> for ManagerError {
    fn from(error: TrailError) -> Self {
        match error {
            TrailError::Audit(error) => Self::Audit(error),
            TrailError::Store(error) => error.into(),
            error => Self::Store(StoreError::Unavailable {
                reason: error.to_string(),
            }),
        }
    }
}

impl From<StoreError> for ManagerError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Exhausted(exhausted) => AdmissionRefusal::of_exhausted(exhausted)
                .map_or(Self::Store(error.clone()), Self::Admission),
            _ => Self::Store(error),
        }
    }
}
