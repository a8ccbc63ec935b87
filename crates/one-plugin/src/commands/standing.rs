//! Where plugins stand, and stopping and starting them by hand: status, suspend, resume.

use std::thread::sleep;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::Timestamp;
use plugin_lifecycle::{Condition, ConditionStatus, Driver, Status, Tenant};
use serde_json::json;

use super::{installed, name, planning};
use crate::cli::{ChangeArgs, StatusArgs, SuspendArgs};
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::session::Session;

/// How often a status that is watched is read again.
const AGAIN: Duration = Duration::from_secs(1);

pub(crate) fn status(session: &Session, args: &StatusArgs, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let found = read(&tenant, args)?;
    if !args.watch {
        output.say(&found, || page(&tenant, args, &found));
        return Ok(());
    }
    let mut shown: Option<Vec<Status>> = None;
    while output::is_read() {
        let found = read(&tenant, args)?;
        if shown.as_ref().map(|shown| timeless(shown)) != Some(timeless(&found)) {
            output.say_again(&found, || page(&tenant, args, &found));
            shown = Some(found);
        }
        sleep(AGAIN);
    }
    Ok(())
}

fn read(tenant: &Tenant, args: &StatusArgs) -> Result<Vec<Status>, Failure> {
    let Some(package) = &args.package else {
        return Ok(block_on(tenant.statuses())?);
    };
    let plugin = name::installed(tenant, package)?;
    Ok(vec![block_on(tenant.status(plugin.instance))?])
}

/// The same at no particular moment: what is different then has changed.
fn timeless(statuses: &[Status]) -> Vec<Status> {
    let mut statuses = statuses.to_vec();
    for status in &mut statuses {
        status.at = Timestamp::EPOCH;
    }
    statuses
}

fn page(tenant: &Tenant, args: &StatusArgs, statuses: &[Status]) -> String {
    if statuses.is_empty() {
        return format!("nothing is installed in `{}`", tenant.group().name);
    }
    let words = |status| match args.package {
        Some(_) => whole(status),
        None => brief(status),
    };
    let pages: Vec<String> = statuses.iter().map(words).collect();
    pages.join("\n")
}

/// Where a plugin is and why, and what does not hold of it.
fn brief(status: &Status) -> String {
    let mut lines = vec![head(status), format!("  {}", status.why)];
    let no = |it: &&Condition| it.status == ConditionStatus::False;
    lines.extend(status.conditions.iter().filter(no).map(row));
    lines.join("\n")
}

/// All that there is to say of a plugin.
fn whole(status: &Status) -> String {
    let mut lines = vec![head(status), format!("  {}", status.why)];
    lines.extend(status.conditions.iter().map(row));
    lines.extend(under_way(status));
    if let Some(errors) = status.errors.filter(|errors| errors.in_window > 0) {
        lines.push(format!(
            "  errors: {} in a row of {}, {} of {} within {} s",
            errors.in_a_row,
            errors.in_a_row_at_most,
            errors.in_window,
            errors.in_window_at_most,
            errors.window_s
        ));
    }
    if let Some(waiting) = status.waiting.filter(|waiting| *waiting > 0) {
        lines.push(format!(
            "  waiting for a place in this organisation: {waiting}"
        ));
    }
    let possible: Vec<&str> = status.possible.iter().map(|it| it.as_str()).collect();
    let possible = match possible.as_slice() {
        [] => "nothing but waiting".to_owned(),
        commands => commands.join(", "),
    };
    lines.push(format!("  possible now: {possible}"));
    lines.join("\n")
}

fn head(status: &Status) -> String {
    let pin = status
        .pin
        .as_ref()
        .map(|pin| format!("  (pinned to {pin})"));
    format!(
        "{} {}  {}{}",
        status.package,
        status.version,
        status.state,
        pin.unwrap_or_default()
    )
}

fn row(condition: &Condition) -> String {
    format!(
        "  {:<10}  {:<7}  {:<15}  {}",
        condition.kind.as_str(),
        condition.status.as_str(),
        condition.reason.as_str(),
        condition.message
    )
}

fn under_way(status: &Status) -> Vec<String> {
    let operation = status.operation.iter().map(|it| {
        let phase = it.phase.map_or("", |phase| phase.as_str());
        format!(
            "  under way: {} ({phase}), attempt {} of {}, since {}; {}",
            it.command,
            it.attempt,
            it.attempts_at_most,
            it.began,
            driver(it.driver, it.lease_until)
        )
    });
    let executions = status.executions.iter().map(|it| {
        let asked = it
            .cancel_asked
            .map_or("", |_| "; somebody asked for its end");
        format!(
            "  under way: {} {}, since {}; {}{asked}",
            it.execution,
            it.component,
            it.began,
            driver(it.driver, it.lease_until)
        )
    });
    operation.chain(executions).collect()
}

fn driver(driver: Driver, until: Timestamp) -> String {
    match driver {
        Driver::Alive => format!("its host has until {until}"),
        Driver::Silent => format!("its host is silent since {until}"),
    }
}

pub(crate) fn suspend(
    session: &Session,
    args: &SuspendArgs,
    output: &Output,
) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let plugin = name::installed(&tenant, &args.package)?;
    block_on(tenant.suspend(plugin.instance, &args.reason))?;
    let value = json!({"instance": plugin.instance, "reason": args.reason});
    output.say(&value, || {
        format!("{} is suspended; `resume` starts it again", plugin.package)
    });
    Ok(())
}

pub(crate) fn resume(session: &Session, args: &ChangeArgs, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let plugin = name::installed(&tenant, &args.package)?;
    session.lend_secrets(&tenant, &plugin)?;
    let info = block_on(tenant.resume(plugin.instance))
        .map_err(|error| planning::no_node(session, error.into()))?;
    output.say(&info, || {
        format!(
            "{} is active again\n{}",
            plugin.package,
            installed::components(&info)
        )
    });
    Ok(())
}
