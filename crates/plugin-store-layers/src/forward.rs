//! The two ports over another store, each call through one place.

use std::future::Future;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use one_ontology::{Event, Place, Store, StoreError};

use crate::{Method, Rows};

/// What is asked, and of which place; the directory is asked before there is one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    #[cfg_attr(
        not(any(feature = "traced", feature = "injected")),
        expect(dead_code, reason = "figures are not by place")
    )]
    pub(crate) place: Option<Place>,
}

impl Call {
    pub(crate) const fn new(method: Method, place: Option<Place>) -> Self {
        Self { method, place }
    }
}

/// What a watch gives.
pub(crate) type Events = BoxStream<'static, Result<Event, StoreError>>;

/// Does something around every call.
pub(crate) trait Layer: Sync {
    type Inner: Store + ?Sized;

    fn store(&self) -> &Self::Inner;

    /// `asked` does nothing until it is polled.
    fn around<'a, T: Rows + Send + 'a>(
        &'a self,
        call: Call,
        asked: BoxFuture<'a, Result<T, StoreError>>,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + 'a;

    fn along(&self, call: Call, events: Events) -> Events;
}

/// `Directory` and `Store` for a [`Layer`]. Written out, because `async_trait` must see each method.
macro_rules! forward {
    ($layer:ident) => {
        #[async_trait::async_trait]
        impl<S: one_ontology::Store + ?Sized> one_ontology::Directory for $layer<S> {
            async fn group(
                &self,
                id: one_ontology::GroupId,
            ) -> Result<Option<one_ontology::Group>, one_ontology::StoreError> {
                let call = $crate::forward::Call::new($crate::Method::Group, None);
                self.around(call, self.store().group(id)).await
            }

            async fn membership(
                &self,
                person: one_ontology::PersonId,
                place: one_ontology::Place,
            ) -> Result<Option<one_ontology::Membership>, one_ontology::StoreError> {
                let call = $crate::forward::Call::new($crate::Method::Membership, Some(place));
                self.around(call, self.store().membership(person, place))
                    .await
            }

            async fn descendants(
                &self,
                group: one_ontology::GroupId,
            ) -> Result<Vec<one_ontology::GroupId>, one_ontology::StoreError> {
                let call = $crate::forward::Call::new($crate::Method::Descendants, None);
                self.around(call, self.store().descendants(group)).await
            }
        }

        #[async_trait::async_trait]
        impl<S: one_ontology::Store + ?Sized> one_ontology::Store for $layer<S> {
            async fn commit(
                &self,
                changes: one_ontology::ChangeSet,
            ) -> Result<one_ontology::Receipt, one_ontology::StoreError> {
                let call =
                    $crate::forward::Call::new($crate::Method::Commit, Some(changes.place()));
                self.around(call, self.store().commit(changes)).await
            }

            async fn thing(
                &self,
                scope: &one_ontology::Scope,
                id: one_ontology::ThingId,
            ) -> Result<Option<one_ontology::Thing>, one_ontology::StoreError> {
                let call = $crate::forward::Call::new($crate::Method::Thing, Some(scope.place()));
                self.around(call, self.store().thing(scope, id)).await
            }

            async fn things(
                &self,
                scope: &one_ontology::Scope,
                query: &one_ontology::ThingQuery,
            ) -> Result<one_ontology::Page<one_ontology::Thing>, one_ontology::StoreError> {
                let call = $crate::forward::Call::new($crate::Method::Things, Some(scope.place()));
                self.around(call, self.store().things(scope, query)).await
            }

            async fn connections(
                &self,
                scope: &one_ontology::Scope,
                query: &one_ontology::ConnectionQuery,
            ) -> Result<one_ontology::Page<one_ontology::Connection>, one_ontology::StoreError>
            {
                let call =
                    $crate::forward::Call::new($crate::Method::Connections, Some(scope.place()));
                self.around(call, self.store().connections(scope, query))
                    .await
            }

            async fn events(
                &self,
                scope: &one_ontology::Scope,
                query: &one_ontology::EventQuery,
            ) -> Result<one_ontology::Page<one_ontology::Event>, one_ontology::StoreError> {
                let call = $crate::forward::Call::new($crate::Method::Events, Some(scope.place()));
                self.around(call, self.store().events(scope, query)).await
            }

            async fn head(
                &self,
                scope: &one_ontology::Scope,
            ) -> Result<Option<one_ontology::Head>, one_ontology::StoreError> {
                let call = $crate::forward::Call::new($crate::Method::Head, Some(scope.place()));
                self.around(call, self.store().head(scope)).await
            }

            async fn knowledge(
                &self,
                scope: &one_ontology::Scope,
                query: &one_ontology::KnowledgeQuery,
            ) -> Result<one_ontology::Page<one_ontology::Knowledge>, one_ontology::StoreError> {
                let call =
                    $crate::forward::Call::new($crate::Method::Knowledge, Some(scope.place()));
                self.around(call, self.store().knowledge(scope, query))
                    .await
            }

            async fn knowledge_by_id(
                &self,
                scope: &one_ontology::Scope,
                id: one_ontology::KnowledgeId,
            ) -> Result<Option<one_ontology::Knowledge>, one_ontology::StoreError> {
                let call =
                    $crate::forward::Call::new($crate::Method::KnowledgeById, Some(scope.place()));
                self.around(call, self.store().knowledge_by_id(scope, id))
                    .await
            }

            async fn people(
                &self,
                scope: &one_ontology::Scope,
                query: &one_ontology::PersonQuery,
            ) -> Result<one_ontology::Page<one_ontology::Person>, one_ontology::StoreError> {
                let call = $crate::forward::Call::new($crate::Method::People, Some(scope.place()));
                self.around(call, self.store().people(scope, query)).await
            }

            async fn person(
                &self,
                scope: &one_ontology::Scope,
                id: one_ontology::PersonId,
            ) -> Result<Option<one_ontology::Person>, one_ontology::StoreError> {
                let call = $crate::forward::Call::new($crate::Method::Person, Some(scope.place()));
                self.around(call, self.store().person(scope, id)).await
            }

            async fn search(
                &self,
                scope: &one_ontology::Scope,
                query: &one_ontology::SearchQuery,
            ) -> Result<Vec<one_ontology::Hit>, one_ontology::StoreError> {
                let call = $crate::forward::Call::new($crate::Method::Search, Some(scope.place()));
                self.around(call, self.store().search(scope, query)).await
            }

            async fn budget(
                &self,
                scope: &one_ontology::Scope,
                key: &one_ontology::BudgetKey,
            ) -> Result<Option<one_ontology::BudgetState>, one_ontology::StoreError> {
                let call = $crate::forward::Call::new($crate::Method::Budget, Some(scope.place()));
                self.around(call, self.store().budget(scope, key)).await
            }

            fn watch(
                &self,
                scope: &one_ontology::Scope,
                after: one_ontology::Seq,
            ) -> $crate::forward::Events {
                let call = $crate::forward::Call::new($crate::Method::Watch, Some(scope.place()));
                self.along(call, self.store().watch(scope, after))
            }
        }
    };
}

/// The store below, for hosts.
macro_rules! over {
    ($layer:ident) => {
        impl<S: one_ontology::Store + ?Sized> $layer<S> {
            /// The store below.
            #[must_use]
            pub const fn inner(&self) -> &std::sync::Arc<S> {
                &self.inner
            }
        }
    };
}

pub(crate) use {forward, over};
