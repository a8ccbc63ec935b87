//! Which ends a type of connection may join.

use std::fmt;

use crate::{ConnectionType, PluginConnectionType, PluginThingType, ThingCategory, ThingType};

/// What an end is, as a store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndKind {
    /// A person.
    Person,
    /// A group.
    Group,
    /// A thing of this type.
    Thing(ThingType),
}

impl fmt::Display for EndKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person => f.write_str("a person"),
            Self::Group => f.write_str("a group"),
            Self::Thing(thing_type) => write!(f, "a thing of type `{thing_type}`"),
        }
    }
}

/// What one side of a connection accepts.
#[derive(Clone, Copy)]
enum Side {
    Person,
    Group,
    AnyThing,
    Type(&'static [ThingType]),
    Category(ThingCategory),
    Plugin(&'static [PluginThingType]),
}

use ConnectionType as C;
use PluginConnectionType as P;
use PluginThingType as T;
use ThingCategory as Cat;
use ThingType as Ty;

const ANY: &[Side] = &[Side::Person, Side::Group, Side::AnyThing];
const THING: &[Side] = &[Side::AnyThing];
/// Whoever can act: people, groups, and the things that stand for them.
const PARTY: &[Side] = &[
    Side::Person,
    Side::Group,
    Side::Type(&[
        Ty::Creator,
        Ty::AudienceMember,
        Ty::Organization,
        Ty::AiClone,
        Ty::ExternalAgent,
    ]),
    Side::Category(Cat::BusinessAgents),
];
const AGENT: &[Side] = &[
    Side::Type(&[Ty::AiClone, Ty::ExternalAgent, Ty::ExternalWorkflow]),
    Side::Category(Cat::BusinessAgents),
];
const TOKEN: &[Side] = &[Side::Category(Cat::Token)];
const LEARNING: &[Side] = &[Side::Type(&[Ty::Course, Ty::Lesson])];
const GATHERING: &[Side] = &[
    Side::Group,
    Side::Type(&[Ty::Community, Ty::Organization, Ty::Conversation]),
];
const PLUGIN: &[Side] = &[Side::Plugin(&[T::ElizaosPlugin])];
const INSTANCE: &[Side] = &[Side::Plugin(&[T::PluginInstance])];
const PLUGIN_OR_INSTANCE: &[Side] = &[Side::Plugin(&[T::ElizaosPlugin, T::PluginInstance])];

impl ConnectionType {
    /// Whether this type of connection may lead from one kind of end to the other. Types that the
    /// ontology does not list may join anything.
    ///
    /// # Errors
    /// Which side does not fit, in words.
    pub fn may_join(&self, from: &EndKind, to: &EndKind) -> Result<(), String> {
        let (from_sides, to_sides) = self.sides();
        for (name, sides, kind) in [("from", from_sides, from), ("to", to_sides, to)] {
            if !sides.iter().any(|side| side.accepts(kind)) {
                return Err(format!("`{self}` cannot lead {name} {kind}"));
            }
        }
        if matches!(self, C::Plugin(P::PluginDependsOn)) && from != to {
            return Err(format!("`{self}` cannot join two kinds, {from} and {to}"));
        }
        Ok(())
    }

    const fn sides(&self) -> (&'static [Side], &'static [Side]) {
        match self {
            C::Owns => (PARTY, ANY),
            C::CreatedBy | C::Authored => {
                if matches!(self, C::CreatedBy) {
                    (ANY, PARTY)
                } else {
                    (PARTY, THING)
                }
            }
            C::CloneOf => (
                &[Side::Type(&[Ty::AiClone])],
                &[Side::Person, Side::Type(&[Ty::Creator])],
            ),
            C::TrainedOn => (AGENT, THING),
            C::Powers
            | C::PartOf
            | C::References
            | C::Transacted
            | C::Notified
            | C::Referred
            | C::Communicated
            | C::Delegated
            | C::Approved
            | C::Fulfilled
            | C::Other(_) => (ANY, ANY),
            C::GeneratedBy => (THING, AGENT),
            C::PublishedTo => (THING, &[Side::AnyThing, Side::Group]),
            C::MemberOf | C::Moderates => (PARTY, GATHERING),
            C::Following | C::ParticipatedIn | C::Manages => (PARTY, ANY),
            C::ReportsTo | C::CollaboratesWith => (PARTY, PARTY),
            C::HoldsTokens | C::StakedIn | C::EarnedFrom => (PARTY, TOKEN),
            C::Purchased => (PARTY, THING),
            C::EnrolledIn | C::Completed | C::Teaching => (PARTY, LEARNING),
            C::Plugin(plugin) => match plugin {
                P::PluginDependsOn => (PLUGIN_OR_INSTANCE, PLUGIN_OR_INSTANCE),
                P::PluginPowers => (INSTANCE, THING),
                P::PluginProvides => (
                    PLUGIN,
                    &[Side::Plugin(&[
                        T::PluginAction,
                        T::PluginProvider,
                        T::PluginEvaluator,
                        T::PluginClient,
                        T::PluginAdapter,
                        T::PluginService,
                    ])],
                ),
                P::PluginInstalledIn => (INSTANCE, &[Side::Group]),
                P::PluginCreatedBy => (PLUGIN, PARTY),
                P::PluginUses => (THING, INSTANCE),
                P::SubscribesTo => (INSTANCE, ANY),
            },
        }
    }
}

impl Side {
    fn accepts(self, kind: &EndKind) -> bool {
        match (self, kind) {
            (Self::Person, EndKind::Person)
            | (Self::Group, EndKind::Group)
            | (Self::AnyThing, EndKind::Thing(_)) => true,
            (Self::Type(types), EndKind::Thing(thing)) => types.contains(thing),
            (Self::Category(category), EndKind::Thing(thing)) => thing.category() == category,
            (Self::Plugin(types), EndKind::Thing(ThingType::Plugin(thing))) => {
                types.contains(thing)
            }
            _ => false,
        }
    }
}
