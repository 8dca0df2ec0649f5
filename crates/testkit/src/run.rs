//! Programs run to their end.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::process::Process;

/// One program to run to its end: nothing of the environment but what is given, all output captured.
#[derive(Clone, Debug)]
pub struct Run {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    directory: Option<PathBuf>,
    input: Vec<u8>,
}

/// What a finished program left.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// All of its standard output, invalid UTF-8 replaced.
    pub stdout: String,
    /// All of its standard error, invalid UTF-8 replaced.
    pub stderr: String,
    /// The most memory that was ever resident, in bytes (`VmHWM` in `proc(5)`), of the program itself, without
    /// its children. It is read every 2 ms while the program runs, so growth in its last 2 ms can be missed;
    /// 0 when it ended before the first look.
    pub peak_memory: u64,
    /// From start to end on the wall clock.
    pub elapsed: Duration,
}

impl Run {
    /// `program` with no argument, an environment of `PATH` alone, and no input.
    pub fn new(program: impl Into<PathBuf>) -> Run {
        let path = std::env::var_os("PATH").map(|path| (OsString::from("PATH"), path));
        Run {
            program: program.into(),
            arguments: Vec::new(),
            environment: path.into_iter().collect(),
            directory: None,
            input: Vec::new(),
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Run {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Run {
        self.arguments
            .extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets one variable.
    #[must_use]
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Run {
        self.environment
            .insert(key.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    /// Sets variables, for instance [`git_environment`](crate::git_environment).
    #[must_use]
    pub fn envs<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        mut self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Run {
        for (key, value) in variables {
            self = self.env(key, value);
        }
        self
    }

    /// Sets the working directory.
    #[must_use]
    pub fn directory(mut self, directory: impl AsRef<Path>) -> Run {
        self.directory = Some(directory.as_ref().to_owned());
        self
    }

    /// What the program reads from its standard input.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Run {
        self.input = bytes.into();
        self
    }

    /// Starts the program with its output captured; for a test that wants to kill it on the way.
    ///
    /// # Panics
    ///
    /// When the program cannot be started.
    pub fn spawn(self) -> Running {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().envs(&self.environment);
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let started = Instant::now();
        let mut process = Process::spawn(command);
        let mut stdin = process.child().stdin.take().expect("standard input is piped");
        // A thread of its own, because a program may write before it has read everything. It may also not
        // read at all: a broken pipe is its right.
        thread::spawn(move || stdin.write_all(&self.input));
        let stdout = collect(process.child().stdout.take().expect("standard output is piped"));
        let stderr = collect(process.child().stderr.take().expect("standard error is piped"));
        let memory = MemoryWatch::start(process.id());
        Running {
            process,
            stdout,
            stderr,
            memory,
            started,
        }
    }

    /// Runs the program to its end.
    ///
    /// # Panics
    ///
    /// When the program cannot be started.
    pub fn run(self) -> Finished {
        self.spawn().finish()
    }
}

/// A program of [`Run::spawn`] on its way. Dropping it kills it and its children.
#[derive(Debug)]
pub struct Running {
    process: Process,
    stdout: thread::JoinHandle<Vec<u8>>,
    stderr: thread::JoinHandle<Vec<u8>>,
    memory: MemoryWatch,
    started: Instant,
}

impl Running {
    /// The child, to look at or to kill.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Waits for the program's end and for the end of its output, which children can hold open for longer.
    ///
    /// # Panics
    ///
    /// When an output thread has panicked.
    pub fn finish(mut self) -> Finished {
        let status = self.process.wait();
        let elapsed = self.started.elapsed();
        let peak_memory = self.memory.stop();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Finished {
            code: status.code(),
            stdout: text(
                self.stdout
                    .join()
                    .expect("the reader of standard output does not panic"),
            ),
            stderr: text(
                self.stderr
                    .join()
                    .expect("the reader of standard error does not panic"),
            ),
            peak_memory,
            elapsed,
        }
    }
}

fn collect(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is still what the program wrote.
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

/// Follows the high-water mark of a process's memory. `wait4` would be simpler, but its figure starts from
/// the memory of the parent at the moment of the fork.
#[derive(Debug)]
struct MemoryWatch {
    stop: Sender<()>,
    thread: thread::JoinHandle<u64>,
}

impl MemoryWatch {
    fn start(process: u32) -> MemoryWatch {
        let (stop, stopped) = channel();
        let status = PathBuf::from(format!("/proc/{process}/status"));
        let thread = thread::spawn(move || {
            let mut peak = 0;
            loop {
                // The mark only rises; it vanishes when the process ends.
                peak = peak.max(high_water_mark(&status).unwrap_or(0));
                if stopped.recv_timeout(Duration::from_millis(2)) != Err(RecvTimeoutError::Timeout) {
                    return peak;
                }
            }
        });
        MemoryWatch { stop, thread }
    }

    fn stop(self) -> u64 {
        // The thread ends only on this message or on the sender's end.
        let _ = self.stop.send(());
        self.thread.join().expect("the reader of /proc does not panic")
    }
}

fn high_water_mark(status: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::require;

    #[test]
    fn a_run_sees_only_the_given_environment() {
        let finished = Run::new(require("env")).env("GIVEN", "1").run();
        assert_eq!(finished.code, Some(0));
        let names: Vec<_> = finished
            .stdout
            .lines()
            .map(|line| line.split('=').next().unwrap())
            .collect();
        assert_eq!(names, ["GIVEN", "PATH"]);
    }

    #[test]
    fn a_run_captures_code_output_and_input() {
        let finished = Run::new(require("sh"))
            .args(["-c", "cat; echo oops >&2; exit 7"])
            .input("from stdin\n")
            .run();
        assert_eq!(
            (finished.code, finished.stdout.as_str()),
            (Some(7), "from stdin\n")
        );
        assert_eq!(finished.stderr, "oops\n");
    }

    #[test]
    fn peak_memory_is_the_programs_own() {
        // dd holds one block of 48 MiB; the shell around nothing holds hardly any.
        let run = |block: &str| {
            Run::new(require("dd"))
                .args(["if=/dev/zero", "of=/dev/null", "count=20", &format!("bs={block}")])
                .run()
                .peak_memory
        };
        let (large, small) = (run("48M"), run("1"));
        assert!((48 << 20..64 << 20).contains(&large), "{large}");
        assert!(small < 16 << 20, "{small}");
    }
}
