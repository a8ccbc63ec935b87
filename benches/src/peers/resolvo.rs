//! resolvo, with the same ranges as version sets.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::hint::black_box;

use pubgrub::Ranges;
use resolvo::utils::Pool;
use resolvo::{
    Candidates, Condition, ConditionId, Dependencies, HintDependenciesAvailable, Interner,
    KnownDependencies, NameId, Problem as Query, SolvableId, Solver, SolverCache, StringId,
    UnsolvableOrCancelled, VersionSetId, VersionSetUnionId,
};

use super::pubgrub::ranges;
use super::{Contestant, End};
use crate::problem::{Answer, Edge, Problem};

/// A filled pool.
pub struct Resolvo {
    pool: Pool<Ranges<u32>>,
    names: Vec<NameId>,
    candidates: BTreeMap<NameId, Vec<SolvableId>>,
    needs: BTreeMap<SolvableId, Vec<VersionSetId>>,
    requests: Vec<Vec<VersionSetId>>,
    /// Package and release by number.
    numbers: BTreeMap<SolvableId, (usize, u32)>,
}

impl fmt::Debug for Resolvo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolvo").finish_non_exhaustive()
    }
}

impl Resolvo {
    /// Fills a pool.
    #[must_use]
    pub fn new(problem: &Problem) -> Self {
        let pool = Pool::default();
        let names: Vec<NameId> = problem
            .packages
            .iter()
            .map(|package| pool.intern_package_name(package.name.clone()))
            .collect();
        let sets = |edges: &[Edge]| {
            edges
                .iter()
                .map(|edge| pool.intern_version_set(names[edge.target], ranges(&edge.admitted)))
                .collect::<Vec<_>>()
        };
        let (mut candidates, mut needs, mut numbers) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for (at, package) in problem.packages.iter().enumerate() {
            let mut solvables = Vec::new();
            for (release, version) in package.releases.iter().zip(0..) {
                let solvable = pool.intern_solvable(names[at], version);
                solvables.push(solvable);
                needs.insert(solvable, sets(&release.edges));
                numbers.insert(solvable, (at, version));
            }
            candidates.insert(names[at], solvables);
        }
        let requests = problem.requests.iter().map(|roots| sets(roots)).collect();
        Self {
            names,
            candidates,
            needs,
            requests,
            numbers,
            pool,
        }
    }

    /// The answer to a request in which these packages have these releases.
    #[must_use]
    pub fn answer_with(&self, request: usize, pins: &[(usize, u32)]) -> Option<Answer> {
        let pins = pins.iter().map(|(package, release)| {
            self.pool
                .intern_version_set(self.names[*package], Ranges::singleton(*release))
        });
        let sets = self.requests[request].iter().copied().chain(pins);
        let query = Query::new().requirements(sets.map(Into::into).collect());
        let solvables = Solver::new(Borrowed(self)).solve(query).ok()?;
        let mut answer = vec![None; self.candidates.len()];
        for solvable in solvables {
            let (package, release) = self.numbers[&solvable];
            answer[package] = Some(release);
        }
        Some(answer)
    }
}

impl Contestant for Resolvo {
    fn run(&self, request: usize) -> End {
        let mut solver = Solver::new(Borrowed(self));
        let requirements = self.requests[request].iter().map(|set| (*set).into());
        let query = Query::new().requirements(requirements.collect());
        match solver.solve(query) {
            Ok(solvables) => {
                black_box(solvables);
                End::Solved
            }
            Err(UnsolvableOrCancelled::Unsolvable(conflict)) => {
                black_box(conflict.display_user_friendly(&solver).to_string());
                End::Impossible
            }
            Err(UnsolvableOrCancelled::Cancelled(_)) => End::BudgetSpent,
        }
    }

    fn answer(&self, request: usize) -> Option<Answer> {
        self.answer_with(request, &[])
    }
}

/// resolvo takes its provider by value; the pool is filled once.
struct Borrowed<'a>(&'a Resolvo);

impl Interner for Borrowed<'_> {
    type NameId = NameId;
    type SolvableId = SolvableId;

    fn display_solvable(&self, solvable: SolvableId) -> impl Display + '_ {
        self.0.pool.resolve_solvable(solvable).record
    }

    fn display_name(&self, name: NameId) -> impl Display + '_ {
        self.0.pool.resolve_package_name(name)
    }

    fn display_version_set(&self, set: VersionSetId) -> impl Display + '_ {
        self.0.pool.resolve_version_set(set)
    }

    fn display_string(&self, string: StringId) -> impl Display + '_ {
        self.0.pool.resolve_string(string)
    }

    fn version_set_name(&self, set: VersionSetId) -> NameId {
        self.0.pool.resolve_version_set_package_name(set)
    }

    fn solvable_name(&self, solvable: SolvableId) -> NameId {
        self.0.pool.resolve_solvable(solvable).name
    }

    fn version_sets_in_union(
        &self,
        union: VersionSetUnionId,
    ) -> impl Iterator<Item = VersionSetId> {
        self.0.pool.resolve_version_set_union(union)
    }

    fn resolve_condition(&self, condition: ConditionId) -> Condition {
        self.0.pool.resolve_condition(condition).clone()
    }
}

impl resolvo::DependencyProvider for Borrowed<'_> {
    async fn filter_candidates(
        &self,
        candidates: &[SolvableId],
        set: VersionSetId,
        inverse: bool,
    ) -> Vec<SolvableId> {
        let set = self.0.pool.resolve_version_set(set);
        let is_in =
            |solvable: SolvableId| set.contains(&self.0.pool.resolve_solvable(solvable).record);
        candidates
            .iter()
            .copied()
            .filter(|solvable| is_in(*solvable) != inverse)
            .collect()
    }

    async fn get_candidates(&self, name: NameId) -> Option<Candidates<SolvableId>> {
        Some(Candidates {
            candidates: self.0.candidates.get(&name)?.clone(),
            hint_dependencies_available: HintDependenciesAvailable::None,
            ..Candidates::default()
        })
    }

    async fn sort_candidates(&self, _: &SolverCache<Self>, solvables: &mut [SolvableId]) {
        solvables.sort_by_key(|solvable| {
            std::cmp::Reverse(self.0.pool.resolve_solvable(*solvable).record)
        });
    }

    async fn get_dependencies(&self, solvable: SolvableId) -> Dependencies {
        let needs = self.0.needs.get(&solvable).into_iter().flatten();
        Dependencies::Known(KnownDependencies {
            requirements: needs.map(|set| (*set).into()).collect(),
            constrains: Vec::new(),
        })
    }
}
