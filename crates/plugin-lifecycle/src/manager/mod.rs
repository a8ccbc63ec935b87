//! What drives the decisions: the manager, and a tenant's handle on it.

mod activate;
mod audit;
mod change;
mod configure;
mod end;
mod execute;
mod host;
mod install;
mod installation;
mod installed;
mod kept;
mod lost;
mod plan;
mod plan_update;
mod plugin_manager;
mod question;
mod recover;
mod recovery_report;
mod remove;
mod rollback;
mod stop;
mod tenant;
mod update;
mod usage;
mod write;

pub use audit::Trail;
pub use execute::{Call, Execution};
pub use installed::InstalledPlugin;
pub use kept::KeptVersion;
pub use plugin_manager::PluginManager;
pub use question::{Asked, Installed, Question};
pub use recovery_report::{Left, NotRecovered, RecoveryReport, Taken, TakenWhat};
pub use tenant::Tenant;
pub use usage::{UsageStatistics, UsageWindow};
