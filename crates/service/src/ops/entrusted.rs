//! The credentials that a caller who is limited to a label may put into a mirror: those that mirrors with this label use already, for what
//! they use them. Otherwise a label would be all it takes to copy what another team's credential reads. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use config::Mirror;
use engine::decide::Direction;
use engine::side::Side;

use super::Caller;
use super::error::field;
use crate::api::model::problem::FieldError;

/// What a mirror does with a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It reads, and has hooks registered.
    Followed,
    /// It writes.
    Written,
}

/// What a mirror does with the credential of a side. A two-way mirror does both on either.
fn uses(mirror: &Mirror, side: Side) -> &'static [Use] {
    match (mirror.direction, side) {
        (Direction::TwoWay, _) => &[Use::Followed, Use::Written],
        (Direction::OneWay, Side::Source) => &[Use::Followed],
        (Direction::OneWay, Side::Target) => &[Use::Written],
    }
}

/// What is wrong with the credentials of a mirror that a caller makes or changes.
pub(super) fn foreign(
    caller: &Caller,
    mirrors: &BTreeMap<String, Arc<Mirror>>,
    wanted: &Mirror,
) -> Vec<FieldError> {
    let Some((key, value)) = &caller.token.label else {
        return Vec::new();
    };
    let seen = || mirrors.values().filter(|mirror| caller.sees(&mirror.labels));
    let mut errors = Vec::new();
    for side in [Side::Source, Side::Target] {
        let Some(credential) = &wanted.ends.of(side).credential else {
            continue;
        };
        let fitting = entrusted(seen(), uses(wanted, side));
        if fitting.contains(&credential.name.as_str()) {
            continue;
        }
        let fitting = match fitting.as_slice() {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        errors.push(field(
            &side.to_string(),
            format!(
                "your token is limited to the label {key}: {value}, and uses only credentials that mirrors with this label {} already: {fitting}. \
                 Ask for the first such mirror with a token without a label, or write it into the configuration file",
                what(uses(wanted, side)),
            ),
        ));
    }
    errors
}

/// The names of credentials that some of these mirrors use for all of this.
fn entrusted<'a>(mirrors: impl Iterator<Item = &'a Arc<Mirror>>, needed: &[Use]) -> Vec<&'a str> {
    let mut known: BTreeMap<&str, Vec<Use>> = BTreeMap::new();
    for mirror in mirrors {
        for side in [Side::Source, Side::Target] {
            if let Some(credential) = &mirror.ends.of(side).credential {
                known
                    .entry(&credential.name)
                    .or_default()
                    .extend(uses(mirror, side));
            }
        }
    }
    known
        .into_iter()
        .filter(|(_, known)| needed.iter().all(|one| known.contains(one)))
        .map(|(name, _)| name)
        .collect()
}

fn what(uses: &[Use]) -> &'static str {
    match uses {
        [Use::Followed] => "read with",
        [Use::Written] => "write with",
        _ => "read and write with",
    }
}

#[cfg(test)]
mod tests {
    use config::load;
    use engine::side::Both;

    use super::*;
    use crate::work::tests::fixture::caller;

    fn mirror(name: &str, team: &str, direction: &str, ends: Both<&str>) -> Mirror {
        let spec = serde_json::from_value(serde_json::json!({
            "name": name,
            "labels": {"team": team},
            "direction": direction,
            "source": format!("https://{}.example/app.git", ends.source),
            "target": format!("https://{}.example/copy.git", ends.target),
        }))
        .unwrap();
        load::mirror(&config(), &spec).unwrap()
    }

    fn config() -> config::Config {
        let directory = testkit::tmp();
        let path = directory.path().join("refsync.yaml");
        let mut text = "version: 1\ncredentials:\n".to_owned();
        for name in ["one", "two", "other"] {
            text.push_str(&format!(
                "  {name}: {{host: {name}.example, provider: gitea, token: '${{env:PATH}}'}}\n"
            ));
        }
        text.push_str("allowHosts: [open.example]\n");
        std::fs::write(&path, text).unwrap();
        load::load(&path).unwrap()
    }

    /// The sides whose credential is refused, in a world where team `core` mirrors one way from `one` to `two`.
    fn refused(label: Option<(&str, &str)>, direction: &str, source: &str, target: &str) -> Vec<String> {
        let known = [
            mirror(
                "core",
                "core",
                "one-way",
                Both {
                    source: "one",
                    target: "two",
                },
            ),
            mirror(
                "pay",
                "pay",
                "two-way",
                Both {
                    source: "one",
                    target: "other",
                },
            ),
        ];
        let known = known.map(|one| (one.name.clone(), Arc::new(one))).into();
        let wanted = mirror("new", "core", direction, Both { source, target });
        let errors = foreign(&caller(label), &known, &wanted);
        errors.into_iter().map(|error| error.path).collect()
    }

    #[test]
    fn a_label_uses_only_credentials_that_its_mirrors_use() {
        let core = Some(("team", "core"));
        assert_eq!(refused(core, "one-way", "one", "two"), [""; 0]);
        assert_eq!(refused(core, "one-way", "other", "two"), ["source"]);
        assert_eq!(refused(core, "one-way", "one", "other"), ["target"]);
        assert_eq!(refused(core, "one-way", "open", "open"), [""; 0], "as nobody");
        assert_eq!(refused(None, "two-way", "other", "other"), [""; 0]);
        assert_eq!(
            refused(Some(("team", "new")), "one-way", "one", "two"),
            ["source", "target"]
        );
    }

    #[test]
    fn a_credential_that_only_reads_for_a_label_writes_nothing_for_it() {
        let core = Some(("team", "core"));
        assert_eq!(refused(core, "one-way", "one", "one"), ["target"]);
        assert_eq!(refused(core, "one-way", "two", "two"), ["source"]);
        assert_eq!(refused(core, "two-way", "one", "two"), ["source", "target"]);
        assert_eq!(refused(Some(("team", "pay")), "two-way", "other", "one"), [""; 0]);
    }
}
