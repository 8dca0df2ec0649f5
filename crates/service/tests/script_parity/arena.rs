//! Where a scenario is played twice: by the script, and by refsync.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tempfile::TempDir;
use testkit::{
    Before, HttpServer, ObjectFormat, Repo, Run, ScriptInputs, ScriptOracle, ScriptOutcome, git_environment,
    tmp,
};

use crate::pool::{Pool, Value};
use crate::scenario::{Guard, Old, Others, Scenario, Way};

/// One directory for all repositories, and a server for it.
pub(crate) struct Arena {
    pools: [Pool; 2],
    /// Repositories by what is in them, built once and copied.
    templates: Mutex<BTreeMap<String, PathBuf>>,
    server: HttpServer,
    directory: TempDir,
}

/// What refsync made of a scenario, and what it should have made of it.
#[derive(Debug)]
pub(crate) struct Verdict {
    scenario: String,
    expected: ScriptOutcome,
    found: ScriptOutcome,
    output: String,
}

impl Verdict {
    pub(crate) fn exit(&self) -> i32 {
        self.expected.exit
    }

    /// What differs, for people; `None` if nothing does.
    pub(crate) fn difference(&self) -> Option<String> {
        let Self {
            scenario,
            expected,
            found,
            output,
        } = self;
        (expected != found)
            .then(|| format!("{scenario}\nexpected {expected:?}\nfound    {found:?}\n{output}"))
    }
}

impl Arena {
    pub(crate) fn new() -> Self {
        let directory = tmp();
        let pool = |name, format| Pool::new(&directory.path().join(name), format);
        Self {
            pools: [
                pool("sha1.git", ObjectFormat::Sha1),
                pool("sha256.git", ObjectFormat::Sha256),
            ],
            templates: Mutex::default(),
            server: HttpServer::start(directory.path()),
            directory,
        }
    }

    /// Plays one scenario.
    pub(crate) fn run(&self, number: usize, scenario: &Scenario) -> Verdict {
        let pool = &self.pools[usize::from(scenario.sha256)];
        let source = self.template(
            pool,
            &references(scenario.reference, scenario.source, scenario.source_others),
        );
        let target = self.template(
            pool,
            &references(scenario.reference, scenario.target, scenario.target_others),
        );
        let for_script = self.target(&target, &format!("{number}-script.git"), scenario);
        let for_refsync = self.target(&target, &format!("{number}-refsync.git"), scenario);

        let inputs = |target: &Repo| ScriptInputs {
            source_url: self.url(&source, scenario.source_way),
            target_url: self.url(target.path(), scenario.target_way),
            reference: scenario.reference.to_owned(),
            reference_sha_old: old(pool, scenario),
            sync_delete: scenario.sync_delete,
        };
        let before = for_refsync.refs();
        let run = Run::new(env!("CARGO_BIN_EXE_refsync"))
            .arg("sync")
            .envs(git_environment());
        let finished = run.envs(inputs(&for_refsync).environment()).run();
        let found = ScriptOutcome {
            exit: finished.code.unwrap_or(-1),
            target_refs_after: for_refsync.refs(),
        };
        let expected = match scenario.old {
            Old::Garbage(_) => ScriptOutcome {
                exit: 64,
                target_refs_after: before,
            },
            _ => expected(pool, scenario, &inputs(&for_script), &for_script),
        };
        for repo in [for_script, for_refsync] {
            // What is left over goes with the directory.
            let _ = fs::remove_dir_all(repo.path());
        }
        let output = format!("{}{}", finished.stdout, finished.stderr);
        Verdict {
            scenario: format!("{number}: {scenario:?}"),
            expected,
            found,
            output,
        }
    }

    /// A repository with these references, from which copies are made. Nobody writes to it.
    fn template(&self, pool: &Pool, references: &[(String, Value)]) -> PathBuf {
        let name = format!("{} {references:?}", pool.format().name());
        let mut templates = self
            .templates
            .lock()
            .expect("a scenario that panics ends the test");
        let number = templates.len();
        let build = || {
            let path = self.directory.path().join(format!("template-{number}.git"));
            pool.repository(&path, references);
            path
        };
        templates.entry(name).or_insert_with(build).clone()
    }

    /// A copy of a template with the target's guard.
    fn target(&self, template: &Path, name: &str, scenario: &Scenario) -> Repo {
        let path = self.directory.path().join(name);
        copy(template, &path);
        let repo = Repo::open(&path);
        match scenario.guard {
            Guard::Nothing => {}
            Guard::PreReceive => repo.hook("pre-receive", "echo no; exit 1"),
            Guard::Update => repo.hook("update", "echo no; exit 1"),
            Guard::DenyDeletes => repo.config("receive.denyDeletes", "true"),
            Guard::DenyNonFastForwards => repo.config("receive.denyNonFastForwards", "true"),
            Guard::Hidden => repo.config("receive.hideRefs", scenario.reference),
        }
        repo
    }

    fn url(&self, path: &Path, way: Way) -> String {
        let relative = || {
            path.strip_prefix(self.directory.path())
                .expect("it is in the directory")
                .display()
                .to_string()
        };
        match way {
            Way::Path => path.display().to_string(),
            Way::FileUrl => format!("file://{}", path.display()),
            Way::Http => self.server.url(&relative()),
            Way::Nowhere => self
                .directory
                .path()
                .join("nowhere")
                .join(relative())
                .display()
                .to_string(),
        }
    }
}

/// What the script does, but for the deliberate differences.
fn expected(pool: &Pool, scenario: &Scenario, inputs: &ScriptInputs, target: &Repo) -> ScriptOutcome {
    let outcome = ScriptOracle::run(inputs, target);
    let visible = scenario.target.filter(|_| scenario.guard != Guard::Hidden);
    let before = Before {
        source_readable: scenario.source_way != Way::Nowhere,
        target_readable: scenario.target_way != Way::Nowhere,
        source: scenario.source.map(|value| pool.id(value).to_owned()),
        target: visible.map(|value| pool.id(value).to_owned()),
    };
    ScriptOracle::expected_difference(inputs, &before, &outcome)
}

fn references(reference: &str, value: Option<Value>, others: Others) -> Vec<(String, Value)> {
    let mut all: Vec<(String, Value)> = value
        .map(|value| (reference.to_owned(), value))
        .into_iter()
        .collect();
    match others {
        Others::None => {}
        Others::Some => {
            all.push(("refs/heads/other".to_owned(), Value::D));
            all.push(("refs/heads/unrelated".to_owned(), Value::U));
        }
        Others::Below => all.push((format!("{reference}/below"), Value::A)),
    }
    all
}

fn old(pool: &Pool, scenario: &Scenario) -> Option<String> {
    let zeros = pool.format().zero();
    let id = |value: Option<Value>| value.map_or(zeros.clone(), |value| pool.id(value).to_owned());
    Some(match scenario.old {
        Old::Unset => return None,
        Old::Empty => String::new(),
        Old::Null => "null".to_owned(),
        Old::Zeros => zeros,
        Old::Right => id(scenario.target),
        Old::Sources => id(scenario.source),
        Old::Other => id(Some(Value::D)),
        Old::Nobodys => zeros.replace('0', "7"),
        Old::Garbage(text) => text.to_owned(),
    })
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).unwrap();
        }
    }
}
