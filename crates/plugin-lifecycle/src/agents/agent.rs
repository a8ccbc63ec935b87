//! An agent as it is kept.

use one_ontology::{Revision, Thing, ThingId, ThingStatus, ThingType, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The types of things that are agents.
const TYPES: [ThingType; 11] = [
    ThingType::StrategyAgent,
    ThingType::ResearchAgent,
    ThingType::MarketingAgent,
    ThingType::SalesAgent,
    ThingType::ServiceAgent,
    ThingType::DesignAgent,
    ThingType::EngineeringAgent,
    ThingType::FinanceAgent,
    ThingType::LegalAgent,
    ThingType::IntelligenceAgent,
    ThingType::AiClone,
];

/// An agent that plugins of its organisation may run for, besides the one that every organisation has.
///
/// It is a thing of one of the ontology's types of agents (`service_agent`, `ai_clone`, ..) with a
/// character in its properties. Other things of these types, which a host keeps for itself, are none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// Its id.
    pub id: ThingId,
    /// What kind of agent.
    #[serde(rename = "type")]
    pub agent_type: ThingType,
    /// What it is called: the `name` of its character.
    pub name: String,
    /// Its character, as elizaOS has it. Never a secret.
    pub character: Map<String, Value>,
    /// Counts the characters, from 0.
    pub character_revision: u64,
    /// Which writing of its row this is; whoever changes it says which one was read.
    pub revision: Revision,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its row was last written.
    pub updated_at: Timestamp,
}

impl Agent {
    /// The agent that a thing is; none if it is none, or is put away.
    ///
    /// ```
    /// use one_ontology::{Place, Properties, Scope, Thing, ThingId, ThingType, Timestamp};
    /// use plugin_lifecycle::Agent;
    /// use serde_json::json;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let scope = Scope::system("example".parse()?, Place::Global);
    /// # let id = ThingId::of_name(&["ada"]);
    /// let mut ada = Thing::new(&scope, id, ThingType::ServiceAgent, "Ada", Timestamp::EPOCH);
    /// assert_eq!(Agent::of(&ada), None);
    /// ada.properties = Properties::new().with("character", json!({"name": "Ada"}));
    /// assert_eq!(Agent::of(&ada).map(|agent| agent.name).as_deref(), Some("Ada"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn of(thing: &Thing) -> Option<Self> {
        if thing.status == ThingStatus::Archived || !is_agent_type(&thing.thing_type) {
            return None;
        }
        let character = thing.properties.get(CHARACTER)?.as_object()?;
        let revision = thing.properties.get(CHARACTER_REVISION);
        Some(Self {
            id: thing.id,
            agent_type: thing.thing_type.clone(),
            name: thing.name.clone(),
            character: character.clone(),
            character_revision: revision.and_then(Value::as_u64).unwrap_or(0),
            revision: thing.revision,
            created_at: thing.created_at,
            updated_at: thing.updated_at,
        })
    }
}

/// The property that holds the character.
const CHARACTER: &str = "character";
/// The property that counts the characters.
const CHARACTER_REVISION: &str = "character_revision";

/// A thing with this character, the `revision`th; its other properties stay.
pub(crate) fn character_of(
    mut thing: Thing,
    name: &str,
    character: Map<String, Value>,
    revision: u64,
) -> Thing {
    name.clone_into(&mut thing.name);
    thing.properties = thing
        .properties
        .with(CHARACTER, character)
        .with(CHARACTER_REVISION, revision);
    thing
}

pub(crate) fn agent_types() -> Vec<ThingType> {
    TYPES.to_vec()
}

fn is_agent_type(thing_type: &ThingType) -> bool {
    TYPES.contains(thing_type)
}

/// Why a type is none of an agent; none if it is one.
pub(crate) fn not_an_agent(thing_type: &ThingType) -> Option<String> {
    if is_agent_type(thing_type) {
        return None;
    }
    let names: Vec<&str> = TYPES.iter().map(ThingType::as_str).collect();
    Some(format!(
        "`{thing_type}` is no type of agent; these are: {}",
        names.join(", ")
    ))
}
