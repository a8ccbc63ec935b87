//! Which permission a call needs.

use plugin_runtime_api::{HostCall, Permission};

/// The permission that a call needs; none where it is free.
///
/// | calls | permission |
/// |---|---|
/// | `setting.get`, `model.use`, `log.record` | none |
/// | `memory.search` | `knowledge.query` |
/// | everything else of memories, cache, entities, rooms, worlds, components, relationships, tasks that reads | `storage.read` |
/// | what makes, changes or forgets any of them | `storage.write` |
/// | `event.emit`, `message.send` | `events.publish` |
/// | `fetch` | `network.external` |
///
/// A setting that is a secret needs `secrets.access` besides; without it the answer is `null`, as
/// if there were none, because plugins look for optional secrets while they start.
#[must_use]
pub const fn needed_permission(call: &HostCall) -> Option<Permission> {
    use HostCall as C;
    match call {
        C::GetSetting { .. } | C::UseModel { .. } | C::RecordLog { .. } => None,
        C::SearchMemories { .. } => Some(Permission::KnowledgeQuery),
        C::ListMemories { .. }
        | C::GetMemories { .. }
        | C::CountMemories { .. }
        | C::GetCache { .. }
        | C::GetEntity { .. }
        | C::ListEntitiesForRoom { .. }
        | C::GetRoom { .. }
        | C::ListRooms { .. }
        | C::ListRoomsForParticipants { .. }
        | C::ListParticipants { .. }
        | C::GetParticipantState { .. }
        | C::GetWorld { .. }
        | C::ListWorlds {}
        | C::GetComponent { .. }
        | C::ListComponents { .. }
        | C::GetRelationship { .. }
        | C::ListRelationships { .. }
        | C::GetTask { .. }
        | C::ListTasks { .. } => Some(Permission::StorageRead),
        C::CreateMemory { .. }
        | C::UpdateMemory { .. }
        | C::DeleteMemory { .. }
        | C::SetCache { .. }
        | C::DeleteCache { .. }
        | C::CreateEntity { .. }
        | C::UpdateEntity { .. }
        | C::EnsureRoom { .. }
        | C::UpdateRoom { .. }
        | C::DeleteRoom { .. }
        | C::AddParticipant { .. }
        | C::RemoveParticipant { .. }
        | C::SetParticipantState { .. }
        | C::EnsureWorld { .. }
        | C::UpdateWorld { .. }
        | C::CreateComponent { .. }
        | C::UpdateComponent { .. }
        | C::DeleteComponent { .. }
        | C::CreateRelationship { .. }
        | C::UpdateRelationship { .. }
        | C::CreateTask { .. }
        | C::UpdateTask { .. }
        | C::DeleteTask { .. } => Some(Permission::StorageWrite),
        C::EmitEvent { .. } | C::SendMessage { .. } => Some(Permission::EventsPublish),
        C::Fetch { .. } => Some(Permission::NetworkExternal),
    }
}
