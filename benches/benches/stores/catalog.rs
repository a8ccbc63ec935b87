//! Rows that look like those of a host: plugins, and passages of text with vectors. The same every time.

use benches::Random;
use futures::executor::block_on;
use one_ontology::{
    ChangeSet, Embedding, EventId, EventType, Group, GroupId, Knowledge, KnowledgeId,
    KnowledgeType, NewEvent, Place, PluginThingType, Scope, Store, Thing, ThingId, Timestamp,
};

/// How long vectors are: as those of the small models that hosts run themselves.
pub(crate) const DIMENSIONS: usize = 384;

/// How many rows one change set brings.
const BATCH: usize = 1_000;

/// How many words there are. The first ones are frequent; most are rare.
const WORDS: usize = 20_000;

/// What passages are about; those of one topic have vectors close to each other.
const TOPICS: usize = 500;

const KNOWN: [&str; 32] = [
    "plugin",
    "agent",
    "provider",
    "for",
    "the",
    "and",
    "service",
    "client",
    "messages",
    "model",
    "database",
    "search",
    "wallet",
    "token",
    "chain",
    "discord",
    "telegram",
    "twitter",
    "memory",
    "knowledge",
    "image",
    "voice",
    "browser",
    "github",
    "calendar",
    "email",
    "trading",
    "storage",
    "embedding",
    "workflow",
    "analytics",
    "security",
];

const SYLLABLES: [&str; 24] = [
    "ka", "lo", "mi", "ren", "tu", "sol", "ver", "di", "pan", "qua", "tor", "nex", "li", "gra",
    "ble", "cor", "fy", "mon", "sta", "wei", "zu", "hap", "ex", "ori",
];

/// Where rows come from.
#[derive(Debug)]
pub(crate) struct Catalog {
    words: Vec<String>,
    topics: Vec<Vec<f32>>,
}

/// Where the plugins are.
pub(crate) fn registry() -> Scope {
    Scope::system("bench".parse().unwrap(), Place::Global)
}

/// Where the passages are.
pub(crate) fn library() -> Scope {
    let group = GroupId::of_name(&["library"]);
    Scope::system("bench".parse().unwrap(), Place::Group(group))
}

impl Catalog {
    pub(crate) fn new() -> Self {
        let mut random = Random::new(1);
        let mut words: Vec<String> = KNOWN.map(str::to_owned).to_vec();
        while words.len() < WORDS {
            let syllables = 2 + random.index(3);
            words.push(
                (0..syllables)
                    .map(|_| SYLLABLES[random.index(24)])
                    .collect(),
            );
        }
        let topics = (0..TOPICS).map(|_| noise(&mut random, DIMENSIONS));
        Self {
            words,
            topics: topics.collect(),
        }
    }

    /// A word as often as Zipf has it: the n-th is n times rarer than the first.
    pub(crate) fn word(&self, random: &mut Random) -> &str {
        let exponent = f64::from(random.below(1 << 20)) / f64::from(1 << 20);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank among some thousands"
        )]
        let rank = (self.words.len() as f64).powf(exponent) as usize;
        &self.words[rank.clamp(1, self.words.len()) - 1]
    }

    pub(crate) fn text(&self, random: &mut Random, words: usize) -> String {
        let words: Vec<&str> = (0..words).map(|_| self.word(random)).collect();
        words.join(" ")
    }

    /// A vector about one of the topics.
    pub(crate) fn vector(&self, random: &mut Random) -> Vec<f32> {
        let topic = &self.topics[random.index(TOPICS)];
        let noise = noise(random, DIMENSIONS);
        topic.iter().zip(noise).map(|(a, b)| a + 0.7 * b).collect()
    }

    fn plugin(&self, number: usize) -> Thing {
        let mut random = seeded(2, number);
        let (first, second) = (self.word(&mut random), self.word(&mut random));
        let name = format!("@elizaos/plugin-{first}-{second}-{number}");
        let length = 8 + random.index(25);
        let keywords = [(); 4].map(|()| self.word(&mut random).to_owned());
        let id = ThingId::of_name(&["plugin", &number.to_string()]);
        let of_type = PluginThingType::ElizaosPlugin.into();
        let mut thing = Thing::new(&registry(), id, of_type, &name, Timestamp::EPOCH);
        thing.properties = thing
            .properties
            .with("npm_package", name)
            .with("description", self.text(&mut random, length))
            .with("keywords", keywords.to_vec());
        thing
    }

    fn passage(&self, number: usize) -> Knowledge {
        let mut random = seeded(3, number);
        let length = 20 + random.index(61);
        let id = KnowledgeId::of_name(&["passage", &number.to_string()]);
        let mut row = Knowledge::new(&library(), id, KnowledgeType::Document, Timestamp::EPOCH);
        row.text = Some(self.text(&mut random, length));
        row.labels = vec![format!("topic:{}", number % 20).parse().unwrap()];
        row.embedding = Some(embedding(self.vector(&mut random)));
        row
    }

    pub(crate) fn plugins(&self, count: usize) -> impl Iterator<Item = Thing> {
        (0..count).map(|number| self.plugin(number))
    }

    pub(crate) fn passages(&self, count: usize) -> impl Iterator<Item = Knowledge> {
        (0..count).map(|number| self.passage(number))
    }

    pub(crate) fn add_plugins(&self, store: &dyn Store, count: usize) {
        let rows: Vec<usize> = (0..count).collect();
        for numbers in rows.chunks(BATCH) {
            let changes = changes(&registry(), &format!("plugins {}", numbers[0]));
            let rows = numbers.iter().map(|number| self.plugin(*number));
            block_on(store.commit(rows.fold(changes, ChangeSet::insert))).unwrap();
        }
    }

    pub(crate) fn add_passages(&self, store: &dyn Store, count: usize) {
        let place = library().place();
        let group = Group::new(place.group().unwrap(), "Library", Timestamp::EPOCH);
        let founded = changes(&library(), "library").insert(group);
        block_on(store.commit(founded)).unwrap();
        let rows: Vec<usize> = (0..count).collect();
        for numbers in rows.chunks(BATCH) {
            let changes = changes(&library(), &format!("passages {}", numbers[0]));
            let rows = numbers.iter().map(|number| self.passage(*number));
            block_on(store.commit(rows.fold(changes, ChangeSet::insert))).unwrap();
        }
    }
}

pub(crate) fn changes(scope: &Scope, what: &str) -> ChangeSet {
    let event = NewEvent::new(EventId::of_name(&[what]), EventType::TaskEvent, None);
    ChangeSet::new(scope, event, Timestamp::EPOCH)
}

pub(crate) fn embedding(values: Vec<f32>) -> Embedding {
    Embedding::new("bench", values).unwrap()
}

/// A sequence of its own for each row, so that any of them can be made alone.
fn seeded(kind: u64, number: usize) -> Random {
    Random::new(kind << 32 | u64::try_from(number).unwrap())
}

/// Numbers around zero, most of them small.
pub(crate) fn noise(random: &mut Random, dimensions: usize) -> Vec<f32> {
    let mut uniform = || {
        #[expect(clippy::cast_precision_loss, reason = "24 bits are exact")]
        let number = random.below(1 << 24) as f32 / 8_388_608.0 - 1.0;
        number
    };
    let numbers = (0..dimensions).map(|_| uniform() + uniform() + uniform());
    numbers.collect()
}
