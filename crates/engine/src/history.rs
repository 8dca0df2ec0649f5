//! The commits of one side since a value, to be looked at by people: read by one small fetch, not a clone.

use std::collections::{BinaryHeap, HashMap, HashSet};

use gitwire::Oid;
use gitwire::pack::{ParentScan, ScanLimits};

use crate::error::{Error, Fault};
use crate::event::Listener;
use crate::request::Request;
use crate::side::Side;
use crate::transport::Remote;
use crate::upload::{Upload, Wanted};

/// The most commits that are read.
pub const MAX_COMMITS: usize = 200;

/// The most bytes of a pack that are read, for servers that send more than commits.
const MAX_BYTES: u64 = 32 << 20;

/// The most memory for the commits of one look.
const MEMORY: usize = 16 << 20;

/// Commits, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// At most [`MAX_COMMITS`].
    pub commits: Vec<Commit>,
    /// There are more.
    pub more: bool,
}

/// A commit, as far as a list shows it. Its texts are bytes of somebody else's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: Oid,
    /// The first line of its message.
    pub subject: Vec<u8>,
    /// The author's name.
    pub author: Vec<u8>,
    /// When it was committed, in seconds since 1970.
    pub seconds: i64,
}

/// Reads what `value` reaches on a side and `base` does not, asking only the server of that side.
///
/// # Errors
///
/// As a run's; also if the server does not have the value, or sends more than can be looked at.
pub async fn history(request: &Request, side: Side, value: Oid, base: Option<Oid>) -> Result<History, Error> {
    let at = |kind: Fault| request.unopened(side, kind);
    let remote = Remote::new(side, request, &Listener::none()).map_err(at)?;
    let _permit = request.enter(&[side]).await?;
    read(&remote, value, base).await.map_err(at)
}

async fn read(remote: &Remote, value: Oid, base: Option<Oid>) -> Result<History, Fault> {
    let upload = Upload::open(remote).await?;
    let wanted = Wanted {
        wants: vec![value],
        haves: base.into_iter().collect(),
        ofs_delta: true,
        // One more than is shown tells whether there are more.
        generations: u32::try_from(MAX_COMMITS + 1).ok(),
        ..Wanted::default()
    };
    let mut stream = upload.fetch(&wanted).await?;
    let limits = ScanLimits {
        memory: MEMORY,
        object: MEMORY / 4,
    };
    let mut scan = ParentScan::of_all(gitwire::ObjectFormat::of(&value), limits);
    while let Some(chunk) = stream.next().await? {
        // What cannot be understood any further leaves the commits that were.
        if scan.feed(&chunk).is_err() || stream.bytes() > MAX_BYTES {
            break;
        }
    }
    let commits = scan
        .commits()
        .map(|(id, content)| (*id, Parsed::of(*id, content)))
        .collect();
    Ok(newest_first(value, &commits))
}

/// What is read of a commit object.
struct Parsed {
    commit: Commit,
    parents: Vec<Oid>,
}

impl Parsed {
    /// Reads `author`, `committer`, `parent` and the message; what is missing stays empty.
    fn of(id: Oid, content: &[u8]) -> Self {
        let mut commit = Commit {
            id,
            subject: Vec::new(),
            author: Vec::new(),
            seconds: 0,
        };
        let mut parents = Vec::new();
        let mut lines = content.split(|byte| *byte == b'\n');
        for line in lines.by_ref() {
            if line.is_empty() {
                break;
            }
            if let Some(parent) = line.strip_prefix(b"parent ") {
                parents.extend(gitwire::parse_oid(parent).ok());
            } else if let Some(author) = line.strip_prefix(b"author ") {
                let end = author
                    .iter()
                    .position(|byte| *byte == b'<')
                    .unwrap_or(author.len());
                commit.author = author[..end].trim_ascii().to_vec();
            } else if let Some(committer) = line.strip_prefix(b"committer ") {
                commit.seconds = seconds(committer);
            }
        }
        commit.subject = lines.next().unwrap_or_default().to_vec();
        Self { commit, parents }
    }
}

/// The time of a line `name <address> seconds zone`.
fn seconds(line: &[u8]) -> i64 {
    let mut words = line.rsplit(|byte| *byte == b' ').skip(1);
    words
        .next()
        .and_then(|word| std::str::from_utf8(word).ok()?.parse().ok())
        .unwrap_or_default()
}

/// The commits that are reached from the tip, the newest of those that are open first, as `git log` lists them.
fn newest_first(tip: Oid, commits: &HashMap<Oid, Parsed>) -> History {
    let mut history = History::default();
    let mut seen = HashSet::from([tip]);
    let mut open = BinaryHeap::new();
    open.extend(commits.get(&tip).map(|parsed| (parsed.commit.seconds, tip)));
    while let Some((_, id)) = open.pop() {
        if history.commits.len() == MAX_COMMITS {
            history.more = true;
            break;
        }
        let Some(parsed) = commits.get(&id) else { continue };
        history.commits.push(parsed.commit.clone());
        for parent in &parsed.parents {
            if seen.insert(*parent)
                && let Some(next) = commits.get(parent)
            {
                open.push((next.commit.seconds, *parent));
            }
        }
    }
    history
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: char) -> Oid {
        gitwire::parse_oid(digit.to_string().repeat(40).as_bytes()).unwrap()
    }

    fn commit(digit: char, parents: &str, seconds: i64) -> (Oid, Parsed) {
        let parents: String = parents
            .chars()
            .map(|parent| format!("parent {}\n", id(parent)))
            .collect();
        let text = format!(
            "tree {}\n{parents}author Ada L <ada@example.com> 1 +0000\ncommitter C <c@example.com> {seconds} +0100\n\nsubject {digit}\n\nbody\n",
            id('f')
        );
        (id(digit), Parsed::of(id(digit), text.as_bytes()))
    }

    #[test]
    fn a_commit_is_read_as_git_writes_it() {
        let (_, parsed) = commit('a', "bc", 1_700_000_000);
        assert_eq!(parsed.commit.author, b"Ada L");
        assert_eq!(parsed.commit.subject, b"subject a");
        assert_eq!(parsed.commit.seconds, 1_700_000_000);
        assert_eq!(parsed.parents, [id('b'), id('c')]);
    }

    #[test]
    fn anything_else_is_read_without_a_panic() {
        for content in [
            &b""[..],
            b"\n",
            b"author",
            b"author <",
            b"committer x",
            b"parent zz\n\n\xff",
        ] {
            Parsed::of(id('a'), content);
        }
    }

    #[test]
    fn merged_histories_come_newest_first_and_once() {
        let commits = [
            commit('a', "bc", 50),
            commit('b', "d", 40),
            commit('c', "d", 45),
            commit('d', "e", 10),
        ]
        .into();
        let history = newest_first(id('a'), &commits);
        let order: Vec<Oid> = history.commits.iter().map(|commit| commit.id).collect();
        assert_eq!(order, [id('a'), id('c'), id('b'), id('d')]);
        assert!(!history.more);
    }
}
