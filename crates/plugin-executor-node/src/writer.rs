//! Writes frames from a thread of its own, so that nobody waits for a worker that does not read.

use std::io::Write as _;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use crate::lock::lock;

/// More than this is not kept for a worker that does not read.
const MAX_QUEUED: usize = 64 << 20;
/// Small frames are gathered up to this many bytes.
const BATCH: usize = 64 << 10;

/// A bounded queue of frames to one worker.
#[derive(Debug)]
pub(crate) struct FrameWriter {
    queue: Mutex<Option<mpsc::Sender<Vec<u8>>>>,
    queued: Arc<AtomicUsize>,
    stream: UnixStream,
}

impl FrameWriter {
    pub(crate) fn start(mut stream: UnixStream) -> std::io::Result<Self> {
        let ours = stream.try_clone()?;
        let (sender, receiver) = mpsc::channel::<Vec<u8>>();
        let queued = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&queued);
        std::thread::Builder::new()
            .name("node-writer".to_owned())
            .spawn(move || {
                while let Ok(mut frames) = receiver.recv() {
                    // What is waiting anyway goes out in one write.
                    while frames.len() < BATCH
                        && let Ok(more) = receiver.try_recv()
                    {
                        frames.extend_from_slice(&more);
                    }
                    let written = stream.write_all(&frames);
                    counter.fetch_sub(frames.len(), Ordering::Relaxed);
                    if written.is_err() {
                        // The reader and the waiter see the end too, and say why.
                        break;
                    }
                }
            })?;
        Ok(Self {
            queue: Mutex::new(Some(sender)),
            queued,
            stream: ours,
        })
    }

    /// Queues a frame; `false` if the worker is too far behind.
    pub(crate) fn send(&self, frame: Vec<u8>) -> bool {
        let length = frame.len();
        if self.queued.fetch_add(length, Ordering::Relaxed) + length > MAX_QUEUED {
            self.queued.fetch_sub(length, Ordering::Relaxed);
            return false;
        }
        if let Some(queue) = lock(&self.queue).as_ref() {
            let _ended = queue.send(frame);
        }
        true
    }

    /// Ends the thread, and the reader of the same socket, whoever still holds its other end.
    pub(crate) fn close(&self) {
        lock(&self.queue).take();
        let _already = self.stream.shutdown(Shutdown::Both);
    }
}
