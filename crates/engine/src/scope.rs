//! Which references a mirror covers.

use bstr::{BStr, BString, ByteSlice};
use gitwire::RefName;
use gix_refspec::parse::Operation;
use gix_refspec::{MatchGroup, RefSpec};

/// Patterns that say which references a mirror covers: full names, patterns whose one `*` crosses `/` as in refspecs, and either
/// with `^` before it to exclude, as in git-fetch(1).
#[derive(Debug, Clone)]
pub struct Scope {
    specs: Vec<RefSpec>,
    names: Vec<RefName>,
    texts: Vec<String>,
    within: Option<Box<Scope>>,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Nothing was given where a reference is needed.
    #[error(
        "a reference is empty: give a full name such as refs/heads/main, or a pattern such as refs/heads/*"
    )]
    Empty,
    /// An expression that a pipeline left unresolved.
    #[error("`{0}` is an expression that was not resolved, not a reference")]
    Unresolved(String),
    /// A short name.
    #[error("`{0}` is not a full reference name: did you mean refs/heads/{0} or refs/tags/{0}?")]
    Short(String),
    /// Git would not take it.
    #[error("`{0}` is neither a reference name nor a pattern with one *")]
    Malformed(String),
    /// Only exclusions.
    #[error("only exclusions were given: name what to include, such as refs/heads/*")]
    OnlyExclusions,
}

impl Default for Scope {
    /// All branches and tags.
    fn default() -> Self {
        Self::new(["refs/heads/*", "refs/tags/*"]).expect("both are patterns")
    }
}

impl Scope {
    /// Reads patterns.
    pub fn new<T: AsRef<str>>(patterns: impl IntoIterator<Item = T>) -> Result<Self, ScopeError> {
        let mut scope = Self {
            specs: Vec::new(),
            names: Vec::new(),
            texts: Vec::new(),
            within: None,
        };
        let mut includes = false;
        for text in patterns {
            let text = text.as_ref();
            includes |= !text.starts_with('^');
            scope.add(text)?;
        }
        if scope.specs.is_empty() {
            return Err(ScopeError::Empty);
        }
        if includes {
            Ok(scope)
        } else {
            Err(ScopeError::OnlyExclusions)
        }
    }

    fn add(&mut self, text: &str) -> Result<(), ScopeError> {
        let pattern = text.strip_prefix('^').unwrap_or(text);
        if pattern.trim().is_empty() || pattern == "null" {
            return Err(ScopeError::Empty);
        }
        if pattern.contains("<+") {
            return Err(ScopeError::Unresolved(text.into()));
        }
        if !pattern.starts_with("refs/") {
            return Err(ScopeError::Short(pattern.into()));
        }
        let malformed = || ScopeError::Malformed(text.into());
        // What a pattern stands for must be a name once its `*` is filled in.
        RefName::new(pattern.replacen('*', "x", 1)).map_err(|_| malformed())?;
        let spec = if text.starts_with('^') {
            text.to_owned()
        } else {
            format!("{text}:{text}")
        };
        let spec = gix_refspec::parse(BStr::new(&spec), Operation::Fetch).map_err(|_| malformed())?;
        if let Ok(name) = RefName::new(text) {
            self.names.push(name);
        }
        self.specs.push(spec.to_owned());
        self.texts.push(text.to_owned());
        Ok(())
    }

    /// What both cover: nothing that the outer scope leaves out is covered, whatever the patterns of this one say.
    #[must_use]
    pub fn within(self, outer: &Scope) -> Self {
        Self {
            within: Some(Box::new(outer.clone())),
            ..self
        }
    }

    /// Whether a reference is covered.
    pub fn covers(&self, name: &RefName) -> bool {
        if self.within.as_ref().is_some_and(|outer| !outer.covers(name)) {
            return false;
        }
        let null = gitwire::ObjectFormat::Sha1.null();
        let item = gix_refspec::match_group::Item {
            full_ref_name: name.as_bstr(),
            target: &null,
            object: None,
        };
        let group = MatchGroup::from_fetch_specs(self.specs.iter().map(RefSpec::to_ref));
        !group.match_lhs(std::iter::once(item)).mappings.is_empty()
    }

    /// Whether a reference was asked for by its full name.
    pub fn names(&self, name: &RefName) -> bool {
        self.names.contains(name) && self.covers(name)
    }

    /// The references that were asked for by their full names and are not excluded again.
    pub fn named(&self) -> impl Iterator<Item = &RefName> {
        self.names.iter().filter(|name| self.covers(name))
    }

    /// Whether every reference was asked for by its full name.
    pub fn is_names_only(&self) -> bool {
        self.names.len() == self.texts.iter().filter(|text| !text.starts_with('^')).count()
    }

    /// The prefixes to ask a server for: they cover the scope, and perhaps more.
    pub fn prefixes(&self) -> Vec<BString> {
        let included = self.texts.iter().filter(|text| !text.starts_with('^'));
        let mut all: Vec<BString> = included
            .map(|text| text.split('*').next().unwrap_or(text).into())
            .collect();
        all.sort();
        all.dedup_by(|longer, shorter| longer.starts_with(shorter.as_bytes()));
        all
    }

    /// The patterns as they were given.
    pub fn patterns(&self) -> &[String] {
        &self.texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> RefName {
        RefName::new(name).unwrap()
    }

    #[test]
    fn the_default_is_branches_and_tags() {
        let scope = Scope::default();
        assert!(scope.covers(&name("refs/heads/a/b")));
        assert!(scope.covers(&name("refs/tags/v1")));
        assert!(!scope.covers(&name("refs/pull/1/head")));
        assert!(!scope.is_names_only());
    }

    #[test]
    fn a_star_crosses_slashes_and_may_stand_in_the_middle() {
        let scope = Scope::new(["refs/pull/*/head", "^refs/pull/7/*"]).unwrap();
        assert!(scope.covers(&name("refs/pull/1/head")));
        assert!(scope.covers(&name("refs/pull/1/x/head")));
        assert!(!scope.covers(&name("refs/pull/1/merge")));
        assert!(!scope.covers(&name("refs/pull/7/head")));
        assert_eq!(scope.prefixes(), ["refs/pull/"]);
    }

    #[test]
    fn names_are_told_from_patterns() {
        let scope = Scope::new(["refs/heads/main", "refs/tags/*", "^refs/tags/tmp"]).unwrap();
        assert!(scope.names(&name("refs/heads/main")));
        assert!(!scope.names(&name("refs/tags/v1")));
        assert!(!scope.covers(&name("refs/heads/main2")));
        assert!(!scope.covers(&name("refs/tags/tmp")));
        assert!(
            Scope::new(["refs/heads/main", "^refs/heads/x"])
                .unwrap()
                .is_names_only()
        );
    }

    #[test]
    fn nothing_is_never_everything() {
        assert_eq!(Scope::new([""]).unwrap_err(), ScopeError::Empty);
        assert_eq!(Scope::new(["null"]).unwrap_err(), ScopeError::Empty);
        assert_eq!(Scope::new(["  "]).unwrap_err(), ScopeError::Empty);
        assert_eq!(Scope::new([] as [&str; 0]).unwrap_err(), ScopeError::Empty);
        assert_eq!(
            Scope::new(["^refs/heads/x"]).unwrap_err(),
            ScopeError::OnlyExclusions
        );
        assert!(matches!(
            Scope::new(["refs/heads/<+trigger.branch>"]).unwrap_err(),
            ScopeError::Unresolved(_)
        ));
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_words() {
        assert!(
            Scope::new(["main"])
                .unwrap_err()
                .to_string()
                .contains("refs/heads/main")
        );
        for text in [
            "refs/heads/*/*",
            "refs/heads/a b",
            "refs/heads/a..b",
            "refs/heads/a:refs/heads/b",
            "refs/",
        ] {
            assert!(
                matches!(Scope::new([text]).unwrap_err(), ScopeError::Malformed(_)),
                "{text}"
            );
        }
    }

    #[test]
    fn prefixes_are_few() {
        let scope = Scope::new(["refs/heads/main", "refs/heads/*", "refs/heads/feature/*"]).unwrap();
        assert_eq!(scope.prefixes(), ["refs/heads/"]);
    }
}
