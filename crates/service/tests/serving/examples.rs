//! The examples, run: their hosts replaced by servers of this machine that ask for the examples' tokens, their secrets put where they
//! are read from.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use config::{Config, Credential, Mirror};
use engine::decide::Direction;
use engine::side::Side;
use engine::url::RemoteUrl;
use hmac::{Hmac, KeyInit, Mac};
use hosts::Provider;
use hosts::provider::TokenStyle;
use serde_json::json;
use tempfile::TempDir;
use testkit::{Credentials, HttpServer, Repo, Serve, Then, When, tmp, until};

use crate::REFSYNC;

const PATIENCE: Duration = Duration::from_secs(120);

/// What a command of an example prints: `echo` takes its place.
const PRINTED: &str = "read -field=token git/github";

/// An example, and what stands in for what it needs.
struct Stage {
    folder: TempDir,
    config: Config,
    text: String,
    servers: BTreeMap<String, HttpServer>,
}

/// The value that is put where a secret is read from, by how that place is written.
fn value(place: &str) -> String {
    let name = place.trim_end_matches('}').rsplit([':', '/']).next();
    match place.starts_with("${command:") {
        true => PRINTED.to_owned(),
        false => format!("value-of-{}", name.expect("a place has a name")),
    }
}

fn host_of(url: &RemoteUrl) -> String {
    url.host().expect("examples name hosts")
}

fn path_of(url: &RemoteUrl) -> &str {
    match url {
        RemoteUrl::Http { url, .. } => url.path().trim_start_matches('/'),
        other => panic!("examples use https: {other}"),
    }
}

/// What a server wants to see of a credential.
fn shown(credential: &Credential) -> Credentials {
    let token = value(
        &credential
            .token
            .as_ref()
            .expect("examples have tokens")
            .to_string(),
    );
    match credential.provider.token_style() {
        TokenStyle::Basic { user } => Credentials::basic(user, &token),
        TokenStyle::TokenAsUser => Credentials::basic(&token, ""),
        TokenStyle::Bearer => Credentials::bearer(&token),
    }
}

impl Stage {
    fn of(example: &str) -> Stage {
        let examples = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples"));
        let file = examples.join(example);
        let text = fs::read_to_string(&file).expect("the example is there");
        let config = config::load::load(&file).unwrap_or_else(|problems| panic!("{problems}"));
        let folder = tmp();
        let mut stage = Stage {
            folder,
            config,
            text,
            servers: BTreeMap::new(),
        };
        stage.serve_hosts();
        stage.put_secrets();
        stage.replace();
        stage
    }

    /// A server for each host, which lets nobody in without the token.
    fn serve_hosts(&mut self) {
        for credential in self.config.credentials.values() {
            let host = credential.host.split('/').next().unwrap_or_default().to_owned();
            let root = self.folder.path().join(&host);
            fs::create_dir_all(&root).expect("the directory is the test's");
            let server = match credential.ca_file {
                Some(_) => HttpServer::start_tls(&root),
                None => HttpServer::start(&root),
            };
            server.on(When::any(), Then::Authorize(shown(credential)));
            self.servers.insert(host, server);
        }
    }

    fn put_secrets(&self) {
        let secrets = self.folder.path().join("run/secrets");
        fs::create_dir_all(&secrets).expect("the directory is the test's");
        for place in self.text.split("${file:").skip(1) {
            let path = place.split('}').next().unwrap_or_default();
            let name = Path::new(path).file_name().expect("a file has a name");
            fs::write(secrets.join(name), format!("{}\n", value(path))).expect("the directory is the test's");
        }
        let programs = self.folder.path().join("bin");
        fs::create_dir_all(&programs).expect("the directory is the test's");
        std::os::unix::fs::symlink(testkit::require("echo"), programs.join("vault"))
            .expect("nothing is there");
    }

    /// Writes the stand-ins into the example.
    fn replace(&mut self) {
        for credential in self.config.credentials.values() {
            let host = credential.host.split('/').next().unwrap_or_default();
            let server = &self.servers[host];
            let own = credential.host.replacen(host, &server.address().to_string(), 1);
            // What a well-known name tells must be said of another one.
            let provider = match Provider::of_host(host) {
                Some(provider) if !self.text.contains(&format!("provider: {}", provider.word())) => {
                    format!("\n    provider: {}", provider.word())
                }
                _ => String::new(),
            };
            self.text = self
                .text
                .replace(
                    &format!("    host: {}\n", credential.host),
                    &format!("    host: {own}{provider}\n"),
                )
                .replace(&format!("https://{host}/"), &format!("{}/", server.base_url()));
            if let Some(file) = &credential.ca_file {
                let own = server.ca_pem_path();
                self.text = self
                    .text
                    .replace(&*file.to_string_lossy(), &own.to_string_lossy());
            }
        }
        let here = self.folder.path().join("run");
        self.text = self.text.replace("/run/", &format!("{}/", here.display()));
        let lines = self.text.lines().filter(|line| !line.starts_with("version:"));
        self.text = lines
            .map(|line| match line.starts_with("database:") {
                true => format!("database: \"{}\"\n", testkit::postgres::database()),
                false => format!("{line}\n"),
            })
            .collect();
    }

    fn start(&self) -> Serve {
        let path = std::env::var("PATH").expect("there is a PATH");
        let programs: PathBuf = self.folder.path().join("bin");
        let mut serve = Serve::new(REFSYNC, self.folder.path().join("serve"), &self.text)
            .env("PATH", &format!("{}:{path}", programs.display()));
        for variable in self.config.secret_variables() {
            let value = match variable.ends_with("_URL") {
                true => "http://127.0.0.1:9/".to_owned(),
                false => format!("value-of-{variable}"),
            };
            serve = serve.env(&variable, &value);
        }
        serve.start()
    }

    /// The repositories of a mirror, empty.
    fn repositories(&self, mirror: &Mirror) -> [Repo; 2] {
        [Side::Source, Side::Target].map(|side| {
            let url = &mirror.ends.of(side).url;
            Repo::bare(self.folder.path().join(host_of(url)).join(path_of(url)))
        })
    }
}

/// Tells of a push as a side's host does, signed with the newest secret of its credential.
fn tell(serve: &Serve, mirror: &Mirror, side: Side, old: &str, new: &str) {
    let end = mirror.ends.of(side);
    let credential = end.credential.as_ref().expect("examples have credentials");
    let secret = credential.webhook_secret.first().expect("it takes webhooks");
    let url = end.url.to_string();
    let (signature, prefix, event, body) = match end.provider {
        Provider::Harness => (
            "x-harness-signature",
            "",
            ("x-harness-trigger", "branch_updated"),
            json!({"trigger": "branch_updated", "ref": {"name": "refs/heads/main"}, "old_sha": old, "sha": new,
                "repo": {"git_url": url}, "principal": {"uid": "ada"}}),
        ),
        Provider::Github => (
            "x-hub-signature-256",
            "sha256=",
            ("x-github-event", "push"),
            json!({"ref": "refs/heads/main", "before": old, "after": new, "repository": {"clone_url": url}}),
        ),
        Provider::Gitea => (
            "x-gitea-signature",
            "",
            ("x-gitea-event", "push"),
            json!({"ref": "refs/heads/main", "before": old, "after": new, "repository": {"clone_url": url}}),
        ),
        other => panic!("no example has a source of {}", other.word()),
    };
    let body = body.to_string();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(value(&secret.to_string()).as_bytes())
        .expect("any length is a key");
    mac.update(body.as_bytes());
    let signed = format!("{prefix}{}", hex::encode(mac.finalize().into_bytes()));
    let headers = [
        ("content-type", "application/json"),
        event,
        (signature, signed.as_str()),
    ];
    let answered = serve.request("POST", &format!("/hooks/{}/{side}", mirror.name), &headers, &body);
    assert_eq!(answered.status, 202, "{}", answered.body);
}

/// Starts an example, and pushes to every side that is read of these mirrors, or of all.
fn mirrors(example: &str, names: &[&str]) {
    let stage = Stage::of(example);
    let chosen: Vec<&Mirror> = match names {
        [] => stage.config.mirrors.values().map(|mirror| &**mirror).collect(),
        names => names.iter().map(|name| &*stage.config.mirrors[*name]).collect(),
    };
    let repositories: Vec<[Repo; 2]> = chosen.iter().map(|mirror| stage.repositories(mirror)).collect();
    let firsts: Vec<String> = repositories
        .iter()
        .map(|[source, _]| source.commit("main", "first"))
        .collect();
    let serve = stage.start();
    let reaches = |repo: &Repo, value: &str, why: &str| {
        until(why, PATIENCE, || {
            repo.get("refs/heads/main").is_some_and(|found| found == value)
        });
    };
    for ((mirror, [source, target]), first) in chosen.iter().zip(&repositories).zip(&firsts) {
        reaches(target, first, "what was there to be mirrored");
        let second = source.commit("main", "second");
        tell(&serve, mirror, Side::Source, first, &second);
        reaches(target, &second, "a push to the source to reach the target");
        if mirror.direction == Direction::TwoWay {
            let third = target.commit("main", "third");
            tell(&serve, mirror, Side::Target, &second, &third);
            reaches(source, &third, "a push to the target to reach the source");
        }
        target.fsck_strict();
    }
}

#[test]
fn one_repository_is_mirrored_from_any_host_to_any_other() {
    mirrors("mirror.yaml", &[]);
}

#[test]
fn one_repository_is_mirrored_from_harness_to_another_host() {
    mirrors("harness-to-other.yaml", &[]);
}

#[test]
fn one_repository_is_mirrored_from_another_host_to_harness() {
    mirrors("other-to-harness.yaml", &[]);
}

#[test]
fn one_repository_is_mirrored_both_ways() {
    mirrors("two-way.yaml", &[]);
}

#[test]
fn three_hundred_mirrors_come_from_one_template() {
    mirrors(
        "three-hundred-mirrors.yaml",
        &["pay-service-001", "core-auth", "web-site-050"],
    );
}
