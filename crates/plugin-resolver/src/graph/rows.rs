//! Lists of lists in two allocations.

/// So many rows of entries, one after the other.
// INVARIANT: `starts` has one entry for each row and one past the last; they ascend from 0 to the length of `entries`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rows<T> {
    starts: Vec<usize>,
    entries: Vec<T>,
}

impl<T: Copy> Rows<T> {
    /// Entries by row, in the order they come; what names no row is left out.
    pub(crate) fn group(rows: usize, entries: impl Iterator<Item = (usize, T)> + Clone) -> Self {
        let mut starts = vec![0; rows + 1];
        for (row, _) in entries.clone() {
            if let Some(count) = starts.get_mut(row).filter(|_| row < rows) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += std::mem::replace(start, sum);
        }
        let Some((_, any)) = entries.clone().find(|(row, _)| *row < rows) else {
            let entries = Vec::new();
            return Self { starts, entries };
        };
        let mut grouped = vec![any; sum];
        // Each start moves to the end of its row while the row is filled; the row before then ends where it began.
        for (row, entry) in entries {
            if let Some(next) = starts.get_mut(row).filter(|_| row < rows) {
                if let Some(slot) = grouped.get_mut(*next) {
                    *slot = entry;
                }
                *next += 1;
            }
        }
        starts.pop();
        starts.insert(0, 0);
        Self {
            starts,
            entries: grouped,
        }
    }

    /// Arranges each row, and keeps as many of its first entries as the function says.
    pub(crate) fn shorten(&mut self, mut arrange: impl FnMut(&mut [T]) -> usize) {
        let mut kept = 0;
        for row in 0..self.len() {
            let (Some(start), Some(end)) = (self.start(row), self.start(row + 1)) else {
                continue;
            };
            let left = self.entries.get_mut(start..end).map_or(0, &mut arrange);
            self.entries.copy_within(start..start + left, kept);
            if let Some(start) = self.starts.get_mut(row) {
                *start = kept;
            }
            kept += left;
        }
        self.entries.truncate(kept);
        if let Some(end) = self.starts.last_mut() {
            *end = kept;
        }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(crate) fn row(&self, row: usize) -> &[T] {
        match (self.start(row), self.start(row.saturating_add(1))) {
            (Some(start), Some(end)) => self.entries.get(start..end).unwrap_or_default(),
            _ => &[],
        }
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &[T]> + Clone {
        (0..self.len()).map(|row| self.row(row))
    }

    fn start(&self, row: usize) -> Option<usize> {
        self.starts.get(row).copied()
    }
}
