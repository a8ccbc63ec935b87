//! Other versions of what is installed: update, rollback, retry.

use futures::executor::block_on;
use one_ontology::{Clock as _, SystemClock};
use plugin_lifecycle::{
    Approval, Breaking, BreakingKind, ChangedPackage, InstalledPlugin, ManagerError, Notice,
    OutdatedPlugin, Pin, StateKind, Tenant, UpdateKind, UpdatePlan,
};
use plugin_registry::Freshness;
use plugin_runtime_api::{Engine, Permission};
use serde_json::json;

use super::{asking, name, planning, several};
use crate::cli::{ChangeArgs, PinArgs, UpdateArgs};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

/// Agrees to all that a plan says.
pub(crate) const ALL: &str = "all";

pub(crate) fn update(session: &Session, args: &UpdateArgs, output: &Output) -> Result<(), Failure> {
    if args.several.all {
        return several::update(session, args, output);
    }
    let tenant = session.tenant()?;
    let Some(package) = &args.package else {
        return list(session, &tenant, output);
    };
    let plugin = name::installed(&tenant, package)?;
    let plan = asking::read(session, output, || {
        block_on(tenant.plan_update(plugin.instance, &args.to))
    })
    .map_err(|failure| planning::no_node(session, failure))?;
    if args.dry_run {
        output.say(&plan, || words(&plan));
        return Ok(());
    }
    let approval = approval(&plan.breaking, &args.approve)?;
    output.note(&words(&plan));
    session.lend_secrets(&tenant, &plugin)?;
    let progress = output.progress();
    let done = block_on(tenant.update_with(&plan, &approval, &progress));
    drop(progress);
    done.map_err(|error| not_updated(session, error))?;
    let (from, to) = (&plan.from, plan.to.to_string());
    let value = json!({
        "instance": plan.instance, "package": plan.package, "from": from, "to": to,
    });
    output.say(&value, || match plan.kind {
        UpdateKind::Rebuild => format!(
            "{} {to} runs with other packages now; `rollback` brings those of before back",
            plan.package
        ),
        _ => format!(
            "{} is {to} now; `rollback` brings {from} back",
            plan.package
        ),
    });
    Ok(())
}

fn list(session: &Session, tenant: &Tenant, output: &Output) -> Result<(), Failure> {
    let found = asking::read(session, output, || block_on(tenant.outdated()))?;
    output.say(&found, || {
        if found.is_empty() {
            return "everything is up to date".to_owned();
        }
        found.iter().map(line).collect::<Vec<_>>().join("\n")
    });
    Ok(())
}

/// What a plugin follows, what of that is too young, and what is said of what it runs.
pub(crate) fn beside(plugin: &OutdatedPlugin) -> String {
    let followed = plugin.follows.iter().map(|it| format!("  follows: {it}"));
    let young = plugin.young.iter();
    let young = young.map(|it| format!("  waits: {}", it.told(SystemClock.now())));
    let notices = plugin.notices.iter().map(|it| format!("  note: {it}"));
    let lines: Vec<String> = followed.chain(young).chain(notices).collect();
    lines.join("\n")
}

pub(crate) fn line(plugin: &OutdatedPlugin) -> String {
    let mut text = match (&plugin.to, plugin.kind) {
        (Some(to), Some(kind)) => {
            let step = step(&plugin.from, to, kind);
            format!("{} {step}", plugin.package)
        }
        _ => format!("{} {}", plugin.package, plugin.from),
    };
    let beside = beside(plugin);
    if !beside.is_empty() {
        text.push_str(&format!("\n{beside}"));
    }
    if plugin.kind == Some(UpdateKind::Rebuild) {
        text.push_str(&changes(&plugin.changes));
    }
    text.push_str(&settles(&plugin.settles));
    for breaking in &plugin.breaking {
        text.push_str(&format!("\n  breaks: {breaking}"));
    }
    if let Some(held) = &plugin.held_by {
        text.push_str(&format!("\n  held: {held}"));
    }
    text
}

/// From one version to another, or at one.
pub(crate) fn step(from: &str, to: &impl std::fmt::Display, kind: UpdateKind) -> String {
    match kind {
        UpdateKind::Rebuild => format!("{from} ({kind})"),
        _ => format!("{from} -> {to} ({kind})"),
    }
}

fn changes(changes: &[ChangedPackage]) -> String {
    let lines = changes.iter().map(|it| format!("\n  changes: {it}"));
    lines.collect()
}

fn settles(notices: &[Notice]) -> String {
    let lines = notices.iter().map(|it| format!("\n  ends: {it}"));
    lines.collect()
}

/// A plan as people read it.
pub(crate) fn words(plan: &UpdatePlan) -> String {
    let step = step(&plan.from, &plan.to, plan.kind);
    let mut text = format!("{} {step}", plan.package);
    text.push_str(&changes(&plan.changes));
    text.push_str(&settles(&plan.settles));
    for breaking in &plan.breaking {
        text.push_str(&format!("\n  breaks: {breaking}"));
    }
    if plan.breaking.is_empty() {
        text.push_str("\n  breaks nothing that manifests tell of");
    }
    for step in &plan.steps {
        text.push_str(&format!("\n  with {} {}", step.package, step.version));
    }
    for warning in &plan.warnings {
        text.push_str(&format!("\n  note: {warning}"));
    }
    if plan.freshness == Freshness::Embedded && plan.engine != Engine::Native {
        text.push_str(planning::OWN_FACTS);
    }
    text
}

/// What words agree to, where this breaks.
pub(crate) fn approval(breaking: &[Breaking], words: &[String]) -> Result<Approval, Failure> {
    let mut approval = Approval::none();
    for word in words {
        if word == ALL {
            let said = breaking.iter().map(Breaking::kind);
            approval = said.fold(approval, Approval::and);
        } else if let Ok(permission) = word.parse::<Permission>() {
            approval = approval.permitting(&[permission].into_iter().collect());
        } else {
            approval = approval.and(word.parse::<BreakingKind>()?);
        }
    }
    Ok(approval)
}

/// What was not agreed to, with the words that agree to it.
fn not_updated(session: &Session, error: ManagerError) -> Failure {
    let cause = match &error {
        ManagerError::UpdateRolledBack { cause, .. } => cause.as_ref(),
        other => other,
    };
    let help = match cause {
        ManagerError::UpdateNotApproved { breaking, .. } => {
            let words = breaking.iter().flat_map(agreeing);
            let words: Vec<String> = words.map(|word| format!("--approve {word}")).collect();
            vec![format!("-> to agree to that: {}", words.join(" "))]
        }
        _ => Vec::new(),
    };
    planning::no_node(session, Failure::from(error)).with(help)
}

fn agreeing(breaking: &Breaking) -> Vec<String> {
    match breaking {
        Breaking::PermissionsWidened { added } => added.iter().map(|it| it.to_string()).collect(),
        other => vec![other.kind().to_string()],
    }
}

pub(crate) fn pin(session: &Session, args: &PinArgs, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let plugin = name::installed(&tenant, &args.package)?;
    let pin: Option<Pin> = args.to.as_deref().map(str::parse).transpose()?;
    block_on(tenant.pin(plugin.instance, pin.clone()))?;
    let value = json!({"instance": plugin.instance, "pin": pin});
    output.say(&value, || match &pin {
        Some(pin) => format!("{} {} is pinned to {pin}", plugin.package, plugin.version),
        None => format!("{} {} is not pinned", plugin.package, plugin.version),
    });
    Ok(())
}

pub(crate) fn rollback(
    session: &Session,
    args: &ChangeArgs,
    output: &Output,
) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let plugin = name::installed(&tenant, &args.package)?;
    session.lend_secrets(&tenant, &plugin)?;
    let progress = output.progress();
    let done = block_on(tenant.rollback_with(plugin.instance, &progress));
    drop(progress);
    done.map_err(|error| planning::no_node(session, error.into()))?;
    let now = again(&tenant, &plugin)?;
    let value = json!({
        "instance": now.instance, "package": now.package, "from": plugin.version, "to": now.version,
    });
    output.say(&value, || {
        format!("{} is {} again", now.package, now.version)
    });
    Ok(())
}

pub(crate) fn retry(session: &Session, args: &ChangeArgs, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let plugin = name::installed(&tenant, &args.package)?;
    let progress = output.progress();
    // What failed when it started or ran is tried again by starting it.
    let (done, how) = match plugin.state {
        StateKind::Error => {
            session.lend_secrets(&tenant, &plugin)?;
            let started = block_on(tenant.activate(plugin.instance));
            (started.map(drop), "started")
        }
        _ => {
            let installed = tenant.retry_install_with(plugin.instance, &progress);
            (block_on(installed), "installed")
        }
    };
    drop(progress);
    done.map_err(|error| planning::no_node(session, error.into()))?;
    let now = again(&tenant, &plugin)?;
    output.say(&now, || {
        let place = &tenant.group().name;
        format!("{how} {} {} in `{place}`", now.package, now.version)
    });
    Ok(())
}

/// A plugin as it is now.
fn again(tenant: &Tenant, plugin: &InstalledPlugin) -> Result<InstalledPlugin, Failure> {
    name::installed(tenant, &plugin.instance.to_string())
}
