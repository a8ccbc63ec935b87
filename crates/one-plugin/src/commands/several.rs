//! All plugins at once: activate, deactivate, update.

use std::collections::BTreeMap;

use futures::executor::block_on;
use one_ontology::ThingId;
use plugin_lifecycle::{
    Approvals, BatchMember, BatchOutcome, BatchProgress, BatchReport, BatchStep, Chosen,
    PlannedUpdate, Tenant, UpdatePlans,
};
use plugin_registry::{Progress, ProgressSink as _};

use super::{ALL, asking, updating};
use crate::cli::UpdateArgs;
use crate::failure::Failure;
use crate::output::{LiveProgress, Output};
use crate::session::Session;

impl BatchProgress for LiveProgress {
    fn step(&self, step: BatchStep<'_>) {
        if let BatchStep::Begins { package, at, of } = step {
            self.report(Progress::Step {
                what: format!("{at} of {of}: {package}"),
            });
        }
    }
}

pub(crate) fn activate(session: &Session, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    lend(session, &tenant, |_| true)?;
    let progress = output.progress();
    let report = block_on(tenant.activate_all_with(&Chosen::All, &progress))?;
    drop(progress);
    tell(&tenant, &report, "is active", "is active already", output)
}

pub(crate) fn deactivate(session: &Session, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let progress = output.progress();
    let report = block_on(tenant.deactivate_all_with(&Chosen::All, &progress))?;
    drop(progress);
    tell(&tenant, &report, "is stopped", "does not run", output)
}

pub(crate) fn update(session: &Session, args: &UpdateArgs, output: &Output) -> Result<(), Failure> {
    let tenant = session.tenant()?;
    let plans = asking::read(session, output, || block_on(tenant.plan_updates()))?;
    if !args.several.yes {
        output.say(&plans, || page(&plans));
        return Ok(());
    }
    let approvals = approvals(&plans, &args.approve)?;
    output.note(&words(&plans));
    let is_planned = |id| plans.plans().any(|plan| plan.instance == id);
    lend(session, &tenant, is_planned)?;
    let progress = output.progress();
    let report = block_on(tenant.update_all_with(&plans, &approvals, &progress))?;
    drop(progress);
    tell(&tenant, &report, "is there now", "is up to date", output)
}

/// The secrets of the environment to the plugins that are meant.
fn lend(
    session: &Session,
    tenant: &Tenant,
    is_meant: impl Fn(ThingId) -> bool,
) -> Result<(), Failure> {
    for plugin in block_on(tenant.list_installed())? {
        if is_meant(plugin.instance) {
            session.lend_secrets(tenant, &plugin)?;
        }
    }
    Ok(())
}

fn approvals(plans: &UpdatePlans, approve: &[String]) -> Result<Approvals, Failure> {
    let (all, others): (Vec<String>, Vec<String>) =
        approve.iter().cloned().partition(|word| word == ALL);
    let approval = updating::approval(&[], &others)?;
    let same = Approvals::same(approval);
    if all.is_empty() {
        return Ok(same);
    }
    plans.plans().try_fold(same, |approvals, plan| {
        let approval = updating::approval(&plan.breaking, approve)?;
        Ok(approvals.with(plan.instance, approval))
    })
}

fn page(plans: &UpdatePlans) -> String {
    let text = words(plans);
    match plans.plans().count() {
        0 => text,
        _ => format!("{text}\n`--yes` does it; what breaks is agreed to with --approve"),
    }
}

fn words(plans: &UpdatePlans) -> String {
    if plans.plugins.is_empty() {
        return "everything is up to date".to_owned();
    }
    let line = |it: &PlannedUpdate| updating::line(&it.offered);
    plans
        .plugins
        .iter()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Tells what became of each, and fails if it did not come to pass of any.
fn tell(
    tenant: &Tenant,
    report: &BatchReport,
    done: &str,
    already: &str,
    output: &Output,
) -> Result<(), Failure> {
    let names: BTreeMap<ThingId, String> = block_on(tenant.list_installed())?
        .into_iter()
        .map(|it| (it.instance, it.package))
        .collect();
    output.say(report, || {
        if report.members.is_empty() {
            return format!("there is nothing to do in `{}`", tenant.group().name);
        }
        let lines = report.members.iter();
        let lines = lines.map(|it| line(it, &names, done, already));
        lines.collect::<Vec<_>>().join("\n")
    });
    let failed: Vec<&BatchMember> = report.failed().collect();
    let Some(first) = failed.first() else {
        return Ok(());
    };
    let message = format!(
        "of {} plugins it did not come to pass of {}; the first is {}",
        report.members.len(),
        failed.len(),
        first.package
    );
    Err(Failure::new("BatchIncomplete", message))
}

fn line(
    member: &BatchMember,
    names: &BTreeMap<ThingId, String>,
    done: &str,
    already: &str,
) -> String {
    let what = match &member.outcome {
        BatchOutcome::Done => done.to_owned(),
        BatchOutcome::Already => already.to_owned(),
        BatchOutcome::Left { state } => format!("is left as it is: {state}"),
        BatchOutcome::Held { reason } => format!("is held: {reason}"),
        BatchOutcome::Skipped { because_of } => {
            let name = names.get(because_of).map_or("another one", String::as_str);
            format!("is passed over, because of {name}")
        }
        BatchOutcome::Failed { reason, .. } => format!("failed: {reason}"),
        _ => "is as it says with --json".to_owned(),
    };
    format!("{} {} {what}", member.package, member.version)
}
