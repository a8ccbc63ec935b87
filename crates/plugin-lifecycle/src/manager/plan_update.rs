//! Planning an update.

use one_ontology::ThingId;
use plugin_registry::{Dependency, PackageVersions, Release};
use plugin_resolver::{Failure, PackageName, Request, Resolution, Spec, parse_version, resolve};
use plugin_runtime_api::PluginName;
use semver::Version;

use crate::manager::question::{Question, meant};
use crate::manager::seek::{Ahead, Seek, Sought};
use crate::{
    Dependent, InstallPlan, Instance, ManagerError, Operation, Pin, PlanPart, PlanStep,
    PluginInstance, Tenant, UpdateKind, UpdatePlan, Verdict, breaking, changed_packages, settled,
};

impl Tenant {
    /// What changing the version of an instance to `requested` (a range, version or tag: `^1.6`, `1.7.2`,
    /// `latest`) would do. Writes nothing. `latest` is what it follows: what its pin says, else the channel of its
    /// organisation. What is younger than the organisation wants is passed over; the plugin itself is not where it is asked for by its
    /// exact version, nor is anything where what runs is revoked and there is no other way out.
    ///
    /// Where it stays at its version, its packages are resolved anew, and the plan is a [`UpdateKind::Rebuild`] if that changes any.
    /// Other plugins keep their versions. Where the new one needs others of them, or plugins that are not
    /// installed, they have to be updated and installed first.
    ///
    /// # Errors
    /// `Denied`, `InstanceNotFound`, `NoSource`, `AlreadyInstalled` at that version with those packages, `UpdateNeedsOthers`,
    /// `PluginNotInstallable`, `ReleaseRevoked` where it would run what is revoked; `Resolution` with the explanation of a conflict;
    /// `Registry` when the source has no answer.
    pub async fn plan_update(
        &self,
        instance: ThingId,
        requested: &str,
    ) -> Result<UpdatePlan, ManagerError> {
        self.plan_update_with(instance, requested, Request::new())
            .await
    }

    /// As [`Tenant::plan_update`], with `how` saying how versions are chosen: policy, prereleases, host
    /// versions, a cooldown in place of the organisation's.
    ///
    /// # Errors
    /// As [`Tenant::plan_update`].
    pub async fn plan_update_with(
        &self,
        instance: ThingId,
        requested: &str,
        how: Request,
    ) -> Result<UpdatePlan, ManagerError> {
        self.allow(Operation::UpdatePluginVersion)?;
        let ahead = Ahead::new();
        let seek = Seek {
            instance,
            requested,
            how,
            ahead: &ahead,
        };
        self.seek(&seek).await?.1
    }

    pub(crate) async fn planned_update(&self, sought: &Sought) -> Result<UpdatePlan, ManagerError> {
        let Sought { own, question, .. } = sought;
        if question.engine != own.properties.engine {
            return Err(ManagerError::NotInstallable {
                package: own.name.clone(),
                reason: format!(
                    "it runs as a {} plugin, and its source has it for {}",
                    own.properties.engine, question.engine
                ),
            });
        }
        let answer = question
            .answer()
            .map_err(|failure| others_in_the_way(own, question, failure))?;
        let plan = self.install_plan(question, &answer)?;
        let revocations = || sought.revocations.clone();
        let mut plan = match self.update_plan(sought, plan).await {
            Err(error @ ManagerError::AlreadyInstalled { .. }) => {
                // What runs is what there is, and what is to be another first.
                let releases = sought.unwanted.iter().cloned();
                self.refuse_among(revocations(), releases).await?;
                return Err(error);
            }
            other => other?,
        };
        let releases = plan.steps.iter().map(PlanStep::release);
        self.refuse_among(revocations(), releases).await?;
        let now = self.shared().now();
        if let Some(young) = &sought.young {
            if plan.kind == UpdateKind::Downgrade && sought.unwanted.is_empty() {
                // What is there is younger than what is old enough, and stays.
                return Err(already_installed(own));
            }
            plan.warnings.push(young.told(now));
        }
        plan.warnings.extend(sought.hurried(&plan, now));
        Ok(plan)
    }

    async fn update_plan(
        &self,
        sought: &Sought,
        plan: InstallPlan,
    ) -> Result<UpdatePlan, ManagerError> {
        let own = &sought.own;
        let properties = &own.properties;
        let root = plan.root().ok_or_else(|| ManagerError::PlanOutdated {
            reason: "it does not hold the plugin asked for".to_owned(),
        })?;
        let to = root.version.clone();
        let from = parse_version(&properties.version)?;
        refuse_pinned(properties, &to)?;
        let changes = changed_packages(properties, &plan.steps, &sought.unwanted_or_noticed());
        let kind = match UpdateKind::between(&from, &to) {
            Some(kind) => kind,
            None if changes.is_empty() => return Err(already_installed(own)),
            None => UpdateKind::Rebuild,
        };
        refuse_new(properties, &plan)?;
        let dependents = self.dependents_on(sought, &to).await?;
        Ok(UpdatePlan {
            group: plan.group,
            instance: own.id,
            package: properties.npm_package.clone(),
            requested: sought.requested.clone(),
            from: properties.version.clone(),
            breaking: breaking(properties, &to, &root.parameters, &dependents),
            settles: settled(properties, &plan.steps),
            changes,
            to,
            kind,
            dependents,
            engine: plan.engine,
            steps: plan.steps,
            lock: plan.lock,
            warnings: plan.warnings,
            freshness: plan.freshness,
        })
    }

    /// The plugins that need an instance, as they will be, and what they say about its new version.
    async fn dependents_on(
        &self,
        sought: &Sought,
        to: &Version,
    ) -> Result<Vec<Dependent>, ManagerError> {
        let package = &sought.own.properties.npm_package;
        let mut dependents = Vec::new();
        for mut dependent in self.dependents(sought.own.id).await? {
            if let Some(version) = sought.ahead.get(&dependent.id) {
                dependent.properties.version = version.to_string();
            }
            dependents.push(self.dependent(package, to, &dependent).await?);
        }
        Ok(dependents)
    }

    /// What a plugin that needs another says about a new version of that.
    async fn dependent(
        &self,
        package: &PluginName,
        to: &Version,
        dependent: &Instance,
    ) -> Result<Dependent, ManagerError> {
        let release = self.release_of(dependent).await?;
        let needs = release.iter().flat_map(|it| &it.manifest.dependencies);
        let specs = needs.filter(|need| needed(need).as_str() == package.as_str());
        let specs: Vec<&Spec> = specs.map(|need| &need.spec).collect();
        let verdicts = specs.iter().map(|spec| verdict(spec, to));
        Ok(Dependent {
            instance: dependent.id,
            package: dependent.properties.npm_package.clone(),
            version: dependent.properties.version.clone(),
            requires: specs.first().map(ToString::to_string),
            // Where it says several things, all have to hold.
            verdict: verdicts.max().unwrap_or(Verdict::Unknown),
        })
    }

    /// The release that an instance is of, if its source still has it.
    async fn release_of(&self, instance: &Instance) -> Result<Option<Release>, ManagerError> {
        let properties = &instance.properties;
        let Ok(version) = parse_version(&properties.version) else {
            return Ok(None);
        };
        let sources = self.shared().sources.iter();
        for (_, source) in sources.filter(|(engine, _)| *engine == properties.engine) {
            let Ok(document) = source.package(properties.npm_package.as_str()).await else {
                continue;
            };
            let Ok(mut parsed) = PackageVersions::from_document(&document) else {
                continue;
            };
            if let Some(release) = parsed.value.releases.remove(&version) {
                return Ok(Some(release));
            }
        }
        Ok(None)
    }
}

/// Refuses a plan that needs plugins which are not installed.
fn refuse_new(properties: &PluginInstance, plan: &InstallPlan) -> Result<(), ManagerError> {
    let new = plan.steps.iter();
    let new = new.filter(|step| step.part == PlanPart::Dependency);
    let mut install: Vec<String> = new
        .map(|it| format!("{}@{}", it.package, it.version))
        .collect();
    if install.is_empty() {
        return Ok(());
    }
    install.sort_unstable();
    Err(ManagerError::UpdateNeedsOthers {
        package: properties.npm_package.clone(),
        update: Vec::new(),
        install,
    })
}

fn already_installed(own: &Instance) -> ManagerError {
    ManagerError::AlreadyInstalled {
        package: own.properties.npm_package.clone(),
        version: own.properties.version.clone(),
        instance: own.id,
    }
}

/// Refuses a version that an instance may not become.
pub(crate) fn refuse_pinned(instance: &PluginInstance, to: &Version) -> Result<(), ManagerError> {
    let mut pin = instance.pin.iter();
    // Its packages may be others at the version that it is held at.
    if instance.version == to.to_string() || pin.all(|pin| pin.admits(to)) {
        Ok(())
    } else {
        Err(pinned(instance))
    }
}

pub(crate) fn pinned(instance: &PluginInstance) -> ManagerError {
    ManagerError::Pinned {
        package: instance.npm_package.clone(),
        version: instance.version.clone(),
        pin: instance.pin.clone().unwrap_or(Pin::Hold),
    }
}

fn needed(dependency: &Dependency) -> &PackageName {
    meant(&dependency.name, &dependency.spec)
}

fn verdict(spec: &Spec, version: &Version) -> Verdict {
    match spec {
        Spec::Range(range) if range.satisfies(version) => Verdict::Accepts,
        Spec::Range(_) => Verdict::Refuses,
        Spec::Alias { spec, .. } => verdict(spec, version),
        _ => Verdict::Unknown,
    }
}

/// Why an instance cannot be updated beside what is installed: because others would have to be at
/// other versions, if it could be without them, else for what the failure says.
fn others_in_the_way(own: &Instance, question: &Question, failure: Failure) -> ManagerError {
    let roots = question.request.roots();
    let alone = roots.fold(Request::new(), |request, (name, spec)| {
        request.root(name.clone(), spec.clone())
    });
    let Ok(answer) = resolve(&question.collected.universe, &alone) else {
        return failure.into();
    };
    let update = moved(question, &answer);
    if update.is_empty() {
        return failure.into();
    }
    ManagerError::UpdateNeedsOthers {
        package: own.properties.npm_package.clone(),
        update,
        install: Vec::new(),
    }
}

/// The installed plugins that an answer has at other versions.
fn moved(question: &Question, answer: &Resolution) -> Vec<String> {
    let mut moved: Vec<String> = Vec::new();
    for selected in answer.packages() {
        let mut installed = question.installed.iter();
        let found = installed.find(|it| {
            let properties = &it.properties;
            properties.is_there() && properties.npm_package.as_str() == selected.name.as_str()
        });
        if found.is_some_and(|it| it.properties.version != selected.version.to_string()) {
            moved.push(format!("{}@{}", selected.name, selected.version));
        }
    }
    moved.sort_unstable();
    moved
}
