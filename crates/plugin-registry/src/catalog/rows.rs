//! What the catalog of a place holds now.

use std::collections::BTreeMap;

use one_ontology::{
    Connection, ConnectionQuery, Cursor, Knowledge, KnowledgeQuery, Label, Limit, Place,
    PluginConnectionType, PluginThingType, Scope, Store, StoreError, Thing, ThingId, ThingQuery,
    ThingStatus,
};
use plugin_resolver::PackageName;

/// The label of every passage of the catalog.
pub(crate) const PLUGIN_LABEL: &str = "content_type:plugin";

/// The id of the catalog row of a package in a place: the same on every machine.
#[must_use]
pub fn plugin_id(place: Place, package: &PackageName) -> ThingId {
    ThingId::of_name(&[&place.to_string(), "elizaos_plugin", package.as_str()])
}

/// The rows of the catalog of one place, as they were read.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CatalogRows {
    /// Plugins by package, archived ones too.
    pub plugins: BTreeMap<PackageName, Thing>,
    /// Passages about them.
    pub passages: Vec<Knowledge>,
    /// Dependencies that hold.
    pub dependencies: Vec<Connection>,
    /// Plugins of the shared registry that rows of a group may depend on.
    pub shared: BTreeMap<PackageName, ThingId>,
}

impl CatalogRows {
    /// Reads the rows of a scope's place.
    ///
    /// # Errors
    /// The store's.
    pub async fn load(store: &dyn Store, scope: &Scope) -> Result<Self, StoreError> {
        let shared = match scope.place() {
            Place::Global => BTreeMap::new(),
            Place::Group(_) => plugins(store, &scope.global())
                .await?
                .into_iter()
                .map(|(package, thing)| (package, thing.id))
                .collect(),
        };
        let mut rows = Self {
            plugins: plugins(store, scope).await?,
            passages: Vec::new(),
            dependencies: Vec::new(),
            shared,
        };
        let labels: Vec<Label> = PLUGIN_LABEL.parse().into_iter().collect();
        let mut cursor: Option<Cursor> = None;
        loop {
            let query = KnowledgeQuery {
                labels: labels.clone(),
                limit: Limit::new(Limit::MAX),
                cursor,
                ..KnowledgeQuery::default()
            };
            let page = store.knowledge(scope, &query).await?;
            rows.passages.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        loop {
            let query = ConnectionQuery {
                types: vec![PluginConnectionType::PluginDependsOn.into()],
                limit: Limit::new(Limit::MAX),
                cursor,
                ..ConnectionQuery::default()
            };
            let page = store.connections(scope, &query).await?;
            rows.dependencies.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        Ok(rows)
    }
}

async fn plugins(
    store: &dyn Store,
    scope: &Scope,
) -> Result<BTreeMap<PackageName, Thing>, StoreError> {
    let mut found = BTreeMap::new();
    let mut query = ThingQuery {
        types: vec![PluginThingType::ElizaosPlugin.into()],
        statuses: ThingStatus::ALL.to_vec(),
        limit: Limit::new(Limit::MAX),
        ..ThingQuery::default()
    };
    loop {
        let page = store.things(scope, &query).await?;
        for thing in page.items {
            let package = thing
                .properties
                .text("npm_package")
                .and_then(|name| PackageName::new(name).ok());
            if let Some(package) = package {
                found.entry(package).or_insert(thing);
            }
        }
        query.cursor = page.next;
        if query.cursor.is_none() {
            return Ok(found);
        }
    }
}
