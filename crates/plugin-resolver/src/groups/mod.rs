//! Where one selection is impossible: the fewest that together meet every request.

mod clashes;
mod colouring;
mod demands;
mod grouping;
mod members;
mod partition;
mod placement;
mod reduction;
mod resolve;
mod solver;
mod words;

pub use self::grouping::{Boundary, Group, Grouping, LeftOut};
pub use self::resolve::{resolve_groups, resolve_groups_until};
