//! A host that goes on after a crash that came between a commit and its answer.

use std::sync::Arc;

use futures::executor::block_on;
use one_ontology::{
    Answer, ChangeSet, Clock as _, EventId, EventType, MemoryStore, NewEvent, Place, RandomIds,
    Scope, Store, StoreError, SystemClock,
};
use plugin_store_layers::{
    At, CacheOptions, Cached, Fault, Injected, Injection, Metered, Method, Tally, Traced,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let facts = Arc::new(MemoryStore::new());
    let scope = Scope::system("example".parse()?, Place::Global);
    let now = SystemClock.now();
    let event = NewEvent::new(
        EventId::new(&RandomIds, now),
        EventType::EntityUpdated,
        None,
    );
    let request = ChangeSet::new(&scope, event, now).once("request-1".parse()?);

    let crash = Injection::new(Fault::CrashAfter, At::Nth(1)).on(Method::Commit);
    let first = Injected::over(facts.clone(), [crash]);
    let answer = block_on(first.commit(request.clone()));
    assert!(matches!(answer, Err(StoreError::Unavailable { .. })));
    println!("the first process died after its commit");

    // The next process asks again under the same key, and learns that it was done.
    let (clock, tally) = (Arc::new(SystemClock), Arc::new(Tally::new()));
    let metered = Metered::over(facts, tally.clone(), clock.clone());
    let store = Traced::new(Cached::new(metered, CacheOptions::default(), clock));
    let receipt = block_on(store.commit(request))?;
    assert_eq!(receipt.answer, Answer::Replayed);
    println!(
        "the second one learnt that event {} was written",
        receipt.head.seq
    );
    for ((method, ending), figures) in tally.figures() {
        println!(
            "{method} {ending:?}: {} calls, {} rows",
            figures.calls, figures.rows
        );
    }
    Ok(())
}
