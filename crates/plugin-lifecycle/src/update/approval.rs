//! What whoever updates has seen and agrees to.

use std::collections::BTreeSet;

use plugin_runtime_api::Permissions;
use serde::{Deserialize, Serialize};

use super::{Breaking, BreakingKind, UpdatePlan};

/// Which breaking changes are agreed to.
///
/// ```
/// use plugin_lifecycle::{Approval, Breaking, BreakingKind};
/// let agreed = Approval::none().and(BreakingKind::Major);
/// assert_eq!(agreed.left(&[Breaking::Major, Breaking::Downgrade]), [Breaking::Downgrade]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    kinds: BTreeSet<BreakingKind>,
    /// What components may require that none required before.
    permissions: Permissions,
}

impl Approval {
    /// To none.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// To all that a plan says, and to nothing else.
    #[must_use]
    pub fn of(plan: &UpdatePlan) -> Self {
        plan.breaking.iter().fold(Self::none(), |approval, it| {
            let approval = approval.and(it.kind());
            match it {
                Breaking::PermissionsWidened { added } => approval.permitting(added),
                _ => approval,
            }
        })
    }

    /// Also to this kind of change. Permissions are agreed to one by one ([`Approval::permitting`]).
    #[must_use]
    pub fn and(mut self, kind: BreakingKind) -> Self {
        self.kinds.insert(kind);
        self
    }

    /// Also to components that require these permissions.
    #[must_use]
    pub fn permitting(mut self, permissions: &Permissions) -> Self {
        self.permissions = self.permissions.iter().chain(permissions.iter()).collect();
        self
    }

    /// What components may require that none required before.
    #[must_use]
    pub const fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// What of these is not agreed to.
    #[must_use]
    pub fn left(&self, breaking: &[Breaking]) -> Vec<Breaking> {
        let left = breaking.iter().filter(|breaking| match breaking {
            Breaking::PermissionsWidened { added } => !self.permissions.missing(added).is_empty(),
            other => !self.kinds.contains(&other.kind()),
        });
        left.cloned().collect()
    }
}
