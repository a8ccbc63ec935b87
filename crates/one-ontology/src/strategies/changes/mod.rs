//! Change sets: such as must be accepted, and such as may be refused.

mod hostile;
mod valid;

pub use hostile::change_set;
pub use valid::history;

use crate::Timestamp;

/// When the first change sets are made.
fn start() -> Timestamp {
    Timestamp::from_micros(1_795_000_000_000_000)
}
