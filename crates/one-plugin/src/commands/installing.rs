//! Installing: plugins together, or in groups.

use std::collections::BTreeMap;

use futures::executor::block_on;
use plugin_lifecycle::{Asked, InstallPlan, PlanPart, PlanStep, Question, Tenant};
use plugin_resolver::{Group, Grouping};
use plugin_runtime_api::{Engine, PermissionPreset, Permissions};
use serde::Serialize;
use serde_json::{Value, json};

use super::{asking, grouped, planning};
use crate::cli::InstallArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

/// What installing comes to, with all that it is done with.
struct Installing<'a> {
    session: &'a Session,
    tenant: Tenant,
    args: &'a InstallArgs,
    grants: Permissions,
    output: &'a Output,
}

/// A plugin that was installed, as machines read it.
#[derive(Serialize)]
struct Installed {
    instance: Value,
    package: String,
    version: String,
}

pub(crate) fn install(
    session: &Session,
    args: &InstallArgs,
    output: &Output,
) -> Result<(), Failure> {
    let preset: PermissionPreset = args.grant.parse()?;
    let installing = Installing {
        session,
        tenant: session.tenant()?,
        args,
        grants: Permissions::preset(preset),
        output,
    };
    let asked = asking::packages(session, &installing.tenant, &args.packages, output)?;
    let question = installing.question(&asked)?;
    match asking::answer(&question) {
        Ok(answer) => {
            let plan = installing.tenant.install_plan(&question, &answer)?;
            installing.one(plan)
        }
        Err(failure) if failure.is_between_several() => {
            let grouping = grouped::groups(&question)?;
            if !args.groups {
                return Err(apart(failure, &grouping));
            }
            installing.each(&question, &grouping)
        }
        Err(failure) => Err(failure),
    }
}

/// They cannot be together; in which groups they can be installed.
fn apart(failure: Failure, grouping: &Grouping) -> Failure {
    let help =
        "-> `--groups` installs each of these groups on a core of its own; nothing was installed";
    let groups = grouping
        .lines()
        .into_iter()
        .take(1 + grouping.groups().len());
    failure.instead(groups.chain([help.to_owned()]))
}

impl Installing<'_> {
    fn question(&self, asked: &[Asked]) -> Result<Question, Failure> {
        let choosing = &self.args.choosing;
        planning::question(self.session, &self.tenant, asked, choosing, self.output)
    }

    /// All of a plan.
    fn one(&self, plan: InstallPlan) -> Result<(), Failure> {
        let installed = self.carry_out(plan)?;
        let dependencies = installed.1;
        let value = match installed.0.as_slice() {
            [one] => json!({
                "instance": one.instance,
                "package": one.package,
                "version": one.version,
                "dependencies_installed": dependencies,
            }),
            several => json!({"installed": several, "dependencies_installed": dependencies}),
        };
        self.output
            .say(&value, || self.words(&installed.0, dependencies));
        Ok(())
    }

    /// Each group by itself, in order, as long as all goes well.
    fn each(&self, question: &Question, grouping: &Grouping) -> Result<(), Failure> {
        let plans = grouping
            .groups()
            .map(|group| self.tenant.install_plan(question, group.resolution()));
        check_shared(&plans.collect::<Result<Vec<_>, _>>()?)?;
        let mut done: Vec<Value> = Vec::new();
        let mut words: Vec<String> = Vec::new();
        for (at, group) in grouping.groups().enumerate() {
            let number = format!("group {} of {}", at + 1, grouping.groups().len());
            self.output.note(&format!("{number}:"));
            let installed = self
                .plan_again(question, group)
                .and_then(|plan| self.carry_out(plan));
            let (installed, dependencies) = installed.map_err(|failure| {
                let before = match words.as_slice() {
                    [] => vec!["nothing was installed before".to_owned()],
                    said => said.iter().map(|line| format!("before: {line}")).collect(),
                };
                failure.within(&number).with(before)
            })?;
            words.push(self.words(&installed, dependencies));
            done.push(json!({"group": at + 1, "installed": installed, "dependencies_installed": dependencies}));
        }
        self.output.say(&done, || words.join("\n"));
        Ok(())
    }

    /// What is to be done for a group beside what is there by now.
    fn plan_again(&self, question: &Question, group: &Group) -> Result<InstallPlan, Failure> {
        let asked: Vec<Asked> = group
            .roots()
            .map(|(name, spec)| Asked {
                name: name.clone(),
                spec: Some(spec.clone()),
            })
            .collect();
        let how = question.request.only(&[]).prefer(group.resolution().lock());
        let again = asking::read(self.session, self.output, || {
            block_on(self.tenant.question_to_install(&asked, how))
        })?;
        Ok(self.tenant.install_plan(&again, &asking::answer(&again)?)?)
    }

    /// The plugins asked for, and how many others came with them.
    fn carry_out(&self, plan: InstallPlan) -> Result<(Vec<Installed>, usize), Failure> {
        let plan = plan.granting(self.grants.clone());
        self.output.note(&planning::words(&plan));
        if plan.engine == Engine::Node {
            self.output.note(&planning::estimate(self.session, &plan));
        }
        let progress = self.output.progress();
        let done = block_on(self.tenant.install_with(&plan, &progress));
        drop(progress);
        done?;
        let there = block_on(self.tenant.list_installed())?;
        let installed = |step: &PlanStep| {
            let instance = there
                .iter()
                .find(|plugin| plugin.package == step.package.as_str())?;
            Some(Installed {
                instance: json!(instance.instance),
                package: step.package.to_string(),
                version: step.version.to_string(),
            })
        };
        Ok((
            plan.roots().filter_map(installed).collect(),
            plan.dependencies_installed(),
        ))
    }

    fn words(&self, installed: &[Installed], dependencies: usize) -> String {
        let plugins: Vec<String> = installed
            .iter()
            .map(|plugin| format!("{} {}", plugin.package, plugin.version))
            .collect();
        let they_need = if plugins.len() == 1 {
            "it needs"
        } else {
            "they need"
        };
        let with = match dependencies {
            0 => String::new(),
            1 => format!(", with a plugin that {they_need}"),
            n => format!(", with {n} plugins that {they_need}"),
        };
        let place = &self.tenant.group().name;
        format!("installed {} in `{place}`{with}", plugins.join(", "))
    }
}

/// Refuses groups that need one plugin in several versions, before anything is installed: an organisation has one.
fn check_shared(plans: &[InstallPlan]) -> Result<(), Failure> {
    let mut first: BTreeMap<&str, (usize, &PlanStep)> = BTreeMap::new();
    for (at, plan) in (1..).zip(plans) {
        for step in plan
            .steps
            .iter()
            .filter(|step| step.part != PlanPart::Shared)
        {
            let (earlier, other) = *first.entry(step.package.as_str()).or_insert((at, step));
            if other.version != step.version {
                let message = format!(
                    "group {earlier} needs {} {}, group {at} needs {}",
                    step.package, other.version, step.version
                );
                return Err(Failure::new("GroupsShareAPlugin", message));
            }
        }
    }
    Ok(())
}
