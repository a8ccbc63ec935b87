//! What hosts that went silent left: recover.

use futures::executor::block_on;
use one_ontology::GroupId;
use plugin_lifecycle::{RecoveryReport, Taken, TakenWhat};

use crate::cli::RecoverArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

pub(crate) fn recover(
    session: &Session,
    args: &RecoverArgs,
    output: &Output,
) -> Result<(), Failure> {
    // Whoever recovers an organisation must be able to enter it.
    let tenant = session.tenant()?;
    if args.hosts_are_gone {
        block_on(tenant.presume_gone())?;
    }
    let mut groups: Vec<GroupId> = vec![tenant.group().id];
    if args.below {
        groups.extend(block_on(session.store.descendants(tenant.group().id))?);
    }
    let report = block_on(session.manager.recover(groups));
    output.say(&report, || words(&report));
    match report.failed.first() {
        None => Ok(()),
        Some(first) => {
            let failed = count(report.failed.len(), "plugin");
            let reason = &first.reason;
            let message = format!("{failed} could not be recovered; the first: {reason}");
            Err(Failure::new("RecoveryIncomplete", message))
        }
    }
}

fn words(report: &RecoveryReport) -> String {
    let mut lines: Vec<String> = report.taken.iter().map(taken).collect();
    lines.extend(report.left.iter().map(|left| {
        format!(
            "{}: {}, and its host has until {}",
            left.package, left.state, left.until
        )
    }));
    if lines.is_empty() {
        lines.push("nothing was left under way".to_owned());
    }
    lines.push(format!("{} looked at", count(report.looked_at, "plugin")));
    lines.join("\n")
}

fn taken(taken: &Taken) -> String {
    let what = match &taken.what {
        TakenWhat::Operation { command } => format!("`{command}` was gone on with"),
        TakenWhat::GivenUp { command } => format!("`{command}` went silent too often"),
        TakenWhat::Known { executions } => {
            format!(
                "{} ended as the executor says",
                count(*executions, "execution")
            )
        }
        TakenWhat::Unknown { executions } => {
            format!("nobody knows how {} ended", count(*executions, "execution"))
        }
        TakenWhat::Secrets { names } => format!("set {} again", names.join(", ")),
        TakenWhat::Runtime => "what still ran was stopped".to_owned(),
        _ => "something was finished".to_owned(),
    };
    format!("{}: {what}; {} -> {}", taken.package, taken.from, taken.to)
}

fn count(number: usize, what: &str) -> String {
    if number == 1 {
        format!("1 {what}")
    } else {
        format!("{number} {what}s")
    }
}
