//! The objects that scenarios are made of.
//!
//! ```text
//! A ── B ── C ── Y      X, Y and V are known to the target alone
//! ├─── D
//! └─── X                U and V are roots of their own
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use testkit::{ObjectFormat, Repo};

/// What a reference may be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    A,
    B,
    C,
    D,
    U,
    X,
    Y,
    V,
    /// Annotated tags of commits: two of B, one of C, one of X, and a tag of a tag.
    TagOfB,
    OtherTagOfB,
    TagOfC,
    TagOfX,
    TagOfTag,
    /// Objects that are no commits, and annotated tags of them.
    Tree,
    OtherTree,
    Blob,
    TagOfTree,
    TagOfBlob,
}

/// What a branch may be set to on the target.
pub(crate) const COMMITS: &[Value] = &[
    Value::A,
    Value::B,
    Value::C,
    Value::D,
    Value::U,
    Value::X,
    Value::Y,
    Value::V,
];

/// What a tag may be set to on the target.
pub(crate) const ALL: &[Value] = &[
    Value::A,
    Value::B,
    Value::C,
    Value::D,
    Value::U,
    Value::X,
    Value::Y,
    Value::V,
    Value::TagOfB,
    Value::OtherTagOfB,
    Value::TagOfC,
    Value::TagOfX,
    Value::TagOfTag,
    Value::Tree,
    Value::OtherTree,
    Value::Blob,
    Value::TagOfTree,
    Value::TagOfBlob,
];

/// A repository with every value, to fetch from.
#[derive(Debug)]
pub(crate) struct Pool {
    repo: Repo,
    ids: BTreeMap<Value, String>,
}

impl Pool {
    pub(crate) fn new(path: &Path, format: ObjectFormat) -> Self {
        let repo = Repo::bare_with(path, format);
        repo.config("uploadpack.allowAnySHA1InWant", "true");
        let onto = |parent: Option<&str>, message: &str| repo.commit_onto("work", parent, message);
        let a = onto(None, "A");
        let b = onto(Some(&a), "B");
        let c = onto(Some(&b), "C");
        let d = onto(Some(&a), "D");
        let x = onto(Some(&a), "X");
        let y = onto(Some(&c), "Y");
        let u = onto(None, "U");
        let v = onto(None, "V");
        let tag = |object: &str, message: &str| repo.tag_annotated("work", object, message);
        let tag_of_b = tag(&b, "a tag");
        let tree = repo.tree_of(&b);
        let blob = repo.blob(b"a blob");
        let ids = BTreeMap::from([
            (Value::TagOfTag, tag(&tag_of_b, "a tag of a tag")),
            (Value::OtherTagOfB, tag(&b, "another tag")),
            (Value::TagOfC, tag(&c, "a tag")),
            (Value::TagOfX, tag(&x, "a tag")),
            (Value::TagOfTree, tag(&tree, "a tag of a tree")),
            (Value::TagOfBlob, tag(&blob, "a tag of a blob")),
            (Value::OtherTree, repo.tree_of(&x)),
            (Value::TagOfB, tag_of_b),
            (Value::Tree, tree),
            (Value::Blob, blob),
            (Value::A, a),
            (Value::B, b),
            (Value::C, c),
            (Value::D, d),
            (Value::X, x),
            (Value::Y, y),
            (Value::U, u),
            (Value::V, v),
        ]);
        for (value, id) in &ids {
            repo.set_ref(&format!("refs/pool/{value:?}"), id);
        }
        Self { repo, ids }
    }

    pub(crate) fn id(&self, value: Value) -> &str {
        &self.ids[&value]
    }

    pub(crate) fn format(&self) -> ObjectFormat {
        self.repo.format()
    }

    /// A bare repository at `path` with these references and no object that they do not need.
    pub(crate) fn repository(&self, path: &Path, references: &[(String, Value)]) -> Repo {
        let repo = Repo::bare_with(path, self.format());
        if !references.is_empty() {
            let specs: Vec<String> = references
                .iter()
                .map(|(name, value)| format!("{}:{name}", self.id(*value)))
                .collect();
            let url = self.repo.file_url();
            let mut arguments = vec!["fetch", "-q", "--no-tags", &url];
            arguments.extend(specs.iter().map(String::as_str));
            repo.git(&arguments);
        }
        repo
    }
}
