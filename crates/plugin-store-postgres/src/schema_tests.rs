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

/// It still runs while another host brings the schema to this version, and then adds a row or changes one.
#[test]
fn a_writer_of_version_2_is_stopped() {
    let Some(home) = home("writer_of_version_2") else {
        return;
    };
    run(async {
        let client = client(home.address).await.unwrap();
        let schema = format!("{}_old", home.schema);
        let sql = format!("CREATE SCHEMA {schema} AUTHORIZATION {ROLE}; SET ROLE {ROLE}");
        client.batch_execute(&sql).await.unwrap();
        migrate(&client, &schema, &MIGRATIONS[..2]).await.unwrap();
        client.batch_execute("SET one.place = '00'").await.unwrap();
        let write = async |id: u8| {
            let mut written = Vec::new();
            for (table, columns, values) in [
                ("things", "id, type, name, status", "'t', 'n', 's'"),
                ("knowledge", "id, type, newest, archived", "'t', 1, false"),
            ] {
                let id = uuid::Uuid::from_u128(id.into());
                let sql = format!(
                    "INSERT INTO {schema}.{table} (place, {columns}, doc)
                     VALUES ('\\x00', '{id}', {values}, '{{}}')
                     ON CONFLICT (place, id) DO UPDATE SET doc = excluded.doc"
                );
                let result = client.batch_execute(&sql).await;
                written.push(result.map_err(|error| error.code().unwrap().code().to_owned()));
            }
            written
        };
        assert_eq!(write(1).await, [Ok(()), Ok(())]);
        migrate(&client, &schema, MIGRATIONS).await.unwrap();
        // No value for a column that needs one.
        let stopped = Err("23502".to_owned());
        for id in [1, 2] {
            assert_eq!(write(id).await, [stopped.clone(), stopped.clone()]);
        }
        let sql = format!("RESET ROLE; DROP SCHEMA {schema} CASCADE");
        client.batch_execute(&sql).await.unwrap();
    });
}
