//! Groups: organisations, communities, circles, nested.

use serde::{Deserialize, Serialize};

use crate::{GroupId, Place, Revision, Timestamp, Validator, Violations, vocabulary};

vocabulary! {
    /// What a group is.
    closed GroupType ("a group type") {
        /// Friends.
        FriendCircle = "friend_circle",
        /// A business.
        Business = "business",
        /// A community.
        Community = "community",
        /// A decentralised autonomous organisation.
        Dao = "dao",
        /// A public authority.
        Government = "government",
        /// Any other organisation.
        Organization = "organization",
    }
}

vocabulary! {
    /// Whether a group may be used.
    closed GroupStatus ("`active` or `archived`") {
        /// In use.
        Active = "active",
        /// Put away: everything in it is kept, nothing in it may be changed or run.
        Archived = "archived",
    }
}

vocabulary! {
    /// Who may see that a group exists.
    closed Visibility ("`public` or `private`") {
        /// Everyone.
        Public = "public",
        /// Its members.
        Private = "private",
    }
}

vocabulary! {
    /// How people join.
    closed JoinPolicy ("a join policy") {
        /// By asking.
        Open = "open",
        /// By being invited.
        InviteOnly = "invite_only",
        /// By asking, if an owner agrees.
        ApprovalRequired = "approval_required",
    }
}

vocabulary! {
    /// What a group has subscribed to.
    closed Plan ("`starter`, `pro` or `enterprise`") {
        /// 5 people, 1 GB, 1,000 calls a month, 100 executions a day, 1 at a time.
        Starter = "starter" | "free",
        /// 50 people, 100 GB, 100,000 calls a month, 10,000 executions a day, 5 at a time.
        Pro = "pro",
        /// No bounds but 10 executions at a time.
        Enterprise = "enterprise",
    }
}

/// A group. The parent's owners and users may read it, never write it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its id.
    #[serde(alias = "_id")]
    pub id: GroupId,
    /// What it is called: 1 to 256 characters.
    pub name: String,
    /// What it is.
    #[serde(rename = "type")]
    pub group_type: GroupType,
    /// The group it is part of.
    #[serde(
        default,
        alias = "parentGroupId",
        skip_serializing_if = "Option::is_none"
    )]
    pub parent: Option<GroupId>,
    /// Whether it may be used.
    pub status: GroupStatus,
    /// Who may see that it exists.
    pub visibility: Visibility,
    /// How people join.
    #[serde(alias = "joinPolicy")]
    pub join_policy: JoinPolicy,
    /// What it has subscribed to.
    pub plan: Plan,
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

impl Group {
    /// An active, private organisation on the starter plan that people join by invitation.
    #[must_use]
    pub fn new(id: GroupId, name: impl Into<String>, now: Timestamp) -> Self {
        Self {
            id,
            name: name.into(),
            group_type: GroupType::Organization,
            parent: None,
            status: GroupStatus::Active,
            visibility: Visibility::Private,
            join_policy: JoinPolicy::InviteOnly,
            plan: Plan::Starter,
            revision: Revision::FIRST,
            created_at: now,
            updated_at: now,
        }
    }

    /// Where its facts live.
    #[must_use]
    pub const fn place(&self) -> Place {
        Place::Group(self.id)
    }

    /// Checks every field.
    ///
    /// # Errors
    /// Each field that does not hold, with the reason.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut check = Validator::new();
        check.name("name", &self.name, 256);
        check.require(
            self.parent != Some(self.id),
            "parent",
            "must not be the group itself",
        );
        check.require(
            self.updated_at >= self.created_at,
            "updated_at",
            "must not be before `created_at`",
        );
        check.finish()
    }
}
