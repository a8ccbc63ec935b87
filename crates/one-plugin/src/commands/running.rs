//! Executions that were run: runs, cancel, rerun.

use std::process::ExitCode;
use std::time::Duration;

use futures::executor::block_on;
use one_ontology::Limit;
use plugin_lifecycle::{Run, RunFilter, RunOutcome};
use plugin_runtime_api::ExecutionId;
use serde_json::json;

use super::{exec, name, planning};
use crate::cli::{RunArgs, RunsArgs};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

pub(crate) fn runs(session: &Session, args: &RunsArgs, output: &Output) -> Result<(), Failure> {
    let outcome = args.outcome.as_deref();
    let filter = RunFilter {
        outcome: outcome.map(str::parse::<RunOutcome>).transpose()?,
        component: args.component.as_deref().map(str::parse).transpose()?,
        ..RunFilter::default()
    };
    let tenant = session.tenant()?;
    let plugin = name::installed(&tenant, &args.package)?;
    let limit = Limit::new(args.limit);
    let runs = block_on(tenant.last_runs(plugin.instance, &filter, limit))?;
    output.say(&runs, || {
        if runs.is_empty() {
            return format!("no such execution of {} has ended", plugin.package);
        }
        let lines: Vec<String> = runs.iter().map(row).collect();
        lines.join("\n")
    });
    Ok(())
}

/// A run on a line, and why it ended as it did on another.
fn row(run: &Run) -> String {
    let input = run.input.as_ref().map(|input| input.value.to_string());
    let tried = match run.attempts {
        1 => String::new(),
        attempts => format!(" (tried {attempts} times)"),
    };
    let took = Duration::from_micros(run.elapsed_us);
    let row = format!(
        "{}  {}  {:<13} {} {} ms{tried}  {}",
        run.execution,
        run.ended,
        run.outcome.as_str(),
        run.component,
        took.as_millis(),
        input.unwrap_or_default()
    );
    let row = row.trim_end();
    if run.why.is_empty() {
        row.to_owned()
    } else {
        format!("{row}\n  {}", run.why)
    }
}

pub(crate) fn cancel(session: &Session, args: &RunArgs, output: &Output) -> Result<(), Failure> {
    let execution: ExecutionId = args.execution.parse()?;
    let tenant = session.tenant()?;
    let plugin = name::installed(&tenant, &args.package)?;
    block_on(tenant.cancel(plugin.instance, execution))?;
    let answer = json!({"execution": execution, "asked": "cancel"});
    output.say(&answer, || {
        format!("asked {execution} to end; `runs` says how it did")
    });
    Ok(())
}

pub(crate) fn rerun(
    session: &Session,
    args: &RunArgs,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let execution: ExecutionId = args.execution.parse()?;
    let tenant = session.tenant()?;
    let plugin = name::installed(&tenant, &args.package)?;
    session.lend_secrets(&tenant, &plugin)?;
    let heeding = exec::Heeding::start(tenant.clone(), plugin.instance);
    let again = block_on(tenant.rerun(plugin.instance, execution))
        .map_err(|error| planning::no_node(session, error.into()))?;
    drop(heeding);
    output.say(&again, || exec::words(&again.outcome.ending));
    Ok(exec::code(&again.outcome.ending))
}
