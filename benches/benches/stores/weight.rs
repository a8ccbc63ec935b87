//! What a row takes: on the disk, and in the memory of a process that has searched.

use std::process::Command;
use std::sync::Arc;

use benches::report::{Cell, Row, Section, Unit};
use futures::executor::block_on;
use one_ontology::search::{Among, Index, SearchQuery};
use one_ontology::{MemoryStore, Scope, Store};

use crate::catalog::{Catalog, embedding, library, registry};
use crate::host::{self, Host};

/// The first argument of a process that weighs.
const CHILD: &str = "weigh";

/// Where it finds what it opens: not among its arguments, which others may read.
const LOCATION: &str = "ONE_PLUGIN_BENCH_WEIGH";

/// Bytes of a plugin and of a passage.
pub(crate) type Bytes = [f64; 2];

/// Fills a host, and says how many bytes of disk its rows took; none of what is only in memory.
pub(crate) fn fill(host: &Host, catalog: &Catalog, size: usize) -> Option<Bytes> {
    let start = on_disk(host);
    catalog.add_plugins(&*host.open(), size);
    let plugins = on_disk(host);
    catalog.add_passages(&*host.open(), size);
    let all = on_disk(host);
    Some([each(plugins? - start?, size), each(all? - plugins?, size)])
}

fn each(bytes: i64, size: usize) -> f64 {
    let size = f64::from(u32::try_from(size).unwrap());
    f64::from(u32::try_from(bytes.max(0) / 1024).unwrap()) * 1024.0 / size
}

/// The size of what is kept, with no store open.
fn on_disk(host: &Host) -> Option<i64> {
    match host {
        Host::Memory(_) => None,
        Host::Sqlite(_) => {
            let size = host.file()?.metadata().map_or(0, |file| file.len());
            i64::try_from(size).ok()
        }
        Host::Postgres(server) => Some(server.size()),
    }
}

pub(crate) fn section(hosts: &[Host], disk: &[Option<Bytes>], size: usize) -> Section {
    let mut contestants: Vec<String> = hosts.iter().map(|host| host.name().to_owned()).collect();
    let mut memory: Vec<Option<Bytes>> = hosts
        .iter()
        .map(|host| match host {
            Host::Memory(_) => weigh("memory", "", size),
            Host::Sqlite(_) => weigh("sqlite", host.file()?.to_str()?, size),
            Host::Postgres(server) => {
                let location = format!("{} {}", server.schema(), server.address());
                weigh("postgres", &location, size)
            }
        })
        .collect();
    contestants.push("index alone".to_owned());
    memory.push(weigh("index", "", size));
    let disk: Vec<Option<Bytes>> = disk.iter().copied().chain([None]).collect();
    let mut rows = Vec::new();
    for (at, what) in ["a plugin", "a passage"].into_iter().enumerate() {
        for (place, bytes) in [("memory", &memory), ("disk", &disk)] {
            let cell = |bytes: &Option<Bytes>| match bytes {
                Some(bytes) => Cell::figure(bytes[at]),
                None => Cell::None("-".to_owned()),
            };
            rows.push(Row {
                label: format!("{what}, {place}"),
                unit: Unit::Bytes,
                target: None,
                cells: bytes.iter().map(cell).collect(),
            });
        }
    }
    Section {
        title: "Memory and disk a row".to_owned(),
        note: format!(
            "By {size} rows of each: plugins of about 40 words; passages of about 50 with a vector of 384 numbers (1,536 bytes as \
             floats). Memory is what a process of its own gained (anonymous pages) by searching once: an index, and, for the store in memory, \
             the rows. Disk is what the database gained, with its indexes."
        ),
        ours: contestants.len(),
        contestants,
        rows,
    }
}

/// Has another process weigh; none where the system does not say what a process has.
fn weigh(kind: &str, location: &str, size: usize) -> Option<Bytes> {
    let child = Command::new(std::env::current_exe().unwrap())
        .args([CHILD, kind, &size.to_string()])
        .env(LOCATION, location)
        .output()
        .unwrap();
    assert!(
        child.status.success(),
        "weighing {kind}: {}",
        String::from_utf8_lossy(&child.stderr)
    );
    let text = String::from_utf8(child.stdout).unwrap();
    let (plugins, passages) = text.trim().split_once(' ')?;
    Some([plugins.parse().unwrap(), passages.parse().unwrap()])
}

pub(crate) fn is_child(arguments: &[String]) -> bool {
    arguments.first().is_some_and(|first| first == CHILD)
}

/// What a process that weighs does.
pub(crate) fn child(arguments: &[String]) {
    let size = arguments[2].parse().unwrap();
    let catalog = Catalog::new();
    let location = std::env::var(LOCATION).unwrap();
    let bytes = match arguments[1].as_str() {
        "memory" => of_memory(&catalog, size),
        "index" => of_index(&catalog, size),
        "sqlite" => of_searches(&host::sqlite(location.as_ref()), &catalog, size),
        _ => {
            let (schema, address) = location.split_once(' ').unwrap();
            of_searches(&host::postgres(address, schema), &catalog, size)
        }
    };
    if let Some([plugins, passages]) = bytes {
        println!("{plugins} {passages}");
    }
}

fn of_memory(catalog: &Catalog, size: usize) -> Option<Bytes> {
    let store = Arc::new(MemoryStore::new());
    let start = held()?;
    catalog.add_plugins(&*store, size);
    find(&*store, &registry(), catalog);
    let plugins = held()?;
    catalog.add_passages(&*store, size);
    find(&*store, &library(), catalog);
    Some([each(plugins - start, size), each(held()? - plugins, size)])
}

fn of_index(catalog: &Catalog, size: usize) -> Option<Bytes> {
    let mut index = Index::new();
    let start = held()?;
    for plugin in catalog.plugins(size) {
        index.put_thing(&plugin);
    }
    let plugins = held()?;
    for passage in catalog.passages(size) {
        index.put_knowledge(&passage);
    }
    let bytes = [each(plugins - start, size), each(held()? - plugins, size)];
    // It lives until then.
    drop(index);
    Some(bytes)
}

fn of_searches(store: &dyn Store, catalog: &Catalog, size: usize) -> Option<Bytes> {
    let start = held()?;
    find(store, &registry(), catalog);
    let plugins = held()?;
    find(store, &library(), catalog);
    Some([each(plugins - start, size), each(held()? - plugins, size)])
}

fn find(store: &dyn Store, scope: &Scope, catalog: &Catalog) {
    let among_plugins = *scope == registry();
    let mut random = benches::Random::new(9);
    let query = SearchQuery {
        among: if among_plugins {
            Among::Things { types: Vec::new() }
        } else {
            Among::default()
        },
        text: Some(catalog.text(&mut random, 2)),
        embedding: (!among_plugins).then(|| embedding(catalog.vector(&mut random))),
        ..SearchQuery::default()
    };
    let hits = block_on(store.search(scope, &query)).unwrap();
    assert!(!hits.is_empty(), "nothing was found");
}

/// Bytes of memory that only this process has.
fn held() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kibibytes: i64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}
