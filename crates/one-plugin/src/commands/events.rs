//! Telling plugins what happens.

use std::collections::BTreeSet;
use std::process::ExitCode;

use futures::executor::block_on;
use one_ontology::{EventType, GroupId, Seq, ThingId};
use plugin_lifecycle::{Delivered, DispatchReport, Subscription, Tenant};
use plugin_runtime_api::Ending;
use serde_json::json;

use super::{exec, name};
use crate::cli::{DispatchArgs, EventsCommand, LetterArg, SubscribeArgs};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

pub(crate) fn run(
    session: &Session,
    command: &EventsCommand,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let tenant = session.tenant()?;
    match command {
        EventsCommand::Subscribe(args) => subscribe(&tenant, args, output)?,
        EventsCommand::Unsubscribe(args) => {
            block_on(tenant.unsubscribe(args.subscription))?;
            let value = json!({"subscription": args.subscription});
            output.say(&value, || "the subscription has ended".to_owned());
        }
        EventsCommand::List => list(&tenant, output)?,
        EventsCommand::Dispatch(args) => dispatch(session, &tenant, args, output)?,
        EventsCommand::Dead(args) => {
            let letters = block_on(tenant.dead_letters(args.of))?;
            output.say(&letters, || {
                let lines = letters.iter().map(|letter| {
                    let it = &letter.properties;
                    let (seq, what, why) = (it.seq, &it.event_type, &it.reason);
                    format!(
                        "{}  event {seq} {what}, {} tries: {why}",
                        letter.id, it.tries
                    )
                });
                or_none(lines.collect(), "there are no dead letters")
            });
        }
        EventsCommand::Redeliver(args) => return redeliver(session, &tenant, args, output),
        EventsCommand::Replay(args) => {
            block_on(tenant.replay(args.subscription, Seq::new(args.from)))?;
            let value = json!({"subscription": args.subscription, "from": args.from});
            output.say(&value, || {
                format!("`events dispatch` tells it again from event {}", args.from)
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn subscribe(tenant: &Tenant, args: &SubscribeArgs, output: &Output) -> Result<(), Failure> {
    let plugin = name::installed(tenant, &args.package)?;
    let types = args.types.iter().cloned();
    let row = block_on(tenant.subscribe(plugin.instance, types, &args.component))?;
    output.say(&row, || {
        let told = types_of(&row);
        format!("{} {} is told of {told}", row.id, plugin.package)
    });
    Ok(())
}

fn list(tenant: &Tenant, output: &Output) -> Result<(), Failure> {
    let rows = block_on(tenant.subscriptions())?;
    let plugins = block_on(tenant.list_installed())?;
    let package = |row: &Subscription| {
        let mut plugins = plugins.iter();
        let found = plugins.find(|it| it.instance == row.properties.instance);
        found.map_or_else(|| "-".to_owned(), |plugin| plugin.package.clone())
    };
    output.say(&rows, || {
        let lines = rows.iter().map(|row| {
            let it = &row.properties;
            let mut line = format!(
                "{}  {} {}: {}; up to event {}, {} delivered, {} given up",
                row.id,
                package(row),
                it.component,
                types_of(row),
                it.cursor,
                it.delivered,
                it.given_up
            );
            if let Some(pending) = &it.pending {
                let reason = pending.reason.as_deref().unwrap_or("under way");
                let (seq, tries) = (pending.seq, pending.tries);
                line.push_str(&format!("\n  event {seq}, try {tries}: {reason}"));
            }
            line
        });
        or_none(lines.collect(), "nobody is subscribed to anything")
    });
    Ok(())
}

fn dispatch(
    session: &Session,
    tenant: &Tenant,
    args: &DispatchArgs,
    output: &Output,
) -> Result<(), Failure> {
    let subscribed = block_on(tenant.subscriptions())?;
    let subscribed = subscribed.iter().map(|row| row.properties.instance);
    lend(session, tenant, &subscribed.collect())?;
    let mut groups: Vec<GroupId> = vec![tenant.group().id];
    if args.below {
        groups.extend(block_on(session.store.descendants(tenant.group().id))?);
    }
    let report = block_on(session.manager.dispatch(groups));
    output.say(&report, || words(&report));
    match report.failed.first() {
        None => Ok(()),
        Some(first) => {
            let (failed, reason) = (report.failed.len(), &first.reason);
            let message = format!("{failed} could not be served; the first: {reason}");
            Err(Failure::new("DispatchIncomplete", message))
        }
    }
}

fn words(report: &DispatchReport) -> String {
    let lines = report.subscriptions.iter().map(line).collect();
    let looked_at = match report.looked_at {
        1 => "1 subscription looked at".to_owned(),
        many => format!("{many} subscriptions looked at"),
    };
    format!(
        "{}\n{looked_at}",
        or_none(lines, "there was nothing to tell")
    )
}

fn line(done: &Delivered) -> String {
    let mut parts = vec![format!("{} delivered", done.delivered)];
    let more = [
        (done.given_up as u64, "given up"),
        (done.own as u64, "of its own left out"),
        (done.too_deep as u64, "too deep"),
        (done.pruned, "no longer kept"),
    ];
    let more = more.iter().filter(|(count, _)| *count > 0);
    parts.extend(more.map(|(count, what)| format!("{count} {what}")));
    if let Some(waits) = &done.waits {
        let until = waits.until.map(|until| format!(" until {until}"));
        let until = until.unwrap_or_default();
        parts.push(format!("waits{until}: {}", waits.reason));
    }
    format!("{}: {}", done.subscription, parts.join(", "))
}

fn redeliver(
    session: &Session,
    tenant: &Tenant,
    args: &LetterArg,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let letters = block_on(tenant.dead_letters(None))?;
    let letter = letters.iter().filter(|letter| letter.id == args.letter);
    let instances = letter.map(|letter| letter.properties.instance);
    lend(session, tenant, &instances.collect())?;
    let execution = block_on(tenant.redeliver(args.letter))?;
    output.say(&execution, || exec::words(&execution.outcome.ending));
    Ok(match execution.outcome.ending {
        Ending::Succeeded { .. } | Ending::Refused { .. } => ExitCode::SUCCESS,
        _ => ExitCode::from(1),
    })
}

/// The secrets of the environment, to the plugins that this command runs.
fn lend(session: &Session, tenant: &Tenant, to: &BTreeSet<ThingId>) -> Result<(), Failure> {
    let plugins = block_on(tenant.list_installed())?;
    for plugin in plugins
        .iter()
        .filter(|plugin| to.contains(&plugin.instance))
    {
        session.lend_secrets(tenant, plugin)?;
    }
    Ok(())
}

fn types_of(row: &Subscription) -> String {
    let types: Vec<&str> = row.properties.types.iter().map(EventType::as_str).collect();
    types.join(", ")
}

fn or_none(lines: Vec<String>, none: &str) -> String {
    if lines.is_empty() {
        none.to_owned()
    } else {
        lines.join("\n")
    }
}
