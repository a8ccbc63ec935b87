//! The machine interfaces: one JSON object in, one JSON object out, line by line.
//!
//! Both are pure functions over a line, so that tests in any language can talk to the resolver through a program that only pumps lines.
//! Whatever a line holds, it is answered.

mod case;
mod fault;
mod ranges;
mod resolve;
mod toil;

pub use ranges::answer_ranges_line;
pub use resolve::answer_resolve_line;
