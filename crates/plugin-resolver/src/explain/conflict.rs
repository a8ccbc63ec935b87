//! From a proof that nothing fits to an explanation: fewest requests, original words, what would help.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::demand::Demand;
use super::explanation::{ClashingRequest, Explanation, Requirement, Requirer};
use super::questions::Questions;
use crate::Failure;
use crate::solve::greedy;
use crate::solve::instance::Instance;
use crate::solve::solver::{self, Outcome, Reason};
use crate::universe::{Bits, DependencyKind, Edge, FIRST, Problem};

/// A root that fails by itself.
pub(crate) fn broken_root(instance: &Instance<'_>, broken: usize) -> Failure {
    let mut budget = instance.request.budget.count();
    let core = Core {
        roots: vec![broken],
        reasons: Vec::new(),
        is_minimal: true,
    };
    let all: Vec<usize> = (0..instance.roots.len()).collect();
    Failure::Conflict(Box::new(explanation(
        instance,
        &all,
        &core,
        &mut budget,
        Vec::new(),
    )))
}

/// What the solver found impossible, reduced to its core. `near` is, by package, what the solver chose last.
pub(crate) fn conflict(
    instance: &Instance<'_>,
    all: &[usize],
    reasons: Vec<Reason>,
    near: Vec<Option<u32>>,
) -> Failure {
    let mut budget = instance.request.budget.count();
    let core = core(instance, all, reasons, &mut budget);
    let explanation = explanation(instance, all, &core, &mut budget, near);
    Failure::Conflict(Box::new(explanation))
}

/// Roots that clash, and the proof.
pub(super) struct Core {
    pub(super) roots: Vec<usize>,
    reasons: Vec<Reason>,
    is_minimal: bool,
}

/// The first conflict among these roots, if there is one and the budget suffices to know.
pub(super) fn first_core(
    instance: &Instance<'_>,
    among: &[usize],
    budget: &mut u64,
) -> Option<Core> {
    if let Some(broken) = among.iter().find(|root| is_broken(instance, **root)) {
        return Some(Core {
            roots: vec![*broken],
            reasons: Vec::new(),
            is_minimal: true,
        });
    }
    match attempt(instance, among, budget) {
        Outcome::Impossible(reasons) => Some(core(instance, among, reasons, budget)),
        Outcome::Solved(_) | Outcome::OutOfBudget => None,
    }
}

/// Leaves out one root at a time, the least important first; whatever is still impossible has a smaller core.
pub(super) fn core(
    instance: &Instance<'_>,
    among: &[usize],
    mut reasons: Vec<Reason>,
    budget: &mut u64,
) -> Core {
    let mut roots = roots_of(instance, among, &reasons);
    let mut is_minimal = true;
    let mut kept = BTreeSet::new();
    let mut questions = Questions::new(instance, budget, Vec::new());
    while let Some(tried) = roots
        .iter()
        .rev()
        .find(|root| !kept.contains(*root))
        .copied()
    {
        let without = difference(&roots, &[tried]);
        match questions.outcome(&without) {
            Outcome::Impossible(smaller) => {
                roots = roots_of(instance, &without, &smaller);
                reasons = smaller;
            }
            Outcome::Solved(_) => {
                kept.insert(tried);
            }
            Outcome::OutOfBudget => {
                is_minimal = false;
                kept.insert(tried);
            }
        }
    }
    Core {
        roots,
        reasons,
        is_minimal,
    }
}

pub(super) fn explanation(
    instance: &Instance<'_>,
    all: &[usize],
    core: &Core,
    budget: &mut u64,
    near: Vec<Option<u32>>,
) -> Explanation {
    let removals = removals(instance, all, core, budget, near);
    Explanation {
        removals: requests(instance, &removals),
        ..beside_others(instance, all, core)
    }
}

/// A conflict that stands beside others, so that no single removal helps.
pub(super) fn beside_others(instance: &Instance<'_>, all: &[usize], core: &Core) -> Explanation {
    Explanation {
        requests: requests(instance, &core.roots),
        is_minimal: core.is_minimal,
        requirements: requirements(instance, &core.roots, &core.reasons),
        removals: Vec::new(),
        of: all.len(),
        advice: None,
    }
}

/// The roots of the core each of which, left out alone, leaves what can be met.
fn removals(
    instance: &Instance<'_>,
    all: &[usize],
    core: &Core,
    budget: &mut u64,
    near: Vec<Option<u32>>,
) -> Vec<usize> {
    let mut questions = Questions::new(instance, budget, near);
    // If there is another conflict beside this one, no single removal helps: one question instead of many.
    let rest = difference(all, &core.roots);
    if core.roots.is_empty() || !questions.is_possible(&rest) {
        return Vec::new();
    }
    if core.roots.len() == 1 {
        return core.roots.clone();
    }
    let helps = |root: &usize| questions.is_possible(&difference(all, &[*root]));
    core.roots.iter().copied().filter(helps).collect()
}

fn is_broken(instance: &Instance<'_>, root: usize) -> bool {
    instance
        .roots
        .get(root)
        .is_some_and(|root| root.need.is_err())
}

/// What is left of some roots without others.
pub(super) fn difference(roots: &[usize], without: &[usize]) -> Vec<usize> {
    roots
        .iter()
        .copied()
        .filter(|root| !without.contains(root))
        .collect()
}

pub(crate) fn attempt(instance: &Instance<'_>, roots: &[usize], budget: &mut u64) -> Outcome {
    if instance.is_interrupted() {
        *budget = 0;
        return Outcome::OutOfBudget;
    }
    match greedy::select(instance, roots) {
        Some(selected) => Outcome::Solved(selected),
        None => solver::solve(instance, roots, budget),
    }
}

/// The roots that a proof rests on.
pub(crate) fn roots_of(instance: &Instance<'_>, among: &[usize], reasons: &[Reason]) -> Vec<usize> {
    let rests_on = |root: &&usize| {
        let need = instance
            .roots
            .get(**root)
            .and_then(|root| root.need.as_ref().ok());
        let Some((package, bits)) = need else {
            return false;
        };
        reasons.iter().any(|reason| match reason {
            Reason::Restriction {
                dependent: None,
                target,
                left,
            } => target == package && left == bits,
            _ => false,
        })
    };
    among.iter().filter(rests_on).copied().collect()
}

fn requests(instance: &Instance<'_>, roots: &[usize]) -> Vec<ClashingRequest> {
    let asked = roots
        .iter()
        .filter_map(|root| instance.request.roots.get(*root));
    asked
        .map(|(name, spec)| ClashingRequest::new(name, spec))
        .collect()
}

fn root_requirement(instance: &Instance<'_>, root: usize) -> Option<Requirement> {
    let (name, spec) = instance.request.roots.get(root)?;
    let need = &instance.roots.get(root)?.need;
    Some(Requirement {
        by: Requirer::Request,
        package: crate::universe::real_name(name, spec).clone(),
        demand: Demand::Spec(spec.to_string()),
        kind: DependencyKind::Normal,
        problem: need.as_ref().err().cloned(),
        admits: match need {
            Ok((package, bits)) => versions(instance, *package, bits),
            Err(_) => Vec::new(),
        },
    })
}

/// All members of a set that are versions of the package, ascending.
fn versions(instance: &Instance<'_>, package: u32, bits: &Bits) -> Vec<Version> {
    let Some(data) = instance.package(package) else {
        return Vec::new();
    };
    let members = bits.below(data.limit()).filter(|index| *index >= FIRST);
    members
        .filter_map(|index| Some(data.release(index)?.version.clone()))
        .collect()
}

/// The requirements that a proof rests on, each once: (dependent, need, kind) with all versions that have it.
fn requirements(instance: &Instance<'_>, core: &[usize], reasons: &[Reason]) -> Vec<Requirement> {
    let mut found: Vec<Requirement> = core
        .iter()
        .filter_map(|root| root_requirement(instance, *root))
        .collect();
    let mut evidence = Evidence::default();
    for reason in reasons {
        evidence.add(instance, reason);
    }
    let hosts = evidence.hosts.into_iter();
    found.extend(hosts.filter_map(|host| host_requirement(instance, host)));
    let edges = evidence.edges.into_iter();
    let mut asked: Vec<Requirement> = edges
        .filter_map(|((package, need), asking)| edge_requirement(instance, package, need, asking))
        .collect();
    asked.sort_by(|a, b| (&a.by, &a.package, &a.demand).cmp(&(&b.by, &b.package, &b.demand)));
    found.extend(asked);
    found
}

/// What a proof rests on besides what was asked for.
#[derive(Debug, Default)]
struct Evidence {
    hosts: BTreeSet<u32>,
    /// By dependent and need.
    edges: BTreeMap<(u32, u32), Asking>,
}

impl Evidence {
    fn add(&mut self, instance: &Instance<'_>, reason: &Reason) {
        match reason {
            Reason::Restriction {
                dependent: None,
                target,
                left,
            } => {
                let mut hosts = instance.hosts.iter();
                if hosts.any(|(host, allowed)| host == target && allowed == left) {
                    self.hosts.insert(*target);
                }
            }
            Reason::Restriction {
                dependent: Some((package, set)),
                target,
                left,
            } => {
                for (version, edge) in edges_of(instance, *package, set) {
                    let restriction = instance.restriction(*package, edge);
                    if restriction.is_some_and(|(on, of)| on == *target && *of == *left) {
                        self.asking(*package, edge).versions.insert(version);
                    }
                }
            }
            Reason::Blocked {
                package,
                versions: set,
            } => {
                for version in members(instance, *package, set) {
                    for (edge, problem) in instance.blocked_by(*package, version) {
                        let asking = self.asking(*package, edge);
                        asking.versions.insert(version);
                        asking.problem = Some(problem);
                    }
                }
            }
        }
    }

    fn asking(&mut self, package: u32, edge: Edge) -> &mut Asking {
        self.edges.entry((package, edge.need)).or_default()
    }
}

/// The versions of a dependent that ask the same, and why that fails by itself.
#[derive(Debug, Default)]
struct Asking {
    versions: BTreeSet<u32>,
    problem: Option<Problem>,
}

fn members(instance: &Instance<'_>, package: u32, set: &Bits) -> Vec<u32> {
    let limit = instance.package(package).map_or(FIRST, |data| data.limit());
    set.below(limit).filter(|index| *index >= FIRST).collect()
}

fn edges_of(instance: &Instance<'_>, package: u32, set: &Bits) -> Vec<(u32, Edge)> {
    let mut edges = Vec::new();
    for version in members(instance, package, set) {
        let release = instance.release(package, version);
        let of_release = release.into_iter().flat_map(|release| release.edges.iter());
        edges.extend(of_release.map(|edge| (version, *edge)));
    }
    edges
}

fn edge_requirement(
    instance: &Instance<'_>,
    package: u32,
    need: u32,
    asking: Asking,
) -> Option<Requirement> {
    let dependent = instance.package(package)?;
    let fact = instance.universe.need(need)?;
    let never_exported = || {
        let problem = instance.need_problem(need);
        problem.filter(|problem| *problem == Problem::NeverExported)
    };
    Some(Requirement {
        by: Requirer::Package {
            name: dependent.name.clone(),
            versions: versions(instance, package, &Bits::from_indexes(asking.versions)),
        },
        package: instance.package(fact.target)?.name.clone(),
        demand: Demand::of(instance.universe, fact)?,
        kind: fact.kind(),
        // An import alone blocks nothing, since it does not bring the package; but if no version has it, that is what to say.
        problem: asking.problem.or_else(never_exported),
        admits: versions(instance, fact.target, instance.admitted(need)?),
    })
}

fn host_requirement(instance: &Instance<'_>, host: u32) -> Option<Requirement> {
    let package = instance.package(host)?;
    let version = instance.request.hosts.get(package.name)?;
    let is_known = package.index_of(version).is_some();
    Some(Requirement {
        by: Requirer::Host,
        package: package.name.clone(),
        demand: Demand::Spec(version.to_string()),
        kind: DependencyKind::Peer,
        problem: (!is_known).then_some(Problem::HostVersionUnknown),
        admits: is_known.then(|| version.clone()).into_iter().collect(),
    })
}
