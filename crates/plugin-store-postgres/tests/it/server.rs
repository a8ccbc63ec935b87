//! A server to test on: one that runs, or one of our own.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;
use tokio_postgres::{Client, Config, Error, NoTls};

/// Where tests find a server: an address of a superuser.
const VARIABLE: &str = "ONE_PLUGIN_TEST_POSTGRES";

/// The address of a server, or why there is none.
fn found() -> &'static Result<String, String> {
    static FOUND: OnceLock<Result<String, String>> = OnceLock::new();
    FOUND.get_or_init(|| {
        if let Ok(address) = std::env::var(VARIABLE) {
            return match try_sql(&address, "SELECT 1") {
                Ok(()) => Ok(address),
                Err(error) => panic!("{VARIABLE} is set, and there is no server: {error}"),
            };
        }
        let user = std::env::var("PGUSER").or_else(|_| std::env::var("USER"));
        let user = user.unwrap_or_else(|_| "root".to_owned());
        let running = ["test", "root", "postgres"]
            .into_iter()
            .flat_map(|database| [user.as_str(), "postgres"].map(|user| (user, database)))
            .map(|(user, database)| format!("postgres://{user}@127.0.0.1:5432/{database}"))
            .find(|address| {
                let right = "SELECT 1 / (rolsuper::int) FROM pg_roles WHERE rolname = current_user";
                try_sql(address, right).is_ok()
            });
        match running {
            Some(address) => Ok(address),
            None => own().map(|cluster| {
                let address = cluster.address();
                // Ends with the test process, which nothing outlives.
                let pid = cluster.child.as_ref().map_or(0, Child::id);
                end_after_this_process(pid, cluster.folder.path());
                std::mem::forget(cluster);
                address
            }),
        }
    })
}

/// A server for a test, or a line that says that the test did not run.
pub(crate) fn address(what: &str) -> Option<&'static str> {
    match found() {
        Ok(address) => Some(address),
        Err(why) => {
            skip(what, why);
            None
        }
    }
}

/// Says, where nobody can overlook it, that a test did not run.
pub(crate) fn skip(what: &str, why: &str) {
    let line = format!("SKIPPED: plugin-store-postgres {what}: {why}");
    eprintln!("{line}");
    if let Some(log) = std::env::var_os("ONE_PLUGIN_SKIPPED_LOG") {
        let options = std::fs::File::options().create(true).append(true).open(log);
        writeln!(options.unwrap(), "{line}").unwrap();
    }
}

/// Runs what needs a runtime of tokio's.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

pub(crate) async fn client(address: &str) -> Result<Client, Error> {
    let mut config: Config = address.parse()?;
    config.connect_timeout(Duration::from_secs(5));
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

pub(crate) fn try_sql(address: &str, sql: &str) -> Result<(), Error> {
    run(async { client(address).await?.batch_execute(sql).await })
}

pub(crate) fn sql(address: &str, sql: &str) {
    if let Err(error) = try_sql(address, sql) {
        panic!("{sql}: {error}: {:?}", error.as_db_error());
    }
}

/// A server of our own, which may be killed.
pub(crate) struct Cluster {
    folder: TempDir,
    bin: PathBuf,
    user: Option<(u32, u32)>,
    port: u16,
    child: Option<Child>,
}

/// Makes a server of our own, or says why not.
pub(crate) fn own() -> Result<Cluster, String> {
    let bin = binaries().ok_or("no PostgreSQL server is installed or runs")?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let superuser = std::os::unix::fs::MetadataExt::uid(&folder.path().metadata().unwrap()) == 0;
    let user = if superuser {
        // The server refuses to be the superuser's.
        let user = user_of("postgres").or_else(|| user_of("nobody"));
        Some(user.ok_or("there is no user that a server could run as")?)
    } else {
        None
    };
    if let Some((uid, gid)) = user {
        chown(folder.path(), Some(uid), Some(gid)).map_err(|error| error.to_string())?;
    }
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map_err(|error| error.to_string())?
        .port();
    let mut cluster = Cluster {
        folder,
        bin,
        user,
        port,
        child: None,
    };
    let mut init = cluster.command("initdb");
    init.args([
        "-A",
        "trust",
        "-U",
        "postgres",
        "-E",
        "UTF8",
        "--locale=C",
        "-N",
        "-D",
    ]);
    init.arg(cluster.data()).stdout(Stdio::null());
    let made = init.status().map_err(|error| error.to_string())?;
    if !made.success() {
        return Err(format!("initdb ended with {made}"));
    }
    cluster.start()?;
    Ok(cluster)
}

fn binaries() -> Option<PathBuf> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut all: Vec<PathBuf> = installed
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    all.sort();
    all.pop()
}

fn user_of(name: &str) -> Option<(u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = users
        .lines()
        .find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// Ends a server, and removes its folder, when this process has ended, however it ends.
fn end_after_this_process(pid: u32, folder: &Path) {
    let script = format!(
        "while kill -0 {} 2>/dev/null; do sleep 1; done; kill -QUIT {pid}; sleep 1; rm -rf '{}'",
        std::process::id(),
        folder.display()
    );
    let watcher = Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn();
    drop(watcher);
}

impl Cluster {
    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command
            .stderr(Stdio::null())
            .current_dir(self.folder.path());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    pub(crate) fn address(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it, after a kill too, and waits until it answers.
    pub(crate) fn start(&mut self) -> Result<(), String> {
        for _ in 0..100 {
            let mut command = self.command("postgres");
            command.arg("-D").arg(self.data());
            for setting in [
                "listen_addresses=127.0.0.1".to_owned(),
                format!("port={}", self.port),
                format!("unix_socket_directories={}", self.folder.path().display()),
                "shared_buffers=16MB".to_owned(),
                "max_connections=60".to_owned(),
            ] {
                command.args(["-c", &setting]);
            }
            let child = command.stdout(Stdio::null()).spawn();
            let mut child = child.map_err(|error| error.to_string())?;
            for _ in 0..200 {
                if try_sql(&self.address(), "SELECT 1").is_ok() {
                    self.child = Some(child);
                    return Ok(());
                }
                if !matches!(child.try_wait(), Ok(None)) {
                    // What was killed before still has its memory.
                    break;
                }
                std::thread::sleep(Duration::from_millis(25));
            }
            let _ended = child.kill();
            let _ended = child.wait();
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("the server does not start".to_owned())
    }

    /// As a crash of the machine would, but for what the operating system has.
    pub(crate) fn kill(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        let pid = child.id();
        let list = Path::new("/proc").join(format!("{pid}/task/{pid}/children"));
        let children = std::fs::read_to_string(list).unwrap_or_default();
        child.kill().unwrap();
        child.wait().unwrap();
        let mut kill = Command::new("kill");
        kill.arg("-9").args(children.split_whitespace());
        let _some_had_ended = kill.stderr(Stdio::null()).status();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill();
    }
}
