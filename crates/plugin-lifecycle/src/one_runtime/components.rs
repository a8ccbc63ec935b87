//! Components of entities.

use one_ontology::ThingQuery;
use plugin_runtime_api::{ComponentRecord, HostError};
use uuid::Uuid;

use super::desk::Desk;
use super::record::component_title;
use super::things::Made;

impl Desk<'_> {
    /// The components of an entity, the first made first.
    pub(super) async fn components(
        &self,
        entity: Uuid,
        kind: Option<&str>,
        world: Option<Uuid>,
        source: Option<Uuid>,
    ) -> Result<Vec<ComponentRecord>, HostError> {
        let mut query = ThingQuery {
            name: Some(component_title(entity)),
            ..self.of_kind::<ComponentRecord>("eliza_component")
        };
        if let Some(kind) = kind {
            query = query.with("component", kind);
        }
        self.list(query, |it: &ComponentRecord| {
            world.is_none_or(|world| it.world_id == Some(world))
                && source.is_none_or(|source| it.source_entity_id == Some(source))
        })
        .await
    }

    pub(super) async fn create_component(
        &self,
        component: ComponentRecord,
    ) -> Result<(Uuid, Made), HostError> {
        self.fit(&component)?;
        self.create(component).await
    }

    pub(super) async fn update_component(
        &self,
        component: ComponentRecord,
    ) -> Result<(), HostError> {
        self.fit(&component)?;
        self.replace(component).await
    }

    pub(super) async fn delete_component(&self, id: Uuid) -> Result<(), HostError> {
        self.forget(self.record_id::<ComponentRecord>(id)).await?;
        Ok(())
    }

    fn fit(&self, component: &ComponentRecord) -> Result<(), HostError> {
        if component.entity_id.is_none() {
            return Err(self.invalid("`entityId` must be given"));
        }
        match &component.kind {
            Some(kind) if !kind.is_empty() && kind.len() <= super::bounds::MAX_KEY => Ok(()),
            _ => Err(self.invalid("`type` must be 1 to 512 bytes")),
        }
    }
}
