//! Bounded log streams: a slow reader loses lines, never memory.

use std::sync::Mutex;

use futures::channel::mpsc;
use futures::stream::{BoxStream, StreamExt as _};

use super::lock;
use crate::{LogLine, LogStream};

const LINE_LIMIT: usize = 8 << 10;
const LINES_WAITING: usize = 1_024;

/// Hands the lines of one runtime to whoever listens. `None` once the runtime has ended.
#[derive(Debug)]
pub(super) struct LogHub(Mutex<Option<Vec<mpsc::Sender<LogLine>>>>);

impl LogHub {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }

    /// Whether anybody listens.
    pub(super) fn is_heard(&self) -> bool {
        let hub = lock(&self.0);
        hub.iter().flatten().any(|listener| !listener.is_closed())
    }

    /// The lines from now on.
    pub(super) fn subscribe(&self) -> BoxStream<'static, LogLine> {
        let (sender, receiver) = mpsc::channel(LINES_WAITING);
        if let Some(listeners) = lock(&self.0).as_mut() {
            listeners.retain(|listener| !listener.is_closed());
            listeners.push(sender);
        }
        receiver.boxed()
    }

    pub(super) fn publish(&self, text: &str) {
        let mut hub = lock(&self.0);
        let Some(listeners) = hub.as_mut() else {
            return;
        };
        if listeners.is_empty() {
            return;
        }
        let text = cut(text);
        listeners.retain_mut(|listener| {
            // A full listener stays and misses this line.
            let _full = listener.try_send(LogLine {
                stream: LogStream::Logger,
                text: text.clone(),
            });
            !listener.is_closed()
        });
    }

    /// Ends every stream, also those of later subscribers.
    pub(super) fn close(&self) {
        *lock(&self.0) = None;
    }
}

fn cut(text: &str) -> String {
    match text.split_at_checked(text.floor_char_boundary(LINE_LIMIT)) {
        Some((head, rest)) if !rest.is_empty() => format!("{head}…"),
        _ => text.to_owned(),
    }
}
