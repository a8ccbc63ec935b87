//! Planning and installing.

use std::process::ExitCode;

use futures::executor::block_on;
use plugin_lifecycle::{Asked, InstallPlan, PlanPart, Tenant};
use plugin_registry::{Freshness, Reused};
use plugin_resolver::Request;
use plugin_runtime_api::{Engine, PermissionPreset, Permissions};
use serde_json::json;

use super::{asking, together};
use crate::cli::{InstallArgs, PlanArgs};
use crate::failure::Failure;
use crate::output::{Output, megabytes};
use crate::session::Session;

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
    let (asked, how) = asking::read(session, &tenant, &args.wish)?;
    let [one] = asked.as_slice() else {
        return together::plan(session, &tenant, args, output);
    };
    let plan = make(session, &tenant, one, how, output)?;
    output.say(&plan, || words(&plan));
    Ok(ExitCode::SUCCESS)
}

fn make(
    session: &Session,
    tenant: &Tenant,
    asked: &Asked,
    how: Request,
    output: &Output,
) -> Result<InstallPlan, Failure> {
    let _watch = asking::watch(session, output);
    block_on(tenant.plan(asked, how)).map_err(|error| no_node(session, error.into()))
}

/// A plan as people read it.
pub(crate) fn words(plan: &InstallPlan) -> String {
    let mut text = plan.tree.trim_end().to_owned();
    text.push('\n');
    let unchecked = match plan.engine {
        Engine::Native => "built in",
        _ => "no integrity",
    };
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
            "\n  {part:<15} {:<34} {:<14} {size:>9}  {integrity}",
            step.package.as_str(),
            step.version.to_string()
        ));
    }
    text.push_str(&format!("\n\n  may do: {}", plan.grants));
    for warning in &plan.warnings {
        text.push_str(&format!("\n  note: {warning}"));
    }
    if plan.freshness == Freshness::Embedded && plan.engine != Engine::Native {
        text.push_str(
            "\n  note: planned with this program's own facts; the registry may know newer releases",
        );
    }
    text
}

pub(crate) fn install(
    session: &Session,
    args: &InstallArgs,
    output: &Output,
) -> Result<(), Failure> {
    let preset: PermissionPreset = args.grant.parse()?;
    let tenant = session.tenant()?;
    let asked = asking::package(session, &tenant, &args.package)?;
    let how = asking::how(session, &tenant, &args.choosing)?;
    let plan = make(session, &tenant, &asked, how, output)?.granting(Permissions::preset(preset));
    output.note(&words(&plan));
    if plan.engine == Engine::Node {
        output.note(&estimate(session, &plan));
    }
    let progress = output.progress();
    let installed = block_on(tenant.install_with(&plan, &progress));
    drop(progress);
    let instance = installed?;
    let value = json!({
        "instance": instance,
        "package": plan.package,
        "version": plan.root().map(|step| &step.version),
        "dependencies_installed": plan.dependencies_installed(),
    });
    output.say(&value, || {
        let version = plan
            .root()
            .map(|step| step.version.to_string())
            .unwrap_or_default();
        let with = match plan.dependencies_installed() {
            0 => String::new(),
            1 => ", with a plugin that it needs".to_owned(),
            n => format!(", with {n} plugins that it needs"),
        };
        format!(
            "installed {} {version} in `{}`{with}",
            plan.package,
            tenant.group().name
        )
    });
    Ok(())
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
