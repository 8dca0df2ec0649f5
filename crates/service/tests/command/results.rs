//! What a run prints, and where.

use testkit::{ObjectFormat, Repo, Run, require};

use crate::{everything, pair, refsync, sync};

/// What was printed, without the path of the target and what follows the counts.
fn stable(stdout: &str, target: &Repo) -> String {
    let text = stdout.replace(&target.path().display().to_string(), "TARGET");
    let lines = text
        .lines()
        .map(|line| line.rsplit_once("; ").map_or(line, |(counts, _)| counts));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_first_mirror_prints_one_line_per_reference_and_a_summary() {
    let (source, target) = pair();
    source.tag_light("v1", "main");
    let finished = sync(&source, &target, &[]);
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
    insta::assert_snapshot!(stable(&finished.stdout, &target), @"
    To TARGET
     * [new branch]      main -> main
     * [new tag]         v1 -> v1
    2 created
    ");
    assert_eq!(
        finished.stderr, "",
        "a run that is over at once tells no progress"
    );
    assert_eq!(target.refs(), source.refs());
}

#[test]
fn a_second_run_prints_the_summary_alone() {
    let (source, target) = pair();
    sync(&source, &target, &[]);
    let finished = sync(&source, &target, &[]);
    assert_eq!(stable(&finished.stdout, &target), "1 up to date");
    let named = sync(&source, &target, &["-r", "refs/heads/main"]);
    insta::assert_snapshot!(stable(&named.stdout, &target), @"
    To TARGET
     = [up to date]      main -> main
    1 up to date
    ");
}

#[test]
fn a_refusal_says_what_to_type_and_typing_it_helps() {
    let (source, target) = pair();
    sync(&source, &target, &[]);
    source.commit_onto("main", None, "rewritten");
    let finished = sync(&source, &target, &[]);
    assert_eq!(finished.code, Some(2), "{}", everything(&finished));
    assert!(
        finished
            .stdout
            .contains(" ! [refused]         main -> main (not a fast-forward)\n"),
        "{}",
        finished.stdout
    );

    let command = finished
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("hint:   refsync sync "))
        .unwrap();
    let again = refsync().arg("sync").args(command.split(' ')).run();
    assert_eq!(again.code, Some(0), "{}", everything(&again));
    assert!(
        again.stdout.contains("main -> main (forced, lease held)"),
        "{}",
        again.stdout
    );
    assert_eq!(target.refs(), source.refs());
}

#[test]
fn a_dry_run_prints_the_same_table_and_writes_nothing() {
    let (source, target) = pair();
    source.commit("feature", "two");
    let dry = sync(&source, &target, &["--dry-run"]);
    assert!(target.refs().is_empty());
    let wet = sync(&source, &target, &[]);
    let table = |text: &str| {
        text.lines()
            .filter(|line| line.starts_with(' '))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(table(&dry.stdout), table(&wet.stdout));
    assert_eq!(dry.stdout.matches("(dry run)").count(), 2, "{}", dry.stdout);
    assert!(!wet.stdout.contains("(dry run)"));
}

#[test]
fn quiet_is_silent_in_success_and_says_what_is_refused() {
    let (source, target) = pair();
    let finished = sync(&source, &target, &["-q"]);
    assert_eq!(everything(&finished), "\n");
    source.commit("side", "two");
    source.commit_onto("main", None, "rewritten");
    let finished = sync(&source, &target, &["-q"]);
    assert_eq!(finished.code, Some(2));
    assert!(
        finished.stdout.contains("[refused]") && !finished.stdout.contains("side"),
        "{}",
        finished.stdout
    );
}

#[test]
fn quiet_keeps_the_words_of_a_hook_for_a_failure() {
    let (source, target) = pair();
    target.hook("pre-receive", "echo 'policy: not today'; exit 1");
    let finished = sync(&source, &target, &["-q"]);
    assert_eq!(finished.code, Some(2), "{}", everything(&finished));
    assert!(
        finished.stderr.contains("remote (target): policy: not today"),
        "{}",
        finished.stderr
    );
}

#[test]
fn verbose_tells_the_steps_and_what_is_left_alone() {
    let (source, target) = pair();
    target.commit("own", "mine");
    let finished = sync(&source, &target, &["-v"]);
    assert!(
        finished
            .stdout
            .contains(" = [left alone]      own (on the target alone)\n"),
        "{}",
        finished.stdout
    );
    assert!(
        finished.stderr.contains("stage: listing references, "),
        "{}",
        finished.stderr
    );
    assert!(!sync(&source, &target, &[]).stdout.contains("own ("));
}

#[test]
fn two_v_show_the_packet_lines() {
    let (source, target) = pair();
    let finished = sync(&source, &target, &["-vv"]);
    assert!(finished.stderr.contains("TRACE"), "{}", finished.stderr);
    assert!(finished.stderr.contains("refs/heads/main"), "{}", finished.stderr);
}

#[test]
fn the_words_of_a_hook_are_shown_and_cannot_steer_the_terminal() {
    let (source, target) = pair();
    target.hook("update", r#"printf 'no \033]0;owned\007 way\n' >&2; exit 1"#);
    let finished = sync(&source, &target, &[]);
    assert_eq!(finished.code, Some(2));
    assert!(
        finished.stderr.contains("remote (target): no ]0;owned way\n"),
        "{:?}",
        finished.stderr
    );
    assert!(
        finished
            .stdout
            .contains(" ! [rejected]        main -> main (hook declined)\n"),
        "{}",
        finished.stdout
    );
    assert!(finished.stderr.contains("hint: main: "), "{}", finished.stderr);
}

#[test]
fn a_hostile_reference_name_is_shown_harmlessly() {
    let (source, target) = pair();
    let id = source.resolve("main");
    source.set_ref("refs/heads/\u{202e}niam\u{9b}", &id);
    let finished = sync(&source, &target, &[]);
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
    let shown = r" * [new branch]      \u{202e}niam\u{9b} -> \u{202e}niam\u{9b}";
    assert!(finished.stdout.contains(shown), "{}", finished.stdout);
    assert_eq!(target.refs(), source.refs());
}

#[test]
fn a_two_way_run_prints_a_block_for_each_side() {
    let (left, right) = pair();
    right.commit("theirs", "two");
    let finished = sync(&left, &right, &["--two-way"]);
    assert_eq!(finished.code, Some(0), "{}", everything(&finished));
    let block = |repo: &Repo| format!("To {}\n * [new branch]", repo.path().display());
    assert!(
        finished.stdout.contains(&block(&left)) && finished.stdout.contains(&block(&right)),
        "{}",
        finished.stdout
    );
    assert_eq!(left.refs(), right.refs());
}

#[test]
fn a_side_that_is_not_there_is_an_error_with_advice() {
    let (source, _) = pair();
    let missing = source.root().join("missing.git");
    let finished = refsync().arg("sync").arg(source.path()).arg(&missing).run();
    assert_eq!(
        (finished.code, finished.stdout.as_str()),
        (Some(1), ""),
        "{}",
        finished.stderr
    );
    let start = format!("error: target {}: ", missing.display());
    assert!(
        finished.stderr.contains(&start) && finished.stderr.contains("hint: "),
        "{}",
        finished.stderr
    );
}

#[test]
fn a_reader_that_leaves_early_is_no_failure_and_a_full_disk_is_one() {
    let (source, target) = pair();
    let shell = |script: &str| {
        let refsync = env!("CARGO_BIN_EXE_refsync");
        let run = Run::new(require("sh")).envs(testkit::git_environment());
        run.args(["-c", script, refsync])
            .arg(source.path())
            .arg(target.path())
            .run()
    };
    let full = shell("exec \"$0\" sync \"$1\" \"$2\" >/dev/full");
    assert_eq!(full.code, Some(1), "{}", full.stderr);
    assert!(
        full.stderr.contains("error: cannot write the result"),
        "{}",
        full.stderr
    );
    let closed = shell("\"$0\" sync --json-schema | exec sh -c 'exec <&-'; exec \"$0\" sync \"$1\" \"$2\"");
    assert_eq!((closed.code, closed.stderr.as_str()), (Some(0), ""));
}

#[test]
fn colours_are_for_terminals_or_for_those_who_ask() {
    let (source, target) = pair();
    let plain = sync(&source, &target, &["-n"]);
    assert!(!everything(&plain).contains('\u{1b}'));
    let run = refsync()
        .arg("sync")
        .arg(source.path())
        .arg(target.path())
        .arg("-n")
        .env("CLICOLOR_FORCE", "1");
    assert!(run.run().stdout.contains("\u{1b}[32m* [new branch]"));
}

#[test]
fn sha256_repositories_are_mirrored_too() {
    let source = Repo::init(ObjectFormat::Sha256);
    source.commit("main", "one");
    let target = Repo::init(ObjectFormat::Sha256);
    assert_eq!(sync(&source, &target, &[]).code, Some(0));
    source.commit("main", "two");
    let finished = sync(&source, &target, &[]);
    assert!(
        finished.stdout.contains("  main -> main\n"),
        "{}",
        everything(&finished)
    );
    assert_eq!(target.refs(), source.refs());
}
