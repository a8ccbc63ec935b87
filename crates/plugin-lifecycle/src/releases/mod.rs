//! What is said of releases after they were installed, and what an organisation does about it; what it follows.

mod age;
mod channel;
mod decide;
mod facts;
mod notice;
mod settings;
mod way_out;

pub(crate) use age::{Age, is_exact};
pub(crate) use channel::tag_of;
pub use channel::{Channel, YoungRelease};
pub(crate) use decide::suspended_for;
pub use decide::{NoticeChange, notices};
pub use facts::ReleaseFacts;
pub(crate) use facts::releases_of;
pub use notice::{Notice, NoticeKind};
pub use settings::{ReleaseSettings, Treatment, Treatments};
pub use way_out::WayOut;
