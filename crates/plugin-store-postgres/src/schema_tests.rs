//! What an earlier version has left.

use futures::executor::block_on;
use one_ontology::{
    Among, Embedding, Group, GroupId, Hit, Scope, SearchQuery, SequentialIds, Store as _,
};

use crate::schema::{MIGRATIONS, migrate};
use crate::test_home::{Home, ROLE, at, furnish, home};
use crate::{Options, PostgresStore};
use plugin_test_postgres::{client, run};

/// A schema as an earlier version made it, with the rows of another one.
async fn left_by(version: usize, home: &Home) -> String {
    let (old, new) = (format!("{}_old", home.schema), &home.schema);
    let client = client(home.address).await.unwrap();
    let sql = format!("CREATE SCHEMA {old} AUTHORIZATION {ROLE}; SET ROLE {ROLE}");
    client.batch_execute(&sql).await.unwrap();
    let steps = MIGRATIONS.get(..version).unwrap();
    migrate(&client, &old, steps).await.unwrap();
    // Of each table the columns that both have; vectors had a dimension.
    let copy = format!(
        "RESET ROLE; DO $$ DECLARE facts text; both_have text; BEGIN
         ALTER TABLE {old}.vectors ALTER COLUMN dimension SET DEFAULT 1;
         FOR facts, both_have IN
            SELECT o.table_name, string_agg(o.column_name, ', ') FROM information_schema.columns o
            JOIN information_schema.columns n USING (table_name, column_name)
            WHERE o.table_schema = '{old}' AND n.table_schema = '{new}' AND table_name <> 'version'
            GROUP BY o.table_name
         LOOP
            EXECUTE format('INSERT INTO {old}.%I (%s) SELECT %s FROM {new}.%I',
                facts, both_have, both_have, facts);
         END LOOP; END $$"
    );
    client.batch_execute(&copy).await.unwrap();
    old
}

fn hits(store: &PostgresStore, scope: &Scope) -> Vec<Vec<Hit>> {
    [Among::default(), Among::Things { types: Vec::new() }]
        .into_iter()
        .map(|among| {
            let query = SearchQuery {
                among,
                text: Some("rust".to_owned()),
                embedding: Some(Embedding::new("m", vec![2.0]).unwrap()),
                ..SearchQuery::default()
            };
            let hits = block_on(store.search(scope, &query)).unwrap();
            assert!(!hits.is_empty());
            hits
        })
        .collect()
}

#[test]
fn a_schema_of_every_version_becomes_one_of_this() {
    for version in 1..MIGRATIONS.len() {
        let Some(home) = home(&format!("version_{version}")) else {
            return;
        };
        let ids = SequentialIds::new();
        let group = Group::new(GroupId::of_name(&["before"]), "Group", at());
        let scope = furnish(&home.store, &ids, Some(group), "before");
        let schema = run(left_by(version, &home));
        let options = Options::default().schema(&schema).role(ROLE);
        let old = Home {
            address: home.address,
            schema,
            store: block_on(PostgresStore::connect(home.address, options)).unwrap(),
        };
        assert_eq!(hits(&old.store, &scope), hits(&home.store, &scope));
        // It goes on, and what was written before and after is found.
        let shared = furnish(&old.store, &ids, None, "after");
        furnish(&home.store, &ids, None, "after");
        for scope in [scope, shared] {
            assert_eq!(hits(&old.store, &scope), hits(&home.store, &scope));
        }
    }
}
