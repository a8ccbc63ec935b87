//! Places, actors, ends, scopes and standings.

use proptest::option;
use proptest::prelude::*;

use super::{group_id, membership, person_id, role, thing_id};
use crate::{Actor, End, PersonId, Place, Scope, Standing, TaskName};

/// The shared registry or any group.
pub fn place() -> BoxedStrategy<Place> {
    prop_oneof![1 => Just(Place::Global), 4 => group_id().prop_map(Place::Group)].boxed()
}

/// Any name of a task.
pub fn task_name() -> BoxedStrategy<TaskName> {
    "[a-z0-9_.-]{1,64}"
        .prop_filter_map("a task", |text| text.parse().ok())
        .boxed()
}

/// Any actor.
pub fn actor() -> BoxedStrategy<Actor> {
    prop_oneof![
        person_id().prop_map(Actor::Person),
        (thing_id(), group_id()).prop_map(|(agent, group)| Actor::Agent { agent, group }),
        task_name().prop_map(Actor::System),
    ]
    .boxed()
}

/// Any end.
pub fn end() -> BoxedStrategy<End> {
    prop_oneof![
        thing_id().prop_map(End::Thing),
        person_id().prop_map(End::Person),
        group_id().prop_map(End::Group),
    ]
    .boxed()
}

/// Any end that a connection of this place may name.
pub fn end_in(place: Place) -> BoxedStrategy<End> {
    let own = place.group().map_or_else(
        || thing_id().prop_map(End::Thing).boxed(),
        |id| Just(End::Group(id)).boxed(),
    );
    prop_oneof![
        6 => thing_id().prop_map(End::Thing),
        2 => person_id().prop_map(End::Person),
        1 => own,
    ]
    .boxed()
}

/// A task of the platform in any place.
pub fn scope() -> BoxedStrategy<Scope> {
    place().prop_flat_map(scope_in).boxed()
}

/// A task of the platform in this place.
pub fn scope_in(place: Place) -> BoxedStrategy<Scope> {
    task_name()
        .prop_map(move |task| Scope::system(task, place))
        .boxed()
}

/// Anything that a directory may say of this person and a group in this place, also what no store
/// would keep.
pub fn standing(person: PersonId, place: Place) -> BoxedStrategy<Standing> {
    let one = move || {
        let lives = prop_oneof![2 => Just(place), 2 => Just(Place::Global), 1 => self::place()];
        let one = (lives.prop_flat_map(membership), role(), any::<[bool; 3]>()).prop_map(
            move |(mut one, role, [mine, twice, any_role])| {
                if mine || twice {
                    one.person = person;
                }
                if any_role {
                    one.role = role;
                }
                one
            },
        );
        option::of(one)
    };
    (one(), one(), one())
        .prop_map(|(own, platform, ancestor)| Standing {
            own,
            platform,
            ancestor,
        })
        .boxed()
}
