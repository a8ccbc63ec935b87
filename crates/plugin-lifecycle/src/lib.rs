#![doc = include_str!("../README.md")]

mod admission;
mod agents;
mod batch;
mod blame;
mod breaker;
mod error;
mod events;
mod giving;
mod histogram;
mod holds;
mod hollow;
mod instance;
mod journal;
mod machine;
mod manager;
mod native_source;
mod observe;
mod one_runtime;
mod plan;
mod policy;
mod probe;
mod queue;
mod rbac;
mod recovery;
mod releases;
mod result_cache;
mod retry;
mod rollup;
mod run;
mod sanitize;
mod secretive;
mod status;
mod update;
mod why;

pub use admission::{AdmissionRefusal, Admitted, Budget, Shown, admit, allow};
pub use agents::{Agent, AgentGrant, AgentSeat};
pub use batch::{BatchMember, BatchOutcome, BatchProgress, BatchReport, BatchStep, Chosen, Course};
pub use blame::Blame;
pub use breaker::{Breaker, BreakerPolicy, HeldBack, Sign};
pub use error::ManagerError;
pub use events::{
    AfterDelivery, DeadLetter, DeliveryClaim, DeliveryEnd, EventCause, LetterRow, NextDelivery,
    Passed, PendingDelivery, PluginSubscription, Subscription, after_delivery, next_delivery,
};
pub use giving::{Giving, GivingId, Givings};
pub use histogram::Histogram;
pub use holds::{Hold, HoldId, Holds};
pub use hollow::Hollow;
pub use instance::{
    ErrorWindow, ExecutionLease, Instance, Member, PluginInstance, TooMany, Wanted,
};
pub use journal::{Batch, Change, ChangePart, Moved, PendingOperation, Phase, PhaseKind};
pub use machine::{
    After, Command, CommandKind, ExecutionEnd, Interrupted, LostOutcome, Ran, Refusal, Rule, State,
    StateKind, Transition, possible, transition,
};
pub use manager::{
    AgentUse, Asked, Call, Delivered, DispatchReport, DrainReport, Execution, ExecutionHandle,
    Installed, InstalledPlugin, KeptVersion, Left, NotDispatched, NotDrained, NotNoted,
    NotRecovered, NotYetNoted, Noted, NoticeReport, PluginManager, Question, RecoveryReport, Rest,
    Started, Taken, TakenWhat, Tenant, Trail, UsageStatistics, UsageWindow, Waits, is_secret,
};
pub use native_source::native_source;
pub use observe::{Activity, ActivityEnd, ActivityKind, ActivitySpan, Observation, Observer};
pub use one_runtime::{
    EmbedderModel, LogSink, OneRuntime, PluginGrant, PluginLog, RuntimeGrants, SecretPolicy,
    needed_permission,
};
pub use plan::{InstallPlan, PlanPart, PlanStep};
pub use policy::Policy;
pub use probe::{Answered, Finding, Probe, ProbedRuntime, RuntimePart, finding};
pub use queue::{Priority, Queue, QueueFull, QueuePolicy};
pub use rbac::{Operation, Permit, permit, permit_in};
pub use recovery::{Recovery, recovery};
pub use releases::{
    Channel, Notice, NoticeChange, NoticeKind, ReleaseFacts, ReleaseSettings, Treatment,
    Treatments, WayOut, YoungRelease, notices,
};
pub use result_cache::{CacheKey, CachePolicy, Freshness, ResultCache, Reuse, Reused};
pub use retry::{RetryPolicy, Trouble};
pub use rollup::{Hours, Rollup, day_of, hour_of};
pub use run::{Progress, Run, RunFilter, RunOutcome, Runs, SignOfLife};
pub use sanitize::{Kept, RecordedInput};
pub use status::{
    Beside, BreakerState, BreakerStatus, Condition, ConditionKind, ConditionReason,
    ConditionStatus, Desired, Driver, ErrorStatus, ExecutionStatus, Offer, OperationStatus, Status,
    desired, status,
};
pub use update::{
    Approval, Approvals, Breaking, BreakingKind, ChangedPackage, Dependent, Edition,
    OutdatedPlugin, PackagePart, Pin, PlannedUpdate, PluginSnapshot, Snapshot, UpdateKind,
    UpdatePlan, UpdatePlans, Verdict, breaking, changed_packages, kept_settings, settled, widened,
};
pub use why::why;
