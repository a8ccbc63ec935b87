//! How much an answer is.

use one_ontology::{Page, Receipt};

/// How many rows an answer holds.
pub trait Rows {
    /// The number; for a receipt that of the events it stands for.
    fn rows(&self) -> u64;
}

impl<T> Rows for Option<T> {
    fn rows(&self) -> u64 {
        u64::from(self.is_some())
    }
}

impl<T> Rows for Vec<T> {
    fn rows(&self) -> u64 {
        self.len() as u64
    }
}

impl<T> Rows for Page<T> {
    fn rows(&self) -> u64 {
        self.items.rows()
    }
}

impl Rows for Receipt {
    fn rows(&self) -> u64 {
        (self.head.seq.get() + 1).saturating_sub(self.first.get())
    }
}
