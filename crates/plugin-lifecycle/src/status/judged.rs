//! An answer, before it is a condition.

use one_ontology::Timestamp;

use super::{Condition, ConditionKind, ConditionReason, ConditionStatus};

/// An answer with why, and since when.
pub(super) struct Judged {
    status: ConditionStatus,
    reason: ConditionReason,
    message: String,
    since: Option<Timestamp>,
}

impl Judged {
    pub(super) fn yes(reason: ConditionReason, message: impl Into<String>) -> Self {
        Self::of(ConditionStatus::True, reason, message)
    }

    pub(super) fn no(reason: ConditionReason, message: impl Into<String>) -> Self {
        Self::of(ConditionStatus::False, reason, message)
    }

    pub(super) fn unknown(reason: ConditionReason, message: impl Into<String>) -> Self {
        Self::of(ConditionStatus::Unknown, reason, message)
    }

    fn of(status: ConditionStatus, reason: ConditionReason, message: impl Into<String>) -> Self {
        Self {
            status,
            reason,
            message: message.into(),
            since: None,
        }
    }

    pub(super) fn since(mut self, since: Option<Timestamp>) -> Self {
        self.since = since;
        self
    }

    pub(super) fn named(self, kind: ConditionKind) -> Condition {
        Condition {
            kind,
            status: self.status,
            since: self.since,
            reason: self.reason,
            message: self.message,
        }
    }
}
