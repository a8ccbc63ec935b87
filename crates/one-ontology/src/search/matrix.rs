//! Rows of the same length, one behind the other.

/// Rows of the same length, one behind the other. A row that leaves is replaced by the last.
#[derive(Debug)]
pub(super) struct Matrix<T> {
    width: usize,
    cells: Vec<T>,
}

impl<T> Default for Matrix<T> {
    fn default() -> Self {
        Self {
            width: 0,
            cells: Vec::new(),
        }
    }
}

impl<T: Copy> Matrix<T> {
    /// Puts a row at the end; the first says how long all are. Where there is no room, `rows` more get some: not
    /// as many again, as a [`Vec`] would.
    pub(super) fn push(&mut self, row: impl ExactSizeIterator<Item = T>, rows: usize) {
        self.width = row.len();
        if self.cells.capacity() - self.cells.len() < self.width {
            self.cells.reserve_exact(rows * self.width);
        }
        self.cells.extend(row);
    }

    pub(super) fn row(&self, position: usize) -> &[T] {
        let cells = self.width * position..self.width * (position + 1);
        self.cells.get(cells).unwrap_or_default()
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &[T]> {
        // Rows without length are none: nobody asks for them one after the other.
        self.cells.chunks_exact(self.width.max(1))
    }

    /// Takes a row out; the last one moves to where it was.
    pub(super) fn swap_remove(&mut self, position: usize) {
        let last = self.cells.len() - self.width;
        self.cells.copy_within(last.., self.width * position);
        self.cells.truncate(last);
    }

    pub(super) fn bytes(&self) -> usize {
        self.cells.capacity() * size_of::<T>()
    }
}
