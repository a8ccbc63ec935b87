//! Bounds on what is read of one package. Real ones stay far below: the largest file of elizaOS' core has 2 MB and 0.4 million words.

/// Largest file read, in bytes.
pub(crate) const MAX_FILE_BYTES: usize = 16 << 20;
/// Most words of one file; a word takes 20 bytes of memory.
pub(crate) const MAX_TOKENS: usize = 4 << 20;
/// Most bytes read of one package, over all files.
pub(crate) const MAX_PACKAGE_BYTES: usize = 64 << 20;
/// Most files read of one package.
pub(crate) const MAX_FILES: usize = 4_096;
/// Most entries of one package; of more than these nothing is said.
pub(crate) const MAX_ENTRIES: usize = 1_024;
/// Most names of one entry; of an entry with more nothing is said.
pub(crate) const MAX_NAMES: usize = 65_536;
/// Most patterns (`./features/*`) of one package.
pub(crate) const MAX_PATTERNS: usize = 32;
/// Largest package.json read, in bytes; of those in folders below, an eighth.
pub(crate) const MAX_PACKAGE_JSON_BYTES: usize = 1 << 20;
/// How often names are looked at, over all entries of one package; of entries beyond nothing is said.
pub(crate) const MAX_WORK: usize = 1 << 20;
