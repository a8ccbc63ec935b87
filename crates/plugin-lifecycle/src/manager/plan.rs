//! Planning an installation.

use std::collections::BTreeMap;

use plugin_registry::{CORE_PACKAGE, Collected, Installability, Manifest};
use plugin_resolver::{Cooldown, PackageName, Request, Resolution, Selected};
use plugin_runtime_api::{Engine, PluginName};

use crate::manager::question::{Asked, Installed, Question, Revoked, meant};
use crate::releases::{Age, is_exact};
use crate::{
    InstallPlan, Instance, ManagerError, Operation, PlanPart, PlanStep, Tenant, YoungRelease,
};

/// How deep a tree is shown; the resolver itself has no such bound.
const SHOWN_DEPTH: usize = 5;

impl Tenant {
    /// What installing `package` at `requested` (a range, version or tag: `^1.6`, `1.7.2`,
    /// `latest`) would do. Writes nothing.
    ///
    /// Plugins that the organisation has installed keep their versions: if the plan needs one, it
    /// must accept the version that is there, and an explanation says so if it cannot. Releases that are younger than the
    /// organisation wants are passed over; a plugin that is asked for by its exact version is not.
    ///
    /// # Errors
    /// `Denied`, `NoSource`, `NoExecutor`, `AlreadyInstalled`, `LeftBehind`, `NotInstallable`; `Resolution` with
    /// the explanation of a conflict; `Registry` when the source has no answer.
    pub async fn plan_install(
        &self,
        package: &str,
        requested: &str,
    ) -> Result<InstallPlan, ManagerError> {
        let asked = Asked {
            name: package.parse()?,
            spec: Some(requested.parse()?),
        };
        self.plan(&asked, Request::new()).await
    }

    /// As [`Tenant::plan_install`], with `how` saying how versions are chosen: policy, prereleases,
    /// host versions, a lock, a cooldown in place of the organisation's.
    ///
    /// # Errors
    /// As [`Tenant::plan_install`].
    pub async fn plan(&self, asked: &Asked, how: Request) -> Result<InstallPlan, ManagerError> {
        let asked = std::slice::from_ref(asked);
        let question = self.question_to_install(asked, how).await?;
        self.install_plan(&question, &question.answer()?)
    }

    /// What installing plugins together would take, as a question: answer it, or put it in groups, and
    /// make a plan of each answer with [`Tenant::install_plan`]. Writes nothing.
    ///
    /// # Errors
    /// `Denied`, `NoSource`, `NoExecutor`, `AlreadyInstalled`, `LeftBehind`; `Registry` when the source has no answer.
    pub async fn question_to_install(
        &self,
        asked: &[Asked],
        how: Request,
    ) -> Result<Question, ManagerError> {
        self.allow(Operation::InstallPluginInOrg)?;
        let installed = self.load_all().await?;
        for asked in asked {
            if let Some(instance) = find(&installed, asked.package().as_str()) {
                return Err(in_the_way(instance));
            }
        }
        let settings = self.load_release_settings().await?;
        let shared = self.shared();
        let age = Age::of(&settings, &shared.policy, &how, shared.now());
        let how = match age {
            Some(age) => how.cooldown(old_enough(age, asked)),
            None => how,
        };
        let mut question = self
            .question_beside(asked, how, installed, Revoked::LeftOut)
            .await?;
        if let Some(age) = age {
            question.young = young(age, asked, &question);
        }
        if self
            .shared()
            .executor
            .enforcement(&question.engine)
            .is_none()
        {
            return Err(ManagerError::NoExecutor {
                engine: question.engine.to_string(),
            });
        }
        Ok(question)
    }

    /// The plan that an answer to [`Tenant::question_to_install`], or to a part of it, comes to.
    ///
    /// # Errors
    /// `NotInstallable`; `LeftBehind` if it needs a plugin of which an installation failed; `PlanOutdated` if the answer is to something else.
    pub fn install_plan(
        &self,
        question: &Question,
        answer: &Resolution,
    ) -> Result<InstallPlan, ManagerError> {
        let is_root = |name: &PackageName| {
            answer
                .packages()
                .any(|selected| selected.is_root && selected.name == *name)
        };
        let asked = question
            .request
            .roots()
            .find(|(name, spec)| is_root(meant(name, spec)));
        let Some((root, spec)) = asked else {
            return Err(ManagerError::PlanOutdated {
                reason: "it asks for nothing".to_owned(),
            });
        };
        let planning = Planning {
            installed: &question.installed,
            collected: &question.collected,
        };
        let mut warnings = planning.warnings(answer, &question.engine);
        let now = self.shared().now();
        for (name, young) in &question.young {
            if answer.version(name).is_some_and(|it| *it != young.version) {
                warnings.push(format!("of {name}, {}", young.told(now)));
            }
        }
        for (name, version) in question.meant.iter().filter(|(name, _)| is_root(name)) {
            warnings.push(format!(
                "only prereleases of {name} are known, and none is tagged `latest`: {version} is taken"
            ));
        }
        Ok(InstallPlan {
            group: self.group_id(),
            package: meant(root, spec).as_str().parse()?,
            requested: spec.to_string(),
            warnings,
            engine: question.engine.clone(),
            steps: planning.steps(answer)?,
            grants: self.shared().policy.grants.clone(),
            lock: answer.lock(),
            tree: answer.tree(SHOWN_DEPTH).to_string(),
            freshness: question.freshness(),
        })
    }

    /// What a package at `requested` needs, as a tree for display, to a depth; what lies deeper is
    /// marked. Asks the sources and looks at nothing that is installed.
    ///
    /// # Errors
    /// `Denied`, `NoSource`, `Resolution`, `Registry`.
    pub async fn dependency_tree(
        &self,
        package: &str,
        requested: &str,
        depth: usize,
    ) -> Result<String, ManagerError> {
        let asked = Asked {
            name: package.parse()?,
            spec: Some(requested.parse()?),
        };
        let question = self
            .question(&[asked], Request::new(), Installed::Ignored)
            .await?;
        Ok(question.answer()?.tree(depth).to_string())
    }
}

/// The cooldown of what is asked for. Whoever names a version means it.
fn old_enough(age: Age, asked: &[Asked]) -> Cooldown {
    let named = asked.iter().filter(|it| names_one(it));
    let named = named.map(|asked| asked.package().clone());
    named.fold(age.cooldown(), Cooldown::exempt)
}

fn names_one(asked: &Asked) -> bool {
    asked.spec.as_ref().is_some_and(is_exact)
}

/// What would be meant of what is asked for, if it were older.
fn young(age: Age, asked: &[Asked], question: &Question) -> Vec<(PackageName, YoungRelease)> {
    let open = asked.iter().filter(|it| !names_one(it));
    let young = open.filter_map(|asked| {
        let versions = question.collected.packages.get(asked.package())?;
        let young = age.young(versions, asked.spec.as_ref())?;
        Some((asked.package().clone(), young))
    });
    young.collect()
}

pub(crate) fn find<'a>(installed: &'a [Instance], package: &str) -> Option<&'a Instance> {
    installed
        .iter()
        .find(|instance| instance.properties.npm_package.as_str() == package)
}

/// Why a package that has an instance is not installed.
fn in_the_way(instance: &Instance) -> ManagerError {
    let properties = &instance.properties;
    let (package, version) = (properties.npm_package.clone(), properties.version.clone());
    if properties.is_there() {
        return ManagerError::AlreadyInstalled {
            package,
            version,
            instance: instance.id,
        };
    }
    ManagerError::LeftBehind {
        package,
        version,
        state: properties.lifecycle.kind(),
        instance: instance.id,
    }
}

struct Planning<'a> {
    installed: &'a [Instance],
    collected: &'a Collected,
}

impl Planning<'_> {
    fn steps(&self, resolution: &Resolution) -> Result<Vec<PlanStep>, ManagerError> {
        let selected: BTreeMap<&PackageName, &Selected> =
            resolution.packages().map(|s| (&s.name, s)).collect();
        let mut steps = Vec::new();
        for name in resolution.install_order().into_iter().flatten() {
            if let Some(selected) = selected.get(&name) {
                steps.push(self.step(selected)?);
            }
        }
        Ok(steps)
    }

    fn manifest(&self, selected: &Selected) -> Option<&Manifest> {
        let release = self.collected.release(&selected.name, &selected.version)?;
        Some(&release.manifest)
    }

    fn step(&self, selected: &Selected) -> Result<PlanStep, ManagerError> {
        let manifest = self.manifest(selected);
        if let Some(Installability::No { reasons }) = manifest.map(|m| &m.installable) {
            let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            return Err(ManagerError::NotInstallable {
                package: format!("{}@{}", selected.name, selected.version),
                reason: reasons.join("; "),
            });
        }
        let needs: Result<Vec<PluginName>, _> = selected
            .needs
            .iter()
            .map(|need| need.name.as_str().parse())
            .collect();
        let mut needs = needs?;
        needs.sort_unstable();
        needs.dedup();
        Ok(PlanStep {
            package: selected.name.as_str().parse()?,
            version: selected.version.clone(),
            integrity: selected.integrity.as_deref().map(str::to_owned),
            bytes: manifest.and_then(|m| m.unpacked_size),
            part: self.part(selected, manifest)?,
            needs,
            parameters: manifest.map(|m| m.parameters.clone()).unwrap_or_default(),
        })
    }

    fn part(
        &self,
        selected: &Selected,
        manifest: Option<&Manifest>,
    ) -> Result<PlanPart, ManagerError> {
        let found = find(self.installed, selected.name.as_str());
        Ok(match found {
            _ if selected.is_root => PlanPart::Root,
            Some(found) if found.properties.is_there() => PlanPart::Present { instance: found.id },
            Some(left) => return Err(in_the_way(left)),
            None if is_plugin(selected.name.as_str(), manifest) => PlanPart::Dependency,
            None => PlanPart::Shared,
        })
    }

    fn warnings(&self, resolution: &Resolution, engine: &Engine) -> Vec<String> {
        let mut warnings = Vec::new();
        for selected in resolution.packages() {
            if let Some(reason) = &selected.deprecated {
                warnings.push(format!(
                    "{}@{} is deprecated: {reason}",
                    selected.name, selected.version
                ));
            }
            // What is compiled into the host was never fetched.
            if selected.integrity.is_none() && *engine != Engine::Native {
                warnings.push(format!(
                    "{}@{} has no integrity to check it against",
                    selected.name, selected.version
                ));
            }
        }
        for cycle in resolution.cycles() {
            let names: Vec<&str> = cycle.witness.iter().map(PackageName::as_str).collect();
            warnings.push(format!("these need each other: {}", names.join(" -> ")));
        }
        warnings
    }
}

/// Whether a package is named as plugins are.
pub(crate) fn is_named_plugin(name: &str) -> bool {
    let own = name.rsplit('/').next().unwrap_or(name);
    let mut prefixes = ["plugin-", "client-", "adapter-"].iter();
    prefixes.any(|prefix| own.starts_with(prefix))
}

/// Whether a package of the plugin layer is a plugin, or something that plugins share.
fn is_plugin(name: &str, manifest: Option<&Manifest>) -> bool {
    name != CORE_PACKAGE
        && (is_named_plugin(name)
            || manifest.is_some_and(|m| m.plugin_type.is_some() || !m.parameters.is_empty()))
}
