//! The files of one package, as text.

use std::collections::BTreeMap;

/// One file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackageFile {
    /// What is in it.
    Text(String),
    /// It is there and was not read: too large, or no text.
    Unread,
}

/// The files of one package by their path inside it, without a leading `./`: `package.json`,
/// `dist/index.js`. Where a name is not in it, there is no such file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackageFiles(BTreeMap<String, PackageFile>);

impl PackageFiles {
    /// No files yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file; one that was there under the same path is replaced.
    pub fn insert(&mut self, path: &str, file: PackageFile) -> &mut Self {
        let path = path.trim_start_matches("./");
        self.0.insert(path.to_owned(), file);
        self
    }

    /// Adds a file with this text.
    #[must_use]
    pub fn with(mut self, path: &str, text: &str) -> Self {
        self.insert(path, PackageFile::Text(text.to_owned()));
        self
    }

    /// One file.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&PackageFile> {
        self.0.get(path)
    }

    /// The text of one file, if it was read.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        match self.0.get(path)? {
            PackageFile::Text(text) => Some(text),
            PackageFile::Unread => None,
        }
    }

    /// Every path, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
