//! Several packages: in one selection, or in groups where there is none.

use std::process::ExitCode;

use futures::executor::block_on;
use plugin_lifecycle::{Asked, Installed, Question, Tenant};
use plugin_registry::Freshness;
use plugin_resolver::{Grouping, Lock};
use plugin_runtime_api::Engine;
use serde::Serialize;
use serde_json::json;

use super::asking;
use crate::cli::{PlanArgs, TreeArgs};
use crate::failure::{Failure, WITHOUT_DATES, is_undated};
use crate::output::Output;
use crate::session::Session;

/// The exit code of what cannot be had together.
const CONFLICT: u8 = 5;

/// How deep the tree of a plan is shown.
const SHOWN_DEPTH: usize = 5;

/// A plan for several packages, as machines read it.
#[derive(Serialize)]
struct Plan {
    #[serde(flatten)]
    grouping: Grouping,
    /// One for each group.
    locks: Vec<Lock>,
    freshness: Freshness,
}

pub(crate) fn plan(
    session: &Session,
    tenant: &Tenant,
    asked: &[Asked],
    args: &PlanArgs,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let how = asking::how(session, tenant, &args.wish.choosing)?;
    let question = asking::read(session, output, || {
        block_on(tenant.question(asked, how, Installed::Kept))
    })?;
    asking::check_names(session, tenant, &args.wish.choosing, &question)?;
    if args.together {
        asking::answer(&question)?;
    }
    let grouping = asking::groups(&question)?;
    let is_whole = grouping.left_out().len() == 0;
    let plan = Plan {
        locks: grouping.locks().collect(),
        freshness: question.freshness(),
        grouping,
    };
    output.say_report(&plan, &plan.grouping.report(), &beside(&plan, &question));
    Ok(if is_whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(CONFLICT)
    })
}

/// What there is to say beside the groups, each after an empty line.
fn beside(plan: &Plan, question: &Question) -> String {
    let mut said = Vec::new();
    let mut groups = plan.grouping.groups();
    if let (Some(only), None) = (groups.next(), groups.next()) {
        said.push(only.resolution().tree(SHOWN_DEPTH).to_string());
    }
    said.extend(asking::unread(question));
    said.extend(asking::meant(question));
    if plan
        .grouping
        .left_out()
        .any(|one| is_undated(&one.explanation))
    {
        said.push(format!("note: {WITHOUT_DATES}"));
    }
    if plan.freshness == Freshness::Embedded && question.engine != Engine::Native {
        let note =
            "note: planned with this program's own facts; the registry may know newer releases";
        said.push(note.to_owned());
    }
    said.iter()
        .map(|text| format!("\n{}\n", text.trim_end()))
        .collect()
}

pub(crate) fn tree(session: &Session, args: &TreeArgs, output: &Output) -> Result<(), Failure> {
    let question = asking::question(session, &args.wish, output)?;
    let tree = asking::answer(&question)?.tree(args.depth).to_string();
    if let Some(note) = asking::unread(&question) {
        output.aside(&note);
    }
    let packages: Vec<_> = question.request.roots().map(|(name, _)| name).collect();
    output.say(&json!({"packages": packages, "tree": tree}), || {
        tree.trim_end().to_owned()
    });
    Ok(())
}
