//! Events as they come.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use one_ontology::{Event, EventQuery, Limit, Place, Seq, StoreError};

use crate::find::doc;
use crate::listen::Wires;
use crate::{list, select};

/// How many events one look fetches.
const BATCH: u32 = 256;

struct Watch {
    wires: Arc<Wires>,
    place: Place,
    after: Seq,
    ready: VecDeque<Event>,
    failed: bool,
}

/// The bell is looked at before the table is: a commit between the two has rung by the time
/// anybody waits for it.
pub(crate) fn watch(
    wires: Arc<Wires>,
    place: Place,
    after: Seq,
) -> BoxStream<'static, Result<Event, StoreError>> {
    wires.watcher_came(place);
    let watch = Watch {
        wires,
        place,
        after,
        ready: VecDeque::new(),
        failed: false,
    };
    stream::unfold(watch, |mut watch| async move {
        if watch.failed {
            return None;
        }
        let item = watch.next().await;
        watch.failed = item.is_err();
        Some((item, watch))
    })
    .boxed()
}

impl Watch {
    async fn next(&mut self) -> Result<Event, StoreError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                let event = event.next_after(self.after)?;
                self.after = event.seq;
                return Ok(event);
            }
            let (place, bell) = (self.place, &self.wires.bell);
            let rung = bell.rung(place);
            let query = EventQuery {
                after: self.after,
                limit: Limit::new(BATCH),
                ..EventQuery::default()
            };
            let page = list::page(
                &self.wires.pool,
                place,
                &query,
                |after| select::events(place, &query, after),
                |row| doc("events", row),
                |event| query.matches(event),
            )
            .await?;
            self.ready = page.items.into();
            if self.ready.is_empty() {
                bell.rings_after(place, rung).await;
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.wires.bell.watcher_left(self.place);
    }
}
