//! Which releases a request lets a specifier mean: its rule for prereleases, and its cooldown.

use std::cell::OnceCell;

use semver::Version;

use crate::Prereleases;
use crate::request::Request;
use crate::spec::Spec;
use crate::universe::{Bits, FIRST, Package, Problem, Universe};

#[derive(Debug)]
pub(crate) struct Rules<'a> {
    universe: &'a Universe,
    request: &'a Request,
    /// By package, the releases that are too young; empty without a cooldown.
    young: Vec<OnceCell<Bits>>,
}

impl<'a> Rules<'a> {
    pub(crate) fn new(universe: &'a Universe, request: &'a Request) -> Self {
        let packages = request.cooldown.as_ref().map_or(0, |_| universe.count());
        Self {
            universe,
            request,
            young: vec![OnceCell::new(); packages],
        }
    }

    /// Whether specifiers mean what they mean in the universe itself.
    pub(crate) fn are_plain(&self) -> bool {
        self.request.prereleases == Prereleases::WhereNamed && self.request.cooldown.is_none()
    }

    /// Which releases meet a specifier; none where [`Self::problem`] says why.
    pub(crate) fn admitted(&self, package: u32, spec: &Spec) -> Bits {
        let Some(data) = self.universe.package(package) else {
            return Bits::EMPTY;
        };
        let meeting = data.admitted(spec, self.request.prereleases);
        let Some(young) = self.young(package) else {
            return meeting;
        };
        let old = meeting.intersection(&young.complement());
        let is_tagged = spec.tag().is_some() && meeting != Bits::EMPTY;
        if old == Bits::EMPTY && is_tagged {
            return instead_of_tagged(data, &meeting, young);
        }
        old
    }

    /// Why no release meets a specifier, if none does.
    pub(crate) fn problem(&self, package: u32, spec: &Spec) -> Problem {
        let Some(data) = self.universe.package(package) else {
            return Problem::PackageMissing;
        };
        let meeting = data.admitted(spec, self.request.prereleases);
        let newest = meeting
            .last_below(data.limit())
            .and_then(|index| data.release(index));
        match newest {
            Some(release) => Problem::TooYoung {
                newest: Box::new(release.version.clone()),
                published: release.published(),
            },
            None => data.problem(spec),
        }
    }

    /// The releases of a package that the cooldown passes over.
    pub(crate) fn young(&self, package: u32) -> Option<&Bits> {
        let cooldown = self.request.cooldown.as_deref()?;
        let cell = self.young.get(usize::try_from(package).ok()?)?;
        Some(cell.get_or_init(|| {
            let Some(data) = self.universe.package(package) else {
                return Bits::EMPTY;
            };
            if cooldown.exempt.contains(data.name) {
                return Bits::EMPTY;
            }
            let locked = self
                .request
                .lock
                .as_deref()
                .and_then(|lock| lock.get(data.name));
            let locked = locked.map(|locked| &locked.version);
            let provided = self.request.hosts.get(data.name);
            let admitted: Vec<&Version> = cooldown.admitted(data.name).collect();
            let is_young = |index: &u32| {
                data.release(*index).is_some_and(|release| {
                    let is_there = [locked, provided].contains(&Some(release.version))
                        || admitted.contains(&release.version);
                    !is_there && cooldown.refuses(release.published())
                })
            };
            Bits::from_indexes((FIRST..data.limit()).filter(is_young))
        }))
    }
}

/// The newest release below a tagged one that is not too young, and a prerelease only if that is one, as npm's `before` has it.
fn instead_of_tagged(data: Package<'_>, tagged: &Bits, young: &Bits) -> Bits {
    let is_prerelease = |index: u32| {
        data.release(index)
            .is_some_and(|release| !release.version.pre.is_empty())
    };
    let tagged = tagged.last_below(data.limit()).unwrap_or(FIRST);
    (FIRST..tagged)
        .rev()
        .filter(|index| is_prerelease(tagged) || !is_prerelease(*index))
        .find(|index| !young.contains(*index))
        .map_or(Bits::EMPTY, Bits::singleton)
}
