//! A private PostgreSQL for the tests of one process: real, without what makes it durable.
//!
//! It starts with the first [`database`] of the process and ends with the process, however that ends: a shell holds it, and reads
//! from a pipe whose other end is this process.

use std::ffi::OsStr;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::port::free_port;
use crate::program::require_in;
use crate::wait::{DEADLINE, until};

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static DATABASES: AtomicUsize = AtomicUsize::new(0);

/// A fresh, empty database on this process's own server: its address, `postgres://refsync@127.0.0.1:PORT/test_N`.
///
/// # Panics
///
/// When PostgreSQL is not there, with the package to install, or does not start.
pub fn database() -> String {
    let cluster = cluster();
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let made = cluster.psql("postgres", &format!("CREATE DATABASE {name}"));
    assert!(made, "the database {name} cannot be made");
    format!("postgres://refsync@127.0.0.1:{}/{name}", cluster.port)
}

/// Runs SQL in a database made by [`database`], as another client would.
///
/// # Panics
///
/// When the server refuses it.
pub fn execute(url: &str, sql: &str) {
    let name = url.rsplit('/').next().unwrap_or_default();
    assert!(cluster().psql(name, sql), "PostgreSQL refuses {sql}");
}

fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(Cluster::start)
}

#[derive(Debug)]
struct Cluster {
    port: u16,
    bin: PathBuf,
    /// Holds the pipe whose end ends the server.
    _shell: Child,
}

/// Starts the server, waits for the end of standard input, stops the server at once, and removes its directory.
const SCRIPT: &str = r#"
"$1/postgres" -D "$2" -p "$3" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
  -c synchronous_commit=off -c full_page_writes=off -c max_connections=300 -c autovacuum=off >"$2/log" 2>&1 </dev/null &
read -r _
kill -INT $!
wait $!
rm -rf "$2"
"#;

impl Cluster {
    fn start() -> Self {
        // Its neighbours are beside the program itself, not beside a link to it.
        let bin = require_in("postgres", &directories())
            .canonicalize()
            .expect("it was just found")
            .parent()
            .map(Path::to_path_buf)
            .expect("a program is in a directory");
        let user = User::other_than_root();
        let dir = crate::tmp().keep();
        if let Some(user) = user {
            chown(&dir, Some(user.id), Some(user.group)).expect("root may give directories away");
        }
        let mut initdb = user_command(bin.join("initdb"), user);
        initdb.args(["--auth=trust", "--username=refsync", "--no-sync", "--locale=C"]);
        initdb
            .args(["--encoding=UTF8", "--no-instructions", "-D"])
            .arg(&dir);
        let made = initdb.output().expect("initdb can be started");
        assert!(
            made.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        for _ in 0..5 {
            let port = free_port();
            let mut shell = user_command("/bin/sh", user);
            shell.args(["-c", SCRIPT, "sh"]).arg(&bin).arg(&dir);
            // A group of its own, so that what interrupts the tests does not interrupt it before its pipe ends.
            shell.arg(port.to_string()).stdin(Stdio::piped()).process_group(0);
            let shell = shell.spawn().expect("a shell can be started");
            let cluster = Self {
                port,
                bin: bin.clone(),
                _shell: shell,
            };
            let (mut up, log) = (false, dir.join("log"));
            until("PostgreSQL to start", DEADLINE, || {
                up = cluster.psql("postgres", "SELECT 1");
                up || std::fs::read_to_string(&log)
                    .is_ok_and(|log| log.contains("database system is shut down"))
            });
            if up {
                return cluster;
            }
        }
        panic!("PostgreSQL did not start; see {}", dir.join("log").display());
    }

    fn psql(&self, database: &str, sql: &str) -> bool {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args(["-X", "-q", "-h", "127.0.0.1", "-U", "refsync", "-d", database]);
        psql.args(["-p", &self.port.to_string(), "-v", "ON_ERROR_STOP=1", "-c", sql]);
        psql.stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        psql.status().expect("psql can be started").success()
    }
}

/// PostgreSQL refuses to run as root.
#[derive(Debug, Clone, Copy)]
struct User {
    id: u32,
    group: u32,
}

impl User {
    /// `None` if this process is not root's.
    fn other_than_root() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let users = std::fs::read_to_string("/etc/passwd").expect("a system has users");
        let user = ["postgres", "nobody"]
            .iter()
            .find_map(|name| Self::find(&users, name));
        Some(user.expect("a system with PostgreSQL has its user"))
    }

    /// From passwd(5): `name:password:id:group:…`.
    fn find(users: &str, name: &str) -> Option<Self> {
        let line = users
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        let mut fields = line.split(':').skip(1);
        Some(Self {
            id: fields.next()?.parse().ok()?,
            group: fields.next()?.parse().ok()?,
        })
    }
}

fn user_command(program: impl AsRef<OsStr>, user: Option<User>) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").env("LC_ALL", "C");
    if let Some(user) = user {
        command.uid(user.id).gid(user.group);
    }
    command
}

/// Where Debian keeps the server's programs, the newest version first.
fn directories() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_of_one_process_are_apart() {
        let (one, other) = (database(), database());
        assert_ne!(one, other);
        execute(&one, "CREATE TABLE only_here (x BIGINT)");
        execute(&one, "INSERT INTO only_here VALUES (1)");
        let name = other.rsplit('/').next().unwrap();
        assert!(!cluster().psql(name, "SELECT x FROM only_here"));
    }

    #[test]
    fn users_are_found_by_their_whole_name() {
        let users = "root:x:0:0::/:/bin/sh\npostgresx:x:7:7::/:/bin/sh\npostgres:x:104:110::/:/bin/sh\n";
        let user = User::find(users, "postgres").unwrap();
        assert_eq!((user.id, user.group), (104, 110));
        assert!(User::find(users, "nobody").is_none());
    }
}
