//! Where a fact lives, who acts, and what a connection can hold on to.

use std::fmt;
use std::str::FromStr;

use crate::{GroupId, InvalidValue, PersonId, ThingId};

/// Gives a type text forms: `Display` as written, serde through `FromStr`.
macro_rules! serde_as_text {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::deserialize_from_str(deserializer)
            }
        }
    };
}
pub(crate) use serde_as_text;

/// Where a fact lives: in the shared registry or in one group. Nothing lives in two places.
///
/// Written `global` or `group:<uuid>`; a bare UUID is read as a group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The shared registry: everyone reads, platform owners write.
    Global,
    /// One group.
    Group(GroupId),
}

impl Place {
    /// The group, unless it is the shared registry.
    #[must_use]
    pub const fn group(&self) -> Option<GroupId> {
        match self {
            Self::Global => None,
            Self::Group(id) => Some(*id),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Group(id) => write!(f, "group:{id}"),
        }
    }
}

impl FromStr for Place {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text == "global" {
            return Ok(Self::Global);
        }
        text.strip_prefix("group:")
            .unwrap_or(text)
            .parse()
            .map(Self::Group)
            .map_err(|_| InvalidValue::new("Place", text, "`global` or `group:` and a UUID"))
    }
}

serde_as_text!(Place);

/// The name of a system task: `registry_sync`, `recovery`. 1 to 64 of `a-z 0-9 _ - .`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskName(Box<str>);

impl TaskName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TaskName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let ok = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.".contains(&b));
        if ok {
            Ok(Self(text.into()))
        } else {
            Err(InvalidValue::new(
                "TaskName",
                text,
                "1 to 64 of a-z, 0-9, `_`, `-`, `.`",
            ))
        }
    }
}

serde_as_text!(TaskName);

/// Who acts.
///
/// Written `person:<uuid>`, `agent:<uuid>@<group uuid>` or `system:<task>`; a bare UUID is read as
/// a person.
///
/// ```
/// use one_ontology::Actor;
///
/// # fn main() -> Result<(), one_ontology::InvalidValue> {
/// let task: Actor = "system:registry_sync".parse()?;
/// assert_eq!(task.to_string(), "system:registry_sync");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// A person.
    Person(PersonId),
    /// An agent, on behalf of the group it belongs to.
    Agent {
        /// The agent.
        agent: ThingId,
        /// The group it acts for, and in.
        group: GroupId,
    },
    /// A named task of the platform itself.
    System(TaskName),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "person:{id}"),
            Self::Agent { agent, group } => write!(f, "agent:{agent}@{group}"),
            Self::System(task) => write!(f, "system:{task}"),
        }
    }
}

impl FromStr for Actor {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = || InvalidValue::new("Actor", text, "a person, an agent or a system task");
        if let Some(task) = text.strip_prefix("system:") {
            return task.parse().map(Self::System);
        }
        if let Some(agent) = text.strip_prefix("agent:") {
            let (agent, group) = agent.split_once('@').ok_or_else(invalid)?;
            return Ok(Self::Agent {
                agent: agent.parse().map_err(|_| invalid())?,
                group: group.parse().map_err(|_| invalid())?,
            });
        }
        text.strip_prefix("person:")
            .unwrap_or(text)
            .parse()
            .map(Self::Person)
            .map_err(|_| invalid())
    }
}

serde_as_text!(Actor);

impl From<PersonId> for Actor {
    fn from(person: PersonId) -> Self {
        Self::Person(person)
    }
}

/// What a connection joins and an event is about.
///
/// Written `thing:<uuid>`, `person:<uuid>` or `group:<uuid>`; a bare UUID is read as a thing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// A thing.
    Thing(ThingId),
    /// A person.
    Person(PersonId),
    /// A group.
    Group(GroupId),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thing(id) => write!(f, "thing:{id}"),
            Self::Person(id) => write!(f, "person:{id}"),
            Self::Group(id) => write!(f, "group:{id}"),
        }
    }
}

impl FromStr for End {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let end = match text.split_once(':') {
            Some(("person", id)) => id.parse().map(Self::Person),
            Some(("group", id)) => id.parse().map(Self::Group),
            Some(("thing", id)) => id.parse().map(Self::Thing),
            Some(_) | None => text.parse().map(Self::Thing),
        };
        end.map_err(|_| InvalidValue::new("End", text, "a thing, a person or a group"))
    }
}

serde_as_text!(End);

impl From<ThingId> for End {
    fn from(id: ThingId) -> Self {
        Self::Thing(id)
    }
}

impl From<PersonId> for End {
    fn from(id: PersonId) -> Self {
        Self::Person(id)
    }
}

impl From<GroupId> for End {
    fn from(id: GroupId) -> Self {
        Self::Group(id)
    }
}
