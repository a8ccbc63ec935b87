//! The commands that the simulator gives.

use std::collections::BTreeMap;
use std::fmt;

use one_ontology::{Actor, ThingId, ThingType};
use plugin_lifecycle::{
    Agent, Approval, Approvals, BatchReport, Call, Chosen, ManagerError, Tenant,
};
use plugin_registry::Severity;
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
    /// Destroy its secret.
    DestroySecret,
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
    /// Start everything.
    ActivateAll,
    /// Stop everything.
    DeactivateAll,
    /// Bring everything to its newest version.
    UpdateAll,
    /// Suspend it.
    Suspend,
    /// Remove it.
    Uninstall,
    /// Let an agent use it; where there is none, make one first.
    Grant,
    /// Let the agent use it no more.
    Revoke,
    /// Give the agent another character.
    ChangeAgent,
    /// Put the agent away.
    RetireAgent,
    /// Run one of its actions for the agent: `WORK`, `FAIL` or `CRASH`.
    ExecuteFor(&'static str),
    /// Let it be told of courses.
    Subscribe,
    /// Let a course be created in the organisation, whatever becomes of hosts.
    Happen,
    /// Let this host deliver what has happened.
    Dispatch,
    /// Revoke its first version, on the whole platform.
    RevokeRelease,
    /// Take that back.
    Unrevoke,
    /// Let this host bring what is said of releases to the organisation.
    Notice,
    /// Let this host recover the organisation.
    Recover,
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Execute(action) => write!(f, "Execute {action}"),
            Self::ExecuteFor(action) => write!(f, "Execute {action} for the agent"),
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
                Self::Configure => {
                    let found = tenant.instance(instance).await?;
                    let given = settings(found.properties.settings_revision);
                    tenant.configure(instance, given).await
                }
                Self::DestroySecret => tenant.destroy_secret(instance, SECRET).await,
                Self::Activate => tenant.activate(instance).await.map(drop),
                Self::Execute(action) => {
                    let executed = tenant.execute(instance, action, json!({})).await;
                    executed.map(drop)
                }
                Self::Update => update(&tenant, instance).await,
                Self::Rollback => tenant.rollback(instance).await,
                Self::Deactivate => tenant.deactivate(instance).await,
                Self::ActivateAll => whole(tenant.activate_all(&Chosen::All).await?),
                Self::DeactivateAll => whole(tenant.deactivate_all(&Chosen::All).await?),
                Self::UpdateAll => {
                    let plans = tenant.plan_updates().await?;
                    let approvals = Approvals::of(&plans);
                    whole(tenant.update_all(&plans, &approvals).await?)
                }
                Self::Suspend => tenant.suspend(instance, "for a test").await,
                Self::Uninstall => tenant.uninstall(instance).await,
                Self::Grant => {
                    let agent = match the_agent(&tenant).await? {
                        Some(agent) => agent,
                        None => {
                            let character = json!({"name": "Ada"});
                            let made = tenant.create_agent(ThingType::ServiceAgent, &character);
                            made.await?
                        }
                    };
                    let none = BTreeMap::new();
                    let granted = tenant.activate_for(instance, agent.id, &none);
                    granted.await.map(drop)
                }
                Self::Revoke => {
                    let agent = the_agent(&tenant).await?.map_or(instance, |it| it.id);
                    tenant.deactivate_for(instance, agent).await
                }
                Self::ChangeAgent => {
                    let Some(agent) = the_agent(&tenant).await? else {
                        return Ok(());
                    };
                    let character = json!({"name": "Ada", "bio": agent.character_revision});
                    let changed = tenant.update_agent(agent.id, agent.revision, &character);
                    changed.await.map(drop)
                }
                Self::RetireAgent => {
                    let Some(agent) = the_agent(&tenant).await? else {
                        return Ok(());
                    };
                    tenant.retire_agent(agent.id, agent.revision).await
                }
                Self::ExecuteFor(action) => {
                    let agent = the_agent(&tenant).await?.map_or(instance, |it| it.id);
                    let call = Call::action(action, json!({}))?.for_agent(agent);
                    tenant.call(instance, call).await.map(drop)
                }
                Self::Subscribe => {
                    let subscribed = tenant.subscribe(instance, [HEARD], EAR).await;
                    subscribed.map(drop)
                }
                Self::Happen => Ok(()),
                Self::RevokeRelease => {
                    let (package, by) = (PLUGIN.parse()?, security()?);
                    let said = ("for a test", Severity::High);
                    manager.revoke(by, &package, FIRST, said).await.map(drop)
                }
                Self::Unrevoke => {
                    let (package, by) = (PLUGIN.parse()?, security()?);
                    manager.unrevoke(by, &package, FIRST).await.map(drop)
                }
                Self::Notice => {
                    let report = manager.apply_notices([group]).await;
                    match report.failed.first() {
                        Some(failed) => Err(ManagerError::PlanOutdated {
                            reason: format!("{}: {}", failed.error, failed.reason),
                        }),
                        None => Ok(()),
                    }
                }
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

/// The agent that is there; the first where hosts have made several at once.
async fn the_agent(tenant: &Tenant) -> Result<Option<Agent>, ManagerError> {
    Ok(tenant.agents().await?.into_iter().next())
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

/// Whether it came to pass of all.
fn whole(report: BatchReport) -> Result<(), ManagerError> {
    let mut failed = report.failed();
    match failed.next() {
        Some(first) => Err(ManagerError::PlanOutdated {
            reason: format!("{}: {:?}", first.package, first.outcome),
        }),
        None => Ok(()),
    }
}

fn security() -> Result<Actor, ManagerError> {
    Ok(Actor::System("security".parse()?))
}

/// Others each time.
fn settings(revision: u64) -> BTreeMap<String, Value> {
    BTreeMap::from([
        ("SIZE".to_owned(), json!(revision)),
        (SECRET.to_owned(), json!("a secret")),
    ])
}
