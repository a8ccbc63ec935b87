//! Who may do what: 33 operations for four roles.

use one_ontology::{Access, Role, Scope, vocabulary};

vocabulary! {
    /// What roles are asked about.
    closed Operation ("an operation") {
        /// View global plugin registry.
        ViewGlobalPluginRegistry = "view_global_plugin_registry",
        /// Search for plugins.
        SearchForPlugins = "search_for_plugins",
        /// View plugin details.
        ViewPluginDetails = "view_plugin_details",
        /// Add plugin to registry.
        AddPluginToRegistry = "add_plugin_to_registry",
        /// Update plugin metadata.
        UpdatePluginMetadata = "update_plugin_metadata",
        /// Remove plugin from registry.
        RemovePluginFromRegistry = "remove_plugin_from_registry",
        /// Moderate plugin ratings.
        ModeratePluginRatings = "moderate_plugin_ratings",
        /// Approve plugin submissions.
        ApprovePluginSubmissions = "approve_plugin_submissions",
        /// View org's installed plugins.
        ViewOrgInstalledPlugins = "view_org_installed_plugins",
        /// Install plugin in org.
        InstallPluginInOrg = "install_plugin_in_org",
        /// Uninstall plugin from org.
        UninstallPluginFromOrg = "uninstall_plugin_from_org",
        /// Update plugin version.
        UpdatePluginVersion = "update_plugin_version",
        /// View plugin dependencies.
        ViewPluginDependencies = "view_plugin_dependencies",
        /// View plugin config.
        ViewPluginConfig = "view_plugin_config",
        /// Update plugin config.
        UpdatePluginConfig = "update_plugin_config",
        /// View plugin secrets (API keys).
        ViewPluginSecrets = "view_plugin_secrets",
        /// Update plugin secrets.
        UpdatePluginSecrets = "update_plugin_secrets",
        /// Reset plugin to defaults.
        ResetPluginToDefaults = "reset_plugin_to_defaults",
        /// Activate plugin for agent.
        ActivatePluginForAgent = "activate_plugin_for_agent",
        /// Deactivate plugin for agent.
        DeactivatePluginForAgent = "deactivate_plugin_for_agent",
        /// Configure plugin-agent settings.
        ConfigurePluginAgentSettings = "configure_plugin_agent_settings",
        /// View which agents use plugin.
        ViewWhichAgentsUsePlugin = "view_which_agents_use_plugin",
        /// Execute plugin action.
        ExecutePluginAction = "execute_plugin_action",
        /// View plugin execution logs.
        ViewPluginExecutionLogs = "view_plugin_execution_logs",
        /// Retry failed plugin action.
        RetryFailedPluginAction = "retry_failed_plugin_action",
        /// Cancel running plugin action.
        CancelRunningPluginAction = "cancel_running_plugin_action",
        /// View plugin usage metrics.
        ViewPluginUsageMetrics = "view_plugin_usage_metrics",
        /// View plugin ratings.
        ViewPluginRatings = "view_plugin_ratings",
        /// Rate plugin (1-5 stars).
        RatePlugin = "rate_plugin",
        /// Write plugin review.
        WritePluginReview = "write_plugin_review",
        /// Edit own review.
        EditOwnReview = "edit_own_review",
        /// Delete own review.
        DeleteOwnReview = "delete_own_review",
        /// Moderate reviews (delete others).
        ModerateReviews = "moderate_reviews",
    }
}

vocabulary! {
    /// What a role may.
    closed Permit ("`allow`, `redacted` or `deny`") {
        /// All of it.
        Allow = "allow",
        /// With secrets and figures left out.
        Redacted = "redacted",
        /// None of it.
        Deny = "deny",
    }
}

/// What `role` may of `operation`.
#[must_use]
pub const fn permit(role: Role, operation: Operation) -> Permit {
    use Operation as O;
    match role {
        Role::PlatformOwner => Permit::Allow,
        Role::Customer => Permit::Deny,
        Role::GroupOwner => match operation {
            O::ViewGlobalPluginRegistry
            | O::SearchForPlugins
            | O::ViewPluginDetails
            | O::ViewOrgInstalledPlugins
            | O::InstallPluginInOrg
            | O::UninstallPluginFromOrg
            | O::UpdatePluginVersion
            | O::ViewPluginDependencies
            | O::ViewPluginConfig
            | O::UpdatePluginConfig
            | O::ViewPluginSecrets
            | O::UpdatePluginSecrets
            | O::ResetPluginToDefaults
            | O::ActivatePluginForAgent
            | O::DeactivatePluginForAgent
            | O::ConfigurePluginAgentSettings
            | O::ViewWhichAgentsUsePlugin
            | O::ExecutePluginAction
            | O::ViewPluginExecutionLogs
            | O::RetryFailedPluginAction
            | O::CancelRunningPluginAction
            | O::ViewPluginUsageMetrics
            | O::ViewPluginRatings
            | O::RatePlugin
            | O::WritePluginReview
            | O::EditOwnReview
            | O::DeleteOwnReview => Permit::Allow,
            O::AddPluginToRegistry
            | O::UpdatePluginMetadata
            | O::RemovePluginFromRegistry
            | O::ModeratePluginRatings
            | O::ApprovePluginSubmissions
            | O::ModerateReviews => Permit::Deny,
        },
        Role::GroupUser => match operation {
            O::ViewGlobalPluginRegistry
            | O::SearchForPlugins
            | O::ViewPluginDetails
            | O::ViewOrgInstalledPlugins
            | O::ViewPluginDependencies
            | O::ActivatePluginForAgent
            | O::DeactivatePluginForAgent
            | O::ConfigurePluginAgentSettings
            | O::ViewWhichAgentsUsePlugin
            | O::ExecutePluginAction
            | O::ViewPluginExecutionLogs
            | O::RetryFailedPluginAction
            | O::CancelRunningPluginAction
            | O::ViewPluginRatings
            | O::RatePlugin
            | O::WritePluginReview
            | O::EditOwnReview
            | O::DeleteOwnReview => Permit::Allow,
            O::ViewPluginConfig | O::ViewPluginUsageMetrics => Permit::Redacted,
            O::AddPluginToRegistry
            | O::UpdatePluginMetadata
            | O::RemovePluginFromRegistry
            | O::ModeratePluginRatings
            | O::ApprovePluginSubmissions
            | O::InstallPluginInOrg
            | O::UninstallPluginFromOrg
            | O::UpdatePluginVersion
            | O::UpdatePluginConfig
            | O::ViewPluginSecrets
            | O::UpdatePluginSecrets
            | O::ResetPluginToDefaults
            | O::ModerateReviews => Permit::Deny,
        },
    }
}

impl Operation {
    /// Whether it changes nothing.
    #[must_use]
    pub const fn only_reads(self) -> bool {
        use Operation as O;
        match self {
            O::ViewGlobalPluginRegistry
            | O::SearchForPlugins
            | O::ViewPluginDetails
            | O::ViewOrgInstalledPlugins
            | O::ViewPluginDependencies
            | O::ViewPluginConfig
            | O::ViewPluginSecrets
            | O::ViewWhichAgentsUsePlugin
            | O::ViewPluginExecutionLogs
            | O::ViewPluginUsageMetrics
            | O::ViewPluginRatings => true,
            O::AddPluginToRegistry
            | O::UpdatePluginMetadata
            | O::RemovePluginFromRegistry
            | O::ModeratePluginRatings
            | O::ApprovePluginSubmissions
            | O::InstallPluginInOrg
            | O::UninstallPluginFromOrg
            | O::UpdatePluginVersion
            | O::UpdatePluginConfig
            | O::UpdatePluginSecrets
            | O::ResetPluginToDefaults
            | O::ActivatePluginForAgent
            | O::DeactivatePluginForAgent
            | O::ConfigurePluginAgentSettings
            | O::ExecutePluginAction
            | O::RetryFailedPluginAction
            | O::CancelRunningPluginAction
            | O::RatePlugin
            | O::WritePluginReview
            | O::EditOwnReview
            | O::DeleteOwnReview
            | O::ModerateReviews => false,
        }
    }
}

/// What the holder of `scope` may of `operation`: what the role may, and nothing that writes
/// through a scope that may only read.
#[must_use]
pub fn permit_in(scope: &Scope, operation: Operation) -> Permit {
    if scope.access() == Access::Read && !operation.only_reads() {
        return Permit::Deny;
    }
    permit(scope.role(), operation)
}
