//! People who push, force, rewind and delete on both sides, and what they did last to every commit.

use std::collections::{BTreeMap, BTreeSet};

use testkit::{Repo, git};

use crate::random::Random;

/// The branches that people work on. The first is never deleted, so that a side is never without any.
pub(crate) const BRANCHES: [&str; 6] = [
    "refs/heads/main",
    "refs/heads/one",
    "refs/heads/two",
    "refs/heads/three",
    "refs/heads/four",
    "refs/heads/five",
];

/// How many of them may be deleted: few enough for the guard.
const DELETABLE: usize = 2;

/// What somebody did, as a webhook tells it.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) side: usize,
    pub(crate) name: &'static str,
    pub(crate) old: String,
    pub(crate) new: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Latest {
    Pushed,
    Removed,
}

/// Both repositories and what people did to them.
#[derive(Debug)]
pub(crate) struct People {
    pub(crate) sides: [Repo; 2],
    tree: String,
    parents: BTreeMap<String, Option<String>>,
    latest: BTreeMap<(&'static str, String), Latest>,
    commits: u32,
}

impl People {
    /// Two repositories with the same branches.
    pub(crate) fn new(sides: [Repo; 2]) -> People {
        let tree = sides[0].git(&["hash-object", "-t", "tree", "-w", "/dev/null"]);
        sides[1].git(&["hash-object", "-t", "tree", "-w", "/dev/null"]);
        let mut people = People {
            sides,
            tree,
            parents: BTreeMap::new(),
            latest: BTreeMap::new(),
            commits: 0,
        };
        for name in BRANCHES {
            let first = people.commit(0, None);
            let zero = people.sides[0].zero();
            assert!(people.set(0, name, &zero, Some(&first)));
        }
        people
    }

    /// What a side has: every branch with its value.
    pub(crate) fn values(&self, side: usize) -> BTreeMap<String, String> {
        let mut refs = self.sides[side].refs();
        refs.retain(|name, _| BRANCHES.contains(&name.as_str()));
        refs
    }

    fn commit(&mut self, side: usize, parent: Option<&str>) -> String {
        self.commits += 1;
        let message = format!("commit {}", self.commits);
        let mut arguments = vec!["commit-tree", &self.tree, "-m", &message];
        if let Some(parent) = parent {
            arguments.extend(["-p", parent]);
        }
        let id = self.sides[side].git(&arguments);
        self.parents.insert(id.clone(), parent.map(str::to_owned));
        id
    }

    /// All commits below a value, itself included.
    fn history(&self, value: &str) -> BTreeSet<String> {
        let first = self.parents.contains_key(value).then(|| value.to_owned());
        std::iter::successors(first, |id| self.parents[id].clone()).collect()
    }

    /// Sets a branch if it still has the old value, as a push with a lease does, and remembers what that did to commits.
    fn set(&mut self, side: usize, name: &'static str, old: &str, new: Option<&str>) -> bool {
        let repo = &self.sides[side];
        let mut command = git(repo.path());
        command.args(["update-ref", "--no-deref"]);
        match new {
            Some(new) => command.args([name, new, old]),
            None => command.args(["-d", name, old]),
        };
        let done = command.output().expect("git can be started").status.success();
        if done {
            self.acted(name, old, new);
        }
        done
    }

    /// A person replaced a value that they had seen.
    pub(crate) fn acted(&mut self, name: &'static str, old: &str, new: Option<&str>) {
        let before = self.history(old);
        let after = new.map(|new| self.history(new)).unwrap_or_default();
        for commit in before.difference(&after) {
            self.latest.insert((name, commit.clone()), Latest::Removed);
        }
        for commit in after {
            self.latest.insert((name, commit), Latest::Pushed);
        }
    }

    /// Somebody does something somewhere; `None` if the branch moved under their hands.
    pub(crate) fn act(&mut self, random: &mut Random) -> Option<Act> {
        let side = random.below(2);
        let index = random.below(BRANCHES.len());
        let name = BRANCHES[index];
        let now = self.sides[side].get(name);
        let parent = now.as_ref().and_then(|id| self.parents[id].clone());
        // Nobody goes back to a value that was there before: what came back between two looks, nobody can see.
        let new = match random.below(8) {
            0 if index > 0 && index <= DELETABLE && now.is_some() => None,
            // In the place of the last commit, or of the last two.
            1 => Some(self.commit(side, parent.as_deref())),
            2 => {
                let below = parent.and_then(|id| self.parents[&id].clone());
                Some(self.commit(side, below.as_deref()))
            }
            _ => Some(self.commit(side, now.as_deref())),
        };
        let zero = self.sides[side].zero();
        let old = now.unwrap_or_else(|| zero.clone());
        self.set(side, name, &old, new.as_deref()).then(|| Act {
            side,
            name,
            old,
            new: new.unwrap_or(zero),
        })
    }

    /// The commits that a person pushed last and that neither side has any more.
    pub(crate) fn lost(&self) -> Vec<String> {
        let values = [self.values(0), self.values(1)];
        let mut lost = Vec::new();
        for name in BRANCHES {
            let there: BTreeSet<String> = values
                .iter()
                .filter_map(|side| side.get(name))
                .flat_map(|value| self.history(value))
                .collect();
            let pushed = self
                .latest
                .iter()
                .filter(|((of, _), latest)| *of == name && **latest == Latest::Pushed);
            let gone = pushed.filter(|((_, commit), _)| !there.contains(commit));
            lost.extend(gone.map(|((_, commit), _)| format!("{name} {commit}")));
        }
        lost
    }

    /// The branches that are not the same on both sides, with their values.
    pub(crate) fn differing(&self) -> Vec<(&'static str, [Option<String>; 2])> {
        let values = [self.values(0), self.values(1)];
        let both = |name: &str| [values[0].get(name).cloned(), values[1].get(name).cloned()];
        let all = BRANCHES.into_iter().map(|name| (name, both(name)));
        all.filter(|(_, [source, target])| source != target).collect()
    }
}
