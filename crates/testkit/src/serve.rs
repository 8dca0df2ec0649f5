//! The real `refsync serve`, started for a test.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::port::free_port;
use crate::process::Process;
use crate::wait::{DEADLINE, pause, until};

/// How often a process whose port was taken is started again with another.
const ATTEMPTS: usize = 5;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(30);

/// A `refsync serve` with a configuration file of its own, below a directory that the test owns.
///
/// Its standard error, over all of its lives, is in [`log`](Serve::log). Nothing of the test's environment reaches it but `PATH`.
#[derive(Debug)]
pub struct Serve {
    program: PathBuf,
    directory: PathBuf,
    configuration: String,
    environment: BTreeMap<String, String>,
    arguments: Vec<String>,
    address: SocketAddr,
    process: Option<Process>,
}

/// What a process answered.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The status; 0 if the connection was cut or refused.
    pub status: u16,
    /// The head, as it came.
    pub head: String,
    /// The body, invalid UTF-8 replaced.
    pub body: String,
}

impl Serve {
    /// A process that is not started yet. `program` is the built `refsync`, `configuration` its file without `version` and `listen`, which
    /// are added.
    pub fn new(program: impl Into<PathBuf>, directory: impl Into<PathBuf>, configuration: &str) -> Serve {
        let serve = Serve {
            program: program.into(),
            directory: directory.into(),
            configuration: configuration.to_owned(),
            environment: BTreeMap::new(),
            arguments: Vec::new(),
            address: SocketAddr::from(([127, 0, 0, 1], free_port())),
            process: None,
        };
        fs::create_dir_all(&serve.directory).expect("the directory is the test's");
        serve
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, key: &str, value: &str) -> Serve {
        self.environment.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Adds an argument to `serve --config FILE`.
    #[must_use]
    pub fn arg(mut self, argument: &str) -> Serve {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    ///
    /// When it ends before that, with its log.
    #[must_use]
    pub fn start(mut self) -> Serve {
        self.restart();
        self
    }

    /// Starts it anew, with the configuration as it is now, and waits until it is ready.
    pub fn restart(&mut self) {
        self.launch();
        until("refsync serve to be ready", DEADLINE, || {
            self.assert_running();
            self.request("GET", "/readyz", &[], "").status == 200
        });
    }

    /// Starts it and waits until it answers, ready or not.
    pub fn launch(&mut self) {
        for _ in 0..ATTEMPTS {
            self.spawn();
            while self.ended().is_none() {
                if self.request("GET", "/healthz", &[], "").status == 200 {
                    return;
                }
                pause();
            }
            if !self.log().contains("is it in use?") {
                break;
            }
            self.address.set_port(free_port());
        }
        panic!("refsync serve did not start:\n{}", self.log());
    }

    /// Starts it and waits for its end; gives how it ended.
    pub fn fail_to_start(&mut self) -> ExitStatus {
        self.spawn();
        let process = self.process.as_mut().expect("just started");
        let mut status = None;
        until("refsync ends by itself", DEADLINE, || {
            status = process.ended();
            status.is_some()
        });
        self.process = None;
        status.expect("it was waited for")
    }

    fn spawn(&mut self) {
        self.configure(&self.configuration.clone());
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.log_path())
            .expect("the directory is the test's");
        let mut command = Command::new(&self.program);
        command
            .arg("serve")
            .arg("--config")
            .arg(self.file())
            .args(&self.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(&self.environment)
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("an open file can be shared"))
            .stderr(log);
        self.process = Some(Process::spawn(command));
    }

    /// Writes another configuration, as an editor does.
    pub fn configure(&mut self, configuration: &str) {
        configuration.clone_into(&mut self.configuration);
        let text = format!("version: 1\nlisten: {}\n{configuration}", self.address);
        let new = self.directory.join("refsync.yaml.new");
        fs::write(&new, text).expect("the directory is the test's");
        fs::rename(new, self.file()).expect("the directory is the test's");
    }

    /// Its configuration file.
    pub fn file(&self) -> PathBuf {
        self.directory.join("refsync.yaml")
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn log_path(&self) -> PathBuf {
        self.directory.join("serve.log")
    }

    /// All that it wrote to its standard output and standard error.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Its process id.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn id(&self) -> u32 {
        self.process.as_ref().expect("it runs").id()
    }

    /// `http://127.0.0.1:PORT` and a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The first admin token, from the file that the process wrote beside its database or its configuration.
    ///
    /// # Panics
    ///
    /// When there is none: another process on the same database made it.
    pub fn token(&self) -> String {
        let entries = fs::read_dir(&self.directory).expect("the directory is the test's");
        let is_token = |path: &PathBuf| path.to_string_lossy().ends_with("admin-token");
        let mut files = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(is_token);
        let file = files.next().expect("it wrote its first admin token");
        let text = fs::read_to_string(file).expect("the test may read its own files");
        text.trim().to_owned()
    }

    /// How it ended; `None` while it runs or was not started.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.as_mut().and_then(Process::ended)
    }

    /// Whether it was started and not killed or stopped since.
    pub fn is_running(&self) -> bool {
        self.process.is_some()
    }

    /// Kills it, `SIGKILL`, as a crash does; also what it had started, so that nothing of it goes on.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
            process.wait();
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("a process id"), signal).expect("it is our child");
    }

    /// Sends `SIGTERM` and waits for the end.
    pub fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        let mut process = self.process.take().expect("it runs");
        until("refsync serve to stop", DEADLINE, || process.ended().is_some());
        process.wait()
    }

    /// Sends `SIGTERM` and does not wait.
    pub fn ask_to_stop(&self) {
        self.signal(Signal::TERM);
    }

    fn assert_running(&mut self) {
        assert!(self.ended().is_none(), "refsync serve ended:\n{}", self.log());
    }

    /// Sends one request on a connection of its own and reads the whole answer.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answered {
        exchange(self.address, method, path, headers, body).unwrap_or_else(|error| Answered {
            status: 0,
            head: error.to_string(),
            body: String::new(),
        })
    }
}

fn exchange(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<Answered> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(ANSWER))?;
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    // A server that answers before it has read everything resets the connection; what came until then is its answer.
    if let Err(error) = stream.read_to_end(&mut answer)
        && (answer.is_empty() || error.kind() != ErrorKind::ConnectionReset)
    {
        return Err(error);
    }
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    Ok(Answered {
        status: status.unwrap_or(0),
        head: head.to_owned(),
        body: if chunked { unchunked(body) } else { body.to_owned() },
    })
}

/// The content of a chunked body, RFC 9112, section 7.1.
fn unchunked(mut body: &str) -> String {
    let mut content = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let Some(chunk) = rest.get(..size).filter(|_| size > 0) else {
            break;
        };
        content.push_str(chunk);
        body = rest[size..].trim_start_matches("\r\n");
    }
    content
}
