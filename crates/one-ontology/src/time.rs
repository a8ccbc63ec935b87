//! Moments and where they come from.

use std::fmt::{self, Debug};
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::InvalidValue;

/// A moment in UTC with microsecond precision.
///
/// Every store keeps it exactly, so a row reads back as it was written and its digest stays what
/// it was. Written as RFC 3339 with six decimals (`2026-11-20T12:00:00.000000Z`), which sorts as
/// text; anything finer than a microsecond is cut off. RFC 3339 has four digits for the year, so
/// there are no moments before [`Timestamp::MIN`] or after [`Timestamp::MAX`]: arithmetic stops
/// there and texts that lie outside are refused.
/// A whole number is read as milliseconds since the epoch, as old records have it.
///
/// ```
/// use one_ontology::Timestamp;
///
/// # fn main() -> Result<(), one_ontology::InvalidValue> {
/// let noon: Timestamp = "2026-11-20T13:00:00+01:00".parse()?;
/// assert_eq!(noon.to_string(), "2026-11-20T12:00:00.000000Z");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Spelling", into = "String")]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(DateTime::<Utc>::UNIX_EPOCH);
    /// 0000-01-01T00:00:00Z, the earliest.
    pub const MIN: Self = Self::at_micros(-62_167_219_200_000_000);
    /// 9999-12-31T23:59:59.999999Z, the latest.
    pub const MAX: Self = Self::at_micros(253_402_300_799_999_999);

    const fn at_micros(micros: i64) -> Self {
        match DateTime::from_timestamp_micros(micros) {
            Some(time) => Self(time),
            None => Self::EPOCH,
        }
    }

    /// The moment `micros` microseconds after the epoch, or the nearest that there is.
    #[must_use]
    pub fn from_micros(micros: i64) -> Self {
        Self::at_micros(micros.clamp(Self::MIN.as_micros(), Self::MAX.as_micros()))
    }

    /// The moment `micros` microseconds after the epoch, if there is one.
    #[must_use]
    pub fn checked_from_micros(micros: i64) -> Option<Self> {
        (Self::MIN.as_micros()..=Self::MAX.as_micros())
            .contains(&micros)
            .then(|| Self::at_micros(micros))
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(&self) -> i64 {
        self.0.timestamp_micros()
    }

    /// As chrono says it.
    #[must_use]
    pub fn as_datetime(&self) -> DateTime<Utc> {
        self.0
    }

    /// This moment and `duration` more, saturating.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.as_micros().saturating_add(micros))
    }

    /// This moment and `duration` less, saturating.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.as_micros().saturating_sub(micros))
    }

    /// How long after `earlier` this is; zero when it is not after.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.as_micros().saturating_sub(earlier.as_micros());
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self::from_micros(time.timestamp_micros())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .and_then(|time| Self::checked_from_micros(time.timestamp_micros()))
            .ok_or_else(|| InvalidValue::new("Timestamp", text, EXPECTED))
    }
}

const EXPECTED: &str = "an RFC 3339 date and time of the years 0000 to 9999";

#[derive(Deserialize)]
#[serde(untagged)]
enum Spelling {
    Text(String),
    Millis(i64),
}

impl TryFrom<Spelling> for Timestamp {
    type Error = InvalidValue;

    fn try_from(spelling: Spelling) -> Result<Self, InvalidValue> {
        match spelling {
            Spelling::Text(text) => text.parse(),
            Spelling::Millis(millis) => millis
                .checked_mul(1000)
                .and_then(Self::checked_from_micros)
                .ok_or_else(|| InvalidValue::new("Timestamp", &millis.to_string(), EXPECTED)),
        }
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

/// What the host says the time is.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The current moment. May go backwards; the core copes.
    fn now(&self) -> Timestamp;
}

/// A clock that a test sets.
#[derive(Debug)]
pub struct ManualClock(std::sync::Mutex<Timestamp>);

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self(std::sync::Mutex::new(start))
    }

    /// Sets the time, also backwards.
    pub fn set(&self, now: Timestamp) {
        *self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = now;
    }

    /// Moves the time forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *now = now.plus(by);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
