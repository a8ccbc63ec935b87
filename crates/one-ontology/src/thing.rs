//! Things: everything that is not a group, a person, a connection, an event or knowledge.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Place, Properties, Revision, Scope, ThingId, ThingProperties, ThingType, Timestamp, Validator,
    Violations, excerpt, vocabulary,
};

vocabulary! {
    /// How a thing stands.
    closed ThingStatus ("a thing status") {
        /// In use.
        Active = "active",
        /// Not in use.
        Inactive = "inactive",
        /// Being made.
        Draft = "draft",
        /// Offered.
        Published = "published",
        /// Put away; never listed unless asked for.
        Archived = "archived",
    }
}

/// A thing, its properties free or of type `P`.
///
/// Old spellings are read: `metadata` and `pluginMetadata` for `properties`, `groupId` for `place`,
/// `createdAt`, `updatedAt`, `_id`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thing<P = Properties> {
    /// Its id.
    #[serde(alias = "_id")]
    pub id: ThingId,
    /// Where it lives.
    #[serde(alias = "groupId", alias = "group_id", default = "nowhere_else")]
    pub place: Place,
    /// What it is.
    #[serde(rename = "type")]
    pub thing_type: ThingType,
    /// What it is called: 1 to 512 characters.
    pub name: String,
    /// How it stands.
    #[serde(default = "active")]
    pub status: ThingStatus,
    /// Everything else.
    #[serde(alias = "metadata", alias = "pluginMetadata")]
    pub properties: P,
    /// Which writing of it this is.
    #[serde(default)]
    pub revision: Revision,
    /// When it was made.
    #[serde(alias = "createdAt")]
    pub created_at: Timestamp,
    /// When it was last written.
    #[serde(alias = "updatedAt")]
    pub updated_at: Timestamp,
}

const fn nowhere_else() -> Place {
    Place::Global
}

const fn active() -> ThingStatus {
    ThingStatus::Active
}

impl Thing {
    /// An active thing without properties, in the place of `scope`.
    #[must_use]
    pub fn new(
        scope: &Scope,
        id: ThingId,
        thing_type: ThingType,
        name: impl Into<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            place: scope.place(),
            thing_type,
            name: name.into(),
            status: ThingStatus::Active,
            properties: Properties::new(),
            revision: Revision::FIRST,
            created_at: now,
            updated_at: now,
        }
    }

    /// The same thing with its properties read as `P`.
    ///
    /// # Errors
    /// Another type of thing, or the property that does not fit.
    pub fn typed<P: ThingProperties>(self) -> Result<Thing<P>, Violations> {
        let mut check = Validator::new();
        let expected = P::thing_type();
        check.require(
            self.thing_type == expected,
            "type",
            format_args!("must be `{expected}`"),
        );
        check.finish()?;
        let properties = serde_json::from_value(Value::Object(self.properties.into_map()))
            .map_err(|error| {
                let why = excerpt(&error.to_string(), 256);
                Violations::one("properties", format_args!("do not fit: {why}"))
            })?;
        Ok(Thing {
            id: self.id,
            place: self.place,
            thing_type: self.thing_type,
            name: self.name,
            status: self.status,
            properties,
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }

    /// Checks every field.
    ///
    /// # Errors
    /// Each field that does not hold, with the reason.
    pub fn validate(&self) -> Result<(), Violations> {
        let mut check = Validator::new();
        check.listed("type", self.thing_type.is_canonical());
        check.name("name", &self.name, 512);
        check.require(
            self.updated_at >= self.created_at,
            "updated_at",
            "must not be before `created_at`",
        );
        check.nested(self.properties.validate());
        check.finish()
    }
}

impl<P: ThingProperties> Thing<P> {
    /// The same thing as stores keep it.
    ///
    /// # Errors
    /// Properties that do not serialise to a JSON object.
    pub fn untyped(self) -> Result<Thing, Violations> {
        let Ok(Value::Object(map)) = serde_json::to_value(&self.properties) else {
            return Err(Violations::one("properties", "must be a JSON object"));
        };
        Ok(Thing {
            id: self.id,
            place: self.place,
            thing_type: self.thing_type,
            name: self.name,
            status: self.status,
            properties: Properties::from(map),
            revision: self.revision,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}
