//! `refsync serve`, started to be measured.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use testkit::{Process, git_environment};

use super::fleet::SECRET;
use super::http::Client;

/// It starts within that time, with 10,000 mirrors too.
const START: Duration = Duration::from_secs(120);

/// A serving process.
#[derive(Debug)]
pub(super) struct Served {
    process: Process,
    pub(super) address: SocketAddr,
    pub(super) token: String,
}

fn token_beside_sqlite(folder: &Path) -> PathBuf {
    folder.join("refsync.db.admin-token")
}

impl Served {
    /// Starts it in a folder of its own, with this file and a database of its own, and waits until it is ready.
    pub(super) fn start(refsync: &Path, folder: &Path, text: &str) -> anyhow::Result<Self> {
        Self::sharing(refsync, folder, text, &token_beside_sqlite(folder))
    }

    /// The same with the database of others, the first of which wrote this token.
    pub(super) fn sharing(
        refsync: &Path,
        folder: &Path,
        text: &str,
        token_file: &Path,
    ) -> anyhow::Result<Self> {
        // A port that was free a moment ago: the file must name one, and a restart must find the same.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        fs::write(
            folder.join("refsync.yaml"),
            text.replacen("listen: 127.0.0.1:0", &format!("listen: 127.0.0.1:{port}"), 1),
        )?;
        Self::launch(refsync, folder, token_file)
    }

    /// Starts it again with the file and the database as they are.
    pub(super) fn restart(refsync: &Path, folder: &Path) -> anyhow::Result<Self> {
        Self::launch(refsync, folder, &token_beside_sqlite(folder))
    }

    fn launch(refsync: &Path, folder: &Path, token_file: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(folder.join("refsync.yaml"))?;
        let address: SocketAddr = text
            .lines()
            .find_map(|line| line.strip_prefix("listen: "))
            .context("the configuration says nowhere to listen")?
            .parse()?;
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join("log"))?;
        let mut command = Command::new(refsync);
        command
            .args(["serve", "--config", "refsync.yaml", "--log", "warn"])
            .current_dir(folder)
            .envs(git_environment())
            .env("BENCH_SECRET", SECRET)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let mut process = Process::spawn(command);
        let started = Instant::now();
        while !ready(address) {
            if process.ended().is_some() || started.elapsed() > START {
                let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
                bail!("refsync serve is not ready:\n{log}");
            }
            super::pass(Duration::from_millis(10));
        }
        let token = fs::read_to_string(token_file)
            .context("there is no admin token beside the database")?
            .trim()
            .to_owned();
        Ok(Self {
            process,
            address,
            token,
        })
    }

    pub(super) fn client(&self) -> anyhow::Result<Client> {
        Client::connect(self.address)
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) {
        self.process.kill();
    }

    /// Processor time so far, user and system, without children.
    pub(super) fn processor_time(&self) -> anyhow::Result<Duration> {
        let text = fs::read_to_string(self.proc("stat"))?;
        // The second field is the name, in parentheses; utime and stime are the 14th and 15th (proc(5)).
        let fields: Vec<&str> = text
            .rsplit_once(')')
            .context("/proc/PID/stat has no name")?
            .1
            .split_whitespace()
            .collect();
        let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        Ok(Duration::from_secs_f64(
            ticks as f64 / rustix::param::clock_ticks_per_second() as f64,
        ))
    }

    /// The most memory that was resident, in bytes.
    pub(super) fn peak_memory(&self) -> anyhow::Result<u64> {
        let text = fs::read_to_string(self.proc("status"))?;
        let kib: u64 = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|value| value.trim().strip_suffix(" kB")?.trim().parse().ok())
            .context("/proc/PID/status has no VmHWM")?;
        Ok(kib << 10)
    }

    fn proc(&self, file: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{file}", self.process.id()))
    }
}

fn ready(address: SocketAddr) -> bool {
    Client::connect(address)
        .and_then(|mut client| client.get("/readyz", None))
        .is_ok_and(|answer| answer.status == 200)
}
