//! Writing commits through `git fast-import`, without a working tree.

use std::io::{BufWriter, Write};
use std::process::{Child, ChildStdin, Stdio};

use crate::git::git;
use crate::repo::Repo;

/// One running `git fast-import` (see `git-fast-import(1)` for its input).
pub(crate) struct FastImport {
    child: Child,
    input: BufWriter<ChildStdin>,
    mark: u64,
}

impl FastImport {
    /// Starts it in `repo`, with more settings (`key=value`) than its own.
    pub(crate) fn start(repo: &Repo, settings: &[&str]) -> FastImport {
        let mut command = git(repo.path());
        for setting in settings {
            command.arg("-c").arg(setting);
        }
        command.args(["fast-import", "--quiet", "--force", "--date-format=raw"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("git can be started");
        let input = child.stdin.take().expect("standard input is piped");
        FastImport {
            child,
            input: BufWriter::with_capacity(1 << 16, input),
            mark: 0,
        }
    }

    /// Begins a commit that becomes the value of `reference`; parents and files follow. Returns its mark.
    pub(crate) fn commit(&mut self, reference: &str, second: u64, message: &[u8]) -> u64 {
        self.mark += 1;
        let mark = self.mark;
        self.line(&format!("commit {reference}\nmark :{mark}"));
        self.line(&format!("author A U Thor <author@example.com> {second} +0000"));
        self.line(&format!(
            "committer C O Mitter <committer@example.com> {second} +0000"
        ));
        self.data(message);
        mark
    }

    /// The parents of the commit just begun, in order: ids or marks (`:1`).
    pub(crate) fn parents<'p>(&mut self, parents: impl IntoIterator<Item = &'p str>) {
        for (index, parent) in parents.into_iter().enumerate() {
            let word = if index == 0 { "from" } else { "merge" };
            self.line(&format!("{word} {parent}"));
        }
    }

    /// Writes a file in the commit just begun.
    pub(crate) fn file(&mut self, path: &str, bytes: &[u8]) {
        self.line(&format!("M 100644 inline {path}"));
        self.data(bytes);
    }

    /// Writes a file of `size` bytes in the commit just begun: `block`, repeated.
    pub(crate) fn large_file(&mut self, path: &str, size: u64, block: &[u8]) {
        self.line(&format!("M 100644 inline {path}\ndata {size}"));
        let mut left = size;
        while left > 0 {
            let take = usize::try_from(left).map_or(block.len(), |left| left.min(block.len()));
            self.bytes(&block[..take]);
            left -= take as u64;
        }
        self.line("");
    }

    /// Sets a reference to a mark.
    pub(crate) fn reset(&mut self, reference: &str, mark: u64) {
        self.line(&format!("reset {reference}\nfrom :{mark}\n"));
    }

    /// Has the last commit's id printed; [`finish`](FastImport::finish) returns it.
    pub(crate) fn print_commit(&mut self) {
        let mark = self.mark;
        self.line(&format!("get-mark :{mark}"));
    }

    /// Ends the stream and waits. Returns what was printed.
    pub(crate) fn finish(self) -> String {
        let FastImport { child, input, .. } = self;
        drop(
            input
                .into_inner()
                .expect("git fast-import reads its input to the end"),
        );
        let output = child.wait_with_output().expect("the child is ours to wait for");
        assert!(
            output.status.success(),
            "git fast-import failed: {}",
            output.status
        );
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    fn data(&mut self, bytes: &[u8]) {
        self.line(&format!("data {}", bytes.len()));
        self.bytes(bytes);
        self.line("");
    }

    fn line(&mut self, line: &str) {
        self.bytes(line.as_bytes());
        self.bytes(b"\n");
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.input
            .write_all(bytes)
            .expect("git fast-import reads its input");
    }
}
