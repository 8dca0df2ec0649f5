//! Repositories built for a scenario.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use tempfile::TempDir;

use crate::fast_import::FastImport;
use crate::git::{git, output};
use crate::object_format::ObjectFormat;
use crate::program::require;
use crate::temp::tmp;

/// A real repository on disk, and what a scenario does to it.
///
/// Branches are given by their short name (`main`) or in full (`refs/heads/main`, or any other `refs/…`).
/// Object ids are lower-case hex. Each commit and tag is one minute younger than the one before it, counted
/// from a fixed date, so the same steps give the same ids in every run, and in every repository: give
/// commits that must differ different messages.
///
/// No repository collects garbage by itself, or waits for the disk (`core.fsync`; a benchmark wants
/// [`durable`](Repo::durable)). Made by root, it is open to every user, so that a server that
/// gives up root's rights can read and write it.
///
/// Every method panics, with git's own words, when git refuses.
#[derive(Debug)]
pub struct Repo {
    path: PathBuf,
    format: ObjectFormat,
    clock: AtomicU64,
    /// The directory to remove at the end, where the repository has its own.
    _directory: Option<TempDir>,
}

/// No surprises in the background, and no waiting for the disk: scenarios need not survive a power cut.
const QUIET_SETTINGS: &str = "\
[gc]
	auto = 0
[maintenance]
	auto = false
[receive]
	autogc = false
[core]
	fsync = none
";

/// The date of the first commit, in seconds since 1970: 2023-11-14.
const FIRST_SECOND: u64 = 1_700_000_000;

impl Repo {
    /// A new bare sha1 repository at `path`, whose parent directories are made where they lack.
    pub fn bare(path: impl AsRef<Path>) -> Repo {
        Repo::bare_with(path, ObjectFormat::Sha1)
    }

    /// A new bare repository of the given format at `path`.
    pub fn bare_with(path: impl AsRef<Path>, format: ObjectFormat) -> Repo {
        Repo::create(path.as_ref(), format, &["--bare"], None)
    }

    /// A new bare repository named `repo.git` in a temporary directory of its own, removed with the handle.
    pub fn init(format: ObjectFormat) -> Repo {
        let directory = tmp();
        Repo::create(
            &directory.path().join("repo.git"),
            format,
            &["--bare"],
            Some(directory),
        )
    }

    /// A new sha1 repository with a working tree at `path`, which [`commit`](Repo::commit) does not touch.
    pub fn with_worktree(path: impl AsRef<Path>) -> Repo {
        Repo::create(path.as_ref(), ObjectFormat::Sha1, &[], None)
    }

    /// The repository that is already at `path`. New commits are younger than all that it has.
    pub fn open(path: impl AsRef<Path>) -> Repo {
        let mut repo = Repo {
            path: path.as_ref().to_owned(),
            format: ObjectFormat::Sha1,
            clock: AtomicU64::new(FIRST_SECOND),
            _directory: None,
        };
        if repo.git(&["rev-parse", "--show-object-format"]) == "sha256" {
            repo.format = ObjectFormat::Sha256;
        }
        let newest = [
            "for-each-ref",
            "--sort=-creatordate",
            "--count=1",
            "--format=%(creatordate:unix)",
        ];
        if let Ok(second) = repo.git(&newest).parse::<u64>() {
            repo.clock = AtomicU64::new(second + 60);
        }
        repo
    }

    fn create(path: &Path, format: ObjectFormat, options: &[&str], directory: Option<TempDir>) -> Repo {
        fs::create_dir_all(path).expect("the repository's directory can be made");
        let mut init = git(path);
        // An empty template: the sample hooks and the exclude file of a packaging are not part of a scenario.
        init.args([
            "init",
            "-q",
            "--template=",
            &format!("--object-format={}", format.name()),
        ]);
        output(init.args(options).arg("."), b"");
        let repo = Repo {
            path: path.to_owned(),
            format,
            clock: AtomicU64::new(FIRST_SECOND),
            _directory: directory,
        };
        let mut settings = QUIET_SETTINGS.to_owned();
        if rustix::process::geteuid().is_root() {
            // `git init --shared` would forbid forced pushes as well.
            settings.push_str("[core]\n\tsharedRepository = 0777\n");
        }
        let config = repo.git_dir().join("config");
        let mut file = fs::OpenOptions::new()
            .append(true)
            .open(config)
            .expect("git init wrote a config");
        file.write_all(settings.as_bytes())
            .expect("the config can be written");
        repo.open_to_everybody();
        repo
    }

    fn open_to_everybody(&self) {
        if rustix::process::geteuid().is_root() {
            output(
                Command::new(require("chmod"))
                    .args(["-R", "a+rwX"])
                    .arg(&self.path),
                b"",
            );
        }
    }

    /// Where the repository is: the bare repository itself, or the working tree.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory around it, which servers take as their root.
    pub fn root(&self) -> &Path {
        self.path
            .parent()
            .expect("a repository is never the root of the file system")
    }

    /// The directory with `objects` and `refs`.
    pub fn git_dir(&self) -> PathBuf {
        let inner = self.path.join(".git");
        if inner.is_dir() { inner } else { self.path.clone() }
    }

    /// Its `file://` URL.
    pub fn file_url(&self) -> String {
        format!("file://{}", self.path.display())
    }

    /// The hash function of its objects.
    pub fn format(&self) -> ObjectFormat {
        self.format
    }

    /// The id that stands for "no object" here: all zeros.
    pub fn zero(&self) -> String {
        self.format.zero()
    }

    /// Adds one commit with the content of its message in the file `message` to a branch, which is made where it lacks. Returns the
    /// commit's id.
    pub fn commit(&self, branch: &str, message: &str) -> String {
        self.commit_with_file(branch, "message", message.as_bytes())
    }

    /// Adds one commit that writes one file to a branch, with the file's path as its message. Returns its id.
    pub fn commit_with_file(&self, branch: &str, path: &str, bytes: &[u8]) -> String {
        let reference = full_name(branch);
        let parent = self.get(&reference);
        let message = if path == "message" { bytes } else { path.as_bytes() };
        self.import(
            &reference,
            parent.iter().map(String::as_str),
            message,
            (path, bytes),
        )
    }

    /// Sets a branch to a new commit on `parent`, or to a new root where that is `None`, whatever the branch
    /// was before: a rewrite. Returns the commit's id.
    pub fn commit_onto(&self, branch: &str, parent: Option<&str>, message: &str) -> String {
        let reference = full_name(branch);
        self.import(
            &reference,
            parent,
            message.as_bytes(),
            ("message", message.as_bytes()),
        )
    }

    /// Adds a commit to `branch` whose second parent is `other` (a branch or an id). Returns its id.
    pub fn merge(&self, branch: &str, other: &str, message: &str) -> String {
        let reference = full_name(branch);
        let first = self.resolve(&reference);
        let second = self.get(&full_name(other)).unwrap_or_else(|| self.resolve(other));
        let parents = [first.as_str(), second.as_str()];
        self.import(
            &reference,
            parents,
            message.as_bytes(),
            ("message", message.as_bytes()),
        )
    }

    fn import<'p>(
        &self,
        reference: &str,
        parents: impl IntoIterator<Item = &'p str>,
        message: &[u8],
        (path, bytes): (&str, &[u8]),
    ) -> String {
        let mut import = FastImport::start(self, &[]);
        import.commit(reference, self.tick(), message);
        import.parents(parents);
        import.file(path, bytes);
        import.print_commit();
        import.finish()
    }

    /// Stores a blob that nothing refers to yet. Returns its id.
    pub fn blob(&self, bytes: &[u8]) -> String {
        text(&output(
            git(&self.path).args(["hash-object", "-w", "-t", "blob", "--stdin"]),
            bytes,
        ))
    }

    /// The id of the tree of a commit (any revision).
    pub fn tree_of(&self, revision: &str) -> String {
        self.resolve(&format!("{revision}^{{tree}}"))
    }

    /// Sets the tag `name` (short, without `refs/tags/`) to any object: a light tag.
    pub fn tag_light(&self, name: &str, object: &str) {
        self.set_ref(&format!("refs/tags/{name}"), object);
    }

    /// Sets the tag `name` to a new tag object for any object (commit, tree, blob or tag). Returns the tag
    /// object's id.
    pub fn tag_annotated(&self, name: &str, object: &str, message: &str) -> String {
        let date = format!("{} +0000", self.tick());
        let mut tag = git(&self.path);
        tag.env("GIT_COMMITTER_DATE", date)
            .args(["tag", "-f", "-a", "-m", message, name, object]);
        output(&mut tag, b"");
        self.resolve(&format!("refs/tags/{name}"))
    }

    /// Sets a reference, given in full, to any object, whatever it was. A symbolic reference is replaced, not
    /// followed.
    pub fn set_ref(&self, name: &str, object: &str) {
        self.git(&["update-ref", "--no-deref", name, object]);
    }

    /// Deletes a reference, given in full; not what it points to if it is symbolic.
    pub fn delete_ref(&self, name: &str) {
        self.git(&["update-ref", "--no-deref", "-d", name]);
    }

    /// Makes `name` (`HEAD`, or a full name) a symbolic reference to `target`, given in full.
    pub fn symbolic_ref(&self, name: &str, target: &str) {
        self.git(&["symbolic-ref", name, target]);
    }

    /// All references but `HEAD`: full name to id. A symbolic one has the id of what it points to.
    pub fn refs(&self) -> BTreeMap<String, String> {
        self.git(&["for-each-ref", "--format=%(refname) %(objectname)"])
            .lines()
            .map(|line| line.split_once(' ').expect("the format has one space"))
            .map(|(name, id)| (name.to_owned(), id.to_owned()))
            .collect()
    }

    /// The value of one reference, given in full; `None` when it is absent.
    pub fn get(&self, name: &str) -> Option<String> {
        let mut command = git(&self.path);
        let found = command
            .args(["rev-parse", "-q", "--verify", name])
            .output()
            .expect("git can be started");
        found.status.success().then(|| text(&found.stdout))
    }

    /// The id of any revision (`gitrevisions(7)`).
    pub fn resolve(&self, revision: &str) -> String {
        self.git(&["rev-parse", "--verify", revision])
    }

    /// Whether the object is there.
    pub fn has(&self, object: &str) -> bool {
        let mut command = git(&self.path);
        command.args(["cat-file", "-e", object]).stderr(Stdio::null());
        command.status().expect("git can be started").success()
    }

    /// Asserts that `git fsck --strict` finds nothing wrong, objects that nothing refers to included.
    pub fn fsck_strict(&self) {
        self.git(&["fsck", "--strict", "--full", "--no-dangling", "--no-progress"]);
    }

    /// Writes the hook `name` (`pre-receive`, `update`, …) as a shell script; the first line is added.
    pub fn hook(&self, name: &str, script: &str) {
        let directory = self.git_dir().join("hooks");
        fs::create_dir_all(&directory).expect("the repository is ours to write");
        // Written by a child: a file that this process had open for writing could still be held by a child
        // that another thread forked in that moment, and executing it would fail as "text file busy".
        let mut write = Command::new(require("sh"));
        write
            .args(["-c", "cat >\"$1\" && chmod 755 \"$1\"", "sh"])
            .arg(directory.join(name));
        output(&mut write, format!("#!/bin/sh\n{script}\n").as_bytes());
    }

    /// Sets a configuration value of the repository.
    pub fn config(&self, key: &str, value: &str) {
        self.git(&["config", key, value]);
    }

    /// Has git make sure of what it writes here as it does by default, for measurements.
    pub fn durable(&self) {
        self.git(&["config", "--unset", "core.fsync"]);
    }

    /// A bare clone at `path` with the last `depth` commits of every branch and tag.
    pub fn shallow_clone(&self, path: impl AsRef<Path>, depth: u32) -> Repo {
        let clone = Repo::bare_with(path, self.format);
        let depth = format!("--depth={depth}");
        clone.git(&[
            "fetch",
            "-q",
            &depth,
            &self.file_url(),
            "+refs/heads/*:refs/heads/*",
            "+refs/tags/*:refs/tags/*",
        ]);
        clone
    }

    /// Runs git in the repository and returns its standard output without the last line break.
    pub fn git(&self, arguments: &[&str]) -> String {
        text(&output(git(&self.path).args(arguments), b""))
    }

    /// The next second for a commit or tag.
    pub(crate) fn tick(&self) -> u64 {
        self.clock.fetch_add(60, Ordering::Relaxed)
    }
}

/// `main` is `refs/heads/main`; a full name stays.
pub(crate) fn full_name(branch: &str) -> String {
    if branch.starts_with("refs/") {
        branch.to_owned()
    } else {
        format!("refs/heads/{branch}")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\n').to_owned()
}
