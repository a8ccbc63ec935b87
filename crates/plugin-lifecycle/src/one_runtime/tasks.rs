//! Tasks.

use plugin_runtime_api::{HostError, TaskRecord};
use uuid::Uuid;

use super::desk::Desk;
use super::record::thing_name;
use super::things::{Made, has_all};

impl Desk<'_> {
    pub(super) async fn create_task(&self, task: TaskRecord) -> Result<Uuid, HostError> {
        match self.create(task).await? {
            (id, Made::New) => Ok(id),
            (id, Made::Known) => Err(self.invalid(&format!("there already is a task {id}"))),
        }
    }

    pub(super) async fn tasks(
        &self,
        name: Option<String>,
        room: Option<Uuid>,
        tags: &[String],
    ) -> Result<Vec<TaskRecord>, HostError> {
        let mut query = self.of_kind::<TaskRecord>("eliza_task");
        query.name = name.as_deref().map(|name| thing_name(name, "task"));
        self.list(query, |task: &TaskRecord| {
            (name.is_none() || name == task.name)
                && room.is_none_or(|room| task.room_id == Some(room))
                && has_all(task.tags.as_ref(), tags)
        })
        .await
    }

    /// Changes the fields that are given.
    pub(super) async fn update_task(&self, task: TaskRecord) -> Result<(), HostError> {
        self.change(task.id, |old: TaskRecord| {
            let given = task.clone();
            let mut other = old.other;
            other.extend(given.other);
            TaskRecord {
                id: old.id,
                name: given.name.or(old.name),
                description: given.description.or(old.description),
                room_id: given.room_id.or(old.room_id),
                world_id: given.world_id.or(old.world_id),
                entity_id: given.entity_id.or(old.entity_id),
                tags: given.tags.or(old.tags),
                metadata: given.metadata.or(old.metadata),
                other,
            }
        })
        .await
    }

    pub(super) async fn delete_task(&self, id: Uuid) -> Result<(), HostError> {
        self.forget(self.record_id::<TaskRecord>(id)).await?;
        Ok(())
    }
}
