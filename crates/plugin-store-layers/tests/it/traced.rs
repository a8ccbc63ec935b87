//! Which spans there are, and what they never say.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::sync::Once;

use futures::StreamExt as _;
use futures::executor::block_on;
use futures::future::poll_immediate;
use one_ontology::{
    BudgetKey, ConnectionQuery, Cursor, Directory as _, EventQuery, GroupId, KnowledgeId,
    KnowledgeQuery, MemoryStore, PersonId, PersonQuery, Place, SearchQuery, Seq, Store as _,
    ThingQuery,
};
use plugin_store_layers::{Method, Traced};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::facts::{Facts, NOW};

thread_local! {
    /// How many spans this test has opened, and what was said of them.
    static NOTES: RefCell<(u64, String)> = RefCell::default();
}

/// Writes down what it is told. There is one for the whole process, since `tracing` keeps for each
/// place in the source whether anybody wants to hear of it.
struct Notes;

impl Notes {
    fn add(line: &str) {
        NOTES.with_borrow_mut(|(_, text)| writeln!(text, "{line}").unwrap());
    }
}

/// What is said while `act` runs.
fn noted(act: impl FnOnce()) -> String {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| tracing::subscriber::set_global_default(Notes).unwrap());
    NOTES.take();
    act();
    NOTES.take().1
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Notes {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "plugin_store_layers"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = NOTES.with_borrow_mut(|(spans, _)| {
            *spans += 1;
            *spans
        });
        let mut fields = Fields(format!("{id} {}", span.metadata().name()));
        span.record(&mut fields);
        Notes::add(&fields.0);
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut fields = Fields(format!("{}", span.into_u64()));
        values.record(&mut fields);
        Notes::add(&fields.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {
        Notes::add("an event");
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Does everything once, with `secret` wherever there is room for a text.
async fn ask_everything(facts: &Facts, secret: &str) {
    let store = Traced::new(MemoryStore::new());
    let (scope, ids) = (&facts.scope, &facts.ids);
    let mut thing = facts.thing(secret);
    thing.properties = thing.properties.with("description", secret);
    let id = thing.id;
    let changes = facts.changes().insert(thing.clone());
    store
        .commit(changes.clone().once(secret.parse().unwrap()))
        .await
        .unwrap();
    store.commit(changes).await.unwrap_err();
    store.thing(scope, id).await.unwrap();
    let named = ThingQuery {
        name: Some(secret.to_owned()),
        ..ThingQuery::default()
    };
    store.things(scope, &named).await.unwrap();
    let foreign = ThingQuery {
        cursor: Some(Cursor::from_text(secret)),
        ..ThingQuery::default()
    };
    store.things(scope, &foreign).await.unwrap_err();
    store
        .connections(scope, &ConnectionQuery::default())
        .await
        .unwrap();
    store.events(scope, &EventQuery::default()).await.unwrap();
    store.head(scope).await.unwrap();
    store
        .knowledge(scope, &KnowledgeQuery::default())
        .await
        .unwrap();
    store
        .knowledge_by_id(scope, KnowledgeId::new(ids, NOW))
        .await
        .unwrap();
    store.people(scope, &PersonQuery::default()).await.unwrap();
    let person = PersonId::new(ids, NOW);
    store.person(scope, person).await.unwrap();
    let search = SearchQuery {
        text: Some(secret.to_owned()),
        ..SearchQuery::default()
    };
    store.search(scope, &search).await.unwrap();
    let key: BudgetKey = secret.parse().unwrap();
    store.budget(scope, &key).await.unwrap();
    poll_immediate(store.watch(scope, Seq::START).next())
        .await
        .unwrap();
    let group = GroupId::new(ids, NOW);
    store.group(group).await.unwrap();
    store.membership(person, Place::Group(group)).await.unwrap();
    store.descendants(group).await.unwrap();
}

#[test]
fn each_call_has_a_span_without_contents() {
    let text = noted(|| block_on(ask_everything(&Facts::new(), "hush-hush")));
    insta::assert_snapshot!(text);
    assert!(!text.contains("hush"), "{text}");
    for method in Method::ALL {
        assert!(text.contains(&format!(" store.{method}")), "{method}");
    }
}

#[test]
fn a_call_that_was_given_up_has_neither_rows_nor_error() {
    let facts = Facts::new();
    let text = noted(|| {
        let store = Traced::new(MemoryStore::new());
        // A future that was never polled has asked for nothing.
        drop(store.head(&facts.scope));
        let waiting = store.watch(&facts.scope, Seq::START);
        assert!(block_on(poll_immediate(waiting.into_future())).is_none());
    });
    assert_eq!(text, "1 store.watch place=global\n");
}
