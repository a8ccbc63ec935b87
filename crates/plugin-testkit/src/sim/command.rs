//! The commands that the simulator gives.

use std::collections::BTreeMap;
use std::fmt;

use one_ontology::ThingId;
use plugin_lifecycle::{Approval, ManagerError, Tenant};
use serde_json::{Value, json};

use super::fleet::EAR;
use super::world::{FIRST, HEARD, Host, PLUGIN, SECOND, SECRET, World};

/// A command of an operator, or a user's execution.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a test goes through all of them")]
pub enum Given {
    /// Install the plugin and what it needs.
    Install,
    /// Try its installation again that failed.
    RetryInstall,
    /// Set its parameter and its secret.
    Configure,
    /// Start it.
    Activate,
    /// Run one of its actions: `WORK`, `FAIL` or `CRASH`.
    Execute(&'static str),
    /// Bring it to the other of its two versions.
    Update,
    /// Bring back the version of before.
    Rollback,
    /// Stop it.
    Deactivate,
    /// Suspend it.
    Suspend,
    /// Remove it.
    Uninstall,
    /// Let it be told of courses.
    Subscribe,
    /// Let a course be created in the organisation, whatever becomes of hosts.
    Happen,
    /// Let this host deliver what has happened.
    Dispatch,
    /// Let this host recover the organisation.
    Recover,
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Execute(action) => write!(f, "Execute {action}"),
            other => write!(f, "{other:?}"),
        }
    }
}

impl Given {
    /// Begins it on a host, for an instance; the plugin by name where none is given.
    pub(super) fn begin(
        &self,
        world: &World,
        host: &mut Host,
        on: Option<ThingId>,
    ) -> Result<(), String> {
        let instance = match on {
            Some(instance) => Some(instance),
            None => {
                let instances = world.instances()?;
                let main = instances.iter().find(|it| it.name == PLUGIN);
                main.map(|it| it.id)
            }
        };
        let what = match instance {
            Some(instance) => format!("{self} {instance}"),
            None => self.to_string(),
        };
        let (tenant, manager, group) = (host.tenant.clone(), host.manager.clone(), world.group());
        if *self == Self::Happen {
            world.happen()?;
        }
        let this = self.clone();
        host.begin(what, async move {
            let instance = instance.unwrap_or_else(|| ThingId::of_name(&["nothing"]));
            match this {
                Self::Install => {
                    let plan = tenant.plan_install(PLUGIN, FIRST).await?;
                    tenant.install(&plan).await.map(drop)
                }
                Self::RetryInstall => tenant.retry_install(instance).await,
                Self::Configure => tenant.configure(instance, settings()).await,
                Self::Activate => tenant.activate(instance).await.map(drop),
                Self::Execute(action) => {
                    let executed = tenant.execute(instance, action, json!({})).await;
                    executed.map(drop)
                }
                Self::Update => update(&tenant, instance).await,
                Self::Rollback => tenant.rollback(instance).await,
                Self::Deactivate => tenant.deactivate(instance).await,
                Self::Suspend => tenant.suspend(instance, "for a test").await,
                Self::Uninstall => tenant.uninstall(instance).await,
                Self::Subscribe => {
                    let subscribed = tenant.subscribe(instance, [HEARD], EAR).await;
                    subscribed.map(drop)
                }
                Self::Happen => Ok(()),
                Self::Dispatch => {
                    let report = manager.dispatch([group]).await;
                    match report.failed.first() {
                        Some(failed) => Err(ManagerError::PlanOutdated {
                            reason: format!("{}: {}", failed.error, failed.reason),
                        }),
                        None => Ok(()),
                    }
                }
                Self::Recover => {
                    let report = manager.recover([group]).await;
                    match report.failed.first() {
                        Some(failed) => Err(ManagerError::PlanOutdated {
                            reason: format!("{}: {}", failed.error, failed.reason),
                        }),
                        None => Ok(()),
                    }
                }
            }
        });
        Ok(())
    }
}

async fn update(tenant: &Tenant, instance: ThingId) -> Result<(), ManagerError> {
    let found = tenant.instance(instance).await?;
    let to = match found.properties.version.as_str() {
        FIRST => SECOND,
        _ => FIRST,
    };
    let plan = tenant.plan_update(instance, to).await?;
    tenant.update(&plan, &Approval::of(&plan)).await
}

fn settings() -> BTreeMap<String, Value> {
    BTreeMap::from([
        ("SIZE".to_owned(), json!(4)),
        (SECRET.to_owned(), json!("a secret")),
    ])
}
