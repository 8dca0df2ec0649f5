//! Two repositories and a server for both, as most tests need them.

use tempfile::TempDir;
use testkit::{HttpServer, ObjectFormat, Repo, Request, Run, Service, Then, When, require, tmp};

use crate::mirror::Mirror;

/// `source.git` and `target.git` in one folder, both served over HTTP.
pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) source: Repo,
    pub(crate) target: Repo,
    pub(crate) server: HttpServer,
}

/// Requests to the source.
pub(crate) fn source(when: When) -> When {
    when.under("/source.git")
}

/// Requests to the target.
pub(crate) fn target(when: When) -> When {
    when.under("/target.git")
}

/// The listing of the source: its `info/refs`, and every call, which begins with an `ls-refs`.
pub(crate) fn source_listing() -> When {
    source(When::service(Service::UploadPack))
}

/// The listing of the target.
pub(crate) fn target_listing() -> When {
    target(When::discovery(Service::ReceivePack))
}

/// The push to the target.
pub(crate) fn push() -> When {
    target(When::call(Service::ReceivePack))
}

impl Scene {
    /// The source has three commits on `main`, the target nothing.
    pub(crate) fn new() -> Self {
        Self::with_format(ObjectFormat::Sha1)
    }

    /// The same in another object format.
    pub(crate) fn with_format(format: ObjectFormat) -> Self {
        let scene = Self::empty(format);
        for message in ["one", "two", "three"] {
            scene.source.commit("main", message);
        }
        scene
    }

    /// Both repositories are empty.
    pub(crate) fn empty(format: ObjectFormat) -> Self {
        let folder = tmp();
        Self {
            source: Repo::bare_with(folder.path().join("source.git"), format),
            target: Repo::bare_with(folder.path().join("target.git"), format),
            server: HttpServer::start(folder.path()),
            folder,
        }
    }

    /// The target has all that the source has.
    pub(crate) fn mirrored() -> Self {
        let scene = Self::new();
        scene.copy();
        scene
    }

    /// Gives the target all objects and references that the source has now, and no others.
    pub(crate) fn copy(&self) {
        self.source.git(&["pack-refs", "--all"]);
        for part in ["objects", "packed-refs"] {
            let copied = Run::new(require("cp"))
                .args(["-R", "-f"])
                .arg(self.source.git_dir().join(part))
                .arg(self.target.git_dir())
                .run();
            assert_eq!(copied.code, Some(0), "{}", copied.stderr);
        }
        assert_eq!(self.target.refs(), self.source.refs());
    }

    /// A mirror of both over HTTP.
    pub(crate) fn mirror(&self) -> Mirror {
        Mirror::new(&self.server.url("source.git"), &self.server.url("target.git"))
    }

    /// A mirror of both by their paths.
    pub(crate) fn local(&self) -> Mirror {
        Mirror::local(&self.source, &self.target)
    }

    /// The requests to the source that ask for a pack.
    pub(crate) fn fetches(&self) -> Vec<Request> {
        let mut requests = self.server.requests();
        requests.retain(|request| {
            request.path.starts_with("/source.git")
                && request.is_call(Service::UploadPack)
                && (request.body_contains(b"command=fetch") || request.body_contains(b"want "))
        });
        requests
    }

    /// The pushes to the target.
    pub(crate) fn pushes(&self) -> Vec<Request> {
        let mut requests = self.server.requests();
        requests.retain(|request| {
            request.path.starts_with("/target.git") && request.is_call(Service::ReceivePack)
        });
        requests
    }

    /// The target has the same references as the source, and nothing is wrong with it.
    #[track_caller]
    pub(crate) fn assert_same(&self) {
        assert_eq!(self.target.refs(), self.source.refs());
        self.target.fsck_strict();
    }
}

/// Asks git itself what a receive-pack tells of a repository first.
pub(crate) fn advertisement(repo: &Repo) -> String {
    let path = repo.path().display().to_string();
    repo.git(&["receive-pack", "--http-backend-info-refs", &path])
}

/// The request's body, as text.
pub(crate) fn text(request: &Request) -> String {
    String::from_utf8_lossy(&request.body).into_owned()
}

/// Refuses bodies of more than so many bytes once they have come: a server that answers earlier may not be heard.
pub(crate) fn limit(scene: &Scene, bytes: u64) {
    let larger = move |request: &Request| {
        let length = request
            .header("content-length")
            .and_then(|length| length.parse().ok());
        length.is_none_or(|length: u64| length > bytes)
    };
    let refuse = Then::Answer(testkit::Answer::status(413).after_body());
    scene.server.on(push().and(larger), refuse);
}

/// A rule that answers instead of git, with this content type and body.
pub(crate) fn answer(content_type: &str, body: Vec<u8>) -> Then {
    Then::Answer(
        testkit::Answer::status(200)
            .header("content-type", content_type)
            .body(body)
            .after_body(),
    )
}
