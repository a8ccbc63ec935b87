//! One comparison with a version: `>=1.2.3`.

use semver::Version;

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
            && (self.version.major, self.version.minor, self.version.patch)
                == (version.major, version.minor, version.patch)
    }

    /// `<0.0.0-0`: nothing is less.
    pub(crate) fn is_nothing(&self) -> bool {
        self.operator == Operator::Less
            && (self.version.major, self.version.minor, self.version.patch) == (0, 0, 0)
            && self.version.pre.as_str() == "0"
    }
}
