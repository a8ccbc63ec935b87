//! The port to who and where.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::{Group, GroupId, Membership, PersonId, Place, StoreError};

/// Groups and what people are to them.
///
/// An existing backend implements these three reads over its own users and organisations; every
/// [`Store`](crate::Store) implements them over the groups and memberships it keeps. A directory
/// is asked before there is a scope, so only [`Scope::enter`](crate::Scope::enter) and platform
/// code ask it.
#[async_trait]
pub trait Directory: Debug + Send + Sync + 'static {
    /// A group, archived ones too; `None` if there is none.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    async fn group(&self, id: GroupId) -> Result<Option<Group>, StoreError>;

    /// What a person is to a place, ended memberships too; for [`Place::Global`], whether they are
    /// of the platform's staff.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    async fn membership(
        &self,
        person: PersonId,
        place: Place,
    ) -> Result<Option<Membership>, StoreError>;

    /// Every group below a group, nearer ones first, then by id; without the group itself. Safe on
    /// cycles.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    async fn descendants(&self, group: GroupId) -> Result<Vec<GroupId>, StoreError>;
}
