//! What installed plugins follow, and what of that is newer.

use std::time::Duration;

use one_ontology::{ThingId, Timestamp};
use plugin_resolver::{Cooldown, Request, Spec, parse_version};

use crate::manager::plan_update::pinned;
use crate::manager::question::{Asked, Question, Revoked};
use crate::releases::{named, tag_of};
use crate::{
    Instance, ManagerError, Operation, OutdatedPlugin, Pin, StateKind, Tenant, YoungRelease,
};

/// What is asked of a source where nothing else is said.
pub(crate) const LATEST: &str = "latest";

/// How versions are chosen.
pub(crate) enum How {
    /// As the organisation and the host have set it.
    AsSet,
    /// As whoever asks says.
    Given(Request),
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
}

impl Tenant {
    /// The installed plugins of which their sources have another version than the one that is installed: what they follow, with what
    /// it would break, and what is too young to be offered. What cannot be told of one keeps nobody from the others.
    ///
    /// # Errors
    /// `Denied`, `Store`.
    pub async fn outdated(&self) -> Result<Vec<OutdatedPlugin>, ManagerError> {
        self.allow(Operation::ViewOrgInstalledPlugins)?;
        let mut outdated = Vec::new();
        for instance in self.load_all().await? {
            let properties = &instance.properties;
            if !properties.is_there() || properties.lifecycle.kind() == StateKind::Installing {
                continue;
            }
            outdated.extend(self.outdated_one(&instance).await?);
        }
        Ok(outdated)
    }

    async fn outdated_one(
        &self,
        instance: &Instance,
    ) -> Result<Option<OutdatedPlugin>, ManagerError> {
        let properties = &instance.properties;
        let mut found = OutdatedPlugin {
            instance: instance.id,
            package: properties.npm_package.clone(),
            from: properties.version.clone(),
            to: None,
            kind: None,
            breaking: Vec::new(),
            follows: None,
            young: None,
            notices: properties.notices.clone(),
            held_by: None,
        };
        let sought = match self.sought(instance.id, LATEST, How::AsSet).await {
            Ok(sought) => sought,
            Err(error @ ManagerError::Admission(_)) => return Err(error),
            Err(error) => {
                found.held_by = Some(error.to_string());
                return Ok(Some(found));
            }
        };
        found.follows.clone_from(&sought.follows);
        found.young.clone_from(&sought.young);
        match self.planned_update(&sought).await {
            Ok(plan) => {
                found.to = Some(plan.to);
                found.kind = Some(plan.kind);
                found.breaking = plan.breaking;
            }
            Err(ManagerError::AlreadyInstalled { .. }) if found.young.is_none() => {
                return Ok(None);
            }
            Err(ManagerError::AlreadyInstalled { .. }) => {}
            Err(error @ ManagerError::Admission(_)) => return Err(error),
            Err(error) => found.held_by = Some(error.to_string()),
        }
        Ok(Some(found))
    }

    /// What is asked of the sources so that an instance can be brought to `requested`.
    pub(crate) async fn sought(
        &self,
        instance: ThingId,
        requested: &str,
        how: How,
    ) -> Result<Sought, ManagerError> {
        let mut others = self.load_all().await?;
        let at = others.iter().position(|it| it.id == instance);
        let at = at.ok_or(ManagerError::InstanceNotFound { instance })?;
        let own = others.remove(at);
        let settings = self.load_release_settings().await?;
        let follows = match (requested, &own.properties.pin) {
            (_, Some(Pin::Hold)) => return Err(pinned(&own.properties)),
            (LATEST, Some(pin)) => pin.requested().map(str::to_owned),
            (LATEST, None) => settings.channel.as_ref().map(ToString::to_string),
            _ => None,
        };
        let spec: Option<Spec> = match follows.as_deref().unwrap_or(requested) {
            LATEST => None,
            other => Some(other.parse()?),
        };
        let now = self.shared().now();
        let (how, old_enough) = match how {
            How::Given(how) => (how, None),
            How::AsSet => match settings.cooldown(&self.shared().policy) {
                Duration::ZERO => (Request::new(), None),
                // Whoever names a version means it.
                _ if parse_version(requested).is_ok() => (Request::new(), None),
                age => {
                    let until = now.minus(age);
                    let cooldown = Cooldown::published_until(until.as_datetime());
                    (Request::new().cooldown(cooldown), Some((age, until)))
                }
            },
        };
        let mut asked = Asked {
            name: own.properties.npm_package.as_str().parse()?,
            spec,
        };
        let ask = async |asked: &Asked, how: Request| {
            let (asked, others) = (std::slice::from_ref(asked), others.clone());
            self.question_beside(asked, how, others, Revoked::LeftOut)
                .await
        };
        let mut question = ask(&asked, how.clone()).await?;
        let tag = asked.spec.as_ref().and_then(tag_of);
        let known = question.collected.packages.get(asked.package());
        let is_tag_known =
            tag.is_none_or(|tag| known.is_none_or(|known| known.dist_tags.contains_key(tag)));
        if follows.is_some() && !is_tag_known {
            // Not every publisher has every tag.
            asked.spec = None;
            question = ask(&asked, how).await?;
        }
        let young = old_enough.and_then(|age| young(&question, &asked, age));
        let spec = asked.spec.as_ref();
        Ok(Sought {
            requested: spec.map_or_else(|| LATEST.to_owned(), ToString::to_string),
            own,
            question,
            follows,
            young,
        })
    }
}

/// What would be named if age did not count, if that is too young.
fn young(
    question: &Question,
    asked: &Asked,
    (age, until): (Duration, Timestamp),
) -> Option<YoungRelease> {
    let versions = question.collected.packages.get(asked.package())?;
    let version = named(versions, asked.spec.as_ref())?;
    let published_at = versions.releases.get(version)?.published_at?;
    (published_at > until).then(|| YoungRelease {
        version: version.clone(),
        published_at,
        offered_from: published_at.plus(age),
    })
}
