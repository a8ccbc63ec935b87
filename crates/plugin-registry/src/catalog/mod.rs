//! The catalog: what plugins there are, as facts of the six dimensions.

mod gather;
mod passage;
mod passage_write;
mod plan;
mod query;
mod record;
mod revocation;
mod rows;
mod sight;
mod sync;

pub use gather::{Gathered, gather};
pub use plan::{SyncCounts, SyncPlan, plan_sync};
pub use query::{
    Catalog, CatalogEntry, CatalogError, CatalogFilter, CatalogPage, Need, PluginDetail, PluginHit,
};
pub use record::{ListingFacts, PackageFacts, PluginRecord};
pub use revocation::{Revocation, Revocations, Severity};
pub use rows::{CatalogRows, plugin_id};
pub use sight::Sight;
pub use sync::{SyncOutcome, sync};
