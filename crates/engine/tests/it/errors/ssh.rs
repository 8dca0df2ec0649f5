//! What ssh says, in words of ours, with the side, and never with a prompt.

use testkit::{RefusedPort, Repo, Sshd, tmp};

use crate::apart::{self, Apart, Outcomes};

struct Scene {
    sshd: Sshd,
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        Self {
            sshd: Sshd::start(),
            folder: tmp(),
        }
    }

    /// A run to the target at this address, with these options for ssh.
    fn run(&self, apart: &Apart, url: &str, options: &str) -> Outcomes {
        let source = Repo::bare(self.folder.path().join("source.git"));
        source.commit("main", "one");
        let command = format!("{} {options}", self.sshd.ssh_command());
        let source = source.path().display().to_string();
        apart.run(&source, url, [("GIT_SSH_COMMAND", command)])
    }

    fn target(&self) -> String {
        let target = Repo::bare(self.folder.path().join("target.git"));
        self.sshd.url(target.path())
    }
}

#[track_caller]
fn assert_says(outcomes: &Outcomes, url: &str, words: &str) {
    let error = &outcomes.error;
    assert!(error.starts_with(&format!("target {url}: {words}")), "{error}");
    assert!(error.ends_with("(while listing references)"), "{error}");
    assert_eq!(outcomes.exit, 1);
}

#[test]
fn a_host_whose_key_is_not_known() {
    apart::test("errors::ssh::a_host_whose_key_is_not_known", |apart| {
        let scene = Scene::new();
        let url = scene.target();
        let outcomes = scene.run(apart, &url, "-o UserKnownHostsFile=/dev/null");
        assert_says(&outcomes, &url, "ssh does not trust the host's key: ");
    });
}

#[test]
fn a_host_that_has_another_key_than_before() {
    apart::test("errors::ssh::a_host_that_has_another_key_than_before", |apart| {
        let scene = Scene::new();
        let url = scene.target();
        let known = scene.folder.path().join("known_hosts");
        let another =
            std::fs::read_to_string(scene.sshd.ssh_config().with_file_name("identity.pub")).unwrap();
        let port = scene.sshd.address().port();
        std::fs::write(&known, format!("[127.0.0.1]:{port} {another}")).unwrap();
        let option = format!("-o UserKnownHostsFile={}", known.display());
        let outcomes = scene.run(apart, &url, &option);
        assert_says(&outcomes, &url, "ssh does not trust the host's key: ");
    });
}

#[test]
fn a_host_that_takes_none_of_the_keys() {
    apart::test("errors::ssh::a_host_that_takes_none_of_the_keys", |apart| {
        let scene = Scene::new();
        let url = scene.target();
        let outcomes = scene.run(apart, &url, "-o PubkeyAuthentication=no");
        assert_says(
            &outcomes,
            &url,
            "ssh: the host accepts none of the keys offered: ",
        );
        assert!(outcomes.error.contains("Permission denied (publickey)"));
    });
}

#[test]
fn a_host_that_has_no_address() {
    apart::test("errors::ssh::a_host_that_has_no_address", |apart| {
        let url = "ssh://nowhere.invalid/app.git";
        let outcomes = Scene::new().run(apart, url, "");
        assert_says(&outcomes, url, "host nowhere.invalid not found (");
    });
}

#[test]
fn a_port_where_no_ssh_server_listens() {
    apart::test("errors::ssh::a_port_where_no_ssh_server_listens", |apart| {
        let port = RefusedPort::take();
        let url = format!("ssh://{}/app.git", port.address());
        let outcomes = Scene::new().run(apart, &url, "");
        let words = format!("connection refused by {} (", port.address());
        assert_says(&outcomes, &url, &words);
    });
}

#[test]
fn a_path_without_a_repository() {
    apart::test("errors::ssh::a_path_without_a_repository", |apart| {
        let scene = Scene::new();
        let url = scene.sshd.url(&scene.folder.path().join("missing.git"));
        let outcomes = scene.run(apart, &url, "");
        assert_says(&outcomes, &url, "repository not found: ");
    });
}
