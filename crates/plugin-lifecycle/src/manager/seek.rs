//! Looking for another version of an instance.

use std::collections::{BTreeMap, BTreeSet};

use one_ontology::{ThingId, Timestamp};
use plugin_registry::Revocations;
use plugin_resolver::{PackageName, Request, Spec, parse_version};
use semver::Version;

use crate::manager::plan_update::pinned;
use crate::manager::question::{Asked, Question, Revoked};
use crate::releases::{Age, is_exact, releases_of, tag_of};
use crate::{Instance, ManagerError, Pin, Tenant, UpdateKind, UpdatePlan, YoungRelease};

/// What is asked of a source where nothing else is said.
pub(crate) const LATEST: &str = "latest";

/// The versions that instances will have, where that is not the one of their rows.
pub(crate) type Ahead = BTreeMap<ThingId, Version>;

/// What is wanted of an instance.
pub(crate) struct Seek<'a> {
    pub(crate) instance: ThingId,
    pub(crate) requested: &'a str,
    /// How versions are chosen.
    pub(crate) how: Request,
    /// What others will be by then.
    pub(crate) ahead: &'a Ahead,
}

/// What is asked about another version of an instance, with all facts.
pub(crate) struct Sought {
    pub(crate) own: Instance,
    pub(crate) question: Question,
    /// What is meant, as it was asked.
    pub(crate) requested: String,
    /// What the instance follows, where nothing else was asked.
    pub(crate) follows: Option<String>,
    /// What is named and too young.
    pub(crate) young: Option<YoungRelease>,
    /// What nobody here can have.
    pub(crate) revocations: Revocations,
    /// The releases that the instance runs and nobody here can have.
    pub(crate) unwanted: BTreeSet<(String, Version)>,
    /// What others will be by then.
    pub(crate) ahead: Ahead,
    age: Option<Age>,
    haste: Haste,
}

/// For which packages the age of a release does not count. The fix of what is revoked is young as a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Haste {
    /// For none.
    None,
    /// For those of which the instance runs a release that is revoked.
    Revoked,
    /// For all: what fixes it may need others that are young.
    All,
}

impl Haste {
    const fn more(self) -> Option<Self> {
        match self {
            Self::None => Some(Self::Revoked),
            Self::Revoked => Some(Self::All),
            Self::All => None,
        }
    }
}

/// What is wanted, with what was read of it.
struct Wish {
    own: Instance,
    others: Vec<Instance>,
    follows: Option<String>,
    spec: Option<Spec>,
    how: Request,
    age: Option<Age>,
    revocations: Revocations,
    unwanted: BTreeSet<(String, Version)>,
}

impl Tenant {
    /// What is asked so that an instance can be brought to another version, and the plan of that. Where it runs what is revoked, and
    /// what is old enough is no way out, age counts for less.
    pub(crate) async fn seek(
        &self,
        seek: &Seek<'_>,
    ) -> Result<(Sought, Result<UpdatePlan, ManagerError>), ManagerError> {
        let wish = self.wish(seek).await?;
        let mut haste = Haste::None;
        loop {
            let sought = self.sought(&wish, haste, seek.ahead).await?;
            let plan = self.planned_update(&sought).await;
            match haste.more() {
                Some(more) if sought.is_held_by_age(&plan) => haste = more,
                _ => return Ok((sought, plan)),
            }
        }
    }

    async fn wish(&self, seek: &Seek<'_>) -> Result<Wish, ManagerError> {
        let mut others = self.load_all().await?;
        let instance = seek.instance;
        let at = others.iter().position(|it| it.id == instance);
        let own = others.remove(at.ok_or(ManagerError::InstanceNotFound { instance })?);
        for other in &mut others {
            if let Some(version) = seek.ahead.get(&other.id) {
                other.properties.version = version.to_string();
            }
        }
        let settings = self.load_release_settings().await?;
        let follows = match (seek.requested, &own.properties.pin) {
            (requested, Some(Pin::Hold)) if requested != own.properties.version => {
                return Err(pinned(&own.properties));
            }
            (LATEST, Some(pin)) => pin.requested().map(str::to_owned),
            (LATEST, None) => settings.channel.as_ref().map(ToString::to_string),
            _ => None,
        };
        let spec = match follows.as_deref().unwrap_or(seek.requested) {
            LATEST => None,
            other => Some(other.parse()?),
        };
        let shared = self.shared();
        let revocations = self.revoked_here().await?;
        let mut unwanted = releases_of(&own.properties);
        unwanted.retain(|(name, version)| revocations.find(name, version).is_some());
        Ok(Wish {
            age: Age::of(&settings, &shared.policy, &seek.how, shared.now()),
            how: seek.how.clone(),
            own,
            others,
            follows,
            spec,
            revocations,
            unwanted,
        })
    }

    async fn sought(
        &self,
        wish: &Wish,
        haste: Haste,
        ahead: &Ahead,
    ) -> Result<Sought, ManagerError> {
        let mut asked = Asked {
            name: wish.own.properties.npm_package.as_str().parse()?,
            spec: wish.spec.clone(),
        };
        let how = wish.aged(asked.package(), haste);
        let ask = async |asked: &Asked, how: Request| {
            let (asked, others) = (std::slice::from_ref(asked), wish.others.clone());
            self.question_beside(asked, how, others, Revoked::LeftOut)
                .await
        };
        let mut question = ask(&asked, how.clone()).await?;
        let tag = asked.spec.as_ref().and_then(tag_of);
        let known = question.collected.packages.get(asked.package());
        let is_tag_known =
            tag.is_none_or(|tag| known.is_none_or(|known| known.dist_tags.contains_key(tag)));
        if wish.follows.is_some() && !is_tag_known {
            // Not every publisher has every tag.
            asked.spec = None;
            question = ask(&asked, how).await?;
        }
        let spec = asked.spec.as_ref();
        Ok(Sought {
            requested: spec.map_or_else(|| LATEST.to_owned(), ToString::to_string),
            young: wish.young(&question, &asked, haste),
            own: wish.own.clone(),
            question,
            follows: wish.follows.clone(),
            revocations: wish.revocations.clone(),
            unwanted: wish.unwanted.clone(),
            ahead: ahead.clone(),
            age: wish.age,
            haste,
        })
    }
}

impl Wish {
    /// How versions are chosen, by their age too. What runs already is no newer risk, and whoever names a version means it.
    fn aged(&self, package: &PackageName, haste: Haste) -> Request {
        let how = self.how.clone();
        let (Some(age), Haste::None | Haste::Revoked) = (self.age, haste) else {
            return how;
        };
        let read = |name: &str| name.parse::<PackageName>().ok();
        let mut cooldown = age.cooldown();
        for (name, version) in releases_of(&self.own.properties) {
            if let Some(name) = read(&name) {
                cooldown = cooldown.admitting(name, version);
            }
        }
        if self.names_one() {
            cooldown = cooldown.exempt(package.clone());
        }
        if haste == Haste::Revoked {
            let revoked = self.unwanted.iter().filter_map(|(name, _)| read(name));
            cooldown = revoked.fold(cooldown, plugin_resolver::Cooldown::exempt);
        }
        how.cooldown(cooldown)
    }

    fn names_one(&self) -> bool {
        self.follows.is_none() && self.spec.as_ref().is_some_and(is_exact)
    }

    fn young(&self, question: &Question, asked: &Asked, haste: Haste) -> Option<YoungRelease> {
        let package = asked.package();
        let is_passed_over = match haste {
            Haste::None => !self.names_one(),
            Haste::Revoked => !self.unwanted.iter().any(|(it, _)| it == package.as_str()),
            Haste::All => false,
        };
        let versions = question.collected.packages.get(package);
        let young = self.age?.young(versions?, asked.spec.as_ref())?;
        let is_there = self.own.properties.version == young.version.to_string();
        (is_passed_over && !is_there).then_some(young)
    }
}

impl Sought {
    /// Whether an instance that runs what is revoked is left with it for the age of releases.
    fn is_held_by_age(&self, plan: &Result<UpdatePlan, ManagerError>) -> bool {
        let leads_out = match plan {
            Ok(plan) => plan.kind != UpdateKind::Downgrade || self.young.is_none(),
            Err(_) => false,
        };
        self.age.is_some() && !self.unwanted.is_empty() && !leads_out
    }

    /// The releases that the instance runs and that something is said of.
    pub(crate) fn unwanted_or_noticed(&self) -> BTreeSet<(String, Version)> {
        let notices = self.own.properties.notices.iter();
        let noticed = notices.filter_map(|it| {
            let version = parse_version(&it.version).ok()?;
            Some((it.package.to_string(), version))
        });
        noticed.chain(self.unwanted.iter().cloned()).collect()
    }

    /// What is taken although it is too young, each in words.
    pub(crate) fn hurried(&self, plan: &UpdatePlan, now: Timestamp) -> Vec<String> {
        let (Some(age), Haste::Revoked | Haste::All) = (self.age, self.haste) else {
            return Vec::new();
        };
        let there = releases_of(&self.own.properties);
        let packages = &self.question.collected.packages;
        let steps = plan
            .steps
            .iter()
            .filter(|it| !there.contains(&it.release()));
        let young = steps.filter_map(|step| {
            let name: PackageName = step.package.as_str().parse().ok()?;
            let young = age.of_release(packages.get(&name)?, &step.version)?;
            Some(format!(
                "{name} {} is {} old, and taken because what is installed is revoked",
                young.version,
                young.age(now)
            ))
        });
        young.collect()
    }
}
