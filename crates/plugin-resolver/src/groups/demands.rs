//! What holds wherever a request is met, whatever else is selected: cheap to know, and most clashes are of this kind.

use std::collections::{BTreeMap, BTreeSet};

use crate::solve::instance::Instance;
use crate::universe::{ABSENT, Bits, FIRST, IDLE};

/// How many releases are looked at for one request. Beyond that less is known, and nothing wrong.
const MOST_RELEASES: usize = 1024;

/// For packages, by index: what may be selected of them at most.
#[derive(Debug, Default)]
pub(super) struct Demands(BTreeMap<u32, Bits>);

impl Demands {
    /// What a root demands, directly and through what it cannot be without.
    // INVARIANT: the root has no problem of its own.
    pub(super) fn of(instance: &Instance<'_>, root: usize) -> Self {
        let mut demands = Self::default();
        let need = instance
            .roots
            .get(root)
            .and_then(|root| root.need.as_ref().ok());
        let Some((package, admitted)) = need else {
            return demands;
        };
        let mut open = BTreeSet::new();
        let mut releases = MOST_RELEASES;
        demands.narrow(instance, *package, admitted, &mut open);
        while let Some(package) = open.pop_first() {
            let Some(left) = demands.0.get(&package) else {
                continue;
            };
            let Some(all) = of_all(instance, package, left, &mut releases) else {
                break;
            };
            for (target, admitted) in all {
                demands.narrow(instance, target, &admitted, &mut open);
            }
        }
        demands
    }

    /// Whether a package is there wherever the request is met.
    pub(super) fn require(&self, package: u32) -> bool {
        self.0.get(&package).is_some_and(is_required)
    }

    /// Whether no selection can meet both.
    pub(super) fn exclude(&self, other: &Self) -> bool {
        let (few, many) = if self.0.len() <= other.0.len() {
            (self, other)
        } else {
            (other, self)
        };
        few.0.iter().any(|(package, left)| {
            many.0
                .get(package)
                .is_some_and(|other| left.intersection(other) == Bits::EMPTY)
        })
    }

    fn narrow(
        &mut self,
        instance: &Instance<'_>,
        package: u32,
        admitted: &Bits,
        open: &mut BTreeSet<u32>,
    ) {
        let known = self.0.get(&package);
        let left = match known {
            Some(left) => left.intersection(admitted),
            None => match instance.hosts.iter().find(|(host, _)| *host == package) {
                Some((_, provided)) => provided.intersection(admitted),
                None => admitted.clone(),
            },
        };
        if known != Some(&left) {
            if is_required(&left) {
                open.insert(package);
            }
            self.0.insert(package, left);
        }
    }
}

fn is_required(left: &Bits) -> bool {
    !left.contains(IDLE) && !left.contains(ABSENT)
}

/// What each of some versions of a package restricts, to what any of them admits. Nothing if that is too much to look at.
fn of_all(
    instance: &Instance<'_>,
    package: u32,
    versions: &Bits,
    releases: &mut usize,
) -> Option<BTreeMap<u32, Bits>> {
    let limit = instance.package(package)?.limit();
    let mut all: Option<BTreeMap<u32, Bits>> = None;
    for version in versions.below(limit).filter(|version| *version >= FIRST) {
        *releases = releases.checked_sub(1)?;
        // A release that can never be selected has no say.
        let Some(restrictions) = instance.restrictions(package, version, Bits::clone) else {
            continue;
        };
        let mut own: BTreeMap<u32, Bits> = BTreeMap::new();
        for (target, admitted) in restrictions {
            own.entry(target)
                .and_modify(|left| *left = left.intersection(&admitted))
                .or_insert(admitted);
        }
        all = Some(match all {
            None => own,
            Some(all) => all
                .into_iter()
                .filter_map(|(target, left)| Some((target, left.union(own.get(&target)?))))
                .collect(),
        });
    }
    Some(all.unwrap_or_default())
}
