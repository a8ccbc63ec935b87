//! Connections: how two ends relate, and which ends may.

use serde::{Deserialize, Serialize};

use crate::{
    ConnectionId, ConnectionType, End, InvalidValue, Place, Properties, Revision, Scope, Timestamp,
    Validator, Violations,
};

/// How strong a connection is, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Strength(f64);

impl Strength {
    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Strength {
    type Error = InvalidValue;

    fn try_from(strength: f64) -> Result<Self, InvalidValue> {
        if (0.0..=1.0).contains(&strength) {
            // Minus zero has another text than zero, and a digest sees texts.
            Ok(Self(strength + 0.0))
        } else {
            Err(InvalidValue::new(
                "Strength",
                &strength.to_string(),
                "a number from 0 to 1",
            ))
        }
    }
}

impl From<Strength> for f64 {
    fn from(strength: Strength) -> Self {
        strength.0
    }
}

/// A connection from one end to another.
///
/// It is never changed: it is made, and it ends. Old spellings are read: `fromThingId`,
/// `toThingId`, `relationshipType`, `connectionType`, `validFrom`, `validTo`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connection {
    /// Its id.
    #[serde(alias = "_id")]
    pub id: ConnectionId,
    /// Where it lives.
    #[serde(alias = "groupId")]
    pub place: Place,
    /// From.
    #[serde(alias = "fromThingId", alias = "fromId")]
    pub from: End,
    /// To.
    #[serde(alias = "toThingId", alias = "toId")]
    pub to: End,
    /// How.
    #[serde(
        rename = "relationship_type",
        alias = "relationshipType",
        alias = "connectionType"
    )]
    pub connection_type: ConnectionType,
    /// Everything else.
    #[serde(default)]
    pub metadata: Properties,
    /// How strong it is, where that means something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<Strength>,
    /// Since when it holds.
    #[serde(default, alias = "validFrom", skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Timestamp>,
    /// Until when it held; none while it holds.
    #[serde(default, alias = "validTo", skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Timestamp>,
    /// Which writing of it this is.
    #[serde(default)]
    pub revision: Revision,
    /// When it was made.
    #[serde(alias = "createdAt")]
    pub created_at: Timestamp,
}

impl Connection {
    /// A connection that holds from now on, in the place of `scope`.
    #[must_use]
    pub fn new(
        scope: &Scope,
        id: ConnectionId,
        from: impl Into<End>,
        connection_type: impl Into<ConnectionType>,
        to: impl Into<End>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            place: scope.place(),
            from: from.into(),
            to: to.into(),
            connection_type: connection_type.into(),
            metadata: Properties::new(),
            strength: None,
            valid_from: Some(now),
            valid_to: None,
            revision: Revision::FIRST,
            created_at: now,
        }
    }

    /// Checks every field but the ends' types, which only a store knows
    /// ([`ConnectionType::may_join`]).
    ///
    /// # Errors
    /// Each field that does not hold, with the reason.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut check = Validator::new();
        check.listed("relationship_type", self.connection_type.is_canonical());
        check.require(self.from != self.to, "to", "must not be the same as `from`");
        for (field, end) in [("from", self.from), ("to", self.to)] {
            if let End::Group(group) = end {
                check.require(
                    self.place == Place::Group(group),
                    field,
                    "must not be another group than the one it lives in",
                );
            }
        }
        if let (Some(from), Some(to)) = (self.valid_from, self.valid_to) {
            check.require(to >= from, "valid_to", "must not be before `valid_from`");
        }
        check.part("metadata", self.metadata.validate());
        check.finish()
    }
}
