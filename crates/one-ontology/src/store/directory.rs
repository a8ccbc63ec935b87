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
///
/// # Contract
/// - What it says decides who may do what, so it says it of now: an answer that was kept since
///   yesterday lets in who has left.
/// - It tells what is archived or ended, and does not judge: that is
///   [`Scope::decide`](crate::Scope::decide)'s.
/// - What is not there is `None`, never an error; an error means that it cannot be known, and lets
///   nobody in.
/// - Over a [`Store`](crate::Store) it sees a commit as soon as that has returned.
#[async_trait]
pub trait Directory: Debug + Send + Sync + 'static {
    /// A group, archived ones too; `None` if there is none.
    ///
    /// # Behavior
    /// By its id alone, wherever it is in the tree. Its parent need not exist.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    async fn group(&self, id: GroupId) -> Result<Option<Group>, StoreError>;

    /// What a person is to a place, ended memberships too; for [`Place::Global`], whether they are
    /// of the platform's staff.
    ///
    /// # Behavior
    /// Of this place itself: what follows from a membership further up is
    /// [`Scope::enter`](crate::Scope::enter)'s to find. `None` if there never was one, whether or not
    /// the person or the place exist.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    async fn membership(
        &self,
        person: PersonId,
        place: Place,
    ) -> Result<Option<Membership>, StoreError>;

    /// Every group below a group, nearer ones first, then by id; without the group itself.
    ///
    /// # Behavior
    /// Archived ones too, and what is below those. Each once, at its shortest distance, so that it ends
    /// on cycles. Empty for a group that has nothing below it or is not there.
    ///
    /// # Errors
    /// `Busy`, `Unavailable`, `Corrupt`.
    async fn descendants(&self, group: GroupId) -> Result<Vec<GroupId>, StoreError>;
}
