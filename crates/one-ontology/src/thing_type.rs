//! The published names of things, with the plugin platform's own.

use crate::vocabulary;

vocabulary! {
    /// What a thing is: the 61 published types, the plugin types, and any other name.
    open ThingType {
        /// A creator.
        Creator = "creator",
        /// An AI clone of a creator.
        AiClone = "ai_clone",
        /// An audience member.
        AudienceMember = "audience_member",
        /// An organization.
        Organization = "organization",
        /// A strategy agent.
        StrategyAgent = "strategy_agent",
        /// A research agent.
        ResearchAgent = "research_agent",
        /// A marketing agent.
        MarketingAgent = "marketing_agent",
        /// A sales agent.
        SalesAgent = "sales_agent",
        /// A service agent.
        ServiceAgent = "service_agent",
        /// A design agent.
        DesignAgent = "design_agent",
        /// An engineering agent.
        EngineeringAgent = "engineering_agent",
        /// A finance agent.
        FinanceAgent = "finance_agent",
        /// A legal agent.
        LegalAgent = "legal_agent",
        /// An intelligence agent.
        IntelligenceAgent = "intelligence_agent",
        /// A blog post.
        BlogPost = "blog_post",
        /// A video.
        Video = "video",
        /// A podcast.
        Podcast = "podcast",
        /// A social post.
        SocialPost = "social_post",
        /// An email.
        Email = "email",
        /// A course.
        Course = "course",
        /// A lesson.
        Lesson = "lesson",
        /// A digital product.
        DigitalProduct = "digital_product",
        /// A membership.
        Membership = "membership",
        /// A consultation.
        Consultation = "consultation",
        /// A non-fungible token.
        Nft = "nft",
        /// A community.
        Community = "community",
        /// A conversation.
        Conversation = "conversation",
        /// A message.
        Message = "message",
        /// A token.
        Token = "token",
        /// A token contract.
        TokenContract = "token_contract",
        /// A knowledge item.
        KnowledgeItem = "knowledge_item",
        /// An embedding.
        Embedding = "embedding",
        /// A website.
        Website = "website",
        /// A landing page.
        LandingPage = "landing_page",
        /// A template.
        Template = "template",
        /// A livestream.
        Livestream = "livestream",
        /// A recording.
        Recording = "recording",
        /// A media asset.
        MediaAsset = "media_asset",
        /// A payment.
        Payment = "payment",
        /// A subscription.
        Subscription = "subscription",
        /// An invoice.
        Invoice = "invoice",
        /// A metric.
        Metric = "metric",
        /// An insight.
        Insight = "insight",
        /// A prediction.
        Prediction = "prediction",
        /// A report.
        Report = "report",
        /// A session.
        Session = "session",
        /// An account at an OAuth provider.
        OauthAccount = "oauth_account",
        /// A verification token.
        VerificationToken = "verification_token",
        /// A password reset token.
        PasswordResetToken = "password_reset_token",
        /// Preferences of a user interface.
        UiPreferences = "ui_preferences",
        /// A notification.
        Notification = "notification",
        /// An email campaign.
        EmailCampaign = "email_campaign",
        /// An announcement.
        Announcement = "announcement",
        /// A referral.
        Referral = "referral",
        /// A campaign.
        Campaign = "campaign",
        /// A lead.
        Lead = "lead",
        /// An external agent.
        ExternalAgent = "external_agent",
        /// An external workflow.
        ExternalWorkflow = "external_workflow",
        /// An external connection.
        ExternalConnection = "external_connection",
        /// A mandate.
        Mandate = "mandate",
        /// A product.
        Product = "product",
    }
    /// One of the plugin platform's types.
    nested Plugin(PluginThingType),
}

vocabulary! {
    /// The plugin platform's types of things.
    closed PluginThingType ("a plugin thing type") {
        /// A plugin of the catalog, with all its releases.
        ElizaosPlugin = "elizaos_plugin",
        /// A plugin installed for one group.
        PluginInstance = "plugin_instance",
        /// An action that a plugin offers.
        PluginAction = "plugin_action",
        /// A provider that a plugin offers.
        PluginProvider = "plugin_provider",
        /// An evaluator that a plugin offers.
        PluginEvaluator = "plugin_evaluator",
        /// A client that a plugin offers.
        PluginClient = "plugin_client",
        /// A database adapter that a plugin offers.
        PluginAdapter = "plugin_adapter",
        /// A service that a plugin offers.
        PluginService = "plugin_service",
        /// A review of a plugin.
        PluginReview = "plugin_review",
        /// What an instance was before an update.
        PluginSnapshot = "plugin_snapshot",
        /// A named list of plugins.
        PluginCollection = "plugin_collection",
    }
}

/// The section of the ontology a published type of thing belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ThingCategory {
    /// Section `core`.
    Core,
    /// Section `business_agents`.
    BusinessAgents,
    /// Section `content`.
    Content,
    /// Section `products`.
    Products,
    /// Section `community`.
    Community,
    /// Section `token`.
    Token,
    /// Section `knowledge_types`.
    KnowledgeTypes,
    /// Section `platform`.
    Platform,
    /// Section `business`.
    Business,
    /// Section `auth_session`.
    AuthSession,
    /// Section `ui_preferences`.
    UiPreferences,
    /// Section `marketing`.
    Marketing,
    /// Section `external`.
    External,
    /// Section `protocol`.
    Protocol,
    /// The plugin platform.
    Plugin,
    /// Names the ontology does not list.
    Other,
}

impl ThingType {
    /// The section of the ontology that lists this type.
    #[must_use]
    pub const fn category(&self) -> ThingCategory {
        match self {
            Self::Creator | Self::AiClone | Self::AudienceMember | Self::Organization => {
                ThingCategory::Core
            }
            Self::StrategyAgent
            | Self::ResearchAgent
            | Self::MarketingAgent
            | Self::SalesAgent
            | Self::ServiceAgent
            | Self::DesignAgent
            | Self::EngineeringAgent
            | Self::FinanceAgent
            | Self::LegalAgent
            | Self::IntelligenceAgent => ThingCategory::BusinessAgents,
            Self::BlogPost
            | Self::Video
            | Self::Podcast
            | Self::SocialPost
            | Self::Email
            | Self::Course
            | Self::Lesson => ThingCategory::Content,
            Self::DigitalProduct | Self::Membership | Self::Consultation | Self::Nft => {
                ThingCategory::Products
            }
            Self::Community | Self::Conversation | Self::Message => ThingCategory::Community,
            Self::Token | Self::TokenContract => ThingCategory::Token,
            Self::KnowledgeItem | Self::Embedding => ThingCategory::KnowledgeTypes,
            Self::Website
            | Self::LandingPage
            | Self::Template
            | Self::Livestream
            | Self::Recording
            | Self::MediaAsset => ThingCategory::Platform,
            Self::Payment
            | Self::Subscription
            | Self::Invoice
            | Self::Metric
            | Self::Insight
            | Self::Prediction
            | Self::Report => ThingCategory::Business,
            Self::Session
            | Self::OauthAccount
            | Self::VerificationToken
            | Self::PasswordResetToken => ThingCategory::AuthSession,
            Self::UiPreferences => ThingCategory::UiPreferences,
            Self::Notification
            | Self::EmailCampaign
            | Self::Announcement
            | Self::Referral
            | Self::Campaign
            | Self::Lead => ThingCategory::Marketing,
            Self::ExternalAgent | Self::ExternalWorkflow | Self::ExternalConnection => {
                ThingCategory::External
            }
            Self::Mandate | Self::Product => ThingCategory::Protocol,
            Self::Plugin(_) => ThingCategory::Plugin,
            Self::Other(_) => ThingCategory::Other,
        }
    }
}
