//! The catalog: sync, queries, overlay.

use std::sync::Arc;

use async_trait::async_trait;
use futures::executor::block_on;
use one_ontology::{
    Actor, ChangeSet, Connection, ConnectionQuery, Ended, EventId, EventQuery, EventType, Group,
    GroupId, KnowledgeQuery, MemoryStore, NewEvent, Place, RowId, Scope, SequentialIds, Store,
    ThingStatus, Timestamp,
};
use plugin_registry::{
    Catalog, CatalogFilter, CatalogRows, Category, EmbeddedSource, Embedder, EmbedderError,
    Freshness, LexicalEmbedder, MemorySource, PluginRecord, RegistryIndex, ReleaseStatus,
    SourceError, SourceId, SyncOutcome, catalog_names, gather, plan_sync, plugin_id, sync,
};
use plugin_resolver::PackageName;
use serde_json::{Value, json};

use crate::support::{document, name, record, versions};

struct World {
    store: Arc<MemoryStore>,
    ids: SequentialIds,
    clock: std::cell::Cell<i64>,
}

impl World {
    fn new() -> Self {
        Self {
            store: Arc::default(),
            ids: SequentialIds::new(),
            clock: std::cell::Cell::new(0),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.set(self.clock.get() + 1_000_000);
        Timestamp::from_micros(self.clock.get())
    }

    fn global() -> Scope {
        Scope::system("registry_sync".parse().unwrap(), Place::Global)
    }

    fn group(&self, called: &str) -> Scope {
        let now = self.now();
        let id = GroupId::of_name(&[called]);
        let scope = Scope::system("setup".parse().unwrap(), Place::Group(id));
        let group = Group::new(id, called, now);
        let event = NewEvent::new(
            EventId::new(&self.ids, now),
            EventType::GroupCreated,
            Some(id.into()),
        );
        block_on(
            self.store
                .commit(ChangeSet::new(&scope, event, now).insert(group)),
        )
        .unwrap();
        scope
    }

    fn sync(&self, scope: &Scope, records: &[PluginRecord]) -> SyncOutcome {
        let embedder = LexicalEmbedder::new();
        block_on(sync(
            self.store.as_ref(),
            scope,
            records,
            Some(&embedder),
            &self.ids,
            self.now(),
        ))
        .unwrap()
    }

    fn catalog(&self, scope: &Scope) -> Catalog {
        Catalog::new(self.store.clone(), scope)
    }

    fn names(&self, scope: &Scope, filter: &CatalogFilter) -> Vec<String> {
        let page = block_on(self.catalog(scope).list(filter)).unwrap();
        page.items.iter().map(|entry| entry.name.clone()).collect()
    }
}

fn counts(outcome: &SyncOutcome) -> (usize, usize, usize, usize, usize) {
    let c = outcome.counts;
    (
        c.created,
        c.updated,
        c.unchanged,
        c.connected,
        c.disconnected,
    )
}

fn three() -> Vec<PluginRecord> {
    vec![
        record(
            "@elizaos/plugin-sql",
            &[(
                "1.7.2",
                json!({"description": "Database adapter", "dependencies": {"@elizaos/core": "1.7.2"}}),
            )],
        ),
        record(
            "@elizaos/plugin-bootstrap",
            &[
                (
                    "1.7.1",
                    json!({"dependencies": {"@elizaos/core": "1.7.1", "@elizaos/plugin-sql": "1.7.1"}}),
                ),
                (
                    "1.7.2",
                    json!({"description": "Actions every agent has", "dependencies": {"@elizaos/core": "1.7.2", "@elizaos/plugin-sql": "1.7.2", "bun": "^1.3.4"}}),
                ),
            ],
        ),
        record(
            "@elizaos/plugin-solana",
            &[(
                "1.2.6",
                json!({
                    "description": "Wallet balances and token transfers", "keywords": ["spl"],
                    "agentConfig": {"pluginParameters": {"SOLANA_RPC_URL": {"type": "string", "description": "endpoint of the chain"}}},
                }),
            )],
        ),
    ]
}

fn facts(world: &World, scope: &Scope) -> String {
    let things: Vec<_> = block_on(CatalogRows::load(world.store.as_ref(), scope))
        .unwrap()
        .plugins
        .into_values()
        .collect();
    let knowledge = block_on(world.store.knowledge(scope, &KnowledgeQuery::default()))
        .unwrap()
        .items;
    let connections = block_on(world.store.connections(
        scope,
        &ConnectionQuery {
            ended: Ended::Listed,
            ..Default::default()
        },
    ))
    .unwrap()
    .items;
    let head = block_on(world.store.head(scope)).unwrap();
    serde_json::to_string(&(things, knowledge, connections, head)).unwrap()
}

#[test]
fn the_second_sync_of_the_same_data_writes_nothing() {
    let (world, scope) = (World::new(), World::global());
    let first = world.sync(&scope, &three());
    assert_eq!(counts(&first), (3, 0, 0, 1, 0));
    assert_eq!((first.embedded, first.not_embedded), (5, 0));
    let before = facts(&world, &scope);
    let second = world.sync(&scope, &three());
    assert_eq!(counts(&second), (0, 0, 3, 0, 0));
    assert!(second.receipts.is_empty());
    assert_eq!(facts(&world, &scope), before);
}

#[test]
fn a_change_is_written_and_nothing_else() {
    let (world, scope) = (World::new(), World::global());
    world.sync(&scope, &three());
    let mut records = three();
    records[2] = record(
        "@elizaos/plugin-solana",
        &[
            (
                "1.2.6",
                json!({"description": "Wallet balances and token transfers", "keywords": ["spl"]}),
            ),
            (
                "1.3.0",
                json!({"description": "Wallets, swaps", "dependencies": {"@elizaos/plugin-sql": "^1"}}),
            ),
        ],
    );
    let outcome = world.sync(&scope, &records);
    assert_eq!(counts(&outcome), (0, 1, 2, 1, 0));
    let events = block_on(world.store.events(
        &scope,
        &EventQuery::about(plugin_id(Place::Global, &name("@elizaos/plugin-solana"))),
    ))
    .unwrap();
    let told: Vec<&str> = events
        .items
        .iter()
        .map(|event| event.event_type.as_str())
        .collect();
    assert_eq!(told, ["plugin_discovered", "entity_updated"]);
    let entry = block_on(
        world
            .catalog(&scope)
            .by_package(&name("@elizaos/plugin-solana")),
    )
    .unwrap()
    .unwrap();
    assert_eq!(entry.properties.version.unwrap().to_string(), "1.3.0");
    assert_eq!(entry.revision.get(), 2);
}

#[test]
fn dependencies_begin_end_and_come_back() {
    let (world, scope) = (World::new(), World::global());
    let with = |range: &str| {
        vec![
            record(
                "plugin-a",
                &[("1.0.0", json!({"dependencies": {"plugin-b": range}}))],
            ),
            record("plugin-b", &[("1.0.0", json!({}))]),
        ]
    };
    assert_eq!(counts(&world.sync(&scope, &with("^1"))), (2, 0, 0, 1, 0));
    assert_eq!(counts(&world.sync(&scope, &with("^2"))), (0, 1, 1, 1, 1));
    assert_eq!(counts(&world.sync(&scope, &with("^1"))), (0, 1, 1, 1, 1));
    assert_eq!(counts(&world.sync(&scope, &with("^1"))), (0, 0, 2, 0, 0));
    let detail = block_on(world.catalog(&scope).get(&name("plugin-b")))
        .unwrap()
        .unwrap();
    assert_eq!(
        detail
            .dependents
            .iter()
            .map(|d| d.name.as_str())
            .collect::<Vec<_>>(),
        ["plugin-a"]
    );
    // A cycle is fine.
    let mut cycle = with("^1");
    cycle[1] = record(
        "plugin-b",
        &[("1.0.0", json!({"peerDependencies": {"plugin-a": "*"}}))],
    );
    assert_eq!(counts(&world.sync(&scope, &cycle)), (0, 1, 1, 1, 0));
    let detail = block_on(world.catalog(&scope).get(&name("plugin-a")))
        .unwrap()
        .unwrap();
    assert_eq!(detail.dependents.len(), 1);
    assert_eq!(detail.dependencies.len(), 1);
}

#[test]
fn get_shows_what_it_needs_and_what_needs_it() {
    let (world, scope) = (World::new(), World::global());
    world.sync(&scope, &three());
    let catalog = world.catalog(&scope);
    let detail = block_on(catalog.get(&name("@elizaos/plugin-bootstrap")))
        .unwrap()
        .unwrap();
    let needs: Vec<String> = detail
        .dependencies
        .iter()
        .map(|need| {
            format!(
                "{} {} {}",
                need.dependency.name,
                need.dependency.spec,
                need.plugin.is_some()
            )
        })
        .collect();
    assert_eq!(
        needs,
        [
            "@elizaos/core 1.7.2 false",
            "@elizaos/plugin-sql 1.7.2 true"
        ]
    );
    assert_eq!(detail.plugin.properties.offered().unwrap().libraries, 1);
    let detail = block_on(catalog.get(&name("@elizaos/plugin-sql")))
        .unwrap()
        .unwrap();
    assert_eq!(detail.dependents[0].name, "@elizaos/plugin-bootstrap");
    assert_eq!(block_on(catalog.get(&name("nope"))).unwrap(), None);
}

#[test]
fn list_filters_by_category_and_status_and_goes_on() {
    let (world, scope) = (World::new(), World::global());
    let mut records = three();
    records.push(record(
        "@elizaos/plugin-edge-tts",
        &[(
            "1.0.0",
            json!({"dependencies": {"@elizaos/core": "workspace:*"}}),
        )],
    ));
    world.sync(&scope, &records);
    let all = CatalogFilter::default();
    assert_eq!(
        world.names(&scope, &all),
        [
            "@elizaos/plugin-bootstrap",
            "@elizaos/plugin-edge-tts",
            "@elizaos/plugin-solana",
            "@elizaos/plugin-sql"
        ]
    );
    let about = |category| CatalogFilter {
        category: Some(category),
        ..CatalogFilter::default()
    };
    assert_eq!(
        world.names(&scope, &about(Category::Blockchain)),
        ["@elizaos/plugin-solana"]
    );
    assert_eq!(world.names(&scope, &about(Category::Client)), [""; 0]);
    let standing = |status| CatalogFilter {
        statuses: vec![status],
        ..CatalogFilter::default()
    };
    assert_eq!(
        world.names(&scope, &standing(ThingStatus::Inactive)),
        ["@elizaos/plugin-edge-tts"]
    );
    assert_eq!(
        world.names(&scope, &standing(ThingStatus::Published)).len(),
        3
    );

    let mut seen = Vec::new();
    let mut filter = CatalogFilter {
        limit: one_ontology::Limit::new(3),
        ..all
    };
    loop {
        let page = block_on(world.catalog(&scope).list(&filter)).unwrap();
        seen.extend(page.items.iter().map(|entry| entry.name.clone()));
        filter.after = page.next;
        if filter.after.is_none() {
            break;
        }
    }
    assert_eq!(seen, world.names(&scope, &CatalogFilter::default()));
}

#[test]
fn searches_find_by_words_and_by_letters() {
    let (world, scope) = (World::new(), World::global());
    world.sync(&scope, &three());
    let catalog = world.catalog(&scope);
    let first = |text: &str| {
        let hits = block_on(catalog.search(text, None)).unwrap();
        hits.first().map(|hit| hit.plugin.name.clone())
    };
    assert_eq!(
        first("token transfers").as_deref(),
        Some("@elizaos/plugin-solana")
    );
    assert_eq!(first("database").as_deref(), Some("@elizaos/plugin-sql"));
    assert_eq!(first("spl").as_deref(), Some("@elizaos/plugin-solana"));
    assert_eq!(first("zeppelin"), None);
    let embedder = LexicalEmbedder::new();
    let near = |text: &str| {
        let hits = block_on(catalog.semantic_search(text, &embedder, None)).unwrap();
        assert!(
            hits.windows(2)
                .all(|pair| pair[0].similarity >= pair[1].similarity)
        );
        assert_eq!(hits.len(), 3, "each plugin once");
        hits[0].plugin.name.clone()
    };
    assert_eq!(
        near("transferring tokens between wallets"),
        "@elizaos/plugin-solana"
    );
    assert_eq!(near("which adapter for a database"), "@elizaos/plugin-sql");
    assert_eq!(near("rpc endpoint"), "@elizaos/plugin-solana");
}

#[test]
fn rows_of_an_organisation_go_before_the_shared_ones_and_stay_its_own() {
    let world = World::new();
    let (global, acme, other) = (World::global(), world.group("Acme"), world.group("Other"));
    world.sync(&global, &three());
    let own = [
        record(
            "@elizaos/plugin-sql",
            &[("9.0.0", json!({"description": "Our own database adapter"}))],
        ),
        record(
            "@acme/plugin-secret",
            &[(
                "1.0.0",
                json!({"description": "In-house database", "dependencies": {"@elizaos/plugin-solana": "*", "@elizaos/plugin-sql": "*"}}),
            )],
        ),
    ];
    let outcome = world.sync(&acme, &own);
    assert_eq!(counts(&outcome), (2, 0, 0, 2, 0));
    assert!(world.sync(&acme, &own).receipts.is_empty());

    let version = |scope: &Scope, package: &str| {
        let entry = block_on(world.catalog(scope).by_package(&name(package))).unwrap();
        entry.map(|entry| entry.properties.version.unwrap().to_string())
    };
    assert_eq!(
        version(&acme, "@elizaos/plugin-sql").as_deref(),
        Some("9.0.0")
    );
    assert_eq!(
        version(&other, "@elizaos/plugin-sql").as_deref(),
        Some("1.7.2")
    );
    assert_eq!(
        version(&global, "@elizaos/plugin-sql").as_deref(),
        Some("1.7.2")
    );
    assert_eq!(
        version(&acme, "@acme/plugin-secret").as_deref(),
        Some("1.0.0")
    );
    assert_eq!(version(&other, "@acme/plugin-secret"), None);
    let all = CatalogFilter::default();
    assert_eq!(world.names(&acme, &all).len(), 4);
    assert_eq!(world.names(&other, &all), world.names(&global, &all));
    let listed = block_on(world.catalog(&acme).list(&all)).unwrap().items;
    let own_row = listed
        .iter()
        .find(|entry| entry.name == "@elizaos/plugin-sql")
        .unwrap();
    assert_eq!(own_row.place, acme.place());

    let found = |scope: &Scope, text: &str| -> Vec<String> {
        let hits = block_on(world.catalog(scope).search(text, None)).unwrap();
        hits.iter()
            .map(|h| {
                format!(
                    "{} {}",
                    h.plugin.name,
                    h.plugin.properties.version.as_ref().unwrap()
                )
            })
            .collect()
    };
    let mut hits = found(&acme, "database");
    hits.sort();
    assert_eq!(
        hits,
        ["@acme/plugin-secret 1.0.0", "@elizaos/plugin-sql 9.0.0"]
    );
    assert_eq!(found(&other, "database"), ["@elizaos/plugin-sql 1.7.2"]);

    let dependents = |scope: &Scope, package: &str| -> Vec<String> {
        let detail = block_on(world.catalog(scope).get(&name(package)))
            .unwrap()
            .unwrap();
        detail.dependents.iter().map(|d| d.name.clone()).collect()
    };
    assert_eq!(
        dependents(&acme, "@elizaos/plugin-solana"),
        ["@acme/plugin-secret"]
    );
    assert!(dependents(&other, "@elizaos/plugin-solana").is_empty());
    assert_eq!(
        dependents(&acme, "@elizaos/plugin-sql"),
        ["@acme/plugin-secret", "@elizaos/plugin-bootstrap"]
    );

    // What the shared row would match does not show it where it is behind another.
    let broken = json!({"dependencies": {"@elizaos/core": "workspace:*"}});
    world.sync(
        &acme,
        &[record("@elizaos/plugin-solana", &[("8.0.0", broken)])],
    );
    let published = CatalogFilter {
        statuses: vec![ThingStatus::Published],
        ..all
    };
    let solana = "@elizaos/plugin-solana".to_owned();
    assert!(!world.names(&acme, &published).contains(&solana));
    assert!(world.names(&other, &published).contains(&solana));
}

#[test]
fn a_list_and_a_package_do_not_lose_what_the_other_said() {
    let (world, scope) = (World::new(), World::global());
    let index = RegistryIndex::parse(
        json!({"lastUpdatedAt": "x", "registry": {"@elizaos/plugin-solana": {
            "git": {"repo": "elizaos-plugins/plugin-solana"}, "npm": {"v1": "1.0.0", "v0": "0.25.9"},
            "description": "From the list", "topics": ["defi"], "stargazers_count": 12,
        }}}).to_string().as_bytes(),
    ).unwrap().value;
    let listed: Vec<PluginRecord> = index
        .entries
        .values()
        .map(|e| PluginRecord::from_index(e, &SourceId("github".into())))
        .collect();
    let package = vec![three().remove(2)];
    world.sync(&scope, &listed);
    let read = || {
        block_on(
            world
                .catalog(&scope)
                .by_package(&name("@elizaos/plugin-solana")),
        )
        .unwrap()
        .unwrap()
        .properties
    };
    assert_eq!(read().description.as_deref(), Some("From the list"));
    assert_eq!(read().registry_url, "github");
    world.sync(&scope, &package);
    let both = read();
    assert_eq!(
        both.description.as_deref(),
        Some("Wallet balances and token transfers")
    );
    assert_eq!(both.registry_url, "npm");
    assert_eq!(both.keywords, ["spl", "defi"]);
    assert_eq!(both.listing.as_ref().unwrap().stars, Some(12));
    let lines: Vec<String> = both
        .lines
        .iter()
        .map(|(line, version)| format!("{line} {version}"))
        .collect();
    assert_eq!(lines, ["v0 0.25.9", "v1 1.2.6"]);
    // In whatever order it is synced again, nothing changes.
    for records in [&listed, &package, &listed] {
        assert!(world.sync(&scope, records).receipts.is_empty());
    }
    let together: Vec<PluginRecord> = package.iter().chain(&listed).cloned().collect();
    assert!(world.sync(&scope, &together).receipts.is_empty());
}

#[test]
fn what_its_source_no_longer_lists_stays_withdrawn() {
    let (world, scope) = (World::new(), World::global());
    let two: &[(&str, Value)] = &[("1.0.0", json!({})), ("1.1.0", json!({}))];
    world.sync(&scope, &[record("plugin-x", two)]);
    world.sync(&scope, &[record("plugin-x", &two[..1])]);
    let read = || {
        block_on(world.catalog(&scope).by_package(&name("plugin-x")))
            .unwrap()
            .unwrap()
            .properties
    };
    let gone = read();
    assert_eq!(gone.version.as_ref().unwrap().to_string(), "1.0.0");
    let statuses: Vec<_> = gone
        .package
        .unwrap()
        .releases
        .iter()
        .map(|r| r.status)
        .collect();
    assert_eq!(statuses, [ReleaseStatus::Published, ReleaseStatus::Yanked]);
    assert!(
        world
            .sync(&scope, &[record("plugin-x", &two[..1])])
            .receipts
            .is_empty()
    );
    world.sync(&scope, &[record("plugin-x", two)]);
    assert!(
        read()
            .package
            .unwrap()
            .releases
            .iter()
            .all(|r| r.status == ReleaseStatus::Published)
    );
}

#[test]
fn only_what_was_seen_live_and_whole_is_withdrawn() {
    let two: &[(&str, Value)] = &[("1.0.0", json!({})), ("1.1.0", json!({}))];
    // The second is listed, and is nothing that can be read.
    let unreadable: &[(&str, Value)] = &[("1.0.0", json!({})), ("1.1.0", json!({"name": 7}))];
    let (published, yanked) = (ReleaseStatus::Published, ReleaseStatus::Yanked);
    let table = [
        (&two[..1], Freshness::Live, yanked),
        (&two[..1], Freshness::Cached, published),
        (&two[..1], Freshness::Embedded, published),
        (unreadable, Freshness::Live, published),
    ];
    for (seen, freshness, expected) in table {
        let (world, scope) = (World::new(), World::global());
        world.sync(&scope, &[record("plugin-x", two)]);
        let status = || {
            let row = block_on(world.catalog(&scope).by_package(&name("plugin-x")));
            let record = row.unwrap().unwrap().properties;
            record.release(&"1.1.0".parse().unwrap()).unwrap().status
        };
        let now = record("plugin-x", seen).as_fresh(freshness);
        world.sync(&scope, std::slice::from_ref(&now));
        assert_eq!(status(), expected, "{freshness:?}");
        assert!(world.sync(&scope, &[now]).receipts.is_empty());
        // What is withdrawn is back when it was seen live again.
        world.sync(&scope, &[record("plugin-x", &two[..1])]);
        assert_eq!(status(), yanked);
        world.sync(
            &scope,
            &[record("plugin-x", two).as_fresh(Freshness::Cached)],
        );
        assert_eq!(status(), yanked);
        world.sync(&scope, &[record("plugin-x", two)]);
        assert_eq!(status(), published);
    }
}

#[test]
fn what_is_part_of_the_program_never_replaces_what_a_registry_said() {
    let (world, scope) = (World::new(), World::global());
    let parsed = versions("plugin-x", document("plugin-x", &[("0.9.0", json!({}))]));
    let embedded =
        PluginRecord::from_package(&parsed.value, &SourceId(EmbeddedSource::ID.to_owned()));
    world.sync(&scope, std::slice::from_ref(&embedded));
    world.sync(&scope, &[record("plugin-x", &[("1.0.0", json!({}))])]);
    let read = || {
        block_on(world.catalog(&scope).by_package(&name("plugin-x")))
            .unwrap()
            .unwrap()
            .properties
    };
    assert_eq!(read().registry_url, "npm");
    assert!(world.sync(&scope, &[embedded]).receipts.is_empty());
    assert_eq!(read().version.unwrap().to_string(), "1.0.0");
}

#[test]
fn a_plugin_somebody_put_away_stays_away() {
    let (world, scope) = (World::new(), World::global());
    world.sync(&scope, &three());
    let id = plugin_id(Place::Global, &name("@elizaos/plugin-sql"));
    let thing = block_on(world.store.thing(&scope, id)).unwrap().unwrap();
    let now = world.now();
    let event = NewEvent::new(
        EventId::new(&world.ids, now),
        EventType::EntityArchived,
        Some(id.into()),
    );
    block_on(
        world
            .store
            .commit(ChangeSet::new(&scope, event, now).archive(RowId::Thing(id), thing.revision)),
    )
    .unwrap();
    let mut records = three();
    records[0] = record(
        "@elizaos/plugin-sql",
        &[("1.8.0", json!({"description": "Database adapter"}))],
    );
    world.sync(&scope, &records);
    assert!(
        !world
            .names(&scope, &CatalogFilter::default())
            .contains(&"@elizaos/plugin-sql".to_owned())
    );
    assert_eq!(
        block_on(
            world
                .catalog(&scope)
                .by_package(&name("@elizaos/plugin-sql"))
        )
        .unwrap(),
        None
    );
    let kept = block_on(world.store.thing(&scope, id)).unwrap().unwrap();
    assert_eq!(kept.properties.text("version"), Some("1.8.0"));
    let hits = block_on(world.catalog(&scope).semantic_search(
        "database adapter",
        &LexicalEmbedder::new(),
        None,
    ))
    .unwrap();
    assert!(hits.iter().all(|hit| hit.plugin.id != id));
}

#[derive(Debug)]
struct Broken;

#[async_trait]
impl Embedder for Broken {
    fn model(&self) -> &str {
        "lexical-1536"
    }

    fn dimension(&self) -> usize {
        1536
    }

    async fn embed(&self, _: &[String]) -> Result<Vec<Vec<f32>>, EmbedderError> {
        Err(EmbedderError::Unavailable {
            reason: "gone".to_owned(),
        })
    }
}

#[test]
fn without_vectors_the_sync_goes_on_and_a_later_one_adds_them() {
    let (world, scope) = (World::new(), World::global());
    let outcome = block_on(sync(
        world.store.as_ref(),
        &scope,
        &three(),
        Some(&Broken),
        &world.ids,
        world.now(),
    ))
    .unwrap();
    assert_eq!((outcome.embedded, outcome.not_embedded), (0, 5));
    let outcome = world.sync(&scope, &three());
    assert_eq!((outcome.embedded, outcome.not_embedded), (5, 0));
    assert!(world.sync(&scope, &three()).receipts.is_empty());
    let error = block_on(world.catalog(&scope).semantic_search("x", &Broken, None)).unwrap_err();
    assert_eq!(error.tag(), "EmbedderUnavailable");
}

#[test]
fn readme_passages_come_change_and_go() {
    let (world, scope) = (World::new(), World::global());
    let with = |readme: Option<&str>| {
        let mut all = document("plugin-x", &[("1.0.0", json!({}))]);
        if let Some(readme) = readme {
            all["readme"] = readme.into();
        }
        let parsed = versions("plugin-x", all);
        [PluginRecord::from_package(
            &parsed.value,
            &SourceId("npm".to_owned()),
        )]
    };
    let texts = || -> Vec<String> {
        let rows = block_on(world.store.knowledge(&scope, &KnowledgeQuery::default()))
            .unwrap()
            .items;
        let mut texts: Vec<String> = rows
            .iter()
            .filter(|r| r.metadata.text("kind") == Some("readme"))
            .map(|r| r.text.clone().unwrap())
            .collect();
        texts.sort();
        texts
    };
    let long = format!(
        "# Alpha\n\n{}\n\n# Beta\n\n{}",
        "word ".repeat(390),
        "other ".repeat(300)
    );
    world.sync(&scope, &with(Some(&long)));
    assert_eq!(texts().len(), 2);
    assert!(texts().iter().all(|text| text.len() <= 2_000));
    assert!(world.sync(&scope, &with(Some(&long))).receipts.is_empty());
    world.sync(&scope, &with(Some("# Alpha")));
    assert_eq!(texts(), ["# Alpha"]);
    // A source that brings no README does not take it away.
    assert!(world.sync(&scope, &with(None)).receipts.is_empty());
    world.sync(&scope, &with(Some(&long)));
    assert_eq!(texts().len(), 2);
}

#[test]
fn what_cannot_be_stored_costs_only_itself() {
    let (world, scope) = (World::new(), World::global());
    let mut deep = json!(1);
    for _ in 0..60 {
        deep = json!([deep]);
    }
    let bad = record(
        "plugin-deep",
        &[(
            "1.0.0",
            json!({"agentConfig": {"pluginParameters": {"X": {"type": "array", "default": deep}}}}),
        )],
    );
    let many: Vec<(String, Value)> = (0..2_000)
        .map(|minor| {
            let needs: serde_json::Map<String, Value> = (0..60)
                .map(|n| (format!("plugin-needed-by-many-{n}"), json!("^1.0.0")))
                .collect();
            (format!("1.{minor}.0"), json!({"dependencies": needs}))
        })
        .collect();
    let many: Vec<(&str, Value)> = many.iter().map(|(v, f)| (v.as_str(), f.clone())).collect();
    let big = record("plugin-big", &many);
    let nul = record(
        "plugin-nul",
        &[(
            "1.0.0",
            json!({"dependencies": {"@elizaos/core": "workspace:\0", "plugin-deep": "file:\u{1b}x"}}),
        )],
    );
    let mut records = three();
    records.push(nul);
    records.extend([bad, big]);
    let outcome = world.sync(&scope, &records);
    assert_eq!(outcome.counts.created, 5);
    assert_eq!(
        outcome
            .rejected
            .keys()
            .map(PackageName::as_str)
            .collect::<Vec<_>>(),
        ["plugin-deep"]
    );
    let entry = block_on(world.catalog(&scope).by_package(&name("plugin-big")))
        .unwrap()
        .unwrap()
        .properties;
    let package = entry.package.unwrap();
    assert_eq!(
        package.releases.len() as u64 + package.releases_omitted,
        2_000
    );
    assert_eq!(
        package.releases.last().unwrap().version.to_string(),
        "1.1999.0"
    );
    assert!(world.sync(&scope, &records).receipts.is_empty());
}

#[test]
fn two_syncs_at_once_end_in_one_catalog() {
    let (world, scope) = (World::new(), World::global());
    // The second plan was made before the first was committed.
    let now = world.now();
    let empty = CatalogRows::default();
    let first = plan_sync(&scope, &empty, &three(), None, now);
    let second = plan_sync(&scope, &empty, &three(), None, now);
    for set in first.change_sets(&scope, [], &world.ids, now) {
        block_on(world.store.commit(set)).unwrap();
    }
    let sets = second.change_sets(&scope, [], &world.ids, now);
    let error = block_on(world.store.commit(sets[0].clone())).unwrap_err();
    assert_eq!(error.tag(), "AlreadyExists");
    // Deciding again is the retry.
    let outcome = block_on(sync(
        world.store.as_ref(),
        &scope,
        &three(),
        None,
        &world.ids,
        world.now(),
    ))
    .unwrap();
    assert!(outcome.receipts.is_empty());
}

#[test]
fn dependencies_of_others_are_left_alone() {
    let (world, scope) = (World::new(), World::global());
    world.sync(&scope, &three());
    let rows = block_on(CatalogRows::load(world.store.as_ref(), &scope)).unwrap();
    let ours: Vec<&Connection> = rows.dependencies.iter().collect();
    assert_eq!(ours.len(), 1);
    // Syncing another plugin alone ends nothing.
    let outcome = world.sync(&scope, &[record("plugin-new", &[("1.0.0", json!({}))])]);
    assert_eq!(counts(&outcome), (1, 0, 0, 0, 0));
    let actor = Actor::System("registry_sync".parse().unwrap());
    let events = block_on(world.store.events(&scope, &EventQuery::default()))
        .unwrap()
        .items;
    assert!(events.iter().all(|event| event.actor == actor));
    one_ontology::audit::verify(Place::Global, &events, None).unwrap();
}

#[test]
fn gathering_skips_what_is_not_there_and_fails_when_nothing_answers() {
    let source = MemorySource::new("npm")
        .with("plugin-a", document("plugin-a", &[("1.0.0", json!({}))]))
        .with("plugin-html", json!("<html>"));
    let names = [name("plugin-a"), name("plugin-html"), name("plugin-gone")];
    let gathered = block_on(gather(&source, &names)).unwrap();
    assert_eq!(gathered.records.len(), 1);
    let skipped: Vec<_> = gathered
        .skipped
        .iter()
        .map(|(name, e)| (name.as_str(), e.tag()))
        .collect();
    assert_eq!(
        skipped,
        [
            ("plugin-gone", "PluginNotFound"),
            ("plugin-html", "InvalidPluginStructure")
        ]
    );
    let down = |name: &str| SourceError::Unavailable {
        what: name.to_owned(),
        reason: "no route".to_owned(),
    };
    let dark = MemorySource::new("npm")
        .failing("plugin-a", down("plugin-a"))
        .failing("plugin-b", down("plugin-b"));
    let error = block_on(gather(&dark, &[name("plugin-a"), name("plugin-b")])).unwrap_err();
    assert_eq!(error.tag(), "NetworkError");
    assert!(block_on(gather(&dark, &[])).unwrap().records.is_empty());
}

#[test]
fn the_embedded_catalog_is_synced_searched_and_listed() {
    let (world, scope) = (World::new(), World::global());
    let names: Vec<PackageName> = catalog_names().map(name).collect();
    let gathered = block_on(gather(&EmbeddedSource::new(), &names)).unwrap();
    let outcome = world.sync(&scope, &gathered.records);
    assert!(
        outcome.counts.created >= 38 && outcome.rejected.is_empty(),
        "{outcome:?}"
    );
    assert!(outcome.counts.connected > 0);
    assert!(world.sync(&scope, &gathered.records).receipts.is_empty());
    let catalog = world.catalog(&scope);
    let hits = block_on(catalog.search("knowledge", None)).unwrap();
    assert_eq!(hits[0].plugin.name, "@elizaos/plugin-knowledge");
    let hits =
        block_on(catalog.semantic_search("solana wallet", &LexicalEmbedder::new(), None)).unwrap();
    assert_eq!(hits[0].plugin.name, "@elizaos/plugin-solana");
    assert_eq!(hits.len(), 20);
    let detail = block_on(catalog.get(&name("@elizaos/plugin-sql")))
        .unwrap()
        .unwrap();
    assert!(
        detail
            .dependents
            .iter()
            .any(|d| d.name == "@elizaos/plugin-bootstrap")
    );
}
