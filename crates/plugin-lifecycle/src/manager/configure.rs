//! Settings.

use std::collections::{BTreeMap, BTreeSet};

use one_ontology::{ChangeSet, NewEvent, ThingId, Timestamp};
use plugin_registry::{CheckedSettings, Parameter, SchemaChecker, Sensitivity, check_settings};
use serde_json::Value;

use crate::manager::hold::Holding;
use crate::manager::update::outdated;
use crate::manager::write::{Driver, Step, untyped};
use crate::{
    ActivityKind, Breaker, Command, CommandKind, GivingId, Instance, ManagerError, Operation,
    PluginInstance, StateKind, Tenant,
};

/// What becomes of values that are no secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Plain {
    /// They are written into the row.
    #[default]
    Taken,
    /// Nothing is: they were given as secrets.
    Refused,
}

/// What a configuration is to change. It has secrets in it, so there is no `Debug`.
#[derive(Default)]
pub(crate) struct Wish {
    /// Settings and secrets to be set.
    pub(crate) given: BTreeMap<String, Value>,
    /// Settings to be taken away.
    pub(crate) removed: BTreeSet<String>,
    /// Secrets to be destroyed.
    pub(crate) forgotten: BTreeSet<String>,
    pub(crate) plain: Plain,
}

/// The same, checked against the parameters of an instance.
struct Checked {
    settings: CheckedSettings,
    /// The secrets that it gives.
    secret: BTreeSet<String>,
}

impl Wish {
    /// `null` takes away: a setting, or a secret where these parameters say that it is one.
    fn of(settings: BTreeMap<String, Value>, parameters: &[Parameter]) -> Self {
        let (none, given): (BTreeMap<_, _>, BTreeMap<_, _>) =
            settings.into_iter().partition(|(_, value)| value.is_null());
        let names = none.into_keys();
        let (forgotten, removed) = names.partition(|name| is_secret(parameters, name));
        Self {
            given,
            removed,
            forgotten,
            plain: Plain::Taken,
        }
    }

    fn check(
        &self,
        instance: &PluginInstance,
        schemas: Option<&dyn SchemaChecker>,
    ) -> Result<Checked, ManagerError> {
        let settings = check_settings(&instance.parameters, &self.given, schemas)
            .map_err(|violations| ManagerError::InvalidSettings { violations })?;
        match (self.plain, settings.plain.keys().next()) {
            (Plain::Refused, Some(name)) => {
                let name = one_ontology::excerpt(name, 200);
                return Err(ManagerError::NoSuchSecret { name });
            }
            (Plain::Refused, None) | (Plain::Taken, _) => {}
        }
        Ok(Checked {
            secret: settings.secret.keys().cloned().collect(),
            settings,
        })
    }

    /// The names of all that it changes.
    fn names(&self) -> Vec<&str> {
        let given = self.given.keys();
        let all = given.chain(&self.removed).chain(&self.forgotten);
        let names: BTreeSet<&str> = all.map(String::as_str).collect();
        names.into_iter().collect()
    }
}

impl Tenant {
    /// Sets parameters of a plugin; those not named stay as they are, `null` takes one away. Values
    /// are checked against the plugin's own parameters. Secrets go to the vault and nowhere else, and are
    /// destroyed there when they are taken away. A running plugin is started anew when it is next used.
    ///
    /// Executions under way end first, with the settings that they began with; meanwhile none begins. Where they
    /// do not end within the policy's `longest_hold`, nothing is changed.
    ///
    /// That secrets are being given to the vault is written before they are, by name and by giver. Where it
    /// fails in the middle, the instance says which of them may be the old ones or the new ones; setting
    /// them again makes that good. Of two that give the same secret at once the last one counts.
    ///
    /// # Errors
    /// `Denied`, `CommandRefused`, `InstanceNotFound`, `InvalidSettings`, `NoVault`,
    /// `IsolationTooWeak` when the executor holds another organisation's secrets, `Draining` when executions
    /// do not end, `Superseded` when giving secrets took so long that it was given up.
    pub async fn configure(
        &self,
        instance: ThingId,
        settings: BTreeMap<String, Value>,
    ) -> Result<(), ManagerError> {
        let work = Box::pin(self.configure_unobserved(instance, settings));
        self.observed(ActivityKind::Configure, Some(instance), work)
            .await
    }

    async fn configure_unobserved(
        &self,
        instance: ThingId,
        settings: BTreeMap<String, Value>,
    ) -> Result<(), ManagerError> {
        self.allow(Operation::UpdatePluginConfig)?;
        let found = self.load(instance).await?;
        let wish = Wish::of(settings, &found.properties.parameters);
        self.configure_as(found, &wish).await
    }

    /// Does what is wished for an instance as it was read.
    pub(crate) async fn configure_as(
        &self,
        found: Instance,
        wish: &Wish,
    ) -> Result<(), ManagerError> {
        let checked = wish.check(&found.properties, self.schemas())?;
        if found.properties.lifecycle.kind() != StateKind::Executing {
            crate::transition(found.properties.lifecycle, Command::Configure)?;
        }
        let holding = self.holding(found.id, CommandKind::Configure);
        let configured = if checked.secret.is_empty() && wish.forgotten.is_empty() {
            self.write_configured(&holding, wish, &checked, None).await
        } else {
            let given = self.give_and_write(&holding, &found, wish, &checked);
            given.await
        };
        self.let_go_if_failed(&holding, configured).await
    }

    async fn give_and_write(
        &self,
        holding: &Holding,
        found: &Instance,
        wish: &Wish,
        checked: &Checked,
    ) -> Result<(), ManagerError> {
        let secrets = &checked.settings.secret;
        let giving = self
            .give_secrets(holding, found, secrets, &wish.forgotten)
            .await?;
        let id = Some(&giving.id);
        let written = self.write_configured(holding, wish, checked, id).await;
        if written.is_err() {
            // Who recovers says so if this cannot be written now.
            drop(self.doubt_secrets(found.id, &giving).await);
        }
        written
    }

    async fn write_configured(
        &self,
        holding: &Holding,
        wish: &Wish,
        checked: &Checked,
        giving: Option<&GivingId>,
    ) -> Result<(), ManagerError> {
        let names = wish.names();
        self.rewrite_idle(holding, |mut instance, now| {
            // Another version may mean other things by the same names.
            let again = wish.check(&instance.properties, self.schemas())?;
            if again.secret != checked.secret {
                return Err(outdated("its version has changed meanwhile"));
            }
            let given = |giving| instance.properties.secrets_given(giving, &checked.secret);
            if !giving.is_none_or(given) {
                return Err(ManagerError::Superseded);
            }
            let running = instance.properties.lifecycle.kind() == StateKind::Active;
            self.step(
                instance,
                Command::Configure,
                now,
                |p| {
                    p.settings.extend(again.settings.plain);
                    p.settings.retain(|name, _| !wish.removed.contains(name));
                    p.settings_revision = p.settings_revision.saturating_add(1);
                    p.holds.end(&holding.id);
                    // What failed may have failed for its settings.
                    p.breaker = Breaker::default();
                    if running {
                        // The runtime that runs has the old settings: under a higher fence it is
                        // replaced by the next use.
                        p.fence = p.fence.next();
                    }
                },
                |event| event.with("parameters", names.clone()),
            )
        })
        .await?;
        Ok(())
    }

    /// Who checks settings against schemas, if anybody here does.
    pub(crate) fn schemas(&self) -> Option<&dyn SchemaChecker> {
        self.shared().schemas.as_deref()
    }

    /// A step that changes what is said of an instance and not its state.
    pub(crate) fn beside(
        &self,
        instance: Instance,
        event: NewEvent,
        now: Timestamp,
    ) -> Result<Step, ManagerError> {
        let changes = ChangeSet::new(&self.scope, event, now).replace(untyped(&instance)?);
        Ok(Step {
            instance,
            changes,
            driver: Driver::Anywhere,
        })
    }
}

/// Whether a value under this name is a secret: by the parameter of the name, else by the first template that
/// covers it, as [`check_settings`] takes it.
#[must_use]
pub fn is_secret(parameters: &[Parameter], name: &str) -> bool {
    let exact = parameters.iter().find(|it| it.name == name);
    let parameter = exact.or_else(|| parameters.iter().find(|it| it.covers(name)));
    parameter.is_some_and(|it| it.sensitivity == Sensitivity::Secret)
}
