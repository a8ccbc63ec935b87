//! Bounded log streams: a slow reader loses lines, never memory.

use std::io::Read;
use std::sync::Mutex;

use futures::channel::mpsc;
use futures::stream::{BoxStream, StreamExt as _};
use plugin_runtime_api::{LogLine, LogStream};

use crate::lock::lock;

const LINE_LIMIT: usize = 8 << 10;
const TAIL_LIMIT: usize = 4 << 10;
const LINES_WAITING: usize = 1_024;

/// Hands the lines of one runtime to whoever listens.
#[derive(Debug, Default)]
pub(crate) struct LogHub {
    listeners: Mutex<Vec<mpsc::Sender<LogLine>>>,
    /// The end of standard error: where a dying process says why.
    tail: Mutex<String>,
}

impl LogHub {
    /// The lines from now on.
    pub(crate) fn subscribe(&self) -> BoxStream<'static, LogLine> {
        let (sender, receiver) = mpsc::channel(LINES_WAITING);
        lock(&self.listeners).push(sender);
        receiver.boxed()
    }

    pub(crate) fn is_heard(&self) -> bool {
        lock(&self.listeners).iter().any(|it| !it.is_closed())
    }

    pub(crate) fn publish(&self, stream: LogStream, text: &str) {
        let text = cut(text, LINE_LIMIT);
        if stream == LogStream::Stderr {
            let mut tail = lock(&self.tail);
            tail.push_str(&text);
            tail.push('\n');
            let excess = tail.len().saturating_sub(TAIL_LIMIT);
            let from = tail.ceil_char_boundary(excess);
            tail.drain(..from);
        }
        lock(&self.listeners).retain_mut(|listener| {
            // A full listener stays and misses this line.
            let _full = listener.try_send(LogLine {
                stream,
                text: text.clone(),
            });
            !listener.is_closed()
        });
    }

    /// The end of standard error.
    pub(crate) fn tail(&self) -> String {
        lock(&self.tail).clone()
    }

    /// Ends every stream.
    pub(crate) fn close(&self) {
        lock(&self.listeners).clear();
    }

    /// Publishes the lines of a pipe until it ends. Returns early never: a pipe nobody reads
    /// would stop the worker.
    pub(crate) fn drain(&self, mut pipe: impl Read, stream: LogStream) {
        let mut chunk = [0; 8 << 10];
        let mut line = Vec::new();
        loop {
            let count = match pipe.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            for byte in chunk.iter().take(count) {
                if *byte == b'\n' {
                    self.publish(stream, &String::from_utf8_lossy(&line));
                    line.clear();
                } else if line.len() <= LINE_LIMIT {
                    // Beyond the limit the rest of the line is dropped.
                    line.push(*byte);
                }
            }
        }
        if !line.is_empty() {
            self.publish(stream, &String::from_utf8_lossy(&line));
        }
    }
}

/// At most `limit` bytes of `text`.
fn cut(text: &str, limit: usize) -> String {
    match text.split_at_checked(text.floor_char_boundary(limit)) {
        Some((head, rest)) if !rest.is_empty() => format!("{head}…"),
        _ => text.to_owned(),
    }
}
