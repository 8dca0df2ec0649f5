//! Children that do not outlive their handle.

use std::collections::{HashMap, HashSet};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::wait::pause;

/// A running child in a process group of its own, so that its descendants go with it.
///
/// Dropping it asks the group to end (`SIGTERM`), waits a moment, and kills what is left.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

/// How long a server may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(5);

impl Process {
    /// Starts `command` in a process group of its own.
    ///
    /// # Panics
    ///
    /// When the program cannot be started.
    pub fn spawn(mut command: Command) -> Process {
        let child = command.process_group(0).spawn();
        Process {
            child: child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")),
        }
    }

    /// The child's process id, which is its group's too.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The exit status once the child has ended, `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the child is ours to wait for")
    }

    /// Kills the child alone (`SIGKILL`), as a crash or an out-of-memory killer does; its children live on.
    pub fn kill(&mut self) {
        if self.ended().is_none() {
            // Racing with the child's own end is fine: it is not reaped before the next `wait`.
            let _ = kill_process(self.pid(), Signal::KILL);
        }
    }

    /// Waits for the child's end.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("the child is ours to wait for")
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let group = self.pid();
        // Taken before the end of the first of them, because orphans lose their parent. Some, like sshd's,
        // are in groups of their own.
        let family = Family::of(group);
        if self.ended().is_none() {
            let _ = kill_process_group(group, Signal::TERM);
            let start = Instant::now();
            while self.ended().is_none() && start.elapsed() < GRACE {
                pause();
            }
        }
        // Also after the leader's end: descendants may still hold ports and files.
        let _ = kill_process_group(group, Signal::KILL);
        family.kill();
        let _ = self.child.wait();
    }
}

/// The descendants of a process at one moment; none where there is no `/proc`.
struct Family {
    members: HashSet<Member>,
}

/// A process, told from a later one with the same id by when it started.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Member {
    id: Pid,
    started: u64,
}

impl Family {
    fn of(ancestor: Pid) -> Family {
        let all: HashMap<Pid, Stat> = std::fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                entry
                    .ok()?
                    .file_name()
                    .to_str()?
                    .parse()
                    .ok()
                    .and_then(Pid::from_raw)
            })
            .filter_map(|id| Some((id, Stat::of(id)?)))
            .collect();
        let descends = |id: Pid| {
            let mut parents = std::iter::successors(Some(id), |id| all.get(id)?.parent);
            parents.any(|parent| parent == ancestor)
        };
        let members = all.iter().filter(|(id, _)| **id != ancestor && descends(**id));
        Family {
            members: members
                .map(|(id, stat)| Member {
                    id: *id,
                    started: stat.started,
                })
                .collect(),
        }
    }

    fn kill(self) {
        for member in self.members {
            if Stat::of(member.id).is_some_and(|stat| stat.started == member.started) {
                let _ = kill_process(member.id, Signal::KILL);
            }
        }
    }
}

/// What `/proc/<id>/stat` says of a process.
struct Stat {
    parent: Option<Pid>,
    started: u64,
}

impl Stat {
    fn of(id: Pid) -> Option<Stat> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", id.as_raw_pid())).ok()?;
        // The second field, a name in parentheses, can contain anything. After it come the state, the parent, …
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let parent = Pid::from_raw(fields.get(1)?.parse().ok()?);
        Some(Stat {
            parent,
            started: fields.get(19)?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{require, until};

    #[test]
    fn dropping_a_process_ends_its_children_too() {
        let dir = crate::tmp();
        let pid_file = dir.path().join("pid");
        let mut command = Command::new(require("sh"));
        command
            .arg("-c")
            .arg("setsid sleep 600 & echo $! >\"$0.new\"; mv \"$0.new\" \"$0\"; wait");
        command.arg(&pid_file);
        let process = Process::spawn(command);
        until("the grandchild to start", GRACE, || pid_file.exists());
        let pid = std::fs::read_to_string(&pid_file).unwrap();
        let alive = || {
            std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
                .is_ok_and(|stat| !stat.rsplit(')').next().unwrap().starts_with(" Z"))
        };
        assert!(alive());
        drop(process);
        until("the grandchild to be gone", GRACE, || !alive());
    }
}
