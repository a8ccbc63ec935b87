//! Strategies for every public type (feature `proptest`), for property tests of stores and of
//! everything else that builds on this crate.
//!
//! What is plainly named ([`thing`], [`properties`]) makes values that hold; what is named hostile
//! makes any value that the type can take. Rows take the place they shall live in. [`history`]
//! makes change sets that a store must accept in order; [`change_set`] makes such as may be refused
//! for any reason.

mod budgets;
mod changes;
mod ids;
mod names;
mod places;
mod queries;
mod rows;
mod values;

pub use budgets::{budget_key, budget_rule, budget_state, receipt, settle, spend};
pub use changes::{change_set, history};
pub use ids::{
    connection_id, digest, event_id, group_id, head, idempotency_key, knowledge_id, person_id,
    revision, seq, thing_id, uuid,
};
pub use names::{
    access, connection_type, event_type, group_status, group_type, join_policy, knowledge_role,
    knowledge_type, membership_status, other_name, plan, plugin_connection_type, plugin_event_type,
    plugin_thing_type, quota_period, role, thing_status, thing_type, visibility,
};
pub use places::{actor, end, end_in, place, scope, scope_in, standing, task_name};
pub use queries::{
    among, candidate, connection_query, cursor, ended, event_query, hit, hit_id, knowledge_query,
    limit, person_query, search_query, thing_query,
};
pub use rows::{
    chain, chunk_position, connection, embedding, group, knowledge, knowledge_source, label,
    membership, new_event, person, row, row_id, strength, thing,
};
pub use values::{
    duration, hostile_json, hostile_properties, hostile_text, json, name, properties, text,
    timestamp,
};
