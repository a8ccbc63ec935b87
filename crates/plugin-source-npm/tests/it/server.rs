//! A registry on the loopback interface that answers as it is told and remembers what it was asked.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use plugin_source_npm::{ConfigInput, HttpLimits, NpmConfig, NpmOptions, NpmSource};
use tempfile::TempDir;

/// What came in: the request line without the version, and the headers in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }
}

/// What goes out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    claimed: Option<usize>,
}

impl Answer {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            body: body.into(),
            ..Self::default()
        }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Says that the body is this long, whatever it is.
    pub(crate) fn claiming(mut self, length: usize) -> Self {
        self.claimed = Some(length);
        self
    }
}

type Handler = dyn Fn(&Asked) -> Answer + Send + Sync;

pub(crate) struct Server {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub(crate) fn start(handler: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::named("127.0.0.1", |_| handler)
    }

    /// A server whose handler knows its address, under another name of the same machine.
    pub(crate) fn named<H>(host: &str, make: impl FnOnce(&str) -> H) -> Self
    where
        H: Fn(&Asked) -> Answer + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let address = format!("{host}:{port}");
        let handler: Arc<Handler> = Arc::new(make(&address));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (handler, log) = (Arc::clone(&handler), Arc::clone(&log));
                thread::spawn(move || serve(stream, &*handler, &log));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn host(&self) -> &str {
        &self.address
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(stream: TcpStream, handler: &Handler, log: &Mutex<Vec<Asked>>) {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let mut lines = lines.into_iter();
    let first = lines.next().unwrap_or_default();
    let asked = Asked {
        line: first
            .rsplit_once(' ')
            .map_or(String::new(), |(l, _)| l.to_owned()),
        headers: lines
            .filter_map(|l| {
                l.split_once(':')
                    .map(|(k, v)| (k.to_lowercase(), v.trim().to_owned()))
            })
            .collect(),
    };
    let answer = handler(&asked);
    let head = asked.line.starts_with("HEAD");
    log.lock().unwrap().push(asked);
    let length = answer.claimed.unwrap_or(answer.body.len());
    let mut out = format!(
        "HTTP/1.1 {} X\r\nconnection: close\r\ncontent-length: {length}\r\n",
        answer.status
    );
    for (name, value) in &answer.headers {
        out.push_str(&format!("{name}: {value}\r\n"));
    }
    out.push_str("\r\n");
    let mut stream = reader.into_inner();
    let _gone = stream.write_all(out.as_bytes());
    if !head {
        let _gone = stream.write_all(&answer.body);
    }
}

/// Bounds that keep tests quick.
pub(crate) fn quick() -> HttpLimits {
    HttpLimits {
        backoff: Duration::from_millis(1),
        longest_pause: Duration::from_millis(50),
        connect: Duration::from_secs(5),
        answer: Duration::from_secs(5),
        body: Duration::from_secs(5),
        ..HttpLimits::default()
    }
}

/// A source over this `.npmrc`, in a directory of its own; `change` may change its options.
pub(crate) fn source(npmrc: &str, change: impl FnOnce(&mut NpmOptions)) -> (NpmSource, TempDir) {
    let directory = TempDir::new().unwrap();
    (source_in(&directory, npmrc, change), directory)
}

pub(crate) fn source_in(
    directory: &TempDir,
    npmrc: &str,
    change: impl FnOnce(&mut NpmOptions),
) -> NpmSource {
    let config = NpmConfig::parse(&ConfigInput {
        user: npmrc.to_owned(),
        ..ConfigInput::default()
    })
    .unwrap();
    let mut options = NpmOptions::new(directory.path(), std::collections::BTreeMap::new());
    options.limits = quick();
    options.fresh_for = Duration::ZERO;
    change(&mut options);
    NpmSource::new(config, options).unwrap()
}

/// A minimal document of `name` with these versions.
pub(crate) fn document(name: &str) -> String {
    format!(
        r#"{{"name":"{name}","dist-tags":{{"latest":"1.0.0"}},"versions":{{"1.0.0":{{"name":"{name}","version":"1.0.0"}}}}}}"#
    )
}

/// Says, where nobody can overlook it, that a test did not run.
pub(crate) fn skip(what: &str, why: &str) {
    let line = format!("SKIPPED: plugin-source-npm {what}: {why}");
    eprintln!("{line}");
    if let Some(log) = std::env::var_os("ONE_PLUGIN_SKIPPED_LOG") {
        let options = std::fs::File::options().create(true).append(true).open(log);
        writeln!(options.unwrap(), "{line}").unwrap();
    }
}
