#![doc = include_str!("../README.md")]

pub mod audit;
mod budget;
mod canonical;
mod change_set;
mod connection;
mod connection_rule;
mod connection_type;
mod decide;
mod event;
mod event_type;
mod group;
mod id;
mod invalid;
mod key;
mod knowledge;
mod person;
mod place;
mod properties;
mod query;
mod revision;
mod row;
mod scope;
pub mod search;
mod store;
mod store_error;
#[cfg(feature = "proptest")]
pub mod strategies;
#[cfg(feature = "system")]
mod system;
mod thing;
mod thing_type;
mod time;
mod vocabulary;

pub use audit::AuditError;
pub use budget::{BudgetKey, BudgetRule, BudgetState, Exhausted, QuotaPeriod, Settle, Spend};
pub use canonical::canonical_json;
pub use change_set::{ChangeSet, Needs};
pub use connection::{Connection, Strength};
pub use connection_rule::EndKind;
pub use connection_type::{ConnectionType, PluginConnectionType};
pub use decide::{Answer, Decision, Effects, Found, Receipt, decide};
pub use event::{Digest, Event, Head, NewEvent, Seq};
pub use event_type::{EventType, PluginEventType};
pub use group::{Group, GroupStatus, GroupType, JoinPolicy, Plan, Visibility};
pub use id::{
    ConnectionId, EventId, GroupId, IdSource, KnowledgeId, PersonId, SequentialIds, ThingId,
    uuid_of_name, uuid_v7,
};
pub use invalid::{InvalidValue, Validator, Violation, Violations, excerpt};
pub use key::IdempotencyKey;
pub use knowledge::{
    ChunkPosition, Embedding, Knowledge, KnowledgeRole, KnowledgeSource, KnowledgeType, Label,
};
pub use person::{Membership, MembershipStatus, Person, Role};
pub use place::{Actor, End, Place, TaskName};
pub use properties::{Properties, ThingProperties};
pub use query::{
    ConnectionQuery, Cursor, Ended, EventQuery, KnowledgeQuery, Limit, Page, PersonQuery, Query,
    ThingQuery,
};
pub use revision::Revision;
pub use row::{Row, RowId};
pub use scope::{Access, Scope, ScopeError, Standing};
pub use search::{Among, Hit, HitId, SearchQuery};
pub use store::{Directory, MemoryStore, Store};
pub use store_error::StoreError;
#[cfg(feature = "system")]
pub use system::{RandomIds, SystemClock};
pub use thing::{Thing, ThingStatus};
pub use thing_type::{PluginThingType, ThingCategory, ThingType};
pub use time::{Clock, ManualClock, Timestamp};
pub use vocabulary::OtherName;
#[doc(hidden)]
pub use vocabulary::deserialize_from_str;
