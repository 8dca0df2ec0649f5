//! OpenSSH's server, through real git.

use std::process::Output;

use testkit::{FaultProxy, ObjectFormat, Repo, Sshd, git};

fn run(repo: &Repo, sshd: &Sshd, more: &str, arguments: &[&str]) -> Output {
    let mut command = git(repo.path());
    command
        .env("GIT_SSH_COMMAND", format!("{}{more}", sshd.ssh_command()))
        .env("GIT_TRACE_PACKET", "1");
    command.args(arguments).output().expect("git can be started")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn git_pushes_and_lists_over_ssh_in_the_version_that_the_server_lets_through() {
    let source = Repo::init(ObjectFormat::Sha1);
    source.history("main", 50);
    for (sshd, version_2) in [(Sshd::start(), true), (Sshd::start_version_0(), false)] {
        let target = Repo::init(ObjectFormat::Sha1);
        let url = sshd.url(target.path());
        let pushed = run(&source, &sshd, "", &["push", "-q", &url, "main"]);
        assert!(pushed.status.success(), "{}{}", stderr(&pushed), sshd.log());
        assert_eq!(target.refs(), source.refs());
        target.fsck_strict();
        let scp_like = format!("127.0.0.1:{}", target.path().display());
        let listed = run(&source, &sshd, "", &["ls-remote", &scp_like]);
        assert!(String::from_utf8_lossy(&listed.stdout).contains("refs/heads/main"));
        assert_eq!(stderr(&listed).contains("version 2"), version_2);
        assert_eq!((sshd.connections(), sshd.sessions()), (2, 2));
    }
}

#[test]
fn shared_connections_can_be_counted() {
    let repo = Repo::init(ObjectFormat::Sha1);
    repo.commit("main", "one");
    let sshd = Sshd::start();
    let url = sshd.url(repo.path());
    let control = testkit::tmp();
    let shared = format!(
        " -o ControlMaster=auto -o ControlPersist=60 -o ControlPath={}/%C",
        control.path().display()
    );
    for _ in 0..3 {
        assert!(run(&repo, &sshd, &shared, &["ls-remote", &url]).status.success());
    }
    assert_eq!((sshd.connections(), sshd.sessions()), (1, 3));
}

#[test]
fn an_unknown_key_or_host_is_refused() {
    let repo = Repo::init(ObjectFormat::Sha1);
    let (sshd, other) = (Sshd::start(), Sshd::start());
    let url = sshd.url(repo.path());
    let strange = run(&repo, &other, "", &["ls-remote", &url]);
    assert!(!strange.status.success());
    assert!(
        stderr(&strange).contains("Host key verification failed"),
        "{}",
        stderr(&strange)
    );
    let unauthorized = run(
        &repo,
        &other,
        " -o StrictHostKeyChecking=no",
        &["ls-remote", &url],
    );
    assert!(
        stderr(&unauthorized).contains("Permission denied"),
        "{}",
        stderr(&unauthorized)
    );
    assert_eq!(sshd.connections(), 0);
}

#[test]
fn sessions_end_with_the_server() {
    let repo = Repo::init(ObjectFormat::Sha1);
    repo.commit("main", "one");
    let sshd = Sshd::start();
    let proxy = FaultProxy::start(sshd.address());
    let mut ssh = std::process::Command::new(testkit::require("ssh"));
    ssh.arg("-F")
        .arg(sshd.ssh_config())
        .args(["-p", &proxy.address().port().to_string()]);
    ssh.args(["-o", "StrictHostKeyChecking=no", "127.0.0.1", "sleep 600"]);
    let mut ssh = testkit::Process::spawn(ssh);
    let long = std::time::Duration::from_secs(30);
    testkit::until("the session to start", long, || sshd.sessions() == 1);
    drop(sshd);
    testkit::until("the client to notice", long, || ssh.ended().is_some());
    // 255 for the lost connection, or 137 where the session's own end by SIGKILL came through first.
    assert!(matches!(ssh.wait().code(), Some(255 | 137)));
}
