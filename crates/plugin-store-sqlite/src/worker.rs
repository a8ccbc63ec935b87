//! The threads that own connections.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};

use futures::channel::oneshot;
use one_ontology::{ChangeSet, Receipt, StoreError};
use rusqlite::Connection;

use crate::bell::Bell;
use crate::held::Held;
use crate::queue::Queue;
use crate::{Options, PointReads, commit, open};

/// What a thread does with its connection.
pub(crate) enum Task {
    /// A change set, so that a writer may take several into one transaction.
    Commit(Box<ChangeSet>, oneshot::Sender<Result<Receipt, StoreError>>),
    /// Anything else; where it may write is the choice of who puts it into a queue.
    Run(Box<dyn FnOnce(&mut Connection) + Send>),
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Commit(..) => "Commit",
            Self::Run(_) => "Run",
        })
    }
}

/// One writer, a few readers, one that reads for indexes, and a poller for other processes' commits. Ends
/// them when dropped.
#[derive(Debug)]
pub(crate) struct Workers {
    writes: Arc<Queue<Task>>,
    reads: Arc<Queue<Task>>,
    /// What reads for long: the rows that an index lacks.
    indexing: Arc<Queue<Task>>,
    /// For rows by their keys, read where the caller is.
    points: Vec<Mutex<Connection>>,
    pub(crate) bell: Arc<Bell>,
    threads: Vec<JoinHandle<()>>,
    // Let go of after the threads have closed their connections: `drop` ends them first.
    held: Option<Held>,
}

impl Workers {
    pub(crate) fn on_file(path: &Path, options: &Options) -> Result<Self, StoreError> {
        let mut workers = Self::none();
        let (writer, held) = open::writer(path, options)?;
        workers.held = Some(held);
        let queue = Arc::clone(&workers.writes);
        workers.spawn("writer", writer, queue)?;
        workers.reads = Arc::new(Queue::new());
        for _ in 0..options.readers.max(1) {
            let reader = open::reader(path, options)?;
            let queue = Arc::clone(&workers.reads);
            workers.spawn("reader", reader, queue)?;
        }
        workers.indexing = Arc::new(Queue::new());
        let queue = Arc::clone(&workers.indexing);
        workers.spawn("indexer", open::reader(path, options)?, queue)?;
        if options.point_reads == PointReads::OnCaller {
            for _ in 0..options.readers.max(1) {
                let connection = open::point_reader(path, options)?;
                workers.points.push(Mutex::new(connection));
            }
        }
        workers.poll(open::reader(path, options)?, options)?;
        Ok(workers)
    }

    /// One thread does everything: a database without a file has one connection.
    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        let mut workers = Self::none();
        let queue = Arc::clone(&workers.writes);
        workers.spawn("memory", open::in_memory()?, queue)?;
        Ok(workers)
    }

    fn none() -> Self {
        let queue = Arc::new(Queue::new());
        Self {
            writes: Arc::clone(&queue),
            reads: Arc::clone(&queue),
            indexing: queue,
            points: Vec::new(),
            bell: Arc::default(),
            threads: Vec::new(),
            held: None,
        }
    }

    pub(crate) async fn commit(&self, changes: ChangeSet) -> Result<Receipt, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.writes.put(Task::Commit(Box::new(changes), reply));
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        run(&self.reads, read).await
    }

    /// As [`Workers::read`], for a row by its key: at once, where nothing has to be waited for.
    pub(crate) async fn point<T: Send + 'static>(
        &self,
        read: impl Fn(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.at_once(&read) {
            None | Some(Err(StoreError::Busy { .. })) => run(&self.reads, read).await,
            Some(found) => found,
        }
    }

    /// None where every connection is in use.
    fn at_once<T>(
        &self,
        read: impl Fn(&mut Connection) -> Result<T, StoreError>,
    ) -> Option<Result<T, StoreError>> {
        let mut free = self.points.iter().filter_map(|point| point.try_lock().ok());
        free.next().map(|mut connection| read(&mut connection))
    }

    /// As [`Workers::read`], where it keeps no other reader waiting.
    pub(crate) async fn index<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        run(&self.indexing, read).await
    }

    /// Between two commits, on the connection that writes.
    pub(crate) async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        run(&self.writes, work).await
    }

    fn spawn(
        &mut self,
        name: &str,
        mut connection: Connection,
        queue: Arc<Queue<Task>>,
    ) -> Result<(), StoreError> {
        let bell = Arc::clone(&self.bell);
        self.start(name, move || {
            while let Some(task) = queue.take() {
                match task {
                    Task::Run(work) => work(&mut connection),
                    Task::Commit(changes, reply) => {
                        // Whoever came while the last ones were written goes along.
                        let more = queue
                            .take_more(commit::MOST - 1, |task| matches!(task, Task::Commit(..)));
                        let more = more.into_iter().filter_map(|task| match task {
                            Task::Commit(changes, reply) => Some((changes, reply)),
                            Task::Run(_) => None,
                        });
                        write(
                            &mut connection,
                            &bell,
                            std::iter::once((changes, reply)).chain(more),
                        );
                    }
                }
            }
        })
    }

    fn poll(&mut self, connection: Connection, options: &Options) -> Result<(), StoreError> {
        let (bell, interval) = (Arc::clone(&self.bell), options.poll_interval);
        self.start("poller", move || {
            let mut seen = None;
            while bell.wait_to_poll(interval) {
                // Changes when another connection, of whatever process, has committed. An error
                // is met again by whoever reads.
                let version: Option<i64> = connection
                    .pragma_query_value(None, "data_version", |row| row.get(0))
                    .ok();
                if version != seen {
                    seen = version;
                    bell.ring();
                }
            }
        })
    }

    fn start(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        let thread = Builder::new()
            .name(format!("store-{name}"))
            .spawn(run)
            .map_err(|error| StoreError::Unavailable {
                reason: format!("no thread: {error}"),
            })?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.bell.close();
        self.reads.close();
        self.indexing.close();
        let mut threads = self.threads.drain(..);
        // The first is the writer. It closes its connection last, because the last one moves the
        // log into the file, and a reader's cannot.
        let writer = threads.next();
        threads.for_each(end);
        self.points.clear();
        self.writes.close();
        writer.into_iter().for_each(end);
    }
}

async fn run<T: Send + 'static>(
    queue: &Queue<Task>,
    work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let (reply, answer) = oneshot::channel();
    queue.put(Task::Run(Box::new(move |connection| {
        if !reply.is_canceled() {
            // Who asked may be gone by now.
            let _unsent = reply.send(work(connection));
        }
    })));
    answer.await.unwrap_or_else(|_| Err(gone()))
}

type Waiting = (Box<ChangeSet>, oneshot::Sender<Result<Receipt, StoreError>>);

/// Commits and answers.
fn write(connection: &mut Connection, bell: &Bell, waiting: impl Iterator<Item = Waiting>) {
    // For some nobody waits any more: they were given up before they began.
    let waiting: Vec<Waiting> = waiting.filter(|(_, reply)| !reply.is_canceled()).collect();
    if waiting.is_empty() {
        return;
    }
    let batch: Vec<&ChangeSet> = waiting.iter().map(|(changes, _)| &**changes).collect();
    let answers = commit::commit(connection, &batch);
    let wrote = answers.iter().any(Result::is_ok);
    for ((_, reply), answer) in waiting.into_iter().zip(answers) {
        let _unsent = reply.send(answer);
    }
    if wrote {
        bell.ring();
    }
}

fn end(thread: JoinHandle<()>) {
    // Woken foreign code may drop the last handle on one of the threads themselves.
    if thread.thread().id() != std::thread::current().id() {
        // A thread that panicked has answered nobody; they were told.
        let _panicked = thread.join();
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable {
        reason: "the store's thread has ended".to_owned(),
    }
}
