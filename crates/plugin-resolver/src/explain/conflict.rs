//! From a proof that nothing fits to an explanation: fewest requests, original words, what would help.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use semver::Version;

use super::demand::Demand;
use super::explanation::{ClashingRequest, Explanation, Requirement, Requirer};
use crate::solve::greedy;
use crate::solve::instance::Instance;
use crate::solve::solver::{self, Outcome, Reason};
use crate::universe::Bits;
use crate::universe::{Demanded, DependencyKind, FIRST, Need, Problem};
use crate::{Failure, PackageName};

/// A root that fails by itself.
pub(crate) fn broken_root(instance: &Instance<'_>, broken: usize) -> Failure {
    let (sound, others): (Vec<usize>, Vec<usize>) = (0..instance.roots.len())
        .filter(|root| *root != broken)
        .partition(|root| {
            instance
                .roots
                .get(*root)
                .is_some_and(|root| root.need.is_ok())
        });
    let mut budget = instance.request.budget.count();
    let helps = others.is_empty() && is_possible(instance, &sound, &mut budget) == Some(true);
    let removals = if helps {
        names(instance, &[broken])
    } else {
        Vec::new()
    };
    Failure::Conflict(Box::new(Explanation {
        requests: requests(instance, &[broken]),
        is_minimal: true,
        requirements: root_requirement(instance, broken).into_iter().collect(),
        removals,
        is_alone: instance.roots.len() == 1,
    }))
}

/// What the solver found impossible, reduced to its core.
pub(crate) fn conflict(
    instance: &Instance<'_>,
    all: Vec<usize>,
    mut reasons: Vec<Reason>,
) -> Failure {
    let mut budget = instance.request.budget.count();
    let mut core = roots_of(instance, &all, &reasons);
    let mut is_minimal = true;
    let mut kept = BTreeSet::new();
    // Leave out one at a time, the least important first; whatever is still impossible has a smaller core.
    while let Some(tried) = core
        .iter()
        .rev()
        .find(|root| !kept.contains(*root))
        .copied()
    {
        let without: Vec<usize> = core.iter().copied().filter(|root| *root != tried).collect();
        match attempt(instance, &without, &mut budget) {
            Outcome::Impossible(smaller) => {
                core = roots_of(instance, &without, &smaller);
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
    let helps = |root: &usize| {
        let without: Vec<usize> = all.iter().copied().filter(|other| other != root).collect();
        is_possible(instance, &without, &mut budget) == Some(true)
    };
    let removable: Vec<usize> = core.iter().copied().filter(helps).collect();
    let mut requirements = requirements(instance, &core, &reasons);
    trace(instance, &core, &mut requirements);
    Failure::Conflict(Box::new(Explanation {
        requests: requests(instance, &core),
        is_minimal,
        requirements,
        removals: names(instance, &removable),
        is_alone: all.len() == 1,
    }))
}

pub(crate) fn attempt(instance: &Instance<'_>, roots: &[usize], budget: &mut u64) -> Outcome {
    match greedy::select(instance, roots) {
        Some(selected) => Outcome::Solved(selected),
        None => solver::solve(instance, roots, budget),
    }
}

fn is_possible(instance: &Instance<'_>, roots: &[usize], budget: &mut u64) -> Option<bool> {
    match attempt(instance, roots, budget) {
        Outcome::Solved(_) => Some(true),
        Outcome::Impossible(_) => Some(false),
        Outcome::OutOfBudget => None,
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
        .map(|(name, spec)| ClashingRequest {
            name: name.clone(),
            spec: spec.to_string(),
        })
        .collect()
}

fn names(instance: &Instance<'_>, roots: &[usize]) -> Vec<PackageName> {
    // Several requests may ask for one package; it is named once.
    let mut seen = BTreeSet::new();
    roots
        .iter()
        .filter_map(|root| instance.request.roots.get(*root))
        .filter(|(name, _)| seen.insert(name))
        .map(|(name, _)| name.clone())
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
        via: Vec::new(),
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
    let mut hosts: BTreeSet<u32> = BTreeSet::new();
    let mut edges: BTreeMap<(u32, u32, DependencyKind), Asking> = BTreeMap::new();
    for reason in reasons {
        match reason {
            Reason::Restriction {
                dependent: None,
                target,
                left,
            } => {
                if instance
                    .hosts
                    .iter()
                    .any(|(host, allowed)| host == target && allowed == left)
                {
                    hosts.insert(*target);
                }
            }
            Reason::Restriction {
                dependent: Some((package, set)),
                target,
                left,
            } => {
                for (version, edge) in edges_of(instance, *package, set) {
                    if instance.restriction(*package, edge).as_ref()
                        == Some(&(*target, left.clone()))
                    {
                        let entry = edges.entry((*package, edge.need, edge.kind)).or_default();
                        entry.versions.insert(version);
                    }
                }
            }
            Reason::Blocked {
                package,
                versions: set,
            } => {
                for version in members(instance, *package, set) {
                    for (edge, problem) in instance.blocked_by(*package, version) {
                        let entry = edges.entry((*package, edge.need, edge.kind)).or_default();
                        entry.versions.insert(version);
                        entry.problem = Some(problem);
                    }
                }
            }
        }
    }
    found.extend(
        hosts
            .into_iter()
            .filter_map(|host| host_requirement(instance, host)),
    );
    let mut asked: Vec<Requirement> = edges
        .into_iter()
        .filter_map(|((package, need, kind), asking)| {
            let data = instance.package(package)?;
            let fact = instance.universe.need(need)?;
            let target = instance.package(fact.target)?;
            let admitted = instance.admitted(need)?.as_ref();
            Some(Requirement {
                by: Requirer::Package {
                    name: data.name.clone(),
                    versions: versions(instance, package, &Bits::from_indexes(asking.versions)),
                },
                package: target.name.clone(),
                demand: demand(instance, fact)?,
                kind,
                problem: asking.problem.or_else(|| never_exported(admitted)),
                admits: admitted
                    .map_or_else(|_| Vec::new(), |bits| versions(instance, fact.target, bits)),
                via: Vec::new(),
            })
        })
        .collect();
    asked.sort_by(|a, b| (&a.by, &a.package, &a.demand).cmp(&(&b.by, &b.package, &b.demand)));
    found.extend(asked);
    found
}

fn demand(instance: &Instance<'_>, need: &Need) -> Option<Demand> {
    Some(match need.demanded {
        Demanded::Spec(_) => Demand::Spec(instance.universe.need_spec(need)?.0.to_string()),
        Demanded::Symbols(index) => {
            let symbols = instance.universe.symbols(index)?;
            Demand::Symbols {
                entry: symbols.entry.to_string(),
                names: symbols.names.iter().map(ToString::to_string).collect(),
            }
        }
    })
}

/// An import alone blocks nothing, since it does not bring the package; but if no version has it, that is what to say.
fn never_exported(admitted: Result<&Bits, &Problem>) -> Option<Problem> {
    admitted
        .err()
        .filter(|problem| **problem == Problem::NeverExported)
        .cloned()
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

fn edges_of(
    instance: &Instance<'_>,
    package: u32,
    set: &Bits,
) -> Vec<(u32, crate::universe::Edge)> {
    let mut edges = Vec::new();
    for version in members(instance, package, set) {
        let release = instance.release(package, version);
        let of_release = release.into_iter().flat_map(|release| release.edges.iter());
        edges.extend(of_release.map(|edge| (version, *edge)));
    }
    edges
}

fn host_requirement(instance: &Instance<'_>, host: u32) -> Option<Requirement> {
    let package = instance.package(host)?;
    let version = instance.request.hosts.get(&package.name)?;
    let is_known = package.index_of(version).is_some();
    Some(Requirement {
        by: Requirer::Host,
        package: package.name.clone(),
        demand: Demand::Spec(version.to_string()),
        kind: DependencyKind::Peer,
        problem: (!is_known).then_some(Problem::HostVersionUnknown),
        admits: is_known.then(|| version.clone()).into_iter().collect(),
        via: Vec::new(),
    })
}

/// Fills in how each requirer is reached from a request, over the requirements of the conflict itself. Breadth first, so safe on cycles.
fn trace(instance: &Instance<'_>, core: &[usize], requirements: &mut [Requirement]) {
    let mut leads_to: BTreeMap<&PackageName, BTreeSet<&PackageName>> = BTreeMap::new();
    for requirement in requirements.iter() {
        if let Requirer::Package { name, .. } = &requirement.by {
            leads_to
                .entry(name)
                .or_default()
                .insert(&requirement.package);
        }
    }
    let mut ways: BTreeMap<PackageName, Vec<PackageName>> = BTreeMap::new();
    let mut open: VecDeque<PackageName> = VecDeque::new();
    for (name, spec) in core
        .iter()
        .filter_map(|root| instance.request.roots.get(*root))
    {
        let name = crate::universe::real_name(name, spec);
        if !ways.contains_key(name) {
            ways.insert(name.clone(), vec![name.clone()]);
            open.push_back(name.clone());
        }
    }
    while let Some(name) = open.pop_front() {
        let way = ways.get(&name).cloned().unwrap_or_default();
        // A long way is a long explanation: what matters is where it begins and ends.
        if way.len() > 64 {
            continue;
        }
        for next in leads_to.get(&name).into_iter().flatten() {
            if !ways.contains_key(*next) {
                let mut way = way.clone();
                way.push((*next).clone());
                ways.insert((*next).clone(), way);
                open.push_back((*next).clone());
            }
        }
    }
    for requirement in requirements {
        if let Requirer::Package { name, .. } = &requirement.by {
            requirement.via = ways.get(name).cloned().unwrap_or_default();
        }
    }
}
