//! A store that does one thing wrong, to see whether the suite notices.

mod facts;
mod fault;
mod parts;
mod searching;
mod store;
mod watch;

pub use fault::Fault;
pub use store::FaultyStore;
