//! How far a long piece of work is.

/// Said now and then by work that takes long on a large file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How much of it is done, in the units of the stage.
    pub done: u64,
    /// How much there is, in the same units.
    pub of: u64,
}

/// A part of such work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Pages are copied.
    Copying,
    /// SQLite looks at every page and index; it does not say how far it is, only the end.
    Pages,
    /// Rows are read and held against their columns, words and chains.
    Rows,
}

impl Stage {
    /// In one word, for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Copying => "copying",
            Self::Pages => "pages",
            Self::Rows => "rows",
        }
    }
}

/// Where progress is told.
pub(crate) type Told<'a> = &'a mut dyn FnMut(Progress);
