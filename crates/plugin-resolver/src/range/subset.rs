//! Whether one range lies within another, as node-semver decides it.

use std::borrow::Cow;
use std::cmp::Ordering;

use semver::Version;

use super::comparator::{Comparator, Operator, set_admits};
use super::{Prereleases, Range};
use crate::version::compare_versions;

pub(super) fn is_subset(sub: &Range, dom: &Range) -> bool {
    let rule = sub.prereleases;
    let mut something = false;
    for sub in sub.sets() {
        let mut inside = false;
        for dom in dom.sets() {
            let place = place(sub, dom, rule);
            something |= place != Place::Nowhere;
            inside = place == Place::Inside || sub == dom;
            if inside {
                break;
            }
        }
        // Once something was seen, node-semver lets no further alternative pass for being impossible.
        if !inside && something {
            return false;
        }
    }
    true
}

/// Where one alternative lies as seen from another one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Inside,
    Outside,
    /// Nothing satisfies it.
    Nowhere,
}

fn place(sub: &[Comparator], dom: &[Comparator], rule: Prereleases) -> Place {
    if dom.is_empty() && (sub.is_empty() || rule == Prereleases::Everywhere) {
        return Place::Inside;
    }
    let sub = or_any(sub, rule);
    let dom = or_any(dom, Prereleases::WhereNamed);
    let bounds = Bounds::of(&sub);
    if bounds.is_impossible(rule) {
        return Place::Nowhere;
    }
    let inside = match bounds.exact {
        Some(exact) => dom
            .iter()
            .all(|c| set_admits(std::slice::from_ref(c), exact, rule)),
        None => bounds.lie_within(&dom) && bounds.prereleases_are_named_in(&dom, rule),
    };
    if inside {
        Place::Inside
    } else {
        Place::Outside
    }
}

/// `*` written out.
fn or_any(set: &[Comparator], rule: Prereleases) -> Cow<'_, [Comparator]> {
    if set.is_empty() {
        Cow::Owned(vec![Comparator::least(rule)])
    } else {
        Cow::Borrowed(set)
    }
}

/// The tightest comparators of an alternative.
struct Bounds<'a> {
    lower: Option<&'a Comparator>,
    upper: Option<&'a Comparator>,
    exact: Option<&'a Version>,
    /// Two different exact versions are asked for at once.
    torn: bool,
}

impl<'a> Bounds<'a> {
    fn of(set: &'a [Comparator]) -> Self {
        let mut bounds = Self {
            lower: None,
            upper: None,
            exact: None,
            torn: false,
        };
        for comparator in set {
            if comparator.is_lower_bound() {
                if bounds
                    .lower
                    .is_none_or(|lower| is_tighter(comparator, lower))
                {
                    bounds.lower = Some(comparator);
                }
            } else if comparator.is_upper_bound() {
                if bounds
                    .upper
                    .is_none_or(|upper| is_tighter(comparator, upper))
                {
                    bounds.upper = Some(comparator);
                }
            } else {
                let version = &comparator.version;
                bounds.torn |= bounds.exact.is_some_and(|exact| exact != version);
                bounds.exact = Some(version);
            }
        }
        bounds
    }

    fn is_impossible(&self, rule: Prereleases) -> bool {
        let excludes = |bound: Option<&Comparator>, exact: &Version| {
            bound.is_some_and(|c| !set_admits(std::slice::from_ref(c), exact, rule))
        };
        self.torn
            || self.is_empty_interval()
            || self
                .exact
                .is_some_and(|exact| excludes(self.lower, exact) || excludes(self.upper, exact))
    }

    /// How the lower bound compares with the upper one, if there are both.
    fn order(&self) -> Option<Ordering> {
        let (lower, upper) = (self.lower?, self.upper?);
        Some(compare_versions(&lower.version, &upper.version))
    }

    fn is_empty_interval(&self) -> bool {
        let closed = self
            .lower
            .is_some_and(|c| c.operator == Operator::GreaterEqual)
            && self
                .upper
                .is_some_and(|c| c.operator == Operator::LessEqual);
        match self.order() {
            Some(Ordering::Greater) => true,
            Some(Ordering::Equal) => !closed,
            Some(Ordering::Less) | None => false,
        }
    }

    fn lie_within(&self, dom: &[Comparator]) -> bool {
        let is_point = self.order() == Some(Ordering::Equal);
        let has_lower = dom.iter().any(Comparator::is_lower_bound);
        let has_upper = dom.iter().any(Comparator::is_upper_bound);
        let open_above = self.lower.is_some() && self.upper.is_none() && has_upper;
        let open_below = self.upper.is_some() && self.lower.is_none() && has_lower;
        !open_above
            && !open_below
            && dom.iter().all(|c| {
                (c.operator != Operator::Equal || is_point)
                    && self.lower.is_none_or(|lower| lower_lies_within(lower, c))
                    && self.upper.is_none_or(|upper| upper_lies_within(upper, c))
            })
    }

    /// `>=1.2.3-beta` brings prereleases of 1.2.3 with it; the other range must name some too.
    fn prereleases_are_named_in(&self, dom: &[Comparator], rule: Prereleases) -> bool {
        // `<1.2.3-0` brings none.
        let brings_none =
            |c: &Comparator| c.operator == Operator::Less && c.version.pre.as_str() == "0";
        let named = |bound: &Comparator| {
            bound.version.pre.is_empty()
                || dom.iter().any(|c| c.names_prerelease_of(&bound.version))
        };
        rule == Prereleases::Everywhere
            || (self.lower.is_none_or(named)
                && self
                    .upper
                    .is_none_or(|upper| brings_none(upper) || named(upper)))
    }
}

fn lower_lies_within(lower: &Comparator, c: &Comparator) -> bool {
    if c.is_lower_bound() {
        return !is_tighter(c, lower);
    }
    lower.operator != Operator::GreaterEqual || c.admits(&lower.version)
}

fn upper_lies_within(upper: &Comparator, c: &Comparator) -> bool {
    if c.is_upper_bound() {
        return !is_tighter(c, upper);
    }
    upper.operator != Operator::LessEqual || c.admits(&upper.version)
}

/// Whether the first of two bounds of one direction leaves less room than the second.
fn is_tighter(c: &Comparator, than: &Comparator) -> bool {
    let order = compare_versions(&c.version, &than.version);
    match c.operator {
        Operator::Greater => {
            order.is_gt() || (order.is_eq() && than.operator == Operator::GreaterEqual)
        }
        Operator::Less => order.is_lt() || (order.is_eq() && than.operator == Operator::LessEqual),
        Operator::GreaterEqual => order.is_gt(),
        Operator::LessEqual => order.is_lt(),
        Operator::Equal => false,
    }
}
