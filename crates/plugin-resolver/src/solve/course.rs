//! How a search went so far, as far as one sees it who is asked.

/// What a search discovered and decided.
#[derive(Debug)]
pub(super) struct Course {
    packages: Vec<Known>,
    /// How many packages were discovered.
    discovered: u32,
    /// Packages in the order of their decisions.
    decided: Vec<u32>,
    /// The package that was decided last, also if that was taken back.
    last: u32,
    /// How many packages cost a step of the way back that was gone since the last step, if one was.
    went_back: Option<u64>,
}

/// What a search knows of a package.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// In which order it was discovered, or [`NONE`].
    pub(super) rank: u32,
    /// The version that was chosen last, or [`NONE`].
    chosen: u32,
    /// Its place among what is decided, or [`NONE`].
    place: u32,
    pub(super) is_root: bool,
}

pub(super) const NONE: u32 = u32::MAX;

/// To go back, a search looks at all that it knows of any package, and files it anew; for so many that costs as much as a decision.
const PACKAGES_PER_STEP: u64 = 256;
/// Where the package that was tried last is tried again, the search mostly did not go back: it saw at once that the version does not fit.
const PACKAGES_PER_RETRY_STEP: u64 = 8192;

impl Course {
    pub(super) fn new(packages: usize) -> Self {
        let unknown = Known {
            rank: NONE,
            chosen: NONE,
            place: NONE,
            is_root: false,
        };
        Self {
            packages: vec![unknown; packages],
            discovered: 0,
            decided: Vec::new(),
            last: NONE,
            went_back: None,
        }
    }

    pub(super) fn package(&mut self, package: u32) -> Option<&mut Known> {
        self.packages.get_mut(usize::try_from(package).ok()?)
    }

    pub(super) fn discover(&mut self, package: u32) {
        let rank = self.discovered;
        if let Some(known) = self.package(package).filter(|known| known.rank == NONE) {
            known.rank = rank;
            self.discovered += 1;
        }
    }

    pub(super) fn decide(&mut self, package: u32, version: u32) {
        let next = u32::try_from(self.decided.len()).unwrap_or(NONE);
        if let Some(known) = self.package(package) {
            known.chosen = version;
            known.place = next;
            self.decided.push(package);
            self.last = package;
        }
    }

    /// Nobody asks how urgent it is to decide what is decided: that was taken back, and all that was decided later.
    pub(super) fn undo(&mut self, package: u32) {
        let place = self.package(package).map_or(NONE, |known| known.place);
        let Some(place) = usize::try_from(place).ok().filter(|_| place != NONE) else {
            return;
        };
        let per_step = if package == self.last {
            PACKAGES_PER_RETRY_STEP
        } else {
            PACKAGES_PER_STEP
        };
        self.went_back = Some(self.went_back.map_or(per_step, |other| other.min(per_step)));
        while self.decided.len() > place {
            let last = self.decided.pop().unwrap_or(NONE);
            if let Some(known) = self.package(last) {
                known.place = NONE;
            }
        }
    }

    /// What it costs beyond a step that decisions were taken back.
    pub(super) fn way_back(&mut self) -> u64 {
        let per_step = self.went_back.take();
        per_step.map_or(0, |per_step| u64::from(self.discovered) / per_step)
    }

    pub(super) fn chosen(self) -> Vec<Option<u32>> {
        let chosen = self.packages.into_iter().map(|known| known.chosen);
        chosen
            .map(|chosen| (chosen != NONE).then_some(chosen))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Course;

    #[test]
    fn a_way_back_costs_as_much_as_is_known() {
        let mut course = Course::new(10_000);
        let mut costs = Vec::new();
        for discovered in [200, 2_500, 10_000] {
            for package in 0..discovered {
                course.discover(package);
            }
            for package in [4, 2, 3] {
                course.decide(package, 7);
            }
            costs.push(course.way_back());
            // Only another version of what was tried last.
            course.undo(3);
            costs.push(course.way_back());
            course.decide(3, 7);
            // What was decided after it is undone with it, and undone once.
            for undone in [2, 3, 2] {
                course.undo(undone);
            }
            costs.push(course.way_back());
            course.undo(3);
            costs.push(course.way_back());
            course.undo(4);
            costs.push(course.way_back());
        }
        assert_eq!(costs, [0, 0, 0, 0, 0, 0, 0, 9, 0, 9, 0, 1, 39, 0, 39]);
        let chosen: Vec<Option<u32>> = course.chosen();
        assert_eq!(chosen[2..6], [Some(7), Some(7), Some(7), None]);
    }
}
