//! The clauses of the contract, by part.

pub(crate) mod budget;
pub(crate) mod chain;
pub(crate) mod commit;
pub(crate) mod concurrency;
pub(crate) mod connection;
pub(crate) mod directory;
pub(crate) mod event;
pub(crate) mod insist;
pub(crate) mod isolation;
pub(crate) mod knowledge;
pub(crate) mod once;
pub(crate) mod page;
pub(crate) mod people;
pub(crate) mod place;
pub(crate) mod prune;
pub(crate) mod query;
pub(crate) mod refusal;
pub(crate) mod row;
pub(crate) mod search;
pub(crate) mod thing;
pub(crate) mod typo;
pub(crate) mod value;
pub(crate) mod vector;
pub(crate) mod watch;
