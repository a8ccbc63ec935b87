//! One comparison with a version: `>=1.2.3`, and an alternative: comparisons that must all hold.

use semver::{Prerelease, Version};

use super::Prereleases;
use crate::version::compare_versions;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comparator {
    pub(crate) operator: Operator,
    pub(crate) version: Version,
}

impl Comparator {
    /// `>=0.0.0`, or `>=0.0.0-0` where prereleases are versions like all others: what `*` stands for.
    pub(crate) fn least(rule: Prereleases) -> Self {
        let version = Version {
            pre: Prerelease::new(rule.least()).unwrap_or(Prerelease::EMPTY),
            ..Version::new(0, 0, 0)
        };
        Self {
            operator: Operator::GreaterEqual,
            version,
        }
    }

    pub(crate) fn admits(&self, version: &Version) -> bool {
        let order = compare_versions(version, &self.version);
        match self.operator {
            Operator::Less => order.is_lt(),
            Operator::LessEqual => order.is_le(),
            Operator::Greater => order.is_gt(),
            Operator::GreaterEqual => order.is_ge(),
            Operator::Equal => order.is_eq(),
        }
    }

    /// npm's rule: a prerelease counts only next to a comparator that names a prerelease of the same release.
    pub(crate) fn names_prerelease_of(&self, version: &Version) -> bool {
        !self.version.pre.is_empty()
            && self.release() == (version.major, version.minor, version.patch)
    }

    /// `<0.0.0-0`: nothing is less.
    pub(crate) fn is_nothing(&self) -> bool {
        self.operator == Operator::Less
            && self.release() == (0, 0, 0)
            && self.version.pre.as_str() == "0"
    }

    /// Whether node-semver finds room for a version between the two; see [`super::Range::intersects`] for what is odd.
    pub(crate) fn meets(&self, other: &Self, rule: Prereleases) -> bool {
        if self.operator == Operator::Equal {
            return set_admits(std::slice::from_ref(other), &self.version, rule);
        }
        if other.operator == Operator::Equal {
            return set_admits(std::slice::from_ref(self), &other.version, rule);
        }
        let leaves_nothing = |c: &Self| match rule {
            Prereleases::Everywhere => c.is_nothing(),
            Prereleases::WhereNamed => c.operator == Operator::Less && c.release() == (0, 0, 0),
        };
        if leaves_nothing(self) || leaves_nothing(other) {
            return false;
        }
        if self.is_lower_bound() == other.is_lower_bound() {
            return true;
        }
        if self.version == other.version && self.is_inclusive() && other.is_inclusive() {
            return true;
        }
        let order = compare_versions(&self.version, &other.version);
        if self.is_lower_bound() {
            order.is_lt()
        } else {
            order.is_gt()
        }
    }

    pub(crate) fn is_lower_bound(&self) -> bool {
        matches!(self.operator, Operator::Greater | Operator::GreaterEqual)
    }

    pub(crate) fn is_upper_bound(&self) -> bool {
        matches!(self.operator, Operator::Less | Operator::LessEqual)
    }

    pub(crate) fn release(&self) -> (u64, u64, u64) {
        (self.version.major, self.version.minor, self.version.patch)
    }

    fn is_inclusive(&self) -> bool {
        matches!(self.operator, Operator::LessEqual | Operator::GreaterEqual)
    }
}

/// Whether a version satisfies one alternative; no comparator admits all.
pub(crate) fn set_admits(set: &[Comparator], version: &Version, rule: Prereleases) -> bool {
    set.iter().all(|comparator| comparator.admits(version))
        && (rule.admit_anywhere(version)
            || set
                .iter()
                .any(|comparator| comparator.names_prerelease_of(version)))
}
