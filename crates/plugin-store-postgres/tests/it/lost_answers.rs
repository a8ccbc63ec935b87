//! A commit that was written and whose answer never comes.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use futures::executor::block_on;
use one_ontology::{RandomIds, Store as _, ThingQuery};
use plugin_store_postgres::PostgresStore;

use crate::help::{change_in, fill, group, home, verified_in};

/// How the protocol ends a statement, and says that one was done.
const COMMIT: &[u8] = b"COMMIT\0";

/// Stands between a store and its server, and can swallow the answer to a commit.
#[derive(Clone)]
struct Between {
    armed: Arc<AtomicBool>,
    swallowed: Arc<AtomicU32>,
}

impl Between {
    /// In front of the server of an address; gives the address to use instead.
    fn stand(address: &str) -> (Self, String) {
        let (front, rest) = address.split_once('@').expect("an address with a user");
        let (server, rest) = rest.split_once('/').expect("an address with a database");
        let server = match server.contains(':') {
            true => server.to_owned(),
            false => format!("{server}:5432"),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let between = Self {
            armed: Arc::default(),
            swallowed: Arc::default(),
        };
        let here = between.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&*server).unwrap());
                here.join(&client, &server);
            }
        });
        (between, format!("{front}@127.0.0.1:{port}/{rest}"))
    }

    fn join(&self, client: &TcpStream, server: &TcpStream) {
        let cutting = Arc::new(AtomicBool::new(false));
        let ends = || (client.try_clone().unwrap(), server.try_clone().unwrap());
        let ((from, to), here, cut) = (ends(), self.clone(), Arc::clone(&cutting));
        std::thread::spawn(move || {
            pass(&from, &to, |sent| {
                if contains(sent, COMMIT) && here.armed.swap(false, Ordering::SeqCst) {
                    cut.store(true, Ordering::SeqCst);
                }
                Passes::On
            });
        });
        let ((to, from), here) = (ends(), self.clone());
        std::thread::spawn(move || {
            let mut answer = Vec::new();
            pass(&from, &to, |sent| {
                if !cutting.load(Ordering::SeqCst) {
                    return Passes::On;
                }
                answer.extend_from_slice(sent);
                if !contains(&answer, COMMIT) {
                    return Passes::Not;
                }
                here.swallowed.fetch_add(1, Ordering::SeqCst);
                Passes::End
            });
        });
    }
}

enum Passes {
    On,
    Not,
    End,
}

/// What comes from one end goes to the other, as long as `judge` lets it.
fn pass(mut from: &TcpStream, mut to: &TcpStream, mut judge: impl FnMut(&[u8]) -> Passes) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let sent = buffer.get(..count).unwrap_or_default();
        let goes_on = match judge(sent) {
            Passes::On => to.write_all(sent).is_ok(),
            Passes::Not => true,
            Passes::End => false,
        };
        if !goes_on {
            break;
        }
    }
    for end in [from, to] {
        drop(end.shutdown(Shutdown::Both));
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_commit_that_was_written_is_not_written_again() {
    let Some(home) = home("a_commit_that_was_written") else {
        return;
    };
    let (between, address) = Between::stand(&home.address);
    let store = block_on(PostgresStore::connect(&address, home.contract_options())).unwrap();
    // Events of another place have the same numbers, and come first in every order.
    fill(&store, 20);
    let here = group(&store, &RandomIds);
    for round in 1..4 {
        between.armed.store(true, Ordering::SeqCst);
        let once = change_in(&here, &RandomIds, "once");
        let receipt = block_on(store.commit(once)).unwrap();
        assert_eq!(between.swallowed.load(Ordering::SeqCst), round);
        let head = block_on(store.head(&here)).unwrap();
        assert_eq!(head, Some(receipt.head));
        let things = block_on(store.things(&here, &ThingQuery::default())).unwrap();
        assert_eq!(things.items.len() as u32, round);
        // The first is the group's own.
        assert_eq!(verified_in(&store, &here).len() as u32, 1 + round);
    }
}
