//! What drives the decisions: the manager, and a tenant's handle on it.

mod activate;
mod audit;
mod configure;
mod end;
mod execute;
mod host;
mod install;
mod installation;
mod installed;
mod lost;
mod plan;
mod plugin_manager;
mod question;
mod recover;
mod recovery_report;
mod remove;
mod stop;
mod tenant;
mod usage;
mod write;

pub use audit::Trail;
pub use execute::{Call, Execution};
pub use installed::InstalledPlugin;
pub use plugin_manager::PluginManager;
pub use question::{Asked, Installed, Question};
pub use recovery_report::{Left, NotRecovered, RecoveryReport, Taken, TakenWhat};
pub use tenant::Tenant;
pub use usage::{UsageStatistics, UsageWindow};
