#![doc = include_str!("../README.md")]

mod catalog;
mod collect;
mod embedder;
mod error;
mod fields;
mod index;
mod json;
mod lexical;
mod manifest;
mod policy;
mod report;
mod source;
mod source_error;
mod sources;
mod symbols;
mod withheld;

pub use catalog::{
    Catalog, CatalogEntry, CatalogError, CatalogFilter, CatalogPage, CatalogRows, Gathered,
    ListingFacts, Need, PackageFacts, PluginDetail, PluginHit, PluginRecord, Revocation,
    Revocations, Severity, Sight, SyncCounts, SyncOutcome, SyncPlan, gather, plan_sync, plugin_id,
    sync,
};
pub use collect::{CollectLimits, Collected, PluginLayer, collect, collect_within};
pub use embedder::{Embedder, EmbedderError};
pub use error::RegistryError;
pub use index::{IndexEntry, IndexShape, Line, LineRelease, Origin, PluginKind, RegistryIndex};
pub use json::{MAX_DOCUMENT_BYTES, read_json};
pub use lexical::LexicalEmbedder;
pub use manifest::{
    BrokenRule, CORE_PACKAGE, Category, CheckedSettings, CoreRequirement, Dependency,
    DependencyKind, Installability, Manifest, PackageVersions, Parameter, ParameterKind,
    ParameterSchema, ParameterViolation, PluginRelease, Release, ReleaseStatus, Repository,
    RepositoryHost, SchemaChecker, SchemaFault, Sensitivity, check_settings,
};
pub use policy::{CachePolicy, SEARCH_LIMIT, SYNC_BUDGET, SYNC_EVERY};
pub use report::{Finding, FindingTag, Parsed, Report};
pub use source::{
    Freshness, PackageDocument, PackagePin, Progress, ProgressSink, Reused, Silent, Source,
    SourceId, StageRequest, Staged,
};
pub use source_error::SourceError;
pub use sources::{EmbeddedSource, MemorySource, catalog_names, stage_digest};
pub use symbols::{
    EntryExports, Extent, ImportTime, ImportedNames, KnownSymbols, MemorySymbols, PackageFile,
    PackageFiles, PackageSymbols, RefineLimits, Refined, SymbolSource, UnlistedEntries, refine,
};
