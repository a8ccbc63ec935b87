//! Worlds drawn at random, with everything that a registry can say, and what an answer is by those facts alone.
//!
//! Nothing here is shared with the solver but [`Range::satisfies`], which has tables of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use plugin_resolver::{
    DependencyKind, Exports, PackageName, Policy, Range, ReleaseFacts, Request, Resolution,
    Universe, UniverseBuilder, parse_version,
};
use proptest::prelude::*;
use proptest::sample::Index;
use semver::Version;

use crate::support::name;

/// Every version that any package has, ascending: 1.0.0-rc.1, 1.0.0, 1.0.1, 1.1.0-rc.1, ... 4.7.1.
static VERSIONS: LazyLock<Vec<Version>> = LazyLock::new(|| {
    let minors = (1..5).flat_map(|major| (0..8).map(move |minor| (major, minor)));
    let texts = minors.flat_map(|(major, minor)| {
        ["0-rc.1", "0", "1"].map(|patch| format!("{major}.{minor}.{patch}"))
    });
    texts.map(|text| parse_version(&text).unwrap()).collect()
});
const VERSION_COUNT: usize = 96;
/// A version that no package has.
const UNKNOWN: usize = VERSION_COUNT;

const NAMES: [&str; 3] = ["x", "y", "z"];

/// Packages and versions by position.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) packages: Vec<Package>,
    /// Several may ask for one package, in different words.
    pub(crate) roots: Vec<(usize, Ask)>,
    /// In which version the host provides a package.
    pub(crate) hosts: BTreeMap<usize, usize>,
    /// The versions that every package published after [`World::old`].
    pub(crate) young: BTreeSet<usize>,
}

#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) standing: Standing,
    pub(crate) releases: BTreeMap<usize, Release>,
    /// Where the tag `next` points.
    pub(crate) next: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Known,
    External,
    Missing,
}

#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub(crate) needs: Vec<Need>,
    /// What it exports; nothing where that is not known.
    exports: Option<BTreeSet<&'static str>>,
    imports: Vec<(usize, &'static str)>,
    pub(crate) fault: Fault,
}

#[derive(Debug, Clone)]
pub(crate) struct Need {
    pub(crate) target: usize,
    ask: Ask,
    kind: DependencyKind,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ask {
    Range(String),
    /// The same through another name.
    Alias(String),
    Next,
    /// Something that no registry answers.
    Workspace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    Deprecated,
    Yanked,
}

/// What the random numbers are, before positions are known.
type RawAsk = (u8, Index, Index);
type RawNeed = (Option<Index>, RawAsk, DependencyKind);
type RawRelease = (Vec<RawNeed>, Option<u8>, Option<(Index, usize)>, Fault);
type RawPackage = (Standing, BTreeMap<usize, RawRelease>, Option<Index>);

/// How large worlds are: packages, and versions of each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    packages: (usize, usize),
    versions: (usize, usize),
}

pub(crate) const SMALL: Size = Size {
    packages: (4, 14),
    versions: (2, 7),
};

pub(crate) const LARGE: Size = Size {
    packages: (30, 60),
    versions: (5, 10),
};

/// Beyond the 64 versions that one word of a bit set holds.
pub(crate) const WIDE: Size = Size {
    packages: (3, 5),
    // Some are the same.
    versions: (90, 160),
};

pub(crate) fn worlds() -> impl Strategy<Value = World> {
    prop_oneof![
        60 => sized(SMALL),
        6 => sized(LARGE),
        1 => sized(WIDE),
    ]
}

pub(crate) fn sized(size: Size) -> impl Strategy<Value = World> {
    let kind = prop_oneof![
        12 => Just(DependencyKind::Normal),
        4 => Just(DependencyKind::Peer),
        3 => Just(DependencyKind::Optional),
        2 => Just(DependencyKind::OptionalPeer),
    ];
    let ask = || (any::<u8>(), any::<Index>(), any::<Index>());
    // No target is the package itself.
    let target = prop::option::weighted(0.97, any::<Index>());
    let fault = prop_oneof![
        20 => Just(Fault::None),
        1 => Just(Fault::Deprecated),
        1 => Just(Fault::Yanked),
    ];
    let release = (
        prop::collection::vec((target, ask(), kind), 0..4),
        prop::option::weighted(0.2, any::<u8>()),
        prop::option::weighted(0.1, (any::<Index>(), 0..NAMES.len())),
        fault,
    );
    let standing = prop_oneof![
        60 => Just(Standing::Known),
        1 => Just(Standing::External),
        1 => Just(Standing::Missing),
    ];
    let numbered = prop::collection::vec(
        (0..VERSION_COUNT, release),
        size.versions.0..=size.versions.1,
    );
    let some = numbered.prop_map(BTreeMap::from_iter);
    // A package may be known and have no version.
    let releases = prop_oneof![40 => some, 1 => Just(BTreeMap::new())];
    let package = (standing, releases, prop::option::of(any::<Index>()));
    let packages = prop::collection::vec(package, size.packages.0..=size.packages.1);
    let roots = prop::collection::vec((any::<Index>(), ask()), 1..6);
    // The version may be one that is nowhere.
    let host = (any::<Index>(), prop::option::weighted(0.9, any::<Index>()));
    let hosts = prop::option::weighted(0.2, host);
    (packages, roots, hosts)
        .prop_map(|(packages, roots, host)| world(&packages, &roots, host.as_ref()))
}

fn world(
    raw: &[RawPackage],
    roots: &[(Index, RawAsk)],
    host: Option<&(Index, Option<Index>)>,
) -> World {
    let versions: Vec<Vec<usize>> = raw
        .iter()
        .map(|(standing, releases, _)| match standing {
            Standing::Known => releases.keys().copied().collect(),
            Standing::External | Standing::Missing => Vec::new(),
        })
        .collect();
    let count = raw.len();
    let ask = |target: usize, (words, one, other): &RawAsk| {
        words_for(*words, &versions[target], *one, *other)
    };
    let release = |package: usize, (needs, exports, import, fault): &RawRelease| Release {
        needs: needs
            .iter()
            .map(|(target, words, kind)| {
                let target = target.map_or(package, |target| target.index(count));
                let (ask, kind) = (ask(target, words), *kind);
                Need { target, ask, kind }
            })
            .collect(),
        exports: exports.map(|set| {
            let names = NAMES.iter().enumerate();
            let listed = names.filter(|(bit, _)| set >> bit & 1 == 1);
            listed.map(|(_, name)| *name).collect()
        }),
        imports: import
            .iter()
            .map(|(target, name)| (target.index(count), NAMES[*name]))
            .collect(),
        fault: *fault,
    };
    let package = |(at, (standing, releases, next)): (usize, &RawPackage)| Package {
        standing: *standing,
        releases: releases
            .iter()
            .filter(|(version, _)| versions[at].contains(version))
            .map(|(version, raw)| (*version, release(at, raw)))
            .collect(),
        next: next
            .filter(|_| !versions[at].is_empty())
            .map(|next| *next.get(&versions[at])),
    };
    let asked: BTreeSet<(usize, Ask)> = BTreeSet::new();
    let (_, roots) = roots
        .iter()
        .fold((asked, Vec::new()), |(mut seen, mut all), (at, words)| {
            let (words, one, other) = *words;
            // People ask for plugins in plainer words than plugins do.
            let root = (
                at.index(count),
                ask(at.index(count), &(words / 2, one, other)),
            );
            if seen.insert(root.clone()) {
                all.push(root);
            }
            (seen, all)
        });
    let provided = |(at, version): &(Index, Option<Index>)| {
        let at = at.index(count);
        let known = version.filter(|_| !versions[at].is_empty());
        (
            at,
            known.map_or(UNKNOWN, |version| *version.get(&versions[at])),
        )
    };
    World {
        packages: raw.iter().enumerate().map(package).collect(),
        roots,
        hosts: host.map(provided).into_iter().collect(),
        young: BTreeSet::new(),
    }
}

/// A range around versions that the package has, most often, as people write them.
fn words_for(words: u8, versions: &[usize], one: Index, other: Index) -> Ask {
    let version = |index: Index| match versions {
        [] => &VERSIONS[index.index(VERSION_COUNT)],
        _ => &VERSIONS[*index.get(versions)],
    };
    let (v, w) = (version(one), version(other));
    Ask::Range(match words {
        0..=69 => format!("^{v}"),
        70..=94 => "*".to_owned(),
        95..=119 => v.to_string(),
        120..=134 => format!("~{v}"),
        135..=154 => format!(">={v}"),
        155..=169 => format!("<={v}"),
        170..=179 => format!("<{v}"),
        180..=194 => format!("{v} || {w}"),
        195..=204 => format!("^{v} || ^{w}"),
        205..=214 => format!("{} - {}", v.min(w), v.max(w)),
        215..=224 => format!("{}.x", v.major),
        225..=229 => format!("{}.{}", v.major, v.minor),
        230..=234 => format!(">{}.0.0-0 <{w}", v.major),
        235..=239 => format!("^{}.0.0-alpha", v.major),
        240..=242 => ">=9".to_owned(),
        243..=249 => return Ask::Alias(format!("^{v}")),
        250..=254 => return Ask::Next,
        255 => return Ask::Workspace,
    })
}

impl Ask {
    /// As a package would publish it, and the name under which it would.
    fn written(&self, target: usize) -> (PackageName, String) {
        let plain = package_name(target);
        match self {
            Self::Range(range) => (plain, range.clone()),
            Self::Alias(range) => (name("other"), format!("npm:{plain}@{range}")),
            Self::Next => (plain, "next".to_owned()),
            Self::Workspace => (plain, "workspace:*".to_owned()),
        }
    }
}

pub(crate) fn package_name(at: usize) -> PackageName {
    name(&format!("p{at:02}"))
}

impl World {
    /// Releases are added in this order, and their needs backwards if it is not their own.
    pub(crate) fn universe_in(&self, order: &[usize]) -> Universe {
        self.builder_in(order).build()
    }

    fn builder_in(&self, order: &[usize]) -> UniverseBuilder {
        let mut builder = Universe::builder();
        for at in order {
            let (package, facts) = (&self.packages[*at], package_name(*at));
            match package.standing {
                Standing::Missing => continue,
                Standing::External => builder.external(facts.clone()),
                Standing::Known => builder.package(facts.clone()),
            };
            let mut releases: Vec<_> = package.releases.iter().collect();
            let is_backwards = order.first() != Some(&0);
            if is_backwards {
                releases.reverse();
            }
            for (version, release) in releases {
                let published = if self.young.contains(version) {
                    Self::old() + TimeDelta::days(1)
                } else {
                    Self::old()
                };
                let facts = release.facts(is_backwards).published_at(published);
                builder.release(package_name(*at), VERSIONS[*version].clone(), facts);
            }
            if let Some(next) = package.next {
                builder.tag(facts, "next", VERSIONS[next].clone());
            }
        }
        builder
    }

    /// When releases were published that are not young.
    pub(crate) fn old() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
    }

    /// As if these versions of a package had never been.
    pub(crate) fn forget(&mut self, at: usize, versions: &BTreeSet<usize>) {
        let package = &mut self.packages[at];
        package
            .releases
            .retain(|version, _| !versions.contains(version));
        package.next = package.next.filter(|next| !versions.contains(next));
    }

    pub(crate) fn universe(&self) -> Universe {
        self.builder().build()
    }

    pub(crate) fn builder(&self) -> UniverseBuilder {
        self.builder_in(&(0..self.packages.len()).collect::<Vec<_>>())
    }

    pub(crate) fn request(&self) -> Request {
        let asked = self
            .roots
            .iter()
            .fold(Request::new(), |request, (at, ask)| {
                let (name, spec) = ask.written(*at);
                request.root(name, spec.parse().unwrap())
            });
        self.hosts.iter().fold(asked, |request, (at, version)| {
            let provided = VERSIONS.get(*version).cloned();
            let unknown = || parse_version("7.7.7").unwrap();
            request.host(package_name(*at), provided.unwrap_or_else(unknown))
        })
    }

    /// How a root stands in explanations.
    pub(crate) fn root_words(&self, root: usize) -> (PackageName, String) {
        let (at, ask) = &self.roots[root];
        ask.written(*at)
    }

    /// The versions of a package that do what is asked.
    pub(crate) fn admitted(&self, target: usize, ask: &Ask) -> BTreeSet<usize> {
        let package = &self.packages[target];
        let versions = package.releases.keys().copied();
        match ask {
            Ask::Range(range) | Ask::Alias(range) => {
                let range: Range = range.parse().unwrap();
                versions
                    .filter(|v| range.satisfies(&VERSIONS[*v]))
                    .collect()
            }
            Ask::Next => package.next.into_iter().collect(),
            Ask::Workspace => BTreeSet::new(),
        }
    }

    /// What selecting a release asks of others: a package, which of its versions are welcome, and whether it must be there.
    pub(crate) fn demands(&self, at: usize, release: &Release) -> Vec<Demand> {
        let needs = release
            .needs
            .iter()
            .filter(|need| self.packages[need.target].standing != Standing::External)
            // What would like to have another version of itself is without it.
            .filter(|need| need.kind.is_required() || need.target != at)
            .map(|need| Demand {
                target: need.target,
                welcome: self.admitted(need.target, &need.ask),
                is_required: need.kind.is_required(),
            });
        let imports = release.imports.iter().filter(|(target, _)| *target != at);
        let imports = imports.map(|(target, name)| Demand {
            target: *target,
            welcome: self.packages[*target].exporting(name),
            is_required: false,
        });
        needs.chain(imports).collect()
    }

    /// Whether this is an answer to all roots, by the facts alone. Says what is not met.
    pub(crate) fn check(&self, selected: &BTreeMap<usize, usize>) -> Result<(), String> {
        for (at, ask) in &self.roots {
            let met = selected
                .get(at)
                .is_some_and(|v| self.admitted(*at, ask).contains(v));
            met.then_some(()).ok_or(format!("root {at} {ask:?}"))?;
        }
        for (at, version) in selected {
            let host = self.hosts.get(at);
            (host.is_none_or(|host| host == version))
                .then_some(())
                .ok_or(format!("the host has another {at}"))?;
            let release = &self.packages[*at].releases[version];
            for demand in self.demands(*at, release) {
                let met = match selected.get(&demand.target) {
                    Some(version) => demand.welcome.contains(version),
                    None => !demand.is_required,
                };
                met.then_some(())
                    .ok_or(format!("{at} at {version}: {demand:?}"))?;
            }
        }
        Ok(())
    }

    /// Every package that roots can lead to, through needs of any kind.
    pub(crate) fn reachable(&self) -> BTreeSet<usize> {
        let mut open: Vec<usize> = self.roots.iter().map(|(at, _)| *at).collect();
        let mut found: BTreeSet<usize> = open.iter().copied().collect();
        while let Some(at) = open.pop() {
            let releases = self.packages[at].releases.values();
            let needs = releases.flat_map(|release| &release.needs);
            open.extend(needs.map(|need| need.target).filter(|to| found.insert(*to)));
        }
        found
    }

    /// The versions of a package as a policy tries them: the sound ones first, each time the newest or the lowest first.
    pub(crate) fn in_order(&self, at: usize, policy: Policy) -> Vec<usize> {
        let releases = &self.packages[at].releases;
        let mut versions: Vec<usize> = releases.keys().copied().collect();
        if policy == Policy::Newest {
            versions.reverse();
        }
        versions.sort_by_key(|v| releases[v].fault != Fault::None);
        versions
    }
}

/// What a release asks of a package.
#[derive(Debug)]
pub(crate) struct Demand {
    pub(crate) target: usize,
    pub(crate) welcome: BTreeSet<usize>,
    pub(crate) is_required: bool,
}

impl Package {
    /// The releases from which a name can be imported.
    fn exporting(&self, name: &str) -> BTreeSet<usize> {
        let releases = self.releases.iter();
        let exporting = releases.filter(|(_, release)| {
            let names = release.exports.as_ref();
            names.is_none_or(|names| names.contains(name))
        });
        exporting.map(|(version, _)| *version).collect()
    }
}

impl Release {
    fn facts(&self, is_backwards: bool) -> ReleaseFacts {
        let mut facts = ReleaseFacts::new();
        let mut needs: Vec<&Need> = self.needs.iter().collect();
        if is_backwards {
            needs.reverse();
        }
        for need in needs {
            let (name, spec) = need.ask.written(need.target);
            facts = facts.needs(name, spec.parse().unwrap(), need.kind);
        }
        if let Some(names) = &self.exports {
            facts = facts.exports(".", Exports::names(names.iter().copied()));
        }
        for (target, name) in &self.imports {
            facts = facts.imports(package_name(*target), ".", [*name]);
        }
        match self.fault {
            Fault::None => facts,
            Fault::Deprecated => facts.deprecated("use another"),
            Fault::Yanked => facts.yanked(),
        }
    }
}

/// What was selected, by position.
pub(crate) fn selected(resolution: &Resolution) -> BTreeMap<usize, usize> {
    let position = |version: &Version| VERSIONS.binary_search(version).unwrap();
    let packages = resolution.packages();
    packages
        .map(|one| {
            (
                one.name.as_str()[1..].parse().unwrap(),
                position(&one.version),
            )
        })
        .collect()
}
