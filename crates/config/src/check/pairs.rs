//! Mirrors that get in each other's way.

use std::collections::HashMap;
use std::sync::Arc;

use engine::decide::Direction;
use engine::scope::Scope;
use engine::url::RemoteUrl;
use hosts::repository::RepositoryId;

use super::Findings;
use crate::checked::Mirror;
use crate::yaml::{At, Path};

/// What an address is compared by.
pub(crate) fn id(url: &RemoteUrl) -> String {
    let text = url.to_string();
    match url {
        RemoteUrl::Local(_) => text,
        _ => RepositoryId::of(&text).map_or(text, |id| id.as_str().to_owned()),
    }
}

/// A mirror with its place.
pub(crate) type Placed<'a> = (&'a Arc<Mirror>, At, &'a Path);

/// Finds mirrors between the same two repositories that cover the same references.
pub(crate) fn check(findings: &mut Findings, mirrors: &[Placed<'_>]) {
    let mut pairs: HashMap<[String; 2], Vec<(usize, bool)>> = HashMap::new();
    for (index, (mirror, ..)) in mirrors.iter().enumerate() {
        let source = id(&mirror.ends.source.url);
        let target = id(&mirror.ends.target.url);
        let straight = source <= target;
        let pair = if straight {
            [source, target]
        } else {
            [target, source]
        };
        pairs.entry(pair).or_default().push((index, straight));
    }
    let mut shared: Vec<_> = pairs.into_values().filter(|pair| pair.len() > 1).collect();
    shared.sort();
    for pair in shared {
        for (later, (index, straight)) in pair.iter().enumerate() {
            // With many mirrors of one pair, the first clash of each is enough.
            let earlier = pair[..later]
                .iter()
                .find(|(other, _)| overlap(mirrors[*other].0, mirrors[*index].0));
            if let Some((other, other_straight)) = earlier {
                report(
                    findings,
                    mirrors[*other].0,
                    mirrors[*index],
                    straight == other_straight,
                );
            }
        }
    }
}

fn report(findings: &mut Findings, first: &Mirror, (second, at, path): Placed<'_>, same_way: bool) {
    let both = format!(
        "`{}` ({}) covers some of the same references between the same repositories",
        first.name, first.origin
    );
    let two_way = [first, &**second]
        .iter()
        .any(|mirror| mirror.direction == Direction::TwoWay);
    if same_way && !two_way {
        let message = format!("{both}, the same way: one of the two does nothing but work");
        findings.warning(at, path, message);
    } else if [first, &**second].iter().any(|mirror| excludes(&mirror.scope)) {
        let message = format!(
            "{both}, perhaps: see that the exclusions keep them apart, or use one mirror with `direction: two-way`"
        );
        findings.warning(at, path, message);
    } else if two_way {
        let message = format!("{both}, and one of the two mirrors both ways: take the other one out");
        findings.problem(at, path, message);
    } else {
        let message = format!(
            "{both}, the other way: they would undo each other's changes; use one mirror with `direction: two-way`"
        );
        findings.problem(at, path, message);
    }
}

fn excludes(scope: &Scope) -> bool {
    scope.patterns().iter().any(|pattern| pattern.starts_with('^'))
}

/// Whether two scopes can cover the same reference, exclusions aside.
fn overlap(first: &Mirror, second: &Mirror) -> bool {
    let included = |mirror: &Mirror| -> Vec<String> {
        let patterns = mirror
            .scope
            .patterns()
            .iter()
            .filter(|pattern| !pattern.starts_with('^'));
        patterns.cloned().collect()
    };
    let second = included(second);
    included(first)
        .iter()
        .any(|one| second.iter().any(|other| patterns_meet(one, other)))
}

/// Whether some name fits both patterns, of which each has at most one `*`.
fn patterns_meet(one: &str, other: &str) -> bool {
    match (one.split_once('*'), other.split_once('*')) {
        (None, None) => one == other,
        (Some(pattern), None) => fits(other, pattern),
        (None, Some(pattern)) => fits(one, pattern),
        (Some((start, end)), Some((other_start, other_end))) => {
            (start.starts_with(other_start) || other_start.starts_with(start))
                && (end.ends_with(other_end) || other_end.ends_with(end))
        }
    }
}

fn fits(name: &str, (start, end): (&str, &str)) -> bool {
    name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::patterns_meet;

    #[test]
    fn patterns_meet_where_some_name_fits_both() {
        for (one, other) in [
            ("refs/heads/*", "refs/heads/main"),
            ("refs/heads/*", "refs/heads/release/*"),
            ("refs/heads/*/x", "refs/heads/a*"),
            ("refs/heads/main", "refs/heads/main"),
        ] {
            assert!(
                patterns_meet(one, other) && patterns_meet(other, one),
                "{one} {other}"
            );
        }
        for (one, other) in [
            ("refs/heads/*", "refs/tags/*"),
            ("refs/heads/a/*", "refs/heads/b/*"),
            ("refs/heads/*/x", "refs/heads/*/y"),
            ("refs/heads/a*a", "refs/heads/a"),
        ] {
            assert!(
                !patterns_meet(one, other) && !patterns_meet(other, one),
                "{one} {other}"
            );
        }
    }
}
