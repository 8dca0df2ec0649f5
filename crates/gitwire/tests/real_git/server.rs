//! One child process that speaks Git's protocol.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use gitwire::greeting::{GreetingDecoder, GreetingEvent, Service};
use gitwire::pktline::{Decoder, Packet};
use testkit::Repo;

/// A running upload-pack or receive-pack.
pub(crate) struct Server {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    packets: Decoder,
    transcript: Vec<u8>,
}

impl Server {
    /// Starts the service for one conversation, in a version of the protocol.
    pub(crate) fn start(service: Service, repo: &Repo, version: u8) -> Self {
        Self::start_with(service, repo, version, &[])
    }

    /// Starts it with options such as `--stateless-rpc`.
    pub(crate) fn start_with(service: Service, repo: &Repo, version: u8, options: &[&str]) -> Self {
        let mut command = testkit::git(repo.path());
        let subcommand = service.name().strip_prefix("git-").unwrap();
        command.arg(subcommand).args(options).arg(repo.path());
        command.env("GIT_PROTOCOL", format!("version={version}"));
        Self::spawn(command)
    }

    /// Starts the service of JGit, which knows version 0 and sha1 only (Debian's `jgit-cli` 4.11).
    pub(crate) fn start_jgit(service: Service, repo: &Repo) -> Self {
        let mut command = Command::new(testkit::require("jgit"));
        command
            .env_clear()
            .envs(testkit::git_environment())
            .current_dir(repo.path());
        // Debian's package does not name what it needs itself.
        let libraries =
            ["lfs", "http.apache"].map(|name| format!("/usr/share/java/org.eclipse.jgit.{name}.jar"));
        command.env("JGIT_CLASSPATH", libraries.join(":"));
        command
            .arg(service.name().strip_prefix("git-").unwrap())
            .arg(repo.path());
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        Self {
            child,
            input,
            output,
            packets: Decoder::new(),
            transcript: Vec::new(),
        }
    }

    /// Sends bytes. A server that has hung up shows in what it said before.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("the input is open until it is closed");
        if let Err(error) = input.write_all(bytes).and_then(|()| input.flush()) {
            assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
        }
    }

    /// The next packet, `None` at the end of the stream.
    pub(crate) fn packet(&mut self) -> Option<Packet> {
        loop {
            if let Some(packet) = self.packets.next_packet().unwrap() {
                return Some(packet);
            }
            let mut buffer = [0; 8192];
            let length = self.output.read(&mut buffer).unwrap();
            if length == 0 {
                self.packets.finish().unwrap();
                return None;
            }
            self.transcript.extend_from_slice(&buffer[..length]);
            self.packets.feed(&buffer[..length]);
        }
    }

    /// Reads the greeting and leaves out what is nothing to act on.
    pub(crate) fn greeting(&mut self, service: Service) -> (GreetingDecoder, Vec<GreetingEvent>) {
        let mut decoder = GreetingDecoder::new(service);
        let mut events = Vec::new();
        while !decoder.is_done() {
            let packet = self.packet().expect("the greeting ends in a flush packet");
            events.push(decoder.packet(&packet).unwrap());
        }
        events.retain(|event| *event != GreetingEvent::Nothing);
        (decoder, events)
    }

    /// Ends the conversation: what the server still sends that is no packet any more.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        self.input = None;
        let mut rest = std::mem::take(&mut self.packets).into_rest().to_vec();
        let length = rest.len();
        self.output.read_to_end(&mut rest).unwrap();
        self.transcript.extend_from_slice(&rest[length..]);
        rest
    }

    /// All bytes that the server has sent since the last time.
    pub(crate) fn take_transcript(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.transcript)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.input = None;
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
