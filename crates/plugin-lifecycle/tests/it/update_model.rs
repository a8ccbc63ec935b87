//! A model of updates: a row, two runtimes, messages that arrive late or never, hosts that take over, and fences.

use std::collections::BTreeSet;

/// What the row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    Old,
    Updating,
    RollingBack,
    New,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Runtime {
    Old,
    New,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Start(Runtime),
    Stop(Runtime),
}

/// Which care a host takes.
#[derive(Clone, Copy, Debug)]
struct Care {
    /// The executor refuses owners from the past.
    fencing: bool,
    /// A rollback stops what it leaves, whether or not it was seen to start.
    stops_what_it_leaves: bool,
}

const CAREFUL: Care = Care {
    fencing: true,
    stops_what_it_leaves: true,
};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Platform {
    row: Row,
    fence: u8,
    /// The highest fence that the executor has seen of each runtime, and what runs.
    seen: [u8; 2],
    running: [Option<u8>; 2],
    sent: BTreeSet<(Asked, u8)>,
    answered: BTreeSet<(Asked, u8)>,
}

const fn at(runtime: Runtime) -> usize {
    match runtime {
        Runtime::Old => 0,
        Runtime::New => 1,
    }
}

impl Platform {
    fn begun(&self, row: Row) -> Self {
        let mut it = self.clone();
        it.row = row;
        it.fence += 1;
        let wanted = match row {
            Row::Updating | Row::New => Runtime::New,
            Row::RollingBack | Row::Old => Runtime::Old,
        };
        it.sent.insert((Asked::Start(wanted), it.fence));
        it
    }

    /// What whoever holds the fence does about an answer.
    fn told(&mut self, asked: Asked, care: Care) {
        match (self.row, asked) {
            (Row::Updating, Asked::Start(Runtime::New)) => {
                self.sent.insert((Asked::Stop(Runtime::Old), self.fence));
            }
            (Row::Updating, Asked::Stop(Runtime::Old)) => self.row = Row::New,
            (Row::RollingBack, Asked::Start(Runtime::Old)) if care.stops_what_it_leaves => {
                self.sent.insert((Asked::Stop(Runtime::New), self.fence));
            }
            (Row::RollingBack, Asked::Start(Runtime::Old) | Asked::Stop(Runtime::New)) => {
                self.row = Row::Old;
            }
            _ => {}
        }
    }

    fn successors(&self, care: Care, most: u8) -> Vec<Self> {
        let mut next = Vec::new();
        if self.fence < most {
            match self.row {
                Row::Old => next.push(self.begun(Row::Updating)),
                // Another host takes it over, or it fails and is taken back.
                Row::Updating => {
                    next.push(self.begun(Row::Updating));
                    next.push(self.begun(Row::RollingBack));
                }
                Row::RollingBack => next.push(self.begun(Row::RollingBack)),
                Row::New => {}
            }
        }
        for (asked, fence) in &self.sent {
            let mut it = self.clone();
            it.sent.remove(&(*asked, *fence));
            // It is lost with its host.
            next.push(it.clone());
            let (Asked::Start(runtime) | Asked::Stop(runtime)) = *asked;
            let seen = &mut it.seen[at(runtime)];
            if care.fencing && *fence < *seen {
                continue;
            }
            *seen = (*seen).max(*fence);
            it.running[at(runtime)] = match asked {
                Asked::Start(_) => Some(*fence),
                Asked::Stop(_) => None,
            };
            it.answered.insert((*asked, *fence));
            next.push(it);
        }
        for (asked, fence) in &self.answered {
            let mut it = self.clone();
            it.answered.remove(&(*asked, *fence));
            // Whoever was overtaken writes and asks nothing.
            if it.fence == *fence {
                it.told(*asked, care);
            }
            next.push(it);
        }
        next
    }

    /// At rest, and the other version runs, or this one does not.
    fn is_wrong(&self) -> bool {
        match self.row {
            Row::Old => self.running[1].is_some() || self.running[0].is_none(),
            Row::New => self.running[0].is_some() || self.running[1].is_none(),
            Row::Updating | Row::RollingBack => false,
        }
    }
}

/// How many states there are, how many of them are wrong, and whether an update and a rollback end.
fn search(care: Care) -> (usize, usize, bool) {
    let start = Platform {
        row: Row::Old,
        fence: 1,
        seen: [1, 0],
        running: [Some(1), None],
        sent: BTreeSet::new(),
        answered: BTreeSet::new(),
    };
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    let (mut wrong, mut new, mut back) = (0, false, false);
    while let Some(state) = open.pop() {
        if seen.contains(&state) {
            continue;
        }
        wrong += usize::from(state.is_wrong());
        new |= state.row == Row::New;
        back |= state.row == Row::Old && state.fence > 1;
        open.extend(state.successors(care, 5));
        seen.insert(state);
    }
    (seen.len(), wrong, new && back)
}

#[test]
fn with_fences_only_the_committed_version_runs_and_without_them_another_may() {
    let (states, wrong, ends) = search(CAREFUL);
    assert!(states > 1000 && ends, "{states}");
    assert_eq!(wrong, 0);
    let (_, wrong, _) = search(Care {
        fencing: false,
        ..CAREFUL
    });
    assert!(wrong > 0);
    let (_, wrong, _) = search(Care {
        stops_what_it_leaves: false,
        ..CAREFUL
    });
    assert!(wrong > 0);
}
