//! The two ports.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use one_ontology::{
    Among, BudgetKey, BudgetState, ChangeSet, Connection, ConnectionQuery, Directory, Event,
    EventQuery, Group, GroupId, Head, Hit, Knowledge, KnowledgeId, KnowledgeQuery, Membership,
    Page, Person, PersonId, PersonQuery, Place, Receipt, RowId, Scope, SearchQuery, Seq, Store,
    StoreError, Thing, ThingId, ThingQuery,
};
use serde::Serialize;

use super::shelf::Question;
use super::{Cached, lock};
use crate::Rows;

impl<S: Store + ?Sized> Cached<S> {
    /// The answer that is kept; otherwise what `ask` answers, which is then kept. Without a
    /// question that can be written down, `ask` always.
    async fn read<T: Rows + Clone + Send + Sync + 'static>(
        &self,
        scope: &Scope,
        question: Option<Question>,
        ask: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let Some(question) = question else {
            return ask.await;
        };
        let now = self.clock.now();
        let looked = self.shelf().look::<T>(scope.place(), &question, now);
        let ticket = match looked {
            Ok(answer) => return Ok(T::clone(&answer)),
            Err(ticket) => ticket,
        };
        let answer = ask.await?;
        let rows = usize::try_from(answer.rows()).unwrap_or(usize::MAX);
        let kept = Arc::new(answer.clone());
        self.shelf().keep(&ticket, question, kept, rows);
        Ok(answer)
    }
}

fn asking(kind: fn(String) -> Question, query: &impl Serialize) -> Option<Question> {
    serde_json::to_string(query).ok().map(kind)
}

#[async_trait]
impl<S: Store + ?Sized> Directory for Cached<S> {
    async fn group(&self, id: GroupId) -> Result<Option<Group>, StoreError> {
        self.inner.group(id).await
    }

    async fn membership(
        &self,
        person: PersonId,
        place: Place,
    ) -> Result<Option<Membership>, StoreError> {
        self.inner.membership(person, place).await
    }

    async fn descendants(&self, group: GroupId) -> Result<Vec<GroupId>, StoreError> {
        self.inner.descendants(group).await
    }
}

#[async_trait]
impl<S: Store + ?Sized> Store for Cached<S> {
    async fn commit(&self, changes: ChangeSet) -> Result<Receipt, StoreError> {
        self.commit_through(changes).await
    }

    async fn thing(&self, scope: &Scope, id: ThingId) -> Result<Option<Thing>, StoreError> {
        let question = Question::Row(RowId::Thing(id));
        self.read(scope, Some(question), self.inner.thing(scope, id))
            .await
    }

    async fn things(&self, scope: &Scope, query: &ThingQuery) -> Result<Page<Thing>, StoreError> {
        let question = asking(Question::Things, query);
        self.read(scope, question, self.inner.things(scope, query))
            .await
    }

    async fn connections(
        &self,
        scope: &Scope,
        query: &ConnectionQuery,
    ) -> Result<Page<Connection>, StoreError> {
        let question = asking(Question::Connections, query);
        self.read(scope, question, self.inner.connections(scope, query))
            .await
    }

    async fn events(&self, scope: &Scope, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        self.inner.events(scope, query).await
    }

    async fn head(&self, scope: &Scope) -> Result<Option<Head>, StoreError> {
        self.inner.head(scope).await
    }

    async fn knowledge(
        &self,
        scope: &Scope,
        query: &KnowledgeQuery,
    ) -> Result<Page<Knowledge>, StoreError> {
        let question = asking(Question::Knowledge, query);
        self.read(scope, question, self.inner.knowledge(scope, query))
            .await
    }

    async fn knowledge_by_id(
        &self,
        scope: &Scope,
        id: KnowledgeId,
    ) -> Result<Option<Knowledge>, StoreError> {
        let question = Question::Row(RowId::Knowledge(id));
        self.read(scope, Some(question), self.inner.knowledge_by_id(scope, id))
            .await
    }

    async fn people(&self, scope: &Scope, query: &PersonQuery) -> Result<Page<Person>, StoreError> {
        let question = asking(Question::People, query);
        self.read(scope, question, self.inner.people(scope, query))
            .await
    }

    async fn person(&self, scope: &Scope, id: PersonId) -> Result<Option<Person>, StoreError> {
        let question = Question::Row(RowId::Person(id));
        self.read(scope, Some(question), self.inner.person(scope, id))
            .await
    }

    async fn search(&self, scope: &Scope, query: &SearchQuery) -> Result<Vec<Hit>, StoreError> {
        // What is no number cannot be told apart from nothing in JSON.
        let by_text = query.embedding.is_none() && query.min_similarity.is_none();
        let kind = match query.among {
            Among::Things { .. } => Question::FoundThings,
            Among::Knowledge { .. } => Question::FoundKnowledge,
        };
        let question = by_text.then(|| asking(kind, query)).flatten();
        self.read(scope, question, self.inner.search(scope, query))
            .await
    }

    async fn budget(
        &self,
        scope: &Scope,
        key: &BudgetKey,
    ) -> Result<Option<BudgetState>, StoreError> {
        self.inner.budget(scope, key).await
    }

    fn watch(&self, scope: &Scope, after: Seq) -> BoxStream<'static, Result<Event, StoreError>> {
        let (shelf, place) = (Arc::clone(&self.shelf), scope.place());
        let events = self.inner.watch(scope, after);
        events
            .inspect(move |next| {
                if let Ok(event) = next {
                    lock(&shelf).happened(place, event.seq);
                }
            })
            .boxed()
    }
}
