//! Who asks: the user name that goes with a token, and a user's git credential helpers, which are asked only once a server wants
//! to know.

#![expect(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use testkit::{Credentials, Finished, HttpServer, ObjectFormat, Repo, Run, Then, When, git_environment, tmp};

/// A source on the disk, and a target behind HTTP.
struct Scene {
    source: Repo,
    target: Repo,
    server: HttpServer,
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = tmp();
        let source = Repo::init(ObjectFormat::Sha1);
        source.commit("main", "one");
        let target = Repo::bare(folder.path().join("target.git"));
        let server = HttpServer::start(folder.path());
        Self {
            source,
            target,
            server,
            folder,
        }
    }

    /// The target takes only the user `me` with the password `right`.
    fn guarded() -> Self {
        let scene = Self::new();
        let only = Then::Authorize(Credentials::basic("me", "right"));
        scene.server.on(When::any(), only);
        scene
    }

    /// `refsync sync` from the source to an address of the target.
    fn sync(&self, target: &str) -> Run {
        Run::new(env!("CARGO_BIN_EXE_refsync"))
            .envs(git_environment())
            .arg("sync")
            .arg(self.source.path())
            .arg(target)
    }

    fn url(&self) -> String {
        self.server.url("target.git")
    }

    /// What the helper was asked.
    fn asked(&self) -> String {
        fs::read_to_string(self.folder.path().join("asked")).unwrap_or_default()
    }

    /// A git configuration with a helper that writes down what it is asked and knows this password of `me`.
    fn helper(&self, password: &str) -> PathBuf {
        let config = self.folder.path().join("gitconfig");
        let asked = self.folder.path().join("asked");
        let answer = format!("username=me\\npassword={password}\\n");
        let script = format!(
            "!f() {{ {{ echo \\\"$1\\\"; cat; }} >>'{}'; [ \\\"$1\\\" != get ] || printf '{answer}'; }}; f",
            asked.display()
        )
        .replace("\\n", "\\\\n");
        fs::write(&config, format!("[credential]\n\thelper = \"{script}\"\n")).unwrap();
        config
    }
}

#[track_caller]
fn assert_exit(finished: &Finished, code: i32) {
    assert_eq!(
        finished.code,
        Some(code),
        "{}\n{}",
        finished.stdout,
        finished.stderr
    );
}

#[test]
fn helpers_are_not_asked_where_nobody_wants_to_know() {
    let scene = Scene::new();
    let config = scene.helper("right");
    let finished = scene.sync(&scene.url()).env("GIT_CONFIG_GLOBAL", config).run();
    assert_exit(&finished, 0);
    assert_eq!(scene.target.refs(), scene.source.refs());
    assert_eq!(scene.asked(), "");
}

#[test]
fn helpers_are_asked_after_a_401_and_told_what_became_of_it() {
    let scene = Scene::guarded();
    let config = scene.helper("right");
    let finished = scene.sync(&scene.url()).env("GIT_CONFIG_GLOBAL", config).run();
    assert_exit(&finished, 0);
    assert_eq!(scene.target.refs(), scene.source.refs());
    let requests = scene.server.requests();
    assert!(
        !requests[0].is_authorized(),
        "nobody is sent before the server asks"
    );
    assert!(
        requests[1..]
            .iter()
            .all(|request| request.user.as_deref() == Some("me")),
        "{requests:?}"
    );
    let asked = scene.asked();
    let host = format!("protocol=http\nhost={}\n", scene.server.address());
    assert!(asked.starts_with(&format!("get\n{host}")), "{asked}");
    assert_eq!(asked.matches("get\n").count(), 1, "{asked}");
    assert!(asked.contains("store\n"), "{asked}");
    assert!(!asked.contains("erase\n"), "{asked}");
}

#[test]
fn a_helper_that_knows_another_password_is_told_to_forget_it() {
    let scene = Scene::guarded();
    let config = scene.helper("wr0ngPassword");
    let finished = scene.sync(&scene.url()).env("GIT_CONFIG_GLOBAL", config).run();
    assert_exit(&finished, 1);
    let said = format!("{}{}", finished.stdout, finished.stderr);
    assert!(said.contains("401 for user me"), "{said}");
    assert!(!said.contains("wr0ngPassword"), "{said}");
    let asked = scene.asked();
    assert!(asked.contains("erase\n") && !asked.contains("store\n"), "{asked}");
    assert!(scene.target.refs().is_empty());
}

#[test]
fn the_user_name_in_the_address_is_what_helpers_are_asked_for() {
    let scene = Scene::guarded();
    let config = scene.helper("right");
    let url = scene.url().replace("://", "://me@");
    let finished = scene.sync(&url).env("GIT_CONFIG_GLOBAL", config).run();
    assert_exit(&finished, 0);
    assert!(scene.asked().contains("\nusername=me\n"), "{}", scene.asked());
}

#[test]
fn a_token_is_taken_before_any_helper() {
    let scene = Scene::guarded();
    let config = scene.helper("right");
    let run = scene.sync(&scene.url()).env("GIT_CONFIG_GLOBAL", config);
    let finished = run.env("TARGET_TOKEN", "another").run();
    assert_exit(&finished, 1);
    assert!(
        finished.stderr.contains("401 for user git"),
        "{}",
        finished.stderr
    );
    assert_eq!(scene.asked(), "");
}

#[test]
fn without_a_helper_nobody_is_prompted() {
    let scene = Scene::guarded();
    let askpass = scene.folder.path().join("asked");
    let script = format!("touch '{}'; echo right", askpass.display());
    let finished = scene
        .sync(&scene.url())
        .env("GIT_ASKPASS", &script)
        .env("SSH_ASKPASS", &script)
        .run();
    assert_exit(&finished, 1);
    assert!(
        finished.stderr.contains("401 for an anonymous request"),
        "{}",
        finished.stderr
    );
    assert!(finished.stderr.contains("TARGET_TOKEN"), "{}", finished.stderr);
    assert!(!askpass.exists());
}

#[test]
fn a_token_goes_with_the_user_name_that_its_host_expects() {
    for (host, user) in [
        ("github.com", "x-access-token"),
        ("github.example.com", "x-access-token"),
        ("gitlab.com", "oauth2"),
        ("bitbucket.org", "x-token-auth"),
        ("git.example.com", "git"),
    ] {
        let scene = Scene::new();
        let only = Then::Authorize(Credentials::basic(user, "right"));
        scene.server.on(When::any(), only);
        // The server plays the proxy through which that host is reached.
        let run = scene
            .sync(&format!("http://{host}/target.git"))
            .env("http_proxy", scene.server.base_url());
        let finished = run.env("TARGET_TOKEN", "right").run();
        assert_exit(&finished, 0);
        assert_eq!(scene.target.refs(), scene.source.refs(), "{host}");
    }
}

#[test]
fn a_user_name_that_is_given_replaces_the_convention() {
    let scene = Scene::guarded();
    let run = scene
        .sync(&scene.url())
        .env("TARGET_USERNAME", "me")
        .env("TARGET_TOKEN", "right");
    assert_exit(&run.run(), 0);
    assert_eq!(scene.target.refs(), scene.source.refs());
}
