//! What a runtime of an organisation is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use one_ontology::{RowId, StoreError, ThingId, excerpt};
use plugin_registry::Sensitivity;
use plugin_runtime_api::{
    Executor, ExecutorError, HostServices, IsolationLevel, Permission, RuntimeId, RuntimeInfo,
    RuntimePlugin, RuntimeSpec, RuntimeStatus,
};
use serde_json::Value;

use crate::manager::hosting::Running;
use crate::secretive::without_secrets;
use crate::{
    AdmissionRefusal, AgentSeat, Instance, ManagerError, Member, Phase, PluginGrant,
    PluginInstance, RuntimeGrants, SecretPolicy, Tenant,
};

impl Tenant {
    /// The agent that the organisation's plugins run for.
    pub(crate) fn own_agent(&self) -> ThingId {
        ThingId::of_name(&["agent", &self.group_id().to_string()])
    }

    /// Everything the executor needs to start the runtime of an instance, its own or that of an agent.
    async fn runtime_spec(
        &self,
        instance: &Instance,
        seat: Option<&AgentSeat>,
    ) -> Result<(RuntimeSpec, Vec<Instance>), ManagerError> {
        let properties = &instance.properties;
        let Some(artifact) = properties.artifact.clone() else {
            return Err(ManagerError::PlanOutdated {
                reason: "its packages were never fetched".to_owned(),
            });
        };
        let mut plugins = Vec::new();
        let mut members = Vec::new();
        for member in &properties.members {
            let of = if member.instance == instance.id {
                configured_for(instance, seat)?
            } else {
                self.load(member.instance).await?
            };
            plugins.push(RuntimePlugin {
                instance: member.instance,
                name: member.package.clone(),
                version: member.version.clone(),
                grants: of.properties.grants.clone(),
                settings: of.properties.settings.clone(),
                secrets: self.secrets_of(&of).await?,
            });
            members.push(of);
        }
        let (agent, mut character) = match seat {
            Some(seat) => (seat.agent, self.character_for(seat).await?),
            None => (self.own_agent(), self.shared().character.clone()),
        };
        if let Some(character) = character.as_object_mut() {
            character.insert("id".to_owned(), agent.to_string().into());
        }
        let spec = RuntimeSpec {
            runtime: runtime_in(instance, seat),
            group: self.group_id(),
            agent,
            character,
            engine: properties.engine.clone(),
            artifact,
            plugins,
            limits: self.shared().policy.runtime_limits(),
            fence: properties.fence,
        };
        Ok((spec, members))
    }

    /// The character that a seat names; `Stale` where the agent has a newer one.
    async fn character_for(&self, seat: &AgentSeat) -> Result<Value, ManagerError> {
        let agent = seat.agent;
        let found = self.find_agent(agent).await?;
        let (_, found) = found.ok_or(AdmissionRefusal::AgentNotGranted { agent })?;
        if found.character_revision > seat.character_revision {
            let row = RowId::Thing(agent);
            return Err(StoreError::Stale { row }.into());
        }
        Ok(Value::Object(found.character))
    }

    /// Whether what the plugin says of itself may be recorded. Not once its runtime may have been
    /// given secrets: its words could repeat them, and what is recorded is kept and exported. What the
    /// vault has no more may still run: until its end is written, too, the row says that it is left.
    pub(crate) async fn words(&self, instance: &Instance) -> Words {
        let Some(vault) = &self.shared().vault else {
            return Words::Recorded;
        };
        for member in may_speak(&instance.properties) {
            match self.load(member.instance).await {
                Ok(row) if !row.properties.secrets_left().is_empty() => return Words::Withheld,
                Ok(_) | Err(ManagerError::InstanceNotFound { .. }) => {}
                Err(_) => return Words::Withheld,
            }
            match vault.list(self.group_id(), member.instance).await {
                Ok(names) if names.is_empty() => {}
                Ok(_) | Err(_) => return Words::Withheld,
            }
        }
        Words::Recorded
    }

    /// The parameters of an instance that the vault has secrets for, if it may have them.
    async fn secrets_of(&self, instance: &Instance) -> Result<Vec<String>, ManagerError> {
        match &self.shared().vault {
            Some(vault) if instance.properties.grants.allow(Permission::SecretsAccess) => {
                let kept = vault.list(self.group_id(), instance.id).await?;
                let covered = |name: &String| !is_plain(instance, name);
                Ok(kept.into_iter().filter(covered).collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The host that the runtime's code talks to: this organisation's facts, by these grants.
    async fn host_services(
        &self,
        spec: &RuntimeSpec,
        members: &[Instance],
    ) -> Result<Arc<dyn HostServices>, ManagerError> {
        let mut plugins = BTreeMap::new();
        let mut secrets = SecretPolicy::Placeholder;
        let mut kept: BTreeMap<ThingId, Vec<String>> = BTreeMap::new();
        if let Some(vault) = &self.shared().vault {
            for member in members {
                kept.insert(member.id, vault.list(self.group_id(), member.id).await?);
            }
            if kept.values().any(|names| !names.is_empty()) {
                self.shared()
                    .reserve_for_secrets(&spec.engine, self.group_id())?;
                // Without a gateway that swaps placeholders for secrets, plugin code is given the
                // secrets themselves; the reservation keeps other organisations off.
                secrets = SecretPolicy::Real;
            }
        }
        for member in members {
            let sensitive: BTreeSet<String> = member
                .properties
                .parameters
                .iter()
                .filter(|parameter| parameter.sensitivity == Sensitivity::Secret)
                .map(|parameter| parameter.name.clone())
                // A name that fits a template is known by being kept. One that is plain in this
                // version, and was a secret in another, has the value that is configured.
                .chain(
                    kept.remove(&member.id)
                        .unwrap_or_default()
                        .into_iter()
                        .filter(|name| !is_plain(member, name)),
                )
                .collect();
            let grant = PluginGrant {
                grants: member.properties.grants.clone(),
                settings: member.properties.settings.clone(),
                sensitive,
                secrets,
            };
            plugins.insert(member.id, grant);
        }
        Ok(self.shared().one.for_runtime(RuntimeGrants {
            group: spec.group,
            agent: spec.agent,
            runtime: spec.runtime,
            plugins,
        }))
    }

    /// Starts the runtime of an instance, its own or that of an agent, under its fence, or finds it running.
    pub(crate) async fn start(
        &self,
        instance: &Instance,
        seat: Option<&AgentSeat>,
    ) -> Result<RuntimeInfo, ManagerError> {
        let (spec, members) = self.runtime_spec(instance, seat).await?;
        let host = self.host_services(&spec, &members).await?;
        let (runtime, fence) = (spec.runtime, spec.fence);
        let started = self.shared().executor.start(spec, host).await?;
        let running = Running {
            group: self.group_id(),
            instance: instance.id,
            fence,
        };
        self.shared().hosting.starts(runtime, running);
        Ok(started)
    }

    /// Sees to it that a runtime of an active instance runs in this process: the host may have
    /// been started anew since it was activated, the runtime may have been ended for taking
    /// too long, and that of an agent is started when it is first used.
    pub(crate) async fn ensure_running(
        &self,
        instance: &Instance,
        seat: Option<&AgentSeat>,
    ) -> Result<(), ManagerError> {
        let executor: &dyn Executor = self.shared().executor.as_ref();
        let status = executor.status(&runtime_in(instance, seat)).await?;
        match status {
            RuntimeStatus::Running { fence, .. } if fence == instance.properties.fence => Ok(()),
            RuntimeStatus::Running { .. }
            | RuntimeStatus::Crashed { .. }
            | RuntimeStatus::Stopped => self.start(instance, seat).await.map(drop),
        }
    }

    /// How well the executor keeps this instance in.
    pub(crate) fn isolation(&self, instance: &Instance) -> IsolationLevel {
        self.shared()
            .executor
            .enforcement(&instance.properties.engine)
            .map_or(IsolationLevel::None, |enforcement| enforcement.level)
    }
}

/// The runtime of an instance, its own or that of an agent.
pub(crate) fn runtime_in(instance: &Instance, seat: Option<&AgentSeat>) -> RuntimeId {
    seat.map_or(instance.properties.runtime, |seat| seat.runtime)
}

/// An instance with the settings of the agent laid over its own.
fn configured_for(
    instance: &Instance,
    seat: Option<&AgentSeat>,
) -> Result<Instance, AdmissionRefusal> {
    let mut configured = instance.clone();
    if let Some(AgentSeat { agent, .. }) = seat {
        let grant = instance.properties.agents.get(agent);
        let grant = grant.ok_or(AdmissionRefusal::AgentNotGranted { agent: *agent })?;
        let settings = &mut configured.properties.settings;
        settings.extend(grant.settings.clone());
    }
    Ok(configured)
}

/// The members of its runtime, and of the one that its version is changed to: its start may be what is told of.
fn may_speak(instance: &PluginInstance) -> Vec<Member> {
    let mut members = instance.members.clone();
    let phase = instance.operation.as_ref().and_then(|it| it.phase.as_ref());
    if let Some(Phase::Change(change)) = phase {
        members.extend(change.to.members.iter().cloned());
    }
    members
}

/// Whether a parameter is known, and no secret.
fn is_plain(instance: &Instance, name: &str) -> bool {
    let mut parameters = instance.properties.parameters.iter();
    parameters.any(|it| it.name == name && it.sensitivity != Sensitivity::Secret)
}

/// What becomes of a plugin's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    /// They are recorded, bounded.
    Recorded,
    /// Only that there were some is recorded.
    Withheld,
}

impl Words {
    const INSTEAD: &'static str = "(its own words are not recorded, because it was given secrets)";

    /// A plugin's words, as they may be recorded.
    pub(crate) fn of_plugin(self, words: &str) -> String {
        match self {
            Self::Recorded => excerpt(&without_secrets(words), 300),
            Self::Withheld if words.is_empty() => String::new(),
            Self::Withheld => Self::INSTEAD.to_owned(),
        }
    }

    /// An error, as it may be recorded: some hold what the plugin said.
    pub(crate) fn of_error(self, error: &ManagerError) -> String {
        match (self, error) {
            (Self::Withheld, ManagerError::Executor(ExecutorError::StartFailed { plugin, .. })) => {
                format!("plugin `{plugin}` did not start {}", Self::INSTEAD)
            }
            _ => excerpt(&without_secrets(&error.to_string()), 1000),
        }
    }
}
