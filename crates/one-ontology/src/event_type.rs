//! The published names of events, with the plugin platform's own.

use crate::vocabulary;

vocabulary! {
    /// What happened: the 72 published types, the plugin types, and any other name.
    open EventType {
        /// Section `entity_lifecycle`: entity created.
        EntityCreated = "entity_created" | "thing_created",
        /// Section `entity_lifecycle`: entity updated.
        EntityUpdated = "entity_updated" | "thing_updated",
        /// Section `entity_lifecycle`: entity deleted.
        EntityDeleted = "entity_deleted" | "thing_deleted",
        /// Section `entity_lifecycle`: entity archived.
        EntityArchived = "entity_archived",
        /// Section `user_events`: user registered.
        UserRegistered = "user_registered",
        /// Section `user_events`: user verified.
        UserVerified = "user_verified",
        /// Section `user_events`: user login.
        UserLogin = "user_login",
        /// Section `user_events`: user logout.
        UserLogout = "user_logout",
        /// Section `user_events`: profile updated.
        ProfileUpdated = "profile_updated",
        /// Section `authentication_events`: password reset requested.
        PasswordResetRequested = "password_reset_requested",
        /// Section `authentication_events`: password reset completed.
        PasswordResetCompleted = "password_reset_completed",
        /// Section `authentication_events`: email verification sent.
        EmailVerificationSent = "email_verification_sent",
        /// Section `authentication_events`: email verified.
        EmailVerified = "email_verified",
        /// Section `authentication_events`: two factor enabled.
        TwoFactorEnabled = "two_factor_enabled",
        /// Section `authentication_events`: two factor disabled.
        TwoFactorDisabled = "two_factor_disabled",
        /// Section `group_events`: group created.
        GroupCreated = "group_created",
        /// Section `group_events`: group updated.
        GroupUpdated = "group_updated",
        /// Section `group_events`: user invited to group.
        UserInvitedToGroup = "user_invited_to_group",
        /// Section `group_events`: user joined group.
        UserJoinedGroup = "user_joined_group",
        /// Section `group_events`: user removed from group.
        UserRemovedFromGroup = "user_removed_from_group",
        /// Section `dashboard_ui_events`: dashboard viewed.
        DashboardViewed = "dashboard_viewed",
        /// Section `dashboard_ui_events`: settings updated.
        SettingsUpdated = "settings_updated",
        /// Section `dashboard_ui_events`: theme changed.
        ThemeChanged = "theme_changed",
        /// Section `dashboard_ui_events`: preferences updated.
        PreferencesUpdated = "preferences_updated",
        /// Section `ai_clone_events`: clone created.
        CloneCreated = "clone_created",
        /// Section `ai_clone_events`: clone updated.
        CloneUpdated = "clone_updated",
        /// Section `ai_clone_events`: voice cloned.
        VoiceCloned = "voice_cloned",
        /// Section `ai_clone_events`: appearance cloned.
        AppearanceCloned = "appearance_cloned",
        /// Section `agent_events`: agent created.
        AgentCreated = "agent_created",
        /// Section `agent_events`: agent executed.
        AgentExecuted = "agent_executed",
        /// Section `agent_events`: agent completed.
        AgentCompleted = "agent_completed",
        /// Section `agent_events`: agent failed.
        AgentFailed = "agent_failed",
        /// Section `token_events`: token created.
        TokenCreated = "token_created",
        /// Section `token_events`: token minted.
        TokenMinted = "token_minted",
        /// Section `token_events`: token burned.
        TokenBurned = "token_burned",
        /// Section `token_events`: tokens purchased.
        TokensPurchased = "tokens_purchased",
        /// Section `token_events`: tokens staked.
        TokensStaked = "tokens_staked",
        /// Section `token_events`: tokens unstaked.
        TokensUnstaked = "tokens_unstaked",
        /// Section `token_events`: tokens transferred.
        TokensTransferred = "tokens_transferred",
        /// Section `course_events`: course created.
        CourseCreated = "course_created",
        /// Section `course_events`: course enrolled.
        CourseEnrolled = "course_enrolled",
        /// Section `course_events`: lesson completed.
        LessonCompleted = "lesson_completed",
        /// Section `course_events`: course completed.
        CourseCompleted = "course_completed",
        /// Section `course_events`: certificate earned.
        CertificateEarned = "certificate_earned",
        /// Section `analytics_events`: metric calculated.
        MetricCalculated = "metric_calculated",
        /// Section `analytics_events`: insight generated.
        InsightGenerated = "insight_generated",
        /// Section `analytics_events`: prediction made.
        PredictionMade = "prediction_made",
        /// Section `analytics_events`: optimization applied.
        OptimizationApplied = "optimization_applied",
        /// Section `analytics_events`: report generated.
        ReportGenerated = "report_generated",
        /// Section `cycle_events`: cycle request.
        CycleRequest = "cycle_request",
        /// Section `cycle_events`: cycle completed.
        CycleCompleted = "cycle_completed",
        /// Section `cycle_events`: cycle failed.
        CycleFailed = "cycle_failed",
        /// Section `cycle_events`: cycle quota exceeded.
        CycleQuotaExceeded = "cycle_quota_exceeded",
        /// Section `cycle_events`: cycle revenue collected.
        CycleRevenueCollected = "cycle_revenue_collected",
        /// Section `cycle_events`: org revenue generated.
        OrgRevenueGenerated = "org_revenue_generated",
        /// Section `cycle_events`: revenue share distributed.
        RevenueShareDistributed = "revenue_share_distributed",
        /// Section `blockchain_events`: nft minted.
        NftMinted = "nft_minted",
        /// Section `blockchain_events`: nft transferred.
        NftTransferred = "nft_transferred",
        /// Section `blockchain_events`: tokens bridged.
        TokensBridged = "tokens_bridged",
        /// Section `blockchain_events`: contract deployed.
        ContractDeployed = "contract_deployed",
        /// Section `blockchain_events`: treasury withdrawal.
        TreasuryWithdrawal = "treasury_withdrawal",
        /// Section `consolidated_events`: content event.
        ContentEvent = "content_event",
        /// Section `consolidated_events`: payment event.
        PaymentEvent = "payment_event",
        /// Section `consolidated_events`: subscription event.
        SubscriptionEvent = "subscription_event",
        /// Section `consolidated_events`: commerce event.
        CommerceEvent = "commerce_event",
        /// Section `consolidated_events`: livestream event.
        LivestreamEvent = "livestream_event",
        /// Section `consolidated_events`: notification event.
        NotificationEvent = "notification_event",
        /// Section `consolidated_events`: referral event.
        ReferralEvent = "referral_event",
        /// Section `consolidated_events`: communication event.
        CommunicationEvent = "communication_event",
        /// Section `consolidated_events`: task event.
        TaskEvent = "task_event",
        /// Section `consolidated_events`: mandate event.
        MandateEvent = "mandate_event",
        /// Section `consolidated_events`: price event.
        PriceEvent = "price_event",
    }
    /// One of the plugin platform's types.
    nested Plugin(PluginEventType),
}

vocabulary! {
    /// The plugin platform's types of events: the nine of the seed and its extensions.
    closed PluginEventType ("a plugin event type") {
        /// Plugin discovered.
        PluginDiscovered = "plugin_discovered",
        /// Plugin installed.
        PluginInstalled = "plugin_installed",
        /// Plugin activated.
        PluginActivated = "plugin_activated",
        /// Plugin deactivated.
        PluginDeactivated = "plugin_deactivated",
        /// Plugin uninstalled.
        PluginUninstalled = "plugin_uninstalled",
        /// Plugin action executed.
        PluginActionExecuted = "plugin_action_executed",
        /// Plugin error occurred.
        PluginErrorOccurred = "plugin_error_occurred",
        /// Plugin updated.
        PluginUpdated = "plugin_updated",
        /// Plugin configured.
        PluginConfigured = "plugin_configured",
        /// Plugin action initiated.
        PluginActionInitiated = "plugin_action_initiated",
        /// Plugin action failed.
        PluginActionFailed = "plugin_action_failed",
        /// Plugin rolled back.
        PluginRolledBack = "plugin_rolled_back",
        /// Plugin operation started.
        PluginOperationStarted = "plugin_operation_started",
        /// Plugin suspended.
        PluginSuspended = "plugin_suspended",
        /// Plugin secret accessed.
        PluginSecretAccessed = "plugin_secret_accessed",
        /// Plugin reviewed.
        PluginReviewed = "plugin_reviewed",
    }
}
