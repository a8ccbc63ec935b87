//! What is said of releases after they were installed, and what an organisation does about it; what it follows.

mod channel;
mod decide;
mod facts;
mod notice;
mod settings;

pub use channel::{Channel, YoungRelease};
pub(crate) use channel::{named, tag_of};
pub(crate) use decide::suspended_for;
pub use decide::{NoticeChange, notices};
pub use facts::ReleaseFacts;
pub(crate) use facts::releases_of;
pub use notice::{Notice, NoticeKind};
pub use settings::{ReleaseSettings, Treatment, Treatments};
