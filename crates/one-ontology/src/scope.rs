//! Who acts, and where: what every read and write is given.

use std::collections::BTreeSet;

use crate::{
    Actor, Directory, Group, GroupStatus, Membership, MembershipStatus, PersonId, Place, Role,
    StoreError, TaskName, excerpt, vocabulary,
};

vocabulary! {
    /// What a scope lets its holder do.
    closed Access ("`read` or `write`") {
        /// Read only.
        Read = "read",
        /// Read and write.
        Write = "write",
    }
}

/// Who acts, where, and as what. There is no read or write without one.
///
/// A scope is a decision: [`Scope::decide`] makes it from what a [`Directory`] says,
/// [`Scope::enter`] asks the directory first.
///
/// ```
/// use one_ontology::{
///     Access, Group, GroupId, Membership, PersonId, Role, Scope, SequentialIds, Standing,
///     Timestamp,
/// };
///
/// # fn main() -> Result<(), one_ontology::ScopeError> {
/// let (ids, now) = (SequentialIds::new(), Timestamp::EPOCH);
/// let acme = Group::new(GroupId::new(&ids, now), "Acme", now);
/// let ada = PersonId::new(&ids, now);
/// let stranger = Standing::default();
/// assert!(Scope::decide(ada.into(), &acme, &stranger).is_err());
///
/// let user = Standing {
///     own: Some(Membership::new(ada, acme.place(), Role::GroupUser, now)),
///     ..Standing::default()
/// };
/// let scope = Scope::decide(ada.into(), &acme, &user)?;
/// assert_eq!((scope.place(), scope.access()), (acme.place(), Access::Write));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    place: Place,
    actor: Actor,
    role: Role,
    access: Access,
}

/// Why somebody may not enter a place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// There is no such group, or none that this actor may enter: the two are not told apart.
    #[error("there is no place {place} that {actor} may enter")]
    NoAccess {
        /// The place asked for.
        place: Place,
        /// Who asked.
        actor: Actor,
    },
    /// The group is archived: nothing in it may be done.
    #[error("group `{name}` is archived")]
    Archived {
        /// Its name.
        name: String,
    },
    /// The directory does not answer.
    #[error("the directory does not answer")]
    Directory(#[source] StoreError),
}

impl ScopeError {
    /// Each tag, with what to do about it.
    pub const TAGS: &'static [(&'static str, &'static str)] = &[
        (
            "NoAccess",
            "check the group's id; ask one of its owners for a membership",
        ),
        ("GroupArchived", "ask a platform owner to restore the group"),
        (
            "DirectoryUnavailable",
            "retry; the source error says what is missing",
        ),
    ];

    /// The stable machine name.
    #[must_use]
    pub const fn tag(&self) -> &'static str {
        match self {
            Self::NoAccess { .. } => "NoAccess",
            Self::Archived { .. } => "GroupArchived",
            Self::Directory(_) => "DirectoryUnavailable",
        }
    }
}

/// What a directory says of a person and a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Their membership in the group itself.
    pub own: Option<Membership>,
    /// Their membership in the platform's staff.
    pub platform: Option<Membership>,
    /// Their membership in the nearest ancestor that they run or work in.
    pub ancestor: Option<Membership>,
}

impl Standing {
    /// What a person is in a group, as far as memberships say.
    fn position(&self, person: PersonId, place: Place) -> Option<(Role, Access)> {
        let own = self
            .own
            .as_ref()
            .filter(|m| is_active(m, person) && m.place == place && m.role != Role::PlatformOwner);
        let platform = self.platform.as_ref().filter(|m| is_staff(m, person));
        let ancestor = self
            .ancestor
            .as_ref()
            .filter(|m| is_active(m, person) && may_read_below(m));
        own.or(platform)
            .map(|m| (m.role, Access::Write))
            .or_else(|| ancestor.map(|m| (m.role, Access::Read)))
    }
}

fn is_active(membership: &Membership, person: PersonId) -> bool {
    membership.person == person && membership.status == MembershipStatus::Active
}

fn is_staff(membership: &Membership, person: PersonId) -> bool {
    is_active(membership, person)
        && membership.place == Place::Global
        && membership.role == Role::PlatformOwner
}

/// Whether it lets its holder read the groups below, as owners and users of a group may.
fn may_read_below(membership: &Membership) -> bool {
    membership.status == MembershipStatus::Active
        && membership.place != Place::Global
        && matches!(membership.role, Role::GroupOwner | Role::GroupUser)
}

impl Scope {
    /// How many ancestors are asked for a membership.
    pub const MAX_NESTING: usize = 64;

    /// A named task of the platform itself, which may do everything in `place`.
    #[must_use]
    pub const fn system(task: TaskName, place: Place) -> Self {
        Self {
            place,
            actor: Actor::System(task),
            role: Role::PlatformOwner,
            access: Access::Write,
        }
    }

    /// Decides what `actor` may be in `group`.
    ///
    /// Their own membership counts first, then the platform's staff, then an ancestor's owners and
    /// users, who may read. An agent acts in its own group, as a user. Only active memberships of
    /// this person count, the platform's staff only as such, and nobody is of the platform's staff
    /// by a membership in a group, whatever a directory says.
    ///
    /// # Errors
    /// `NoAccess`, `Archived`.
    pub fn decide(actor: Actor, group: &Group, standing: &Standing) -> Result<Self, ScopeError> {
        let position = match &actor {
            Actor::System(_) => Some((Role::PlatformOwner, Access::Write)),
            Actor::Agent { group: home, .. } => {
                (*home == group.id).then_some((Role::GroupUser, Access::Write))
            }
            Actor::Person(person) => standing.position(*person, group.place()),
        };
        let Some((role, access)) = position else {
            return Err(ScopeError::NoAccess {
                place: group.place(),
                actor,
            });
        };
        match group.status {
            GroupStatus::Active => Ok(Self {
                place: group.place(),
                actor,
                role,
                access,
            }),
            GroupStatus::Archived => Err(ScopeError::Archived {
                name: excerpt(&group.name, 64),
            }),
        }
    }

    /// Asks the directory and decides. In [`Place::Global`] everyone may read, as a customer;
    /// the platform's staff may write.
    ///
    /// # Errors
    /// `NoAccess`, `Archived`, `Directory`.
    pub async fn enter(
        directory: &dyn Directory,
        actor: Actor,
        place: Place,
    ) -> Result<Self, ScopeError> {
        let person = match &actor {
            Actor::Person(person) => Some(*person),
            Actor::Agent { .. } | Actor::System(_) => None,
        };
        let ask = async |place: Place| match person {
            Some(person) => directory
                .membership(person, place)
                .await
                .map_err(ScopeError::Directory),
            None => Ok(None),
        };
        let platform = ask(Place::Global).await?;
        let Place::Group(id) = place else {
            return Ok(Self::enter_global(actor, platform.as_ref()));
        };
        let fetch = async |id| directory.group(id).await.map_err(ScopeError::Directory);
        let Some(group) = fetch(id).await? else {
            return Err(ScopeError::NoAccess { place, actor });
        };
        let mut standing = Standing {
            own: ask(place).await?,
            platform,
            ancestor: None,
        };
        // Only who has no position yet needs the ancestors asked.
        let climbs = person.is_some_and(|person| standing.position(person, place).is_none());
        let mut parent = group.parent.filter(|_| climbs);
        let mut seen = BTreeSet::from([group.id]);
        while let Some(id) = parent.filter(|id| seen.len() <= Self::MAX_NESTING && seen.insert(*id))
        {
            standing.ancestor = ask(Place::Group(id)).await?.filter(may_read_below);
            parent = match standing.ancestor {
                Some(_) => None,
                None => fetch(id).await?.and_then(|group| group.parent),
            };
        }
        Self::decide(actor, &group, &standing)
    }

    fn enter_global(actor: Actor, platform: Option<&Membership>) -> Self {
        let staff = match &actor {
            Actor::System(_) => true,
            Actor::Person(person) => platform.is_some_and(|m| is_staff(m, *person)),
            Actor::Agent { .. } => false,
        };
        let (role, access) = if staff {
            (Role::PlatformOwner, Access::Write)
        } else {
            (Role::Customer, Access::Read)
        };
        Self {
            place: Place::Global,
            actor,
            role,
            access,
        }
    }

    /// The shared registry as this holder sees it: everyone reads, platform owners write.
    #[must_use]
    pub fn global(&self) -> Self {
        Self {
            place: Place::Global,
            actor: self.actor.clone(),
            role: self.role,
            access: if self.role == Role::PlatformOwner {
                Access::Write
            } else {
                Access::Read
            },
        }
    }

    /// Where.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// Who.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// As what.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// What it lets its holder do.
    #[must_use]
    pub const fn access(&self) -> Access {
        self.access
    }
}
