//! Small universes from text, and short ways to ask them.

use plugin_resolver::{
    DependencyKind, Failure, PackageName, Range, ReleaseFacts, Request, Resolution, Spec, Universe,
    UniverseBuilder, parse_version, resolve,
};

pub(crate) fn name(text: &str) -> PackageName {
    text.parse().unwrap()
}

/// `package@version: need range, peer? range`, one release a line: `need` plain, `^need` a peer, `need?` optional, `^need?` an optional
/// peer. A line without `@` is a package without versions.
pub(crate) fn builder(text: &str) -> UniverseBuilder {
    let mut builder = Universe::builder();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (release, needs) = line.split_once(": ").unwrap_or((line, ""));
        let at = release.rfind('@').filter(|at| *at > 0);
        let Some((package, version)) = at.map(|at| (&release[..at], &release[at + 1..])) else {
            builder.package(name(release));
            continue;
        };
        let mut facts = ReleaseFacts::new();
        for need in needs.split(", ").filter(|need| !need.is_empty()) {
            let (target, spec) = need.split_once(' ').unwrap();
            let (target, is_peer) = match target.strip_prefix('^') {
                Some(target) => (target, true),
                None => (target, false),
            };
            let (target, kind) = match (target.strip_suffix('?'), is_peer) {
                (Some(target), true) => (target, DependencyKind::OptionalPeer),
                (Some(target), false) => (target, DependencyKind::Optional),
                (None, true) => (target, DependencyKind::Peer),
                (None, false) => (target, DependencyKind::Normal),
            };
            facts = facts.needs(name(target), spec.parse().unwrap(), kind);
        }
        builder.release(name(package), parse_version(version).unwrap(), facts);
    }
    builder
}

/// `package spec, package spec`, in order.
pub(crate) fn request(text: &str) -> Request {
    let roots = text.split(", ").filter(|root| !root.is_empty());
    roots.fold(Request::new(), |request, root| {
        let (package, spec) = root.split_once(' ').unwrap();
        request.root(name(package), spec.parse::<Spec>().unwrap())
    })
}

/// `name version, ...` by name, or the lines of the explanation.
pub(crate) fn outcome(answer: &Result<Resolution, Failure>) -> String {
    match answer {
        Ok(resolution) => selection(resolution),
        Err(Failure::Conflict(explanation)) => explanation.to_string(),
        Err(failure) => format!("{}: {failure}", failure.tag()),
    }
}

/// The lines of the explanation with its advice, or the selection.
pub(crate) fn advice(universe: &Universe, asked: &Request) -> String {
    let answer = resolve(universe, asked);
    outcome(&answer.map_err(|failure| failure.advised(universe, asked)))
}

pub(crate) fn selection(resolution: &Resolution) -> String {
    let selected: Vec<String> = resolution
        .packages()
        .map(|s| format!("{} {}", s.name, s.version))
        .collect();
    selected.join(", ")
}

pub(crate) fn check(universe: &str, asked: &str, expect: &str) {
    let answer = resolve(&builder(universe).build(), &request(asked));
    assert_eq!(outcome(&answer), expect, "{asked} of {universe}");
}

pub(crate) fn satisfies(range: &str, version: &str) -> bool {
    range
        .parse::<Range>()
        .unwrap()
        .satisfies(&parse_version(version).unwrap())
}

/// A digest as registries give them, made of one letter.
pub(crate) fn digest(letter: char) -> String {
    format!("sha512-{}==", String::from(letter).repeat(86))
}
