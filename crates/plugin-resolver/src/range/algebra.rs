//! Questions about whole ranges: what is best in one, what two have in common, where a version lies.
//!
//! The answers are node-semver's, the odd ones included; each oddity is named where it occurs. A question about two ranges
//! is decided by the rule for prereleases that `self` was read with: read both the same way.

use std::borrow::Borrow;
use std::cmp::Ordering;

use semver::{Prerelease, Version};

use super::comparator::{Comparator, Operator};
use super::{Prereleases, Range, subset};
use crate::version::{compare_versions, fits};

impl Range {
    /// The greatest of these versions that satisfies the range, in whatever order they come; the first of those that
    /// differ in build metadata only.
    ///
    /// ```
    /// # use plugin_resolver::{Range, parse_version};
    /// # fn main() -> Result<(), plugin_resolver::ResolverError> {
    /// let versions = [parse_version("1.4.0")?, parse_version("1.10.0")?, parse_version("2.0.0")?];
    /// let range: Range = "^1.2".parse()?;
    /// assert_eq!(range.max_satisfying(&versions), Some(&versions[1]));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "maxSatisfying")]
    pub fn max_satisfying<'v>(
        &self,
        versions: impl IntoIterator<Item = &'v Version>,
    ) -> Option<&'v Version> {
        first_best(self.those_within(versions), Ordering::Greater)
    }

    /// The least of these versions that satisfies the range, in whatever order they come; the first of those that
    /// differ in build metadata only.
    ///
    /// ```
    /// # use plugin_resolver::{Range, parse_version};
    /// # fn main() -> Result<(), plugin_resolver::ResolverError> {
    /// let versions = [parse_version("1.4.0")?, parse_version("1.3.0")?, parse_version("1.0.0")?];
    /// let range: Range = "^1.2".parse()?;
    /// assert_eq!(range.min_satisfying(&versions), Some(&versions[1]));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "minSatisfying")]
    pub fn min_satisfying<'v>(
        &self,
        versions: impl IntoIterator<Item = &'v Version>,
    ) -> Option<&'v Version> {
        first_best(self.those_within(versions), Ordering::Less)
    }

    /// The least version that could satisfy the range, whether or not it was ever released.
    ///
    /// Odd, as in node-semver:
    /// - `0.0.0` is tried before `0.0.0-0`, so the answer for `>=0.0.0-0` is `0.0.0`.
    /// - After `>1.2.3` comes `1.2.4`, never `1.2.4-0`, with [`Prereleases::Everywhere`] too.
    /// - Only lower bounds are looked at, and the least of them is tried: `>=2 <1 || 3` has no answer, because `2.0.0` does not
    ///   satisfy it, although `3.0.0` would.
    ///
    /// Not as in node-semver: where its answer would be no version that it reads itself (after `>1.0.9007199254740991`), there is
    /// none.
    ///
    /// ```
    /// # fn main() -> Result<(), plugin_resolver::ResolverError> {
    /// let least = |text: &str| -> Result<_, plugin_resolver::ResolverError> {
    ///     Ok(text.parse::<plugin_resolver::Range>()?.min_version().map(|version| version.to_string()))
    /// };
    /// assert_eq!(least("^1.2 || ^0.9")?.as_deref(), Some("0.9.0"));
    /// assert_eq!(least(">1.2.3-beta")?.as_deref(), Some("1.2.3-beta.0"));
    /// assert_eq!(least(">2 <1")?, None);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "minVersion")]
    #[must_use]
    pub fn min_version(&self) -> Option<Version> {
        let zero = Version::new(0, 0, 0);
        if self.satisfies(&zero) {
            return Some(zero);
        }
        let before_zero = Comparator::least(Prereleases::Everywhere).version;
        if self.satisfies(&before_zero) {
            return Some(before_zero);
        }
        let bounds = self.sets().filter_map(greatest_lower_bound);
        first_best(bounds, Ordering::Less)
            .filter(|version| fits(version) && self.satisfies(version))
    }

    /// Whether some version could satisfy both ranges.
    ///
    /// Odd, as in node-semver, where comparators are held against each other pair by pair:
    /// - The answer is about the order of versions, not about which exist: `>1.2.3 <1.2.4` intersects with itself, though without
    ///   prereleases nothing lies between.
    /// - What names exact prereleases is compared by the strict rule in one direction only: `*` intersects `1.0.0-beta`, but
    ///   `1.0.0-beta` does not intersect `*`.
    /// - Without [`Prereleases::Everywhere`] nothing intersects `<0.0.0-beta`, though `0.0.0-alpha` satisfies it.
    ///
    /// ```
    /// # use plugin_resolver::Range;
    /// # fn main() -> Result<(), plugin_resolver::ResolverError> {
    /// let core: Range = "^1.7.0".parse()?;
    /// assert!(core.intersects(&">=1.9 <3".parse()?));
    /// assert!(!core.intersects(&"^0.25".parse()?));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        let rule = self.prereleases;
        let others: Vec<_> = other.sets().filter(|set| possible(set, rule)).collect();
        self.sets()
            .filter(|set| possible(set, rule))
            .any(|set| others.iter().any(|other| sets_meet(set, other, rule)))
    }

    /// Whether every version that satisfies this range satisfies `other` too.
    ///
    /// Odd, as in node-semver:
    /// - Each alternative must lie within *one* alternative of `other`: `1.x` is no subset of `<1.5 || >=1.5`.
    /// - An alternative that nothing satisfies is left out only before the first that something does: `>2 <1 || 3` is a
    ///   subset of `3`, and `3 || >2 <1` is not.
    /// - An exact prerelease beside another comparator counts as impossible in a strict range, so `1.2.3-beta >=1.0.0`, which
    ///   `1.2.3-beta` satisfies, is a subset of everything.
    ///
    /// An alternative lies within one that means the same, though nothing satisfies it. node-semver agrees where both are written
    /// the same, because its parser then hands out one cached object for both.
    ///
    /// ```
    /// # use plugin_resolver::Range;
    /// # fn main() -> Result<(), plugin_resolver::ResolverError> {
    /// let range: Range = "~1.7.2".parse()?;
    /// assert!(range.is_subset_of(&"^1.0.0".parse()?));
    /// assert!(!range.is_subset_of(&"1.7.2".parse()?));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "subset")]
    #[must_use]
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self == other || subset::is_subset(self, other)
    }

    /// Whether the version is greater than every version that could satisfy this range.
    ///
    /// Odd, as in node-semver: only the outermost comparators of an alternative are looked at, so what is between them and does
    /// not satisfy it lies on both sides: `^1.2.3` lies below and above `1.5.0-beta`, and `>=1.0.0 2.0.0` below and above `1.5.0`.
    ///
    /// ```
    /// # use plugin_resolver::{Range, parse_version};
    /// # fn main() -> Result<(), plugin_resolver::ResolverError> {
    /// let range: Range = "^1.2.3".parse()?;
    /// assert!(range.lies_below(&parse_version("2.0.0")?));
    /// assert!(!range.lies_below(&parse_version("1.0.0")?));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "gtr")]
    #[doc(alias = "outside")]
    #[must_use]
    pub fn lies_below(&self, version: &Version) -> bool {
        self.lies_on_side(version, Ordering::Less)
    }

    /// Whether the version is less than every version that could satisfy this range; odd where [`Self::lies_below`] is.
    ///
    /// ```
    /// # use plugin_resolver::{Range, parse_version};
    /// # fn main() -> Result<(), plugin_resolver::ResolverError> {
    /// let range: Range = "^1.2.3".parse()?;
    /// assert!(range.lies_above(&parse_version("1.0.0")?));
    /// assert!(!range.lies_above(&parse_version("2.0.0")?));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ltr")]
    #[doc(alias = "outside")]
    #[must_use]
    pub fn lies_above(&self, version: &Version) -> bool {
        self.lies_on_side(version, Ordering::Greater)
    }

    fn those_within<'v>(
        &self,
        versions: impl IntoIterator<Item = &'v Version>,
    ) -> impl Iterator<Item = &'v Version> {
        versions
            .into_iter()
            .filter(|version| self.satisfies(version))
    }

    /// On which side of a version the range lies, decided by the outermost comparators of each alternative alone.
    fn lies_on_side(&self, version: &Version, side: Ordering) -> bool {
        !self.satisfies(version) && self.sets().all(|set| set_lies_on_side(set, version, side))
    }
}

/// The first version than which no other is `better`.
fn first_best<V: Borrow<Version>>(
    versions: impl Iterator<Item = V>,
    better: Ordering,
) -> Option<V> {
    versions.reduce(|best, next| {
        if compare_versions(next.borrow(), best.borrow()) == better {
            next
        } else {
            best
        }
    })
}

/// The greatest lower bound of one alternative; `None` if it has none.
fn greatest_lower_bound(set: &[Comparator]) -> Option<Version> {
    let lower_bounds = set.iter().filter_map(|c| match c.operator {
        Operator::Less | Operator::LessEqual => None,
        Operator::GreaterEqual | Operator::Equal => Some(c.version.clone()),
        Operator::Greater => Some(next_after(&c.version)),
    });
    first_best(lower_bounds, Ordering::Greater)
}

/// What node-semver takes for the version after this one.
fn next_after(version: &Version) -> Version {
    let mut next = version.clone();
    if version.pre.is_empty() {
        next.patch = next.patch.saturating_add(1);
    } else if let Ok(pre) = Prerelease::new(&format!("{}.0", version.pre)) {
        next.pre = pre;
    }
    next
}

/// Whether each comparator of an alternative meets each other one.
fn possible(set: &[Comparator], rule: Prereleases) -> bool {
    set.iter().enumerate().all(|(index, later)| {
        set.iter()
            .take(index)
            .all(|earlier| later.meets(earlier, rule))
    })
}

fn sets_meet(set: &[Comparator], other: &[Comparator], rule: Prereleases) -> bool {
    if set.is_empty() {
        return true;
    }
    if other.is_empty() {
        return set
            .iter()
            .all(|c| c.operator != Operator::Equal || rule.admit_anywhere(&c.version));
    }
    set.iter().all(|c| other.iter().all(|d| c.meets(d, rule)))
}

fn set_lies_on_side(set: &[Comparator], version: &Version, side: Ordering) -> bool {
    let any = [Comparator::least(Prereleases::WhereNamed)];
    let set = if set.is_empty() { &any } else { set };
    let Some(first) = set.first() else {
        return true;
    };
    // `near` is the outermost comparator towards the version, `far` the one on the other side.
    let (mut near, mut far) = (first, first);
    for comparator in set {
        let order = |than: &Comparator| compare_versions(&comparator.version, &than.version);
        if order(near) == side.reverse() {
            near = comparator;
        } else if order(far) == side {
            far = comparator;
        }
    }
    let (open, closed) = match side {
        Ordering::Greater => (Operator::Less, Operator::LessEqual),
        _ => (Operator::Greater, Operator::GreaterEqual),
    };
    if near.operator == open || near.operator == closed {
        return false;
    }
    let order = compare_versions(version, &far.version);
    let beyond = order == side.reverse();
    if far.operator == Operator::Equal || far.operator == open {
        return beyond;
    }
    far.operator != closed || order != side
}
