//! Which may be among the nearest, where a cosine is known only within bounds.

use super::vectors::Near;

/// What may be among the nearest.
pub(super) struct Possible {
    pub(super) position: usize,
    /// As far as it is known.
    pub(super) cosine: f64,
    /// What it is at most.
    most: f64,
}

/// Finds out which may be among the nearest.
pub(super) struct Bounds {
    least: f64,
    floor: Floor,
    found: Vec<Possible>,
}

impl Bounds {
    pub(super) fn new(near: &Near<'_>) -> Self {
        Self {
            least: near.min_similarity.map_or(f64::NEG_INFINITY, f64::from),
            floor: Floor::new(near.depth),
            found: Vec::new(),
        }
    }

    /// The cosine of what stands at `position` is this, give or take the error.
    pub(super) fn saw(&mut self, position: usize, cosine: f64, error: f64) {
        let most = cosine + error;
        if most >= self.least && most >= self.floor.at {
            self.floor.saw(cosine - error);
            self.found.push(Possible {
                position,
                cosine,
                most,
            });
        }
    }

    /// What may be among the nearest after all that was seen.
    pub(super) fn left(mut self) -> Vec<Possible> {
        self.floor.settle();
        let at = self.floor.at;
        self.found.retain(|it| it.most >= at);
        self.found
    }
}

/// What the `depth` best are at least; nothing below it can be one of them.
struct Floor {
    depth: usize,
    at: f64,
    seen: Vec<f64>,
}

impl Floor {
    fn new(depth: usize) -> Self {
        Self {
            depth: depth.max(1),
            at: f64::NEG_INFINITY,
            seen: Vec::new(),
        }
    }

    /// Something is at least this.
    fn saw(&mut self, at_least: f64) {
        if at_least > self.at {
            self.seen.push(at_least);
            if self.seen.len() >= 2 * self.depth {
                self.settle();
            }
        }
    }

    fn settle(&mut self) {
        if self.seen.len() >= self.depth {
            let last = self.depth - 1;
            let (_, at, _) = self
                .seen
                .select_nth_unstable_by(last, |a, b| b.total_cmp(a));
            self.at = *at;
            self.seen.truncate(self.depth);
        }
    }
}
