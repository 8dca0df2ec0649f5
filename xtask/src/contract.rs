//! The API against its OpenAPI document: schemathesis makes requests of the document, and a real server answers them.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::{step, workspace};

/// From PyPI. Another version makes other requests.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// Requests that are made up for each operation.
const EXAMPLES: &str = "25";

/// How long requests are made up, in seconds: of all operations, and of the one that comes last.
const SECONDS: [&str; 2] = ["90", "5"];

/// What is not asked of the answers, and why:
/// a document cannot say which names and expressions make sense (`positive_data_acceptance`); serde takes what a schema does not in
/// places where it does no harm (`negative_data_rejection`); and who tries many wrong tokens is told to wait (`ignored_auth`), which a test of
/// the service covers.
const NOT_ASKED: &str = "positive_data_acceptance,negative_data_rejection,ignored_auth";

/// The operation that can take the tests' own token away.
const REVOKE: &str = "tokensRevoke";

/// A server over an empty database.
struct Served {
    server: Child,
    directory: tempfile::TempDir,
    address: String,
}

impl Served {
    fn token(&self) -> anyhow::Result<String> {
        let text = fs::read_to_string(self.directory.path().join("refsync.db.admin-token"))?;
        Ok(text.trim().to_owned())
    }

    /// Schemathesis with all that it needs to know, but which operations.
    fn asked_by(&self, schemathesis: &Path, seconds: &str) -> anyhow::Result<Command> {
        // In a file that its owner alone reads: arguments are shown by `ps`.
        let config = self.directory.path().join("schemathesis.toml");
        let text = format!(
            "headers = {{ Authorization = \"Bearer {}\" }}\n\n[generation]\nwith-security-parameters = false\n",
            self.token()?
        );
        fs::write(&config, text)?;
        let mut command = Command::new(schemathesis);
        command
            .arg("--config-file")
            .arg(config)
            .arg("run")
            .arg(workspace::root().join("docs/openapi.json"))
            .args(["--url", &format!("http://{}/api/v1", self.address)])
            .args(["--phases", "examples,coverage,fuzzing", "--seed", "1"])
            .args(["--max-examples", EXAMPLES, "--max-time", seconds])
            // Python 3.11 before 3.11.5 parses in one thread at a time or not at all (gh-106905).
            .args(["--workers", "1"])
            .args([
                "--exclude-checks",
                NOT_ASKED,
                "--continue-on-failure",
                "--no-color",
            ])
            .current_dir(self.directory.path());
        Ok(command)
    }

    /// Whether the token still opens the API.
    fn takes_token(&self) -> anyhow::Result<bool> {
        let mut stream = TcpStream::connect(&self.address)?;
        let token = self.token()?;
        write!(
            stream,
            "GET /api/v1/overview HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n",
            self.address
        )?;
        let mut answer = String::new();
        stream.take(1 << 20).read_to_string(&mut answer)?;
        Ok(answer.starts_with("HTTP/1.1 200"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Installs schemathesis below `target`, starts a server, and lets them talk.
pub(crate) fn run() -> anyhow::Result<()> {
    let target = workspace::metadata()?.target_directory;
    let schemathesis = install(&target)?;
    step::run(workspace::cargo().args(["build", "--locked", "--package", "refsync"]))?;
    let served = serve(&target.join("debug/refsync"))?;
    // Streams end after minutes: the service's own tests read them. Revoking comes last: it finds the very token that asks.
    let mut all_but = Vec::new();
    for operation in ["events", "runsEvents", REVOKE] {
        all_but.extend(["--exclude-operation-id", operation]);
    }
    let [most, last] = SECONDS;
    step::run(served.asked_by(&schemathesis, most)?.args(all_but))?;
    ensure!(
        served.takes_token()?,
        "the token stopped working half-way: what came after that was not tested"
    );
    step::run(
        served
            .asked_by(&schemathesis, last)?
            .args(["--include-operation-id", REVOKE]),
    )
}

/// An environment of Python's of our own, made once.
fn install(target: &Path) -> anyhow::Result<PathBuf> {
    let environment = target.join("schemathesis");
    let program = environment.join("bin/schemathesis");
    if !program.exists() {
        step::run(Command::new("virtualenv").arg("--quiet").arg(&environment))?;
    }
    step::run(Command::new(environment.join("bin/pip")).args(["install", "--quiet", SCHEMATHESIS]))?;
    Ok(program)
}

fn serve(refsync: &Path) -> anyhow::Result<Served> {
    let directory = tempfile::tempdir()?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let address = format!("127.0.0.1:{port}");
    let file = directory.path().join("refsync.yaml");
    fs::write(
        &file,
        format!(
            "version: 1\nlisten: {address}\ndatabase: sqlite:{}\nlimits: {{rate: 100000}}\nmirrors:\n  - name: app\n    direction: two-way\n    \
             source: http://127.0.0.1:9/a.git\n    target: http://127.0.0.1:9/b.git\n",
            directory.path().join("refsync.db").display()
        ),
    )?;
    let server = Command::new(refsync)
        .args(["serve", "--config"])
        .arg(&file)
        .stderr(Stdio::null())
        .current_dir(directory.path())
        .spawn()
        .context("refsync cannot be started")?;
    let mut served = Served {
        server,
        directory,
        address,
    };
    // It listens before its database is there; the token is the last thing that it makes.
    let token = served.directory.path().join("refsync.db.admin-token");
    testkit::until("refsync listens", Duration::from_secs(30), || {
        let serves = token.exists() && TcpStream::connect(&served.address).is_ok();
        serves || !matches!(served.server.try_wait(), Ok(None))
    });
    ensure!(
        matches!(served.server.try_wait(), Ok(None)),
        "refsync ended before it served"
    );
    Ok(served)
}
