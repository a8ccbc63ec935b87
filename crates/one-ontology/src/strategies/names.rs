//! Names of the vocabularies.

use proptest::prelude::*;
use proptest::sample::select;

use crate::{
    Access, ConnectionType, EventType, GroupStatus, GroupType, JoinPolicy, KnowledgeRole,
    KnowledgeType, MembershipStatus, OtherName, Plan, PluginConnectionType, PluginEventType,
    PluginThingType, QuotaPeriod, Role, ThingStatus, ThingType, Visibility,
};

macro_rules! closed {
    ($($(#[$doc:meta])* $function:ident: $name:ident,)*) => {$(
        $(#[$doc])*
        pub fn $function() -> impl Strategy<Value = $name> {
            select($name::ALL)
        }
    )*};
}

closed! {
    /// Any type of group.
    group_type: GroupType,
    /// Any status of a group.
    group_status: GroupStatus,
    /// Any visibility.
    visibility: Visibility,
    /// Any policy of joining.
    join_policy: JoinPolicy,
    /// Any plan.
    plan: Plan,
    /// Any role.
    role: Role,
    /// Any status of a membership.
    membership_status: MembershipStatus,
    /// Any status of a thing.
    thing_status: ThingStatus,
    /// Any type of knowledge.
    knowledge_type: KnowledgeType,
    /// Any role of knowledge.
    knowledge_role: KnowledgeRole,
    /// Any access.
    access: Access,
    /// Any of the plugin platform's types of things.
    plugin_thing_type: PluginThingType,
    /// Any of the plugin platform's types of connections.
    plugin_connection_type: PluginConnectionType,
    /// Any of the plugin platform's types of events.
    plugin_event_type: PluginEventType,
    /// Any period of a quota.
    quota_period: QuotaPeriod,
}

/// A text that may be a name that the ontology does not list, in any script.
fn unlisted() -> BoxedStrategy<String> {
    prop_oneof![
        "x_[a-z0-9_]{0,40}",
        "[\\PC&&[^a-z]]{1,128}".prop_filter("blank", |text| !text.trim().is_empty())
    ]
    .boxed()
}

/// Any name that the ontology does not list, as a type of thing keeps it.
pub fn other_name() -> BoxedStrategy<OtherName> {
    unlisted()
        .prop_filter_map("unlisted", |text| match text.parse() {
            Ok(ThingType::Other(name)) => Some(name),
            _ => None,
        })
        .boxed()
}

/// Any type of thing: listed, of the plugin platform, or neither.
pub fn thing_type() -> BoxedStrategy<ThingType> {
    prop_oneof![
        select(ThingType::LISTED),
        select(PluginThingType::ALL).prop_map(ThingType::Plugin),
        other_name().prop_map(ThingType::Other),
    ]
    .boxed()
}

/// Any type of connection: listed, of the plugin platform, or neither.
pub fn connection_type() -> BoxedStrategy<ConnectionType> {
    prop_oneof![
        select(ConnectionType::LISTED),
        select(PluginConnectionType::ALL).prop_map(ConnectionType::Plugin),
        unlisted().prop_filter_map("a name", |text| text.parse().ok()),
    ]
    .boxed()
}

/// Any type of event: listed, of the plugin platform, or neither.
pub fn event_type() -> BoxedStrategy<EventType> {
    prop_oneof![
        select(EventType::LISTED),
        select(PluginEventType::ALL).prop_map(EventType::Plugin),
        unlisted().prop_filter_map("a name", |text| text.parse().ok()),
    ]
    .boxed()
}
