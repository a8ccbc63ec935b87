//! A request bent until it can be met: requests get another version, or are left out.

use super::advise::Adviser;
use super::alternative::Change;
use super::lines;
use crate::solve::instance::Instance;
use crate::solve::solver::Outcome;
use crate::universe::{ABSENT, Bits, FIRST, IDLE};

/// A package and one version of it, by index.
pub(super) type Pin = (u32, u32);

/// A request's package, with what it admits as it is.
pub(super) type Target = (u32, Bits);

/// How far a request is bent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bend {
    AsAsked,
    AnyStable,
    AnyVersion,
    LeftOut,
}

/// Which versions of a disputed package a request's own package accepts: in the versions asked for, and in any.
pub(super) struct Reach {
    pub(super) asked: Bits,
    pub(super) any: Bits,
}

impl Reach {
    pub(super) fn new(instance: &Instance<'_>, target: Option<&Target>, disputed: u32) -> Self {
        let mut reach = Self {
            asked: Bits::EMPTY,
            any: Bits::EMPTY,
        };
        let Some((package, asked)) = target else {
            return reach;
        };
        let limit = instance
            .package(*package)
            .map_or(FIRST, |data| data.limit());
        let young = instance.too_young(*package);
        for version in (FIRST..limit).filter(|version| !young.contains(*version)) {
            let accepted = accepted(instance, *package, version, disputed);
            if asked.contains(version) {
                reach.asked = reach.asked.union(&accepted);
            }
            reach.any = reach.any.union(&accepted);
        }
        reach
    }
}

fn accepted(instance: &Instance<'_>, package: u32, version: u32, disputed: u32) -> Bits {
    if package == disputed {
        return Bits::singleton(version);
    }
    let Some(restrictions) = instance.restrictions(package, version, Bits::clone) else {
        return Bits::EMPTY;
    };
    restrictions
        .iter()
        .filter(|(target, _)| *target == disputed)
        .fold(Bits::EMPTY.complement(), |all, (_, left)| {
            all.intersection(left)
        })
}

pub(super) struct Bending<'a, 'b> {
    adviser: &'b mut Adviser<'a>,
    instance: Instance<'a>,
    targets: &'b [Option<Target>],
    bends: Vec<Bend>,
}

impl<'a, 'b> Bending<'a, 'b> {
    /// Begins with what must be bent for a pin in any case.
    pub(super) fn new(
        adviser: &'b mut Adviser<'a>,
        targets: &'b [Option<Target>],
        pin: Option<(Pin, &[Reach])>,
    ) -> Self {
        let mut instance = adviser.instance();
        if let Some(((package, version), _)) = pin {
            let allowed = Bits::from_indexes([IDLE, ABSENT, version]);
            instance.hosts.retain(|(host, _)| *host != package);
            instance.hosts.push((package, allowed));
        }
        let mut bending = Self {
            adviser,
            instance,
            bends: vec![Bend::AsAsked; targets.len()],
            targets,
        };
        for root in 0..targets.len() {
            let (asked, any) = match pin {
                Some(((_, version), reach)) => reach.get(root).map_or((false, false), |reach| {
                    (reach.asked.contains(version), reach.any.contains(version))
                }),
                None => (true, true),
            };
            if !any {
                bending.set(root, Bend::LeftOut);
            } else if !asked || !bending.is_sound(root) {
                bending.further(root);
            }
        }
        bending
    }

    /// Until everything fits, the least important that clashes first.
    pub(super) fn changes(mut self) -> Option<Vec<Change>> {
        let selected = loop {
            let kept = self.kept();
            if kept.is_empty() {
                return None;
            }
            match self.adviser.solve(&self.instance, &kept) {
                Outcome::Solved(selected) => break selected,
                Outcome::OutOfBudget => return None,
                Outcome::Impossible(reasons) => {
                    let clash = self.adviser.core(&self.instance, &kept, reasons);
                    self.further(*clash.last()?);
                }
            }
        };
        let kept = self.kept();
        let moved = kept.iter().filter_map(|root| {
            let (package, asked) = self.targets.get(*root)?.as_ref()?;
            self.adviser.moved(*root, *package, asked, &selected)
        });
        let left_out = (0..self.bends.len())
            .filter(|root| !kept.contains(root))
            .filter_map(|root| self.adviser.left_out(root));
        Some(moved.chain(left_out).collect())
    }

    fn kept(&self) -> Vec<usize> {
        let kept = self.bends.iter().enumerate();
        kept.filter(|(_, bend)| **bend != Bend::LeftOut)
            .map(|(root, _)| root)
            .collect()
    }

    fn is_sound(&self, root: usize) -> bool {
        self.instance
            .roots
            .get(root)
            .is_some_and(|root| root.need.is_ok())
    }

    /// Bends one step further that admits more.
    fn further(&mut self, root: usize) {
        let mut bend = self.bends.get(root).copied().unwrap_or(Bend::LeftOut);
        let target = self.targets.get(root).and_then(Option::as_ref);
        let before = self
            .instance
            .roots
            .get(root)
            .and_then(|root| root.need.clone().ok());
        let before = before.map_or(Bits::EMPTY, |(_, bits)| bits);
        loop {
            bend = match bend {
                Bend::AsAsked => Bend::AnyStable,
                Bend::AnyStable => Bend::AnyVersion,
                Bend::AnyVersion | Bend::LeftOut => Bend::LeftOut,
            };
            let package =
                target.and_then(|(package, _)| Some((*package, self.instance.package(*package)?)));
            let (Some((package, data)), Some((_, asked))) = (package, target) else {
                return self.set(root, Bend::LeftOut);
            };
            let admitted = match bend {
                Bend::AsAsked | Bend::AnyStable => asked.union(&lines::stable(data)),
                Bend::AnyVersion => lines::every(data),
                Bend::LeftOut => return self.set(root, Bend::LeftOut),
            };
            let young = self.instance.too_young(package);
            let admitted = admitted.intersection(&young.complement());
            if admitted != before && admitted != Bits::EMPTY {
                if let Some(root) = self.instance.roots.get_mut(root) {
                    root.need = Ok((package, admitted));
                }
                return self.set(root, bend);
            }
        }
    }

    fn set(&mut self, root: usize, bend: Bend) {
        if let Some(slot) = self.bends.get_mut(root) {
            *slot = bend;
        }
    }
}
