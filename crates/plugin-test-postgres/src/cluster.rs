//! A server of our own.

use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::server::try_sql;

/// A server of our own, which may be killed. It ends when it is dropped.
#[derive(Debug)]
pub struct Cluster {
    folder: TempDir,
    bin: PathBuf,
    user: Option<(u32, u32)>,
    port: u16,
    child: Option<Child>,
}

/// Makes a server of our own.
///
/// # Errors
/// Why not, in words.
///
/// # Panics
/// If its folder cannot be looked at.
pub fn own() -> Result<Cluster, String> {
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
    /// Its address. It ends with the test process, which nothing outlives.
    pub(crate) fn until_this_process_ends(self) -> String {
        let address = self.address();
        let pid = self.child.as_ref().map_or(0, Child::id);
        end_after_this_process(pid, self.folder.path());
        std::mem::forget(self);
        address
    }

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

    /// The address of its superuser.
    #[must_use]
    pub fn address(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it, after a kill too, and waits until it answers.
    ///
    /// # Errors
    /// Why it does not start, in words.
    pub fn start(&mut self) -> Result<(), String> {
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
    ///
    /// # Panics
    /// If it cannot be ended.
    pub fn kill(&mut self) {
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
