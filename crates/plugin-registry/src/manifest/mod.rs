//! What one release of a package says of itself.

mod agent_config;
mod category;
mod config_schema;
mod dependency;
mod model;
mod parameter;
mod parse;
mod release;
mod repository;
mod schema;
mod settings;
mod versions;

pub use category::Category;
pub use dependency::{CoreRequirement, Dependency, DependencyKind};
pub use model::{CORE_PACKAGE, Installability, Manifest};
pub use parameter::{Parameter, ParameterKind, Sensitivity};
pub use release::{PluginRelease, ReleaseStatus};
pub use repository::{Repository, RepositoryHost};
pub use schema::{BrokenRule, ParameterSchema, SchemaChecker, SchemaFault};
pub use settings::{CheckedSettings, ParameterViolation, check_settings};
pub use versions::{PackageVersions, Release};

pub(crate) use category::categories;
pub(crate) use dependency::{read_spec, spec_text};
pub(crate) use repository::repository_of;
