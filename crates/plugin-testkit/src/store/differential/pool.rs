//! The few ids, names and values that a history is made of, so that its parts meet.

use one_ontology::audit::Retention;
use one_ontology::{
    BudgetKey, BudgetRule, ConnectionId, ConnectionType, Embedding, End, EventType, GroupId,
    IdempotencyKey, KnowledgeId, KnowledgeType, Label, PersonId, Place, PluginThingType,
    QuotaPeriod, Role, SequentialIds, ThingId, ThingType, Timestamp,
};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) struct Pool {
    pub(crate) ids: SequentialIds,
    pub(crate) now: Timestamp,
    /// Leave to prune, of any place, some of it used already.
    pub(super) leaves: Vec<Retention>,
}

/// 2026-01-31T23:59:50Z: a month ends soon.
const START: i64 = 1_769_903_990_000_000;

pub(crate) const TEXTS: &[&str] = &[
    "bread",
    "Bread and butter",
    "bread, bread; water",
    "Äpfel und Brot",
    "äpfel",
    "water 🦀 'quoted' \"twice\" %_\\",
    "e\u{301}clair",
    "a",
    "z\u{1}",
];

impl Pool {
    pub(crate) fn new() -> Self {
        Self {
            ids: SequentialIds::new(),
            now: Timestamp::from_micros(START),
            leaves: Vec::new(),
        }
    }

    fn uuid(kind: u128, number: u128) -> Uuid {
        // Not in order of their numbers.
        Uuid::from_u128((number * 7 % 11) << 120 | kind << 64 | number)
    }

    pub(crate) fn groups(&self) -> Vec<GroupId> {
        (0..3)
            .map(|i| GroupId::from_uuid(Self::uuid(1, i)))
            .collect()
    }

    pub(crate) fn places(&self) -> Vec<Place> {
        let groups = self.groups().into_iter().map(Place::Group);
        std::iter::once(Place::Global).chain(groups).collect()
    }

    pub(crate) fn things(&self) -> Vec<ThingId> {
        (0..10)
            .map(|i| ThingId::from_uuid(Self::uuid(2, i)))
            .collect()
    }

    pub(crate) fn people(&self) -> Vec<PersonId> {
        (0..5)
            .map(|i| PersonId::from_uuid(Self::uuid(3, i)))
            .collect()
    }

    pub(crate) fn knowledge(&self) -> Vec<KnowledgeId> {
        (0..10)
            .map(|i| KnowledgeId::from_uuid(Self::uuid(4, i)))
            .collect()
    }

    pub(crate) fn connections(&self) -> Vec<ConnectionId> {
        (0..4)
            .map(|i| ConnectionId::from_uuid(Self::uuid(5, i)))
            .collect()
    }

    pub(crate) fn ends(&self, place: Place) -> Vec<End> {
        let mut ends: Vec<End> = self.things().into_iter().map(End::Thing).collect();
        ends.extend(self.people().into_iter().map(End::Person));
        ends.extend(place.group().map(End::Group));
        ends
    }

    pub(crate) fn thing_types(&self) -> Vec<ThingType> {
        vec![
            ThingType::Course,
            ThingType::Lesson,
            ThingType::Plugin(PluginThingType::PluginInstance),
            "robot".parse().unwrap(),
        ]
    }

    pub(crate) fn connection_types(&self) -> Vec<ConnectionType> {
        vec![
            ConnectionType::References,
            ConnectionType::PartOf,
            ConnectionType::EnrolledIn,
            "likes".parse().unwrap(),
        ]
    }

    pub(crate) fn event_types(&self) -> Vec<EventType> {
        vec![
            EventType::EntityCreated,
            EventType::EntityUpdated,
            EventType::UserLogin,
            "noticed".parse().unwrap(),
        ]
    }

    pub(crate) fn knowledge_types(&self) -> Vec<KnowledgeType> {
        KnowledgeType::ALL.to_vec()
    }

    pub(crate) fn labels(&self) -> Vec<Label> {
        ["skill:a", "skill:b", "SKILL:a", "topic:x'y"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect()
    }

    pub(crate) fn roles(&self) -> Vec<Role> {
        vec![
            Role::GroupOwner,
            Role::GroupUser,
            Role::Customer,
            Role::PlatformOwner,
        ]
    }

    pub(crate) fn property_names(&self) -> Vec<&'static str> {
        vec![
            "npm_package",
            "registry_url",
            "description",
            "keywords",
            "other",
        ]
    }

    pub(crate) fn values(&self) -> Vec<Value> {
        vec![
            json!("bread"),
            json!("p"),
            json!("1"),
            json!(1),
            json!(1.0),
            json!(0.1 + 0.2),
            json!(-0.0),
            json!(null),
            json!(["water", 1, "äpfel"]),
            json!({"b": {"a": [1.5, true]}, "a": u64::MAX}),
        ]
    }

    pub(crate) fn embeddings(&self) -> Vec<Embedding> {
        [
            ("m", vec![1.0, 0.0, 0.3]),
            ("m", vec![0.1, 0.9, -0.3]),
            ("m", vec![0.1, 0.9]),
            ("n", vec![-1.0, 0.1, 0.2]),
            ("m", vec![0.0, 0.0, 0.0]),
        ]
        .into_iter()
        .map(|(model, values)| Embedding::new(model, values).unwrap())
        .collect()
    }

    pub(crate) fn keys(&self) -> Vec<IdempotencyKey> {
        ["one", "ONE", "two"]
            .iter()
            .map(|k| k.parse().unwrap())
            .collect()
    }

    pub(crate) fn budgets(&self) -> Vec<(BudgetKey, BudgetRule)> {
        let window = BudgetRule::window(3, std::time::Duration::from_secs(10));
        let quota = |period| BudgetRule::Quota { limit: 5, period };
        [
            ("window", window),
            ("day", quota(QuotaPeriod::Day)),
            ("month", quota(QuotaPeriod::Month)),
            ("level", BudgetRule::Level { limit: 2 }),
        ]
        .into_iter()
        .map(|(key, rule)| (key.parse().unwrap(), rule))
        .collect()
    }
}
