//! Planning.

use std::process::ExitCode;

use futures::executor::block_on;
use plugin_lifecycle::{Asked, InstallPlan, PlanPart, Question, Tenant};
use plugin_registry::{Freshness, Reused};
use plugin_runtime_api::Engine;

use super::{asking, together};
use crate::cli::{Choosing, PlanArgs};
use crate::failure::Failure;
use crate::output::{Output, megabytes};
use crate::session::Session;

/// What is said of a plan for which no registry was asked.
pub(crate) const OWN_FACTS: &str =
    "\n  note: planned with this program's own facts; the registry may know newer releases";

/// Why no executor runs Node plugins is worth more than that none does.
pub(crate) fn no_node(session: &Session, failure: Failure) -> Failure {
    match &session.node {
        Err(node) if failure.tag() == "NoExecutor" => node.clone(),
        _ => failure,
    }
}

pub(crate) fn plan(
    session: &Session,
    args: &PlanArgs,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let tenant = session.tenant()?;
    let asked = asking::packages(session, &tenant, &args.wish.packages, output)?;
    if asked.len() > 1 {
        return together::plan(session, &tenant, &asked, args, output);
    }
    let question = question(session, &tenant, &asked, &args.wish.choosing, output)?;
    let plan = tenant.install_plan(&question, &asking::answer(&question)?)?;
    output.say(&plan, || words(&plan));
    Ok(ExitCode::SUCCESS)
}

/// What it takes to install these packages together.
pub(crate) fn question(
    session: &Session,
    tenant: &Tenant,
    asked: &[Asked],
    choosing: &Choosing,
    output: &Output,
) -> Result<Question, Failure> {
    let how = asking::how(session, tenant, choosing)?;
    let question = asking::read(session, output, || {
        block_on(tenant.question_to_install(asked, how))
    });
    let question = question.map_err(|failure| no_node(session, failure))?;
    asking::check_names(session, tenant, choosing, &question)?;
    Ok(question)
}

/// A plan as people read it.
pub(crate) fn words(plan: &InstallPlan) -> String {
    let mut text = plan.tree.trim_end().to_owned();
    text.push('\n');
    let unchecked = match plan.engine {
        Engine::Native => "built in",
        _ => "no integrity",
    };
    let steps = || plan.steps.iter();
    let names = steps().map(|step| step.package.as_str().len()).max();
    let versions = steps().map(|step| step.version.to_string().len()).max();
    let (names, versions) = (
        names.unwrap_or_default().max(34),
        versions.unwrap_or_default().max(14),
    );
    for step in &plan.steps {
        let part = match step.part {
            PlanPart::Root => "install",
            PlanPart::Dependency => "install with it",
            PlanPart::Present { .. } => "is installed",
            PlanPart::Shared => "share",
        };
        let size = step.bytes.map(megabytes).unwrap_or_default();
        let integrity = step
            .integrity
            .as_deref()
            .map_or(unchecked, |i| i.get(..20).unwrap_or(i));
        text.push_str(&format!(
            "\n  {part:<15} {:<names$} {:<versions$} {size:>9}  {integrity}",
            step.package.as_str(),
            step.version.to_string()
        ));
    }
    text.push_str(&format!("\n\n  may do: {}", plan.grants));
    for warning in &plan.warnings {
        text.push_str(&format!("\n  note: {warning}"));
    }
    if plan.freshness == Freshness::Embedded && plan.engine != Engine::Native {
        text.push_str(OWN_FACTS);
    }
    text
}

/// What fetching a plan will bring, in words, before it is fetched.
pub(crate) fn estimate(session: &Session, plan: &InstallPlan) -> String {
    let Ok(npm) = &session.npm else {
        return "  npm cannot be asked how much that is".to_owned();
    };
    match block_on(npm.estimate(&plan.stage_request())) {
        Ok(estimate) if estimate.reused == Reused::Reused => format!(
            "  to fetch: nothing; its {} packages are here already, as they were verified when they came",
            estimate.packages
        ),
        Ok(estimate) if estimate.unknown > 0 => format!(
            "  to fetch: {} packages, less where npm's cache has them; how large {} of them are is not known; no install script is run",
            estimate.packages, estimate.unknown
        ),
        Ok(estimate) => format!(
            "  to fetch: {} packages, {} compressed at most, less where npm's cache has them; no install script is run",
            estimate.packages,
            megabytes(estimate.download)
        ),
        Err(error) => format!("  how much that is cannot be said: {error}"),
    }
}
