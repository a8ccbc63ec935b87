//! Which events may leave the store.

use std::fmt;
use std::time::Duration;

use crate::audit::TrustedCheckpoint;
use crate::{Event, EventId, EventType, InvalidValue, NewEvent, Place, Plan, Seq, Timestamp};

const DAY: Duration = Duration::from_secs(86_400);

/// How old an event is, in the words of the ontology.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// In the store; read often.
    Hot,
    /// In the store; read seldom.
    Warm,
    /// In exports only, once the host has pruned it.
    Cold,
    /// Not promised any longer: exports of it may be deleted.
    Expired,
}

/// For how long events stay where.
///
/// ```
/// use one_ontology::Plan;
/// use one_ontology::audit::RetentionPolicy;
///
/// # fn main() -> Result<(), one_ontology::InvalidValue> {
/// assert_eq!(RetentionPolicy::of_plan(Plan::Starter), RetentionPolicy::new(30, 90, Some(90))?);
/// assert_eq!(RetentionPolicy::of_plan(Plan::Enterprise), RetentionPolicy::new(90, 365, None)?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionPolicy {
    hot: u32,
    warm: u32,
    promised: Option<u32>,
}

impl RetentionPolicy {
    /// Hot for so many days (30 to 90), warm until so many (90 to 365), promised for so many (none:
    /// for ever), each counted from the event.
    ///
    /// # Errors
    /// A number that the ontology does not allow, or fewer days promised than warm.
    pub fn new(hot: u32, warm: u32, promised: Option<u32>) -> Result<Self, InvalidValue> {
        let checks = [
            ((30..=90).contains(&hot), hot, "30 to 90 days hot"),
            ((90..=365).contains(&warm), warm, "90 to 365 days warm"),
            (
                promised.is_none_or(|days| days >= warm),
                promised.unwrap_or_default(),
                "as many days promised as warm",
            ),
        ];
        for (holds, days, expected) in checks {
            if !holds {
                let given = format!("{days} days");
                return Err(InvalidValue::new("RetentionPolicy", &given, expected));
            }
        }
        Ok(Self {
            hot,
            warm,
            promised,
        })
    }

    /// What a plan promises: 90 days, 365 days, for ever.
    #[must_use]
    pub const fn of_plan(plan: Plan) -> Self {
        let (hot, warm, promised) = match plan {
            Plan::Starter => (30, 90, Some(90)),
            Plan::Pro => (90, 365, Some(365)),
            Plan::Enterprise => (90, 365, None),
        };
        Self {
            hot,
            warm,
            promised,
        }
    }

    /// How old something of `at` is. A clock that went back makes nothing older.
    #[must_use]
    pub fn tier(&self, at: Timestamp, now: Timestamp) -> Tier {
        let age = now.since(at);
        if self.promised.is_some_and(|days| age >= DAY * days) {
            Tier::Expired
        } else if age >= DAY * self.warm {
            Tier::Cold
        } else if age >= DAY * self.hot {
            Tier::Warm
        } else {
            Tier::Hot
        }
    }
}

/// Leave to [prune](crate::ChangeSet::prune). Only [`decide_retention`] gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    checkpoint: TrustedCheckpoint,
    because: Because,
}

impl Retention {
    const ACTION: &str = "events_pruned";

    /// What covers the events that may leave.
    #[must_use]
    pub const fn checkpoint(&self) -> &TrustedCheckpoint {
        &self.checkpoint
    }

    /// Why they may.
    #[must_use]
    pub const fn because(&self) -> Because {
        self.because
    }

    /// What is said to have happened.
    pub(crate) fn event(&self, id: EventId) -> NewEvent {
        let signed = self.checkpoint.signed();
        signed
            .event(id, EventType::EntityArchived, Self::ACTION)
            .with("because", self.because.to_string())
    }

    /// Whether an event about the trail says that events have left.
    pub(super) fn is_said_by(event: &Event) -> bool {
        event.event_type == EventType::EntityArchived
            && event.metadata.text("action") == Some(Self::ACTION)
    }
}

/// Why events may leave the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Because {
    /// The last that may.
    pub last: Seq,
    /// When they were signed; none of them is younger.
    pub signed: Timestamp,
    /// After how many days events leave.
    pub after_days: u32,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            last,
            signed,
            after_days,
        } = self;
        write!(
            f,
            "events up to {last} were signed at {signed}, are exported, and leave after {after_days} days"
        )
    }
}

/// Decides which events of a place may leave its store, if any: those that the latest checkpoint
/// covers that is old enough for all of them to be cold.
///
/// `exported` are the checkpoints up to which the host has an export that it has read back
/// ([`export::Reader`](crate::audit::export::Reader)); those of other places are passed over.
/// `first` is the first event that is still in the store.
#[must_use]
pub fn decide_retention(
    policy: &RetentionPolicy,
    place: Place,
    first: Seq,
    exported: &[TrustedCheckpoint],
    now: Timestamp,
) -> Option<Retention> {
    let latest = exported
        .iter()
        .filter(|trusted| {
            let checkpoint = trusted.checkpoint();
            checkpoint.place() == place
                && checkpoint.head().seq >= first
                && policy.tier(checkpoint.at(), now) >= Tier::Cold
        })
        .max_by_key(|trusted| trusted.checkpoint().head().seq)?;
    let because = Because {
        last: latest.checkpoint().head().seq,
        signed: latest.checkpoint().at(),
        after_days: policy.warm,
    };
    Some(Retention {
        checkpoint: latest.clone(),
        because,
    })
}
