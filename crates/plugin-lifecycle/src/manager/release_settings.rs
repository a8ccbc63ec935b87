//! How an organisation follows releases.

use one_ontology::{
    ChangeSet, EventId, EventType, NewEvent, Revision, StoreError, Thing, ThingProperties,
    ThingStatus, Timestamp,
};

use crate::manager::write::untyped;
use crate::releases::NoticeKind;
use crate::{ManagerError, Operation, ReleaseSettings, Tenant};

impl Tenant {
    /// How this organisation follows releases: what it set, else the defaults.
    ///
    /// # Errors
    /// `Denied`, `Unreadable`, `Store`.
    pub async fn release_settings(&self) -> Result<ReleaseSettings, ManagerError> {
        self.allow(Operation::ViewOrgInstalledPlugins)?;
        self.load_release_settings().await
    }

    /// Changes how this organisation follows releases, and gives it as it is then. `change` is asked again where
    /// somebody else changes it at the same time. What is said of releases is treated so from the next
    /// [`PluginManager::apply_notices`](crate::PluginManager::apply_notices) on.
    ///
    /// # Errors
    /// `Denied`, `Unreadable`, `Contended`, `Store`.
    pub async fn change_release_settings(
        &self,
        change: impl Fn(&mut ReleaseSettings),
    ) -> Result<ReleaseSettings, ManagerError> {
        self.allow(Operation::UpdatePluginConfig)?;
        let attempts = self.shared().policy.attempts;
        for _ in 0..attempts {
            let found = self.find_release_settings().await?;
            let before = found.as_ref().map(|row| row.properties.clone());
            let mut settings = before.clone().unwrap_or_default();
            change(&mut settings);
            if before.unwrap_or_default() == settings {
                return Ok(settings);
            }
            let now = self.shared().now();
            let changes = self.settings_written(found, &settings, now)?;
            match self.shared().store.commit(changes).await {
                Ok(_) => return Ok(settings),
                Err(
                    StoreError::Stale { .. }
                    | StoreError::Busy { .. }
                    | StoreError::AlreadyExists { .. },
                ) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ManagerError::Contended { attempts })
    }

    fn settings_written(
        &self,
        found: Option<Thing<ReleaseSettings>>,
        settings: &ReleaseSettings,
        now: Timestamp,
    ) -> Result<ChangeSet, ManagerError> {
        let id = ReleaseSettings::id(self.group_id());
        let event_id = EventId::new(self.shared().ids.as_ref(), now);
        let event = NewEvent::new(event_id, EventType::SettingsUpdated, Some(id.into()))
            .with("what", "plugin releases");
        let event = NoticeKind::ALL.iter().fold(event, |event, kind| {
            event.with(kind.as_str(), settings.treatments.of(*kind).as_str())
        });
        let channel = settings.channel.as_ref();
        let event = channel.iter().fold(event, |event, channel| {
            event.with("channel", channel.as_str())
        });
        let cooldown = settings.cooldown_s;
        let event = cooldown
            .iter()
            .fold(event, |event, seconds| event.with("cooldown_s", *seconds));
        let changes = ChangeSet::new(&self.scope, event, now);
        if let Some(mut row) = found {
            row.properties = settings.clone();
            return Ok(changes.replace(untyped(&row)?));
        }
        let row = Thing {
            id,
            place: self.scope.place(),
            thing_type: ReleaseSettings::thing_type(),
            name: "plugin releases".to_owned(),
            status: ThingStatus::Active,
            properties: settings.clone(),
            revision: Revision::FIRST,
            created_at: now,
            updated_at: now,
        };
        Ok(changes.insert(untyped(&row)?))
    }

    pub(crate) async fn load_release_settings(&self) -> Result<ReleaseSettings, ManagerError> {
        let found = self.find_release_settings().await?;
        Ok(found.map(|row| row.properties).unwrap_or_default())
    }

    async fn find_release_settings(&self) -> Result<Option<Thing<ReleaseSettings>>, ManagerError> {
        let id = ReleaseSettings::id(self.group_id());
        let found = self.shared().store.thing(&self.scope, id).await?;
        let typed = found.map(Thing::typed).transpose();
        typed.map_err(|violations| ManagerError::Unreadable {
            instance: id,
            violations,
        })
    }
}
