//! Each call, and who answers it.

use std::collections::BTreeMap;

use one_ontology::ThingId;
use plugin_runtime_api::{CallContext, HostCall, HostError, HostReply};
use serde_json::Value;

use super::desk::Desk;
use super::log::PluginLog;
use super::runtime::{PluginGrant, Shared};
use super::things::Made;

/// Answers a call that is granted and within bounds.
pub(super) async fn answer(
    host: &Shared,
    plugins: &BTreeMap<ThingId, PluginGrant>,
    grant: &PluginGrant,
    context: &CallContext,
    call: HostCall,
) -> Result<HostReply, HostError> {
    use HostCall as C;
    let name = call.name();
    // These touch no facts.
    let call = match call {
        C::UseModel { model_type, params } => {
            return host.use_model(context, &model_type, params).await;
        }
        C::RecordLog {
            kind,
            body,
            room_id,
            entity_id,
        } => {
            if let Some(log) = &host.log {
                let entry = PluginLog {
                    kind,
                    body,
                    room_id,
                    entity_id,
                };
                log.record(context, &entry);
            }
            return Ok(HostReply::Done);
        }
        C::Fetch { .. } => {
            return Err(HostError::Unsupported {
                call: name.to_owned(),
            });
        }
        call => call,
    };
    let desk = Desk::open(host, plugins, context, name).await?;
    match call {
        C::GetSetting { key } => desk.setting(grant, &key).await.map(HostReply::Value),
        C::CreateMemory {
            table_name,
            memory,
            unique,
        } => desk
            .create_memory(&table_name, memory, unique)
            .await
            .map(HostReply::Id),
        C::ListMemories { filter } => desk.list_memories(&filter).await.map(HostReply::Memories),
        C::GetMemories { ids, table_name } => desk
            .get_memories(&ids, table_name.as_deref())
            .await
            .map(HostReply::Memories),
        C::SearchMemories {
            filter,
            embedding,
            match_threshold,
        } => desk
            .search_memories(&filter, embedding, match_threshold)
            .await
            .map(HostReply::Memories),
        C::UpdateMemory { memory } => desk.update_memory(memory).await.map(HostReply::Flag),
        C::DeleteMemory { id } => desk.delete_memory(id).await.map(|()| HostReply::Done),
        C::CountMemories { filter } => desk.count_memories(&filter).await.map(HostReply::Count),
        C::GetCache { key } => desk.get_cache(&key).await.map(HostReply::Value),
        C::SetCache { key, value } => desk.set_cache(&key, &value).await.map(|()| HostReply::Done),
        C::DeleteCache { key } => desk.delete_cache(&key).await.map(HostReply::Flag),
        call => answer_world(&desk, call).await,
    }
}

/// Answers calls about entities and where they are.
async fn answer_world(desk: &Desk<'_>, call: HostCall) -> Result<HostReply, HostError> {
    use HostCall as C;
    match call {
        C::GetEntity { id } => desk.entity(id).await.map(HostReply::Entity),
        C::CreateEntity { entity } => desk.create(entity).await.map(is_new),
        C::UpdateEntity { entity } => desk.update_entity(entity).await.map(|()| HostReply::Done),
        C::ListEntitiesForRoom {
            room_id,
            include_components,
        } => {
            let entities = desk.entities_in(room_id).await?;
            let entities = if include_components {
                desk.add_components(entities).await?
            } else {
                entities
            };
            desk.bounded(entities).map(HostReply::Entities)
        }
        C::GetRoom { id } => desk.find(id).await.map(HostReply::Room),
        C::EnsureRoom { room } => desk.create(room).await.map(|(id, _)| HostReply::Id(id)),
        C::UpdateRoom { room } => desk.replace(room).await.map(|()| HostReply::Done),
        C::DeleteRoom { id } => desk.delete_room(id).await.map(|()| HostReply::Done),
        C::ListRooms { world_id } => desk.rooms_of(world_id).await.map(HostReply::Rooms),
        C::ListRoomsForParticipants { entity_ids } => {
            desk.rooms_with(&entity_ids).await.map(HostReply::Ids)
        }
        C::ListParticipants { room_id } => desk.participants(room_id).await.map(HostReply::Ids),
        C::AddParticipant { entity_id, room_id } => desk
            .add_participant(entity_id, room_id)
            .await
            .map(HostReply::Flag),
        C::RemoveParticipant { entity_id, room_id } => desk
            .remove_participant(entity_id, room_id)
            .await
            .map(HostReply::Flag),
        C::GetParticipantState { room_id, entity_id } => desk
            .participant_state(entity_id, room_id)
            .await
            .map(HostReply::Text),
        C::SetParticipantState {
            room_id,
            entity_id,
            state,
        } => desk
            .set_participant_state(entity_id, room_id, state)
            .await
            .map(|()| HostReply::Done),
        C::GetWorld { id } => desk.find(id).await.map(HostReply::World),
        C::EnsureWorld { world } => desk.create(world).await.map(|(id, _)| HostReply::Id(id)),
        C::UpdateWorld { world } => desk.replace(world).await.map(|()| HostReply::Done),
        C::ListWorlds {} => desk.worlds().await.map(HostReply::Worlds),
        call => answer_rest(desk, call).await,
    }
}

/// Answers calls about what plugins keep of entities, and what they publish.
async fn answer_rest(desk: &Desk<'_>, call: HostCall) -> Result<HostReply, HostError> {
    use HostCall as C;
    match call {
        C::GetComponent {
            entity_id,
            kind,
            world_id,
            source_entity_id,
        } => desk
            .components(entity_id, Some(&kind), world_id, source_entity_id)
            .await
            .map(|found| HostReply::Component(found.into_iter().next())),
        C::ListComponents {
            entity_id,
            world_id,
            source_entity_id,
        } => {
            let found = desk.components(entity_id, None, world_id, source_entity_id);
            desk.bounded(found.await?).map(HostReply::Components)
        }
        C::CreateComponent { component } => desk.create_component(component).await.map(is_new),
        C::UpdateComponent { component } => desk
            .update_component(component)
            .await
            .map(|()| HostReply::Done),
        C::DeleteComponent { id } => desk.delete_component(id).await.map(|()| HostReply::Done),
        C::CreateRelationship { relationship } => desk
            .create_relationship(relationship)
            .await
            .map(HostReply::Flag),
        C::GetRelationship {
            source_entity_id,
            target_entity_id,
        } => desk
            .relationship(source_entity_id, target_entity_id)
            .await
            .map(HostReply::Relationship),
        C::ListRelationships { entity_id, tags } => desk
            .relationships(entity_id, &tags)
            .await
            .map(HostReply::Relationships),
        C::UpdateRelationship { relationship } => desk
            .update_relationship(relationship)
            .await
            .map(|()| HostReply::Done),
        C::CreateTask { task } => desk.create_task(task).await.map(HostReply::Id),
        C::GetTask { id } => desk.find(id).await.map(HostReply::Task),
        C::ListTasks {
            name,
            room_id,
            tags,
        } => desk.tasks(name, room_id, &tags).await.map(HostReply::Tasks),
        C::UpdateTask { task } => desk.update_task(task).await.map(|()| HostReply::Done),
        C::DeleteTask { id } => desk.delete_task(id).await.map(|()| HostReply::Done),
        C::EmitEvent { name, payload } => desk.emit(&name, payload).await.map(|()| HostReply::Done),
        C::SendMessage { target, content } => desk
            .send(Value::Object(target), Value::Object(content))
            .await
            .map(|()| HostReply::Done),
        // Whatever is not answered above is not offered; a test asks for every call by name.
        call => Err(HostError::Unsupported {
            call: call.name().to_owned(),
        }),
    }
}

const fn is_new<T: Copy>((_, made): (T, Made)) -> HostReply {
    HostReply::Flag(matches!(made, Made::New))
}
