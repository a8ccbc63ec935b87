//! People, and what they are to a group.

use serde::{Deserialize, Serialize};

use crate::{PersonId, Place, Revision, Scope, Timestamp, Validator, Violations, vocabulary};

vocabulary! {
    /// What a person is to a group, the mightiest first.
    closed Role ("one of the four roles") {
        /// Runs the platform and its shared registry.
        PlatformOwner = "platform_owner",
        /// Runs the group.
        GroupOwner = "group_owner" | "org_owner",
        /// Works in the group.
        GroupUser = "group_user" | "org_user",
        /// Buys from the group.
        Customer = "customer",
    }
}

vocabulary! {
    /// Whether a membership counts.
    closed MembershipStatus ("`active` or `ended`") {
        /// It counts.
        Active = "active",
        /// It is over.
        Ended = "ended",
    }
}

/// A person, kept where they were first recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// Their id.
    #[serde(alias = "_id")]
    pub id: PersonId,
    /// Where the record lives.
    pub place: Place,
    /// What they are called: 1 to 256 characters.
    #[serde(alias = "displayName", alias = "name")]
    pub display_name: String,
    /// Where to write to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Which writing of it this is.
    #[serde(default)]
    pub revision: Revision,
    /// When it was made.
    #[serde(alias = "createdAt")]
    pub created_at: Timestamp,
    /// When it was last written.
    #[serde(alias = "updatedAt")]
    pub updated_at: Timestamp,
}

impl Person {
    /// A person, recorded in the place of `scope`.
    #[must_use]
    pub fn new(
        scope: &Scope,
        id: PersonId,
        display_name: impl Into<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            place: scope.place(),
            display_name: display_name.into(),
            email: None,
            revision: Revision::FIRST,
            created_at: now,
            updated_at: now,
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// Each field that does not hold, with the reason.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut check = Validator::new();
        check.name("display_name", &self.display_name, 256);
        if let Some(email) = &self.email {
            check.text("email", email, 320);
            check.require(
                email
                    .split_once('@')
                    .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty()),
                "email",
                "must have a user and a host around `@`",
            );
        }
        check.require(
            self.updated_at >= self.created_at,
            "updated_at",
            "must not be before `created_at`",
        );
        check.finish()
    }
}

/// What a person is to a place: one membership for each person and place. A membership in
/// [`Place::Global`] is one in the platform's own staff.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// Who.
    pub person: PersonId,
    /// Where.
    pub place: Place,
    /// What they are there.
    pub role: Role,
    /// Whether it counts.
    pub status: MembershipStatus,
    /// Which writing of it this is.
    #[serde(default)]
    pub revision: Revision,
    /// When it began.
    #[serde(alias = "createdAt")]
    pub created_at: Timestamp,
    /// When it was last written.
    #[serde(alias = "updatedAt")]
    pub updated_at: Timestamp,
}

impl Membership {
    /// An active membership.
    #[must_use]
    pub const fn new(person: PersonId, place: Place, role: Role, now: Timestamp) -> Self {
        Self {
            person,
            place,
            role,
            status: MembershipStatus::Active,
            revision: Revision::FIRST,
            created_at: now,
            updated_at: now,
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// A platform owner of a group, or a group's role in the shared registry.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut check = Validator::new();
        check.require(
            (self.role == Role::PlatformOwner) == (self.place == Place::Global),
            "role",
            "must be `platform_owner` in the shared registry and only there",
        );
        check.require(
            self.updated_at >= self.created_at,
            "updated_at",
            "must not be before `created_at`",
        );
        check.finish()
    }
}
