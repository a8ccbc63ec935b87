//! Rows as change sets write them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    EndKind, Group, GroupId, Knowledge, KnowledgeId, Membership, Person, PersonId, Place, Revision,
    Thing, ThingId, ThingStatus, Timestamp, Validator, Violations,
};

/// A row that a change set inserts or replaces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "row", rename_all = "snake_case")]
pub enum Row {
    /// The group of the place itself.
    Group(Group),
    /// A person's record.
    Person(Person),
    /// What a person is to the place.
    Membership(Membership),
    /// A thing.
    Thing(Thing),
    /// A row of knowledge.
    Knowledge(Knowledge),
}

/// Which row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "row", content = "id", rename_all = "snake_case")]
pub enum RowId {
    /// The group of the place itself.
    Group(GroupId),
    /// A person's record.
    Person(PersonId),
    /// What this person is to the place.
    Membership(PersonId),
    /// A thing.
    Thing(ThingId),
    /// A row of knowledge.
    Knowledge(KnowledgeId),
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(id) => write!(f, "group {id}"),
            Self::Person(id) => write!(f, "person {id}"),
            Self::Membership(id) => write!(f, "membership of person {id}"),
            Self::Thing(id) => write!(f, "thing {id}"),
            Self::Knowledge(id) => write!(f, "knowledge {id}"),
        }
    }
}

impl Row {
    /// Which row it is.
    #[must_use]
    pub const fn id(&self) -> RowId {
        match self {
            Self::Group(row) => RowId::Group(row.id),
            Self::Person(row) => RowId::Person(row.id),
            Self::Membership(row) => RowId::Membership(row.person),
            Self::Thing(row) => RowId::Thing(row.id),
            Self::Knowledge(row) => RowId::Knowledge(row.id),
        }
    }

    /// Where it lives.
    #[must_use]
    pub const fn place(&self) -> Place {
        match self {
            Self::Group(row) => row.place(),
            Self::Person(row) => row.place,
            Self::Membership(row) => row.place,
            Self::Thing(row) => row.place,
            Self::Knowledge(row) => row.place,
        }
    }

    /// Which writing of it this is.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        match self {
            Self::Group(row) => row.revision,
            Self::Person(row) => row.revision,
            Self::Membership(row) => row.revision,
            Self::Thing(row) => row.revision,
            Self::Knowledge(row) => row.revision,
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// Each field that does not hold, with the reason.
    pub fn validate(&self) -> Result<(), Violations> {
        match self {
            Self::Group(row) => row.validate(),
            Self::Person(row) => row.validate(),
            Self::Membership(row) => row.validate(),
            Self::Thing(row) => row.validate(),
            Self::Knowledge(row) => row.validate(),
        }
    }

    const fn created_at(&self) -> Timestamp {
        match self {
            Self::Group(row) => row.created_at,
            Self::Person(row) => row.created_at,
            Self::Membership(row) => row.created_at,
            Self::Thing(row) => row.created_at,
            Self::Knowledge(row) => row.created_at,
        }
    }

    /// Notes that this is its writing `revision`, at `now`.
    pub(crate) const fn stamp(&mut self, revision: Revision, now: Timestamp) {
        let (at, of) = match self {
            Self::Group(row) => (&mut row.updated_at, &mut row.revision),
            Self::Person(row) => (&mut row.updated_at, &mut row.revision),
            Self::Membership(row) => (&mut row.updated_at, &mut row.revision),
            Self::Thing(row) => (&mut row.updated_at, &mut row.revision),
            Self::Knowledge(row) => (&mut row.updated_at, &mut row.revision),
        };
        *at = now;
        *of = revision;
    }

    /// As [`Row::stamp`], for a row that is already there: a clock that went back leaves it written
    /// no earlier than made, since it could not be written again otherwise.
    pub(crate) fn stamp_again(&mut self, revision: Revision, now: Timestamp) {
        self.stamp(revision, now.max(self.created_at()));
    }

    /// What kind of end it is, if connections can hold on to it.
    pub(crate) fn end_kind(&self) -> Option<EndKind> {
        match self {
            Self::Group(_) => Some(EndKind::Group),
            Self::Person(_) => Some(EndKind::Person),
            Self::Thing(thing) => Some(EndKind::Thing(thing.thing_type.clone())),
            Self::Membership(_) | Self::Knowledge(_) => None,
        }
    }

    /// Checks that `self` may take the place of `old`: what it is, where it lives and when it was
    /// made never change.
    pub(crate) fn check_replacement_of(&self, old: &Self) -> Result<(), Violations> {
        let mut check = Validator::new();
        check.require(
            self.place() == old.place(),
            "place",
            "must stay what it was",
        );
        check.require(
            self.created_at() == old.created_at(),
            "created_at",
            "must stay what it was",
        );
        let same_type = match (self, old) {
            (Self::Thing(new), Self::Thing(old)) => new.thing_type == old.thing_type,
            (Self::Knowledge(new), Self::Knowledge(old)) => {
                new.knowledge_type == old.knowledge_type
            }
            (Self::Group(_), Self::Group(_))
            | (Self::Person(_), Self::Person(_))
            | (Self::Membership(_), Self::Membership(_)) => true,
            _ => false,
        };
        check.require(same_type, "type", "must stay what it was");
        check.finish()
    }

    /// The same row, archived; none if this kind of row cannot be.
    pub(crate) fn archived(mut self, now: Timestamp) -> Option<Self> {
        match &mut self {
            Self::Thing(row) => row.status = ThingStatus::Archived,
            Self::Knowledge(row) => row.archived_at = Some(now),
            Self::Group(row) => row.status = crate::GroupStatus::Archived,
            Self::Membership(row) => row.status = crate::MembershipStatus::Ended,
            Self::Person(_) => return None,
        }
        Some(self)
    }
}

impl From<Group> for Row {
    fn from(row: Group) -> Self {
        Self::Group(row)
    }
}

impl From<Person> for Row {
    fn from(row: Person) -> Self {
        Self::Person(row)
    }
}

impl From<Membership> for Row {
    fn from(row: Membership) -> Self {
        Self::Membership(row)
    }
}

impl From<Thing> for Row {
    fn from(row: Thing) -> Self {
        Self::Thing(row)
    }
}

impl From<Knowledge> for Row {
    fn from(row: Knowledge) -> Self {
        Self::Knowledge(row)
    }
}
