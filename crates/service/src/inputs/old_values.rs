//! What a person says that references were before: `--reference-sha-old` and `--force-with-lease`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use engine::decide::{Hints, OldValue};
use engine::scope::Scope;
use gitwire::{RefName, parse_oid};

use super::variables::{Variables, is_none};
use super::{Flags, UsageError};

const OLD_FLAG: &str = "--reference-sha-old";
const OLD_VARIABLE: &str = "REFERENCE_SHA_OLD";
const LEASE: &str = "--force-with-lease";

/// Collects them as hints for each reference.
pub(super) fn hints(
    flags: &Flags,
    variables: &Variables,
    scope: &Scope,
) -> Result<BTreeMap<RefName, Hints>, UsageError> {
    let mut values = BTreeMap::new();
    if let Some((origin, text)) = told(flags, variables) {
        let value = old_value(origin, text)?;
        let name = only_name(scope).ok_or(UsageError::OldValueNeedsOneName(origin))?;
        values.insert(name, value);
    }
    for text in &flags.force_with_lease {
        let (name, value) = lease(text, scope)?;
        match values.entry(name) {
            Entry::Vacant(entry) => drop(entry.insert(value)),
            Entry::Occupied(entry) if *entry.get() == value => {}
            Entry::Occupied(entry) => return Err(UsageError::TwoOldValues(entry.key().to_string())),
        }
    }
    Ok(values
        .into_iter()
        .map(|(name, value)| {
            (
                name,
                Hints {
                    person: Some(value),
                    ..Hints::default()
                },
            )
        })
        .collect())
}

/// The flag or variable that tells an old value, if one does, for errors; and the text.
pub(super) fn told<'a>(flags: &'a Flags, variables: &'a Variables) -> Option<(&'static str, &'a str)> {
    let flag = flags.reference_sha_old.as_deref().map(|text| (OLD_FLAG, text));
    let variable = variables
        .reference_sha_old
        .as_deref()
        .map(|text| (OLD_VARIABLE, text));
    flag.or(variable).filter(|(_, text)| !is_none(text))
}

fn only_name(scope: &Scope) -> Option<RefName> {
    let mut names = scope.named();
    let name = names.next()?;
    (scope.is_names_only() && names.all(|other| other == name)).then(|| name.clone())
}

fn lease(text: &str, scope: &Scope) -> Result<(RefName, OldValue), UsageError> {
    // A reference name holds no colon.
    let (name, sha) = text
        .split_once(':')
        .ok_or_else(|| UsageError::Lease(text.into()))?;
    let name = RefName::new(name).map_err(|_| UsageError::Lease(text.into()))?;
    if !scope.covers(&name) {
        return Err(UsageError::LeaseOutOfScope(name.to_string()));
    }
    // As in git-push(1): nothing after the colon means that the reference must not exist.
    let value = if sha.is_empty() {
        OldValue::Absent
    } else {
        old_value(LEASE, sha)?
    };
    Ok((name, value))
}

fn old_value(origin: &'static str, text: &str) -> Result<OldValue, UsageError> {
    let text = text.trim();
    let id = parse_oid(text.as_bytes()).map_err(|_| UsageError::OldValue {
        origin,
        value: text.into(),
    })?;
    Ok(if id.is_null() {
        OldValue::Absent
    } else {
        OldValue::At(id)
    })
}
