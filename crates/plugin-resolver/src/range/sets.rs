//! The alternatives of a range, in one piece of memory.

use super::comparator::Comparator;

/// Alternatives in their order; one without comparators is `*`.
// INVARIANT: at least one alternative; `*` stands alone; what nothing can satisfy (`<0.0.0-0`) stands alone, in its
// alternative and among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sets {
    comparators: Vec<Comparator>,
    /// Where each alternative but the last ends.
    ends: Vec<usize>,
}

impl Sets {
    pub(super) fn iter(&self) -> impl Iterator<Item = &[Comparator]> {
        let last = std::iter::once(self.comparators.len());
        let mut start = 0;
        self.ends.iter().copied().chain(last).map(move |end| {
            let set = self.comparators.get(start..end).unwrap_or_default();
            start = end;
            set
        })
    }
}

/// Alternatives that are being read.
#[derive(Debug)]
pub(super) struct SetsBuilder {
    comparators: Vec<Comparator>,
    ends: Vec<usize>,
    nothing: Option<Comparator>,
    any: bool,
}

impl SetsBuilder {
    pub(super) fn new() -> Self {
        Self {
            // What most ranges need: `^1.2.3` has two.
            comparators: Vec::with_capacity(2),
            ends: Vec::new(),
            nothing: None,
            any: false,
        }
    }

    /// Comparators of the alternative that is being read are added at the end.
    pub(super) fn comparators(&mut self) -> &mut Vec<Comparator> {
        &mut self.comparators
    }

    /// The alternative is complete. What nothing can satisfy says nothing beside other alternatives.
    pub(super) fn end_alternative(&mut self) {
        let start = self.ends.last().copied().unwrap_or(0);
        let set = self.comparators.get(start..).unwrap_or_default();
        if let Some(nothing) = set.iter().find(|c| c.is_nothing()) {
            self.nothing = Some(nothing.clone());
            self.comparators.truncate(start);
            return;
        }
        self.any |= set.is_empty();
        self.ends.push(self.comparators.len());
    }

    /// Beside `*` all others say nothing: `* || 1.0.0-beta` does not admit 1.0.0-beta.
    pub(super) fn build(mut self) -> Sets {
        if self.any {
            self.comparators.clear();
            self.ends.clear();
        } else if self.ends.is_empty() {
            self.comparators.extend(self.nothing);
        }
        self.ends.pop();
        Sets {
            comparators: self.comparators,
            ends: self.ends,
        }
    }
}
