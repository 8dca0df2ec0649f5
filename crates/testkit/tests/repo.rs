//! The scenario builder, looked at through git itself.

use testkit::{ObjectFormat, Repo, tmp};

#[test]
fn commits_follow_each_other_in_both_object_formats() {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let repo = Repo::init(format);
        let first = repo.commit("main", "one");
        let second = repo.commit("main", "two");
        assert_eq!(first.len(), format.zero().len());
        assert_eq!(repo.resolve("refs/heads/main^"), first);
        assert_eq!(repo.resolve("refs/heads/main"), second);
        assert_eq!(repo.git(&["show", "main:message"]), "two");
        assert_eq!(repo.git(&["rev-parse", "--show-object-format"]), format.name());
        repo.fsck_strict();
    }
}

#[test]
fn the_same_steps_give_the_same_ids() {
    let build = || {
        let repo = Repo::init(ObjectFormat::Sha1);
        let first = repo.commit("main", "one");
        repo.commit_with_file("topic/x", "dir/file.bin", b"\0\xff");
        repo.merge("main", "topic/x", "merged");
        repo.tag_annotated("v1", &first, "first");
        repo.refs()
    };
    let refs = build();
    assert_eq!(refs, build());
    assert_eq!(
        refs.keys().collect::<Vec<_>>(),
        ["refs/heads/main", "refs/heads/topic/x", "refs/tags/v1"]
    );
}

#[test]
fn a_merge_has_two_parents_and_a_rewrite_has_the_given_one() {
    let repo = Repo::init(ObjectFormat::Sha1);
    let base = repo.commit("main", "base");
    repo.set_ref("refs/heads/side", &base);
    let side = repo.commit("side", "side");
    let main = repo.commit("main", "main");
    repo.merge("main", "side", "both");
    assert_eq!(
        repo.git(&["rev-parse", "main^1", "main^2"]),
        format!("{main}\n{side}")
    );
    repo.commit_onto("main", Some(&base), "rewritten");
    assert_eq!(repo.resolve("main^"), base);
    repo.commit_onto("main", None, "new root");
    assert_eq!(repo.git(&["rev-list", "--count", "main"]), "1");
    repo.fsck_strict();
}

#[test]
fn tags_can_be_on_any_object() {
    let repo = Repo::init(ObjectFormat::Sha1);
    let commit = repo.commit("main", "one");
    let blob = repo.blob(b"alone");
    repo.tag_light("light", &commit);
    repo.tag_light("tree", &repo.tree_of(&commit));
    repo.tag_light("blob", &blob);
    let tag = repo.tag_annotated("noted", &blob, "a blob");
    assert_eq!(repo.git(&["cat-file", "-t", "refs/tags/tree"]), "tree");
    assert_eq!(repo.git(&["cat-file", "-t", &tag]), "tag");
    assert_eq!(repo.resolve("refs/tags/noted^{}"), blob);
    repo.fsck_strict();
}

#[test]
fn references_are_set_deleted_and_symbolic() {
    let repo = Repo::init(ObjectFormat::Sha1);
    let commit = repo.commit("master", "one");
    repo.symbolic_ref("refs/heads/main", "refs/heads/master");
    assert_eq!(repo.get("refs/heads/main"), Some(commit.clone()));
    repo.delete_ref("refs/heads/main");
    assert_eq!(repo.get("refs/heads/main"), None);
    assert_eq!(repo.get("refs/heads/master"), Some(commit.clone()));
    repo.set_ref("refs/changes/01", &commit);
    assert!(repo.refs().contains_key("refs/changes/01"));
    assert!(repo.has(&commit));
    assert!(!repo.has(&"1".repeat(40)));
}

#[test]
#[should_panic(expected = "fsck")]
fn a_broken_repository_does_not_pass_fsck() {
    let repo = Repo::init(ObjectFormat::Sha1);
    let first = repo.commit("main", "one");
    repo.commit("main", "two");
    let (fan, rest) = first.split_at(2);
    std::fs::remove_file(repo.path().join("objects").join(fan).join(rest)).unwrap();
    repo.fsck_strict();
}

#[test]
fn a_hook_can_refuse_a_push() {
    let root = tmp();
    let source = Repo::bare(root.path().join("source.git"));
    let target = Repo::bare(root.path().join("target.git"));
    source.commit("main", "one");
    target.hook("update", "echo no such luck >&2; exit 1");
    let mut push = testkit::git(source.path());
    let output = push.args(["push", &target.file_url(), "main"]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("no such luck"));
    assert!(target.refs().is_empty());
}

#[test]
fn a_shallow_clone_lacks_history() {
    let root = tmp();
    let source = Repo::bare(root.path().join("source.git"));
    source.history("main", 10);
    let shallow = source.shallow_clone(root.path().join("shallow.git"), 3);
    assert_eq!(shallow.git(&["rev-list", "--count", "main"]), "3");
    assert_eq!(shallow.git(&["rev-parse", "--is-shallow-repository"]), "true");
}

#[test]
fn generated_histories_are_long_real_and_the_same_every_time() {
    let build = || {
        let repo = Repo::init(ObjectFormat::Sha1);
        let last = repo.history("main", 300);
        (repo, last)
    };
    let (repo, last) = build();
    assert_eq!(last, build().1);
    assert_eq!(repo.git(&["rev-list", "--count", "main"]), "300");
    let stat = repo.git(&["diff", "--shortstat", "main~9", "main"]);
    assert!(
        stat.contains("files changed") && stat.contains("deletion"),
        "{stat}"
    );
    repo.repack();
    repo.fsck_strict();
    assert_eq!(
        repo.git(&["rev-list", "--count", &repo.history("main", 5)]),
        "305"
    );
}

#[test]
fn a_big_blob_has_its_size_and_many_references_differ() {
    let repo = Repo::init(ObjectFormat::Sha1);
    repo.big_blob("main", "big.bin", 3_000_001);
    assert_eq!(repo.git(&["cat-file", "-s", "main:big.bin"]), "3000001");
    repo.many_refs("refs/heads/many", 500);
    let refs = repo.refs();
    let values: std::collections::BTreeSet<_> = refs.values().collect();
    assert_eq!((refs.len(), values.len()), (501, 501));
    assert_eq!(repo.git(&["rev-list", "--count", "refs/heads/many/00499"]), "500");
    repo.fsck_strict();
}

#[test]
fn an_opened_repository_goes_on_where_it_was() {
    let repo = Repo::init(ObjectFormat::Sha256);
    repo.commit("main", "same");
    let first = repo.commit("main", "same");
    let again = Repo::open(repo.path());
    assert_eq!(again.format(), ObjectFormat::Sha256);
    assert_ne!(again.commit("main", "same"), first);
    assert_eq!(repo.git(&["rev-list", "--count", "main"]), "3");
}

#[test]
fn a_worktree_repository_keeps_its_objects_inside() {
    let root = tmp();
    let repo = Repo::with_worktree(root.path().join("work"));
    repo.commit("main", "one");
    assert_eq!(repo.git_dir(), root.path().join("work/.git"));
    assert_eq!(repo.git(&["rev-parse", "--is-bare-repository"]), "false");
}
