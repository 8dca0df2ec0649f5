//! Repositories to talk about.

use gitwire::{ObjectFormat, Oid, RefName, parse_oid};
use testkit::Repo;

pub(crate) const FORMATS: [ObjectFormat; 2] = [ObjectFormat::Sha1, ObjectFormat::Sha256];

pub(crate) fn repo(format: ObjectFormat) -> Repo {
    Repo::init(match format {
        ObjectFormat::Sha1 => testkit::ObjectFormat::Sha1,
        ObjectFormat::Sha256 => testkit::ObjectFormat::Sha256,
    })
}

pub(crate) fn id(hex: &str) -> Oid {
    parse_oid(hex.as_bytes()).unwrap()
}

pub(crate) fn name(name: &str) -> RefName {
    RefName::new(name).unwrap()
}

/// A repository with two branches, all kinds of tags, and a symbolic reference.
pub(crate) fn furnished(format: ObjectFormat) -> Repo {
    let repo = repo(format);
    repo.commit("main", "one");
    let two = repo.commit("main", "two");
    repo.commit("feature/x", "three");
    repo.merge("main", "feature/x", "four");
    let tag = repo.tag_annotated("v1", &two, "a release");
    repo.tag_annotated("v1-signed-off", &tag, "a tag of a tag");
    repo.tag_light("light", &two);
    let blob = repo.blob(b"a public key");
    repo.tag_annotated("key", &blob, "a tag of a file");
    repo.symbolic_ref("refs/heads/alias", "refs/heads/main");
    repo.set_ref("refs/notes/commits", &two);
    repo
}
