//! Whether an execution may start.

use std::fmt;
use std::time::Duration;

use one_ontology::{
    BudgetKey, BudgetRule, Exhausted, Plan, Role, Scope, Spend, ThingId, Timestamp,
};
use plugin_runtime_api::{Component, ComponentKind, ComponentName, Permissions};

use crate::{HeldBack, Instance, Operation, Permit, PluginInstance, Policy, StateKind, permit_in};

/// The budgets by which commands are admitted, by their keys in the organisation's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Budget {
    /// Installations of the organisation.
    Installs,
    /// Plugins of the organisation at a time.
    Plugins,
    /// Subscriptions of the organisation at a time.
    Subscriptions,
    /// Agents of the organisation at a time.
    Agents,
    /// Executions of one instance.
    Executions(ThingId),
    /// Executions of the organisation in a day.
    Daily,
    /// Executions of the organisation at a time.
    AtATime,
}

impl Budget {
    /// Its key.
    ///
    /// # Errors
    /// None that happens: every key is short and printable.
    pub fn key(&self) -> Result<BudgetKey, one_ontology::InvalidValue> {
        self.to_string().parse()
    }

    /// What is spent of it, in words.
    #[must_use]
    pub const fn unit(&self) -> &'static str {
        match self {
            Self::Installs => "plugin installations",
            Self::Plugins => "plugins",
            Self::Subscriptions => "subscriptions",
            Self::Agents => "agents",
            Self::Executions(_) => "executions of this plugin",
            Self::Daily | Self::AtATime => "executions of this organisation",
        }
    }

    /// Which budget a key names.
    #[must_use]
    pub fn of_key(key: &BudgetKey) -> Option<Self> {
        match key.as_str() {
            "plugin_install" => Some(Self::Installs),
            "plugins" => Some(Self::Plugins),
            "subscriptions" => Some(Self::Subscriptions),
            "agents" => Some(Self::Agents),
            "executions_daily" => Some(Self::Daily),
            "executions_at_a_time" => Some(Self::AtATime),
            other => {
                let instance = other.strip_prefix("plugin_execution:")?;
                instance.parse().ok().map(Self::Executions)
            }
        }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installs => f.write_str("plugin_install"),
            Self::Plugins => f.write_str("plugins"),
            Self::Subscriptions => f.write_str("subscriptions"),
            Self::Agents => f.write_str("agents"),
            Self::Executions(instance) => write!(f, "plugin_execution:{instance}"),
            Self::Daily => f.write_str("executions_daily"),
            Self::AtATime => f.write_str("executions_at_a_time"),
        }
    }
}

/// Why a command is not admitted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdmissionRefusal {
    /// The plugin is not running.
    #[error("the plugin is {state}, not active")]
    NotActive {
        /// Its state.
        state: StateKind,
    },
    /// Its version or its settings are being changed, or are about to be.
    #[error("the plugin is being changed; try again at {retry_at}")]
    BeingChanged {
        /// When that is over, at the latest.
        retry_at: Timestamp,
    },
    /// The role may not.
    #[error("a {role} may not {}", operation.as_str().replace('_', " "))]
    Denied {
        /// The role.
        role: Role,
        /// What it may not.
        operation: Operation,
    },
    /// The instance was not granted what the component requires.
    #[error("`{component}` requires what the plugin was not granted: {missing}")]
    PermissionMissing {
        /// The component.
        component: ComponentName,
        /// What is missing.
        missing: Permissions,
    },
    /// The agent may not use the plugin, or there is no such agent: nobody is told which.
    #[error("agent {agent} may not use this plugin here")]
    AgentNotGranted {
        /// Which was asked for.
        agent: ThingId,
    },
    /// There is no component of exactly this name.
    #[error("the plugin has no {kind} named `{name}`; it has: {}", if available.is_empty() { "none".to_owned() } else { available.join(", ") })]
    NoSuchComponent {
        /// The kind asked for.
        kind: ComponentKind,
        /// The name asked for.
        name: ComponentName,
        /// The names of that kind, sorted, at most 50.
        available: Vec<String>,
    },
    /// It asks for more time than anything may take.
    #[error("an execution may take {} s at most, not {} s", longest.as_secs_f64(), asked.as_secs_f64())]
    DeadlineTooLong {
        /// What it asks for.
        asked: Duration,
        /// The most that there is.
        longest: Duration,
    },
    /// Too many failed in a row.
    #[error("the plugin failed too often in a row; try again at {retry_at}")]
    BreakerOpen {
        /// When some are tried again.
        retry_at: Timestamp,
    },
    /// Too many in the window.
    #[error("at most {limit}{}", retry(.retry_at.as_ref()), limit = limit_in_words(rule, unit))]
    RateLimited {
        /// Of what.
        unit: &'static str,
        /// The limit.
        rule: BudgetRule,
        /// When the same would be admitted.
        retry_at: Option<Timestamp>,
    },
    /// The quota of the period is used up.
    #[error("at most {limit}{}", retry(.retry_at.as_ref()), limit = limit_in_words(rule, unit))]
    QuotaExhausted {
        /// Of what.
        unit: &'static str,
        /// The limit.
        rule: BudgetRule,
        /// When the same would be admitted.
        retry_at: Option<Timestamp>,
    },
    /// Too many wait for a place.
    #[error("{limit} executions wait for a place already, as many as may")]
    QueueFull {
        /// How many may wait.
        limit: usize,
    },
    /// No place became free in time.
    #[error("no place became free for as long as an execution may wait")]
    WaitedTooLong,
    /// Too many at a time.
    #[error("at most {limit}; wait until one has ended", limit = limit_in_words(rule, unit))]
    BulkheadFull {
        /// Of what.
        unit: &'static str,
        /// The limit.
        rule: BudgetRule,
    },
}

fn limit_in_words(rule: &BudgetRule, unit: &str) -> String {
    let words = rule.to_string();
    match words.split_once(' ') {
        Some((count, span)) => format!("{count} {unit} {span}"),
        None => words,
    }
}

fn retry(at: Option<&Timestamp>) -> String {
    at.map_or_else(String::new, |at| format!("; try again at {at}"))
}

impl AdmissionRefusal {
    /// Each tag, with what to do about it.
    pub const TAGS: &'static [(&'static str, &'static str)] = &[
        ("PluginNotActive", "activate the plugin first"),
        (
            "BeingChanged",
            "wait; it is active again at the time given, or earlier",
        ),
        ("OperationDenied", "ask somebody with a mightier role"),
        (
            "PermissionMissing",
            "grant the permission to the instance if the plugin should have it",
        ),
        (
            "AgentNotGranted",
            "grant the agent the use of the plugin; agents of other organisations are never found",
        ),
        (
            "ComponentNotFound",
            "use one of the names listed; names are compared exactly",
        ),
        ("DeadlineTooLong", "ask for less, or do the work in parts"),
        (
            "BreakerOpen",
            "look at why it fails; wait until the time given, configure it, or deactivate it and activate it anew",
        ),
        ("RateLimited", "wait until the time given"),
        (
            "QuotaExhausted",
            "wait until the time given, or choose a larger plan",
        ),
        ("QueueFull", "ask for less at once, or choose a larger plan"),
        (
            "WaitedTooLong",
            "try again later, more urgently, or choose a larger plan",
        ),
        (
            "BulkheadFull",
            "wait until something under way has ended, or choose a larger plan",
        ),
    ];

    /// The stable machine name.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::NotActive { .. } => "PluginNotActive",
            Self::BeingChanged { .. } => "BeingChanged",
            Self::Denied { .. } => "OperationDenied",
            Self::PermissionMissing { .. } => "PermissionMissing",
            Self::AgentNotGranted { .. } => "AgentNotGranted",
            Self::NoSuchComponent { .. } => "ComponentNotFound",
            Self::DeadlineTooLong { .. } => "DeadlineTooLong",
            Self::BreakerOpen { .. } => "BreakerOpen",
            Self::RateLimited { .. } => "RateLimited",
            Self::QuotaExhausted { .. } => "QuotaExhausted",
            Self::QueueFull { .. } => "QueueFull",
            Self::WaitedTooLong => "WaitedTooLong",
            Self::BulkheadFull { .. } => "BulkheadFull",
        }
    }

    /// What a store's refusal to spend means here; none for a budget of somebody else.
    #[must_use]
    pub fn of_exhausted(exhausted: &Exhausted) -> Option<Self> {
        let unit = Budget::of_key(&exhausted.key)?.unit();
        let (rule, retry_at) = (exhausted.rule, exhausted.retry_at);
        Some(match rule {
            BudgetRule::Window { .. } => Self::RateLimited {
                unit,
                rule,
                retry_at,
            },
            BudgetRule::Quota { .. } => Self::QuotaExhausted {
                unit,
                rule,
                retry_at,
            },
            BudgetRule::Level { .. } => Self::BulkheadFull { unit, rule },
        })
    }
}

/// An execution that may start, if its budgets grant it when it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Admitted {
    /// The component.
    pub component: Component,
    /// What it costs, in the order in which refusals are said: rate window, daily quota, bulkhead.
    pub spends: Vec<Spend>,
}

/// Whether the holder of `scope` may run a component of an instance now.
///
/// In order: state, role, permission, exact name, breaker; then the rate window, the daily quota
/// and the bulkhead, which are spent where the execution is written, so that they are exact with
/// any number of hosts. What is in the row is looked at first, because it costs nothing.
///
/// # Errors
/// The first of these that refuses.
pub fn admit(
    scope: &Scope,
    instance: &Instance,
    plan: Plan,
    policy: &Policy,
    now: Timestamp,
    kind: ComponentKind,
    name: &ComponentName,
) -> Result<Admitted, AdmissionRefusal> {
    let (id, instance) = (instance.id, &instance.properties);
    let state = instance.lifecycle.kind();
    if let (StateKind::Updating | StateKind::RollingBack, Some(operation)) =
        (state, &instance.operation)
    {
        return Err(AdmissionRefusal::BeingChanged {
            retry_at: operation.lease_until,
        });
    }
    if !matches!(state, StateKind::Active | StateKind::Executing) {
        return Err(AdmissionRefusal::NotActive { state });
    }
    allow(scope, Operation::ExecutePluginAction)?;
    let component = instance
        .components
        .iter()
        .find(|component| component.kind == kind && component.name == *name);
    if let Some(component) = component {
        let missing = instance.grants.missing(&component.requires);
        if !missing.is_empty() {
            return Err(AdmissionRefusal::PermissionMissing {
                component: name.clone(),
                missing,
            });
        }
    }
    let Some(component) = component else {
        return Err(no_such_component(instance, kind, name));
    };
    let under_way = instance.executions.values();
    let breaker = instance.breaker.admits(&policy.breaker, under_way, now);
    breaker.map_err(|HeldBack { retry_at }| AdmissionRefusal::BreakerOpen { retry_at })?;
    let mut rules = vec![(Budget::Executions(id), policy.executions)];
    rules.extend(policy.daily(plan).map(|rule| (Budget::Daily, rule)));
    rules.push((Budget::AtATime, policy.at_a_time(plan)));
    let spends = rules
        .into_iter()
        .filter_map(|(budget, rule)| Some(Spend::one(budget.key().ok()?, rule)))
        .collect();
    Ok(Admitted {
        component: component.clone(),
        spends,
    })
}

fn no_such_component(
    instance: &PluginInstance,
    kind: ComponentKind,
    name: &ComponentName,
) -> AdmissionRefusal {
    let mut available: Vec<String> = instance
        .components
        .iter()
        .filter(|component| component.kind == kind)
        .map(|component| component.name.to_string())
        .collect();
    available.sort_unstable();
    available.truncate(50);
    AdmissionRefusal::NoSuchComponent {
        kind,
        name: name.clone(),
        available,
    }
}

/// Whether the holder of `scope` may do `operation`, and how much of it is shown.
///
/// # Errors
/// `Denied`.
pub fn allow(scope: &Scope, operation: Operation) -> Result<Shown, AdmissionRefusal> {
    match permit_in(scope, operation) {
        Permit::Allow => Ok(Shown::Whole),
        Permit::Redacted => Ok(Shown::Redacted),
        Permit::Deny => Err(AdmissionRefusal::Denied {
            role: scope.role(),
            operation,
        }),
    }
}

/// How much of an answer is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// All of it.
    Whole,
    /// Without secrets, settings' values and figures.
    Redacted,
}
