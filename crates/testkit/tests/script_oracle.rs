//! The script's behaviour, case by case, as the issue of the engine writes it down.

use std::collections::BTreeMap;

use testkit::{Before, HttpServer, ObjectFormat, Repo, Run, ScriptInputs, ScriptOracle, git, require, tmp};

const MAIN: &str = "refs/heads/main";

/// A source and a target that share one commit, `base`, on no branch.
struct Sides {
    source: Repo,
    target: Repo,
    base: String,
}

impl Sides {
    fn new(format: ObjectFormat) -> Sides {
        let (source, target) = (Repo::init(format), Repo::init(format));
        let base = source.commit("base", "base");
        assert_eq!(target.commit("base", "base"), base);
        source.delete_ref("refs/heads/base");
        target.delete_ref("refs/heads/base");
        Sides { source, target, base }
    }

    fn inputs(&self) -> ScriptInputs {
        ScriptInputs {
            source_url: self.source.file_url(),
            target_url: self.target.file_url(),
            reference: MAIN.to_owned(),
            ..ScriptInputs::default()
        }
    }

    /// Runs the script. Returns its exit code, what refsync's would be, and the reference on the target.
    fn run(&self, inputs: &ScriptInputs) -> (i32, i32, Option<String>) {
        let readable = |url: &str| {
            let listed = git(self.source.path()).args(["ls-remote", url]).output();
            listed.expect("git can be started").status.success()
        };
        let before = Before {
            source_readable: readable(&inputs.source_url),
            target_readable: readable(&inputs.target_url),
            source: self.source.get(&inputs.reference),
            target: self.target.get(&inputs.reference),
        };
        let outcome = ScriptOracle::run(inputs, &self.target);
        let expected = ScriptOracle::expected_difference(inputs, &before, &outcome);
        assert_eq!(expected.target_refs_after, outcome.target_refs_after);
        (
            outcome.exit,
            expected.exit,
            outcome.target_refs_after.get(&inputs.reference).cloned(),
        )
    }
}

fn with_old(inputs: &ScriptInputs, old: &str) -> ScriptInputs {
    ScriptInputs {
        reference_sha_old: Some(old.to_owned()),
        ..inputs.clone()
    }
}

#[test]
fn what_the_target_lacks_or_can_fast_forward_to_goes_through() {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let sides = Sides::new(format);
        let value = sides.source.commit_onto("main", Some(&sides.base), "new");
        assert_eq!(sides.run(&sides.inputs()), (0, 0, Some(value.clone())));
        assert_eq!(sides.run(&sides.inputs()), (0, 0, Some(value.clone())));
        sides.target.set_ref(MAIN, &sides.base);
        // The old value is not even looked at.
        assert_eq!(
            sides.run(&with_old(&sides.inputs(), &sides.target.zero())),
            (0, 0, Some(value))
        );
    }
}

#[test]
fn a_rewrite_needs_the_old_value_and_the_right_one() {
    let sides = Sides::new(ObjectFormat::Sha1);
    let ours = sides.source.commit_onto("main", Some(&sides.base), "ours");
    let theirs = sides.target.commit_onto("main", Some(&sides.base), "theirs");
    let inputs = sides.inputs();
    for unknown in ["", "null"] {
        assert_eq!(
            sides.run(&with_old(&inputs, unknown)),
            (2, 2, Some(theirs.clone()))
        );
    }
    for wrong in [&sides.base, &ours, &sides.target.zero(), &"1".repeat(40)] {
        assert_eq!(sides.run(&with_old(&inputs, wrong)), (3, 3, Some(theirs.clone())));
    }
    assert_eq!(sides.run(&with_old(&inputs, &theirs)), (0, 0, Some(ours)));
}

#[test]
fn a_refusal_of_the_target_is_2_or_3() {
    let sides = Sides::new(ObjectFormat::Sha1);
    sides.source.commit_onto("main", Some(&sides.base), "new");
    sides.target.hook("update", "exit 1");
    assert_eq!(sides.run(&sides.inputs()), (2, 2, None));
    assert_eq!(
        sides.run(&with_old(&sides.inputs(), &sides.target.zero())),
        (3, 3, None)
    );
}

#[test]
fn deletions_are_mirrored_only_when_asked_for() {
    let sides = Sides::new(ObjectFormat::Sha1);
    let value = sides.target.commit_onto("main", Some(&sides.base), "old");
    // Git refuses to delete the branch of HEAD.
    sides.target.symbolic_ref("HEAD", "refs/heads/elsewhere");
    let keep = sides.inputs();
    let delete = ScriptInputs {
        sync_delete: true,
        ..sides.inputs()
    };
    assert_eq!(sides.run(&keep), (0, 0, Some(value.clone())));
    assert_eq!(sides.run(&delete), (0, 0, None));
    sides.target.set_ref(MAIN, &value);
    assert_eq!(sides.run(&with_old(&delete, &value)), (0, 0, None));
    sides.target.set_ref(MAIN, &value);
    sides.target.hook("update", "exit 1");
    assert_eq!(sides.run(&delete), (1, 1, Some(value.clone())));
    assert_eq!(sides.run(&with_old(&delete, &value)), (1, 1, Some(value)));
}

#[test]
fn refsync_differs_where_it_says_so() {
    let sides = Sides::new(ObjectFormat::Sha1);
    let delete = ScriptInputs {
        sync_delete: true,
        ..sides.inputs()
    };
    // Deleting what is not there.
    assert_eq!(sides.run(&delete), (0, 0, None));
    assert_eq!(sides.run(&with_old(&delete, &sides.base)), (1, 0, None));
    // Deleting something else than was meant.
    sides.target.set_ref(MAIN, &sides.base);
    let wrong = with_old(&delete, &"1".repeat(40));
    assert_eq!(sides.run(&wrong), (1, 3, Some(sides.base.clone())));
    // A side that is not there.
    let nowhere = ScriptInputs {
        source_url: "file:///nonexistent".to_owned(),
        ..sides.inputs()
    };
    assert_eq!(sides.run(&nowhere), (1, 1, Some(sides.base.clone())));
    let nowhere = ScriptInputs {
        target_url: "file:///nonexistent".to_owned(),
        ..sides.inputs()
    };
    assert_eq!(sides.run(&nowhere), (0, 1, Some(sides.base.clone())));
    sides.source.commit_onto("main", Some(&sides.base), "new");
    assert_eq!(sides.run(&nowhere), (2, 1, Some(sides.base.clone())));
    assert_eq!(
        sides.run(&with_old(&nowhere, &sides.base)),
        (3, 1, Some(sides.base.clone()))
    );
}

#[test]
fn tags_never_move_without_the_old_value_and_may_be_on_anything() {
    let sides = Sides::new(ObjectFormat::Sha1);
    let inputs = ScriptInputs {
        reference: "refs/tags/v1".to_owned(),
        ..sides.inputs()
    };
    let mut old = None;
    let blob = sides.source.blob(b"alone");
    let newer = sides.source.commit_onto("main", Some(&sides.base), "newer");
    for object in [sides.base.clone(), newer, sides.source.tree_of(&sides.base), blob] {
        for annotated in [false, true] {
            let value = if annotated {
                sides.source.tag_annotated("v1", &object, "noted")
            } else {
                sides.source.tag_light("v1", &object);
                object.clone()
            };
            if let Some(old) = &old {
                assert_eq!(sides.run(&inputs), (2, 2, Some(String::clone(old))));
                assert_eq!(sides.run(&with_old(&inputs, old)), (0, 0, Some(value.clone())));
            } else {
                assert_eq!(sides.run(&inputs), (0, 0, Some(value.clone())));
            }
            old = Some(value);
        }
    }
    sides.target.fsck_strict();
}

#[test]
fn only_the_whole_name_counts() {
    let sides = Sides::new(ObjectFormat::Sha1);
    sides.source.set_ref("refs/remotes/refs/heads/main", &sides.base);
    assert_eq!(sides.run(&sides.inputs()), (0, 0, None));
    assert_eq!(sides.target.refs(), BTreeMap::new());
}

#[test]
fn tokens_reach_the_right_server() {
    use testkit::{Credentials, Then, When};
    let root = tmp();
    let source = Repo::bare(root.path().join("source.git"));
    let target = Repo::bare(root.path().join("target.git"));
    source.commit("main", "one");
    let server = HttpServer::start(root.path());
    server.on(
        When::any().under("/source.git"),
        Then::Authorize(Credentials::basic("git", "one")),
    );
    server.on(
        When::any().under("/target.git"),
        Then::Authorize(Credentials::basic("git", "two")),
    );
    let inputs = ScriptInputs {
        source_url: server.url("source.git"),
        target_url: server.url("target.git"),
        reference: MAIN.to_owned(),
        ..ScriptInputs::default()
    };
    let run = Run::new(require("sh"))
        .args(["-c", ScriptOracle::SHELL])
        .envs(testkit::git_environment())
        .envs(inputs.environment())
        .envs([("SOURCE_TOKEN", "one"), ("TARGET_TOKEN", "two")])
        .run();
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(target.refs(), source.refs());
}
