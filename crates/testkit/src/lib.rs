//! Real Git servers, a fault-injecting proxy and scenario builders for the tests of refsync.
//!
//! Everything here drives the `git` that is on `PATH`, with no configuration but its own: no test sees the
//! settings, the credentials or the clock of the machine that it runs on. Every server binds a port of its
//! own on 127.0.0.1, is ready when its constructor returns, and is gone, with its children and its
//! directories, when its handle is dropped. All of it works from a plain `#[test]` and from a
//! `#[tokio::test]` alike; builders block for a few milliseconds.
//!
//! The crate is a development dependency only. It panics, with what went wrong, where a test could do no
//! better than to fail.

mod apache;
mod background;
mod fast_import;
mod fault_proxy;
mod gate;
mod git;
mod git_daemon;
mod history;
mod http;
mod jgit_daemon;
mod object_format;
mod port;
pub mod postgres;
mod process;
mod program;
mod repo;
mod run;
mod script_oracle;
mod serve;
mod server;
mod sshd;
mod temp;
mod tls;
mod wait;

pub use apache::{Apache, ApacheBuilder};
pub use fault_proxy::{Act, Direction, Fault, FaultProxy, Point, RefusedPort};
pub use gate::Gate;
pub use git::{git, git_environment};
pub use git_daemon::GitDaemon;
pub use http::{Answer, Credentials, HttpServer, Request, Service, Then, When};
pub use jgit_daemon::JgitDaemon;
pub use object_format::ObjectFormat;
pub use process::Process;
pub use program::require;
pub use repo::Repo;
pub use run::{Finished, Run, Running};
pub use script_oracle::{Before, ScriptInputs, ScriptOracle, ScriptOutcome};
pub use serve::{Answered, Serve};
pub use sshd::Sshd;
pub use temp::tmp;
pub use wait::{pause, until};
