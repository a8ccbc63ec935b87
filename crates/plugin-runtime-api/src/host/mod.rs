//! What running plugin code may ask of its host.

mod call;
mod records;
mod reply;
mod services;

pub use call::{HostCall, HostFamily};
pub use records::{
    ComponentRecord, EntityRecord, MemoryFilter, MemoryRecord, RelationshipRecord, RoomRecord,
    TaskRecord, WorldRecord,
};
pub use reply::HostReply;
pub use services::{CallContext, HostServices};
