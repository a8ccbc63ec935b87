//! What a specifier comes to for one package. The one place where a range is evaluated.

use super::tables::Package;
use super::{Bits, FIRST, Problem, Standing, index};
use crate::spec::Spec;
use crate::{Prereleases, Range};

impl Package<'_> {
    /// Which releases meet the specifier; none where [`Self::problem`] says why.
    pub(crate) fn admitted(self, spec: &Spec, prereleases: Prereleases) -> Bits {
        if self.standing != Standing::Known {
            return Bits::EMPTY;
        }
        match unaliased(spec) {
            Spec::Range(range) => match reread(range, prereleases) {
                Some(range) => self.in_range(&range),
                None => self.in_range(range),
            },
            Spec::Tag(tag) => {
                let tagged = self.tag(tag).and_then(|version| self.index_of(version));
                tagged.map_or(Bits::EMPTY, Bits::singleton)
            }
            Spec::Workspace(_) | Spec::Unresolvable { .. } | Spec::Alias { .. } => Bits::EMPTY,
        }
    }

    /// Why no release meets the specifier, if none does.
    pub(crate) fn problem(self, spec: &Spec) -> Problem {
        if self.standing != Standing::Known {
            return Problem::PackageMissing;
        }
        let range = match unaliased(spec) {
            Spec::Range(range) => range,
            Spec::Tag(tag) => return Problem::TagUnknown { tag: tag.clone() },
            Spec::Workspace(_) => return Problem::WorkspacePublished,
            Spec::Unresolvable { kind, .. } => return Problem::Unresolvable { kind: *kind },
            // INVARIANT: an alias holds a range or a tag.
            Spec::Alias { .. } => return Problem::PackageMissing,
        };
        let Some(newest) = self.versions().next_back() else {
            return Problem::PackageEmpty;
        };
        let wider = reread(range, Prereleases::Everywhere);
        let prerelease = wider
            .and_then(|range| self.in_range(&range).last_below(self.limit()))
            .filter(|index| *index >= FIRST)
            .and_then(|index| self.release(index));
        match prerelease {
            Some(release) => Problem::OnlyPrereleasesMatch {
                newest: Box::new(release.version.clone()),
            },
            None => Problem::NoVersionMatches {
                newest: Box::new(newest.clone()),
            },
        }
    }

    fn in_range(self, range: &Range) -> Bits {
        let versions = self.versions().enumerate();
        Bits::from_indexes(
            versions
                .filter(|(_, version)| range.satisfies(version))
                .map(|(position, _)| index(position)),
        )
    }
}

fn unaliased(spec: &Spec) -> &Spec {
    match spec {
        Spec::Alias { spec, .. } => spec,
        spec => spec,
    }
}

/// The range under another rule for prereleases than npm's own; some texts then mean something else.
fn reread(range: &Range, prereleases: Prereleases) -> Option<Range> {
    match prereleases {
        Prereleases::WhereNamed => None,
        Prereleases::Everywhere => Range::parse(range.as_str(), prereleases).ok(),
    }
}
