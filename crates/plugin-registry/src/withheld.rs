//! What was fetched without releases that are not to be had.

use std::collections::BTreeMap;

use plugin_resolver::{PackageName, compare_versions};
use semver::Version;

use crate::{Collected, KnownSymbols, PluginLayer, Release};

impl Collected {
    /// The same without some releases. A tag that points at one means the newest below it that is left, and a prerelease only
    /// if that is one, as npm's `before` has it; where none is left, the tag goes, too.
    #[must_use]
    pub fn without(
        mut self,
        layer: &PluginLayer,
        withheld: impl Fn(&PackageName, &Version) -> bool,
    ) -> Self {
        for (name, versions) in &mut self.packages {
            versions
                .releases
                .retain(|version, _| !withheld(name, version));
            let left = &versions.releases;
            versions.dist_tags = std::mem::take(&mut versions.dist_tags)
                .into_iter()
                .filter_map(|(tag, version)| {
                    if left.contains_key(&version) {
                        return Some((tag, version));
                    }
                    Some((tag, newest_below(left, &version)?.clone()))
                })
                .collect();
        }
        self.universe = self.universe_with(layer, &KnownSymbols::new());
        self
    }
}

fn newest_below<'a>(
    releases: &'a BTreeMap<Version, Release>,
    tagged: &Version,
) -> Option<&'a Version> {
    let fits = |version: &&Version| {
        (!tagged.pre.is_empty() || version.pre.is_empty())
            && compare_versions(version, tagged).is_lt()
    };
    let below = releases.keys().filter(fits);
    below.max_by(|one, other| compare_versions(one, other))
}
