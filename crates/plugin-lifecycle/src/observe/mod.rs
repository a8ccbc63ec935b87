//! What a host can watch of what is done here.

mod observation;
mod observer;

pub use observation::Observation;
pub(crate) use observation::written;
pub use observer::{Activity, ActivityEnd, ActivityKind, ActivitySpan, Observer};
