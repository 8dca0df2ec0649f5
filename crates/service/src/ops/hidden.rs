//! References in scope that would be refused: the host makes them itself, or they cannot be written at all. Pure.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use config::Mirror;
use engine::decide::Refusal;
use engine::report::{Outcome, RefReport, Report};

use crate::api::model::check::{Check, CheckResult, CheckWhat};
use crate::api::model::name_text;

/// How many are named.
const NAMED: usize = 5;

/// What is known to be out of reach, before anything is pushed.
pub(super) fn hidden(mirror: &Mirror, report: &Report) -> Check {
    let mut families = BTreeSet::new();
    let mut refused: Vec<String> = Vec::new();
    for one in &report.references {
        if let Some(family) = family(mirror, one) {
            families.insert(family);
            refused.push(name_text(&one.name));
        } else if cannot_be_written(one) {
            refused.push(format!("{} ({})", name_text(&one.name), one.outcome));
        }
    }
    let invalid = report.invalid_names.len();
    let mut told = Vec::new();
    if !refused.is_empty() {
        let more = match refused.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        refused.truncate(NAMED);
        told.push(format!("would be refused: {}{more}", refused.join(", ")));
    }
    if invalid > 0 {
        told.push(format!("{invalid} names that Git does not take are left out"));
    }
    let check = |result, text| Check {
        side: None,
        what: CheckWhat::Hidden,
        result,
        text,
        advice: None,
    };
    if told.is_empty() {
        return check(
            CheckResult::Ok,
            "no reference in scope is known to be out of reach".to_owned(),
        );
    }
    Check {
        advice: advice(&families),
        ..check(CheckResult::Warning, told.join("; "))
    }
}

/// The family of references that the host of the written side keeps to itself, if this is one of them that would be written.
fn family(mirror: &Mirror, one: &RefReport) -> Option<&'static str> {
    let untouched = matches!(
        one.outcome,
        Outcome::UpToDate | Outcome::LeftAlone | Outcome::DeletionSkipped
    );
    if untouched {
        return None;
    }
    let provider = mirror.ends.of(one.to).provider;
    let families = provider.own_references().iter();
    families
        .copied()
        .find(|family| one.name.as_bytes().starts_with_str(family))
}

fn cannot_be_written(one: &RefReport) -> bool {
    matches!(
        one.outcome,
        Outcome::Refused(Refusal::Symbolic | Refusal::NoDelete | Refusal::NameCollision)
    )
}

fn advice(families: &BTreeSet<&str>) -> Option<String> {
    let patterns: Vec<String> = families.iter().map(|family| format!("`^{family}*`")).collect();
    (!patterns.is_empty()).then(|| {
        format!(
            "the host makes these itself and lets nobody write them: leave them out with {} in `references`",
            patterns.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use engine::side::{Both, Side};
    use gitwire::RefName;

    use super::*;

    fn mirror() -> Mirror {
        let spec: config::raw::MirrorSpec = serde_json::from_value(serde_json::json!({
            "name": "app",
            "source": "https://git.example.org/a/app.git",
            "target": {"url": "https://git.example.org/b/app.git", "provider": "github"},
            "references": ["refs/*"],
        }))
        .unwrap();
        let mut config = config::load::empty();
        config.allow_hosts = vec!["git.example.org".into()];
        config::load::mirror(&config, &spec).unwrap()
    }

    fn reference(name: &str, outcome: Outcome) -> RefReport {
        RefReport {
            name: RefName::new(name).unwrap(),
            to: Side::Target,
            old: None,
            new: gitwire::parse_oid("1".repeat(40).as_bytes()).ok(),
            outcome,
            old_told: false,
            seen: Both::default(),
        }
    }

    fn told(references: Vec<RefReport>) -> Check {
        let report = Report {
            references,
            ..Report::default()
        };
        hidden(&mirror(), &report)
    }

    #[test]
    fn what_the_target_keeps_to_itself_is_told_before_it_is_refused() {
        let check = told(vec![
            reference("refs/heads/main", Outcome::Created),
            reference("refs/pull/7/head", Outcome::Created),
        ]);
        assert_eq!(check.result, CheckResult::Warning);
        assert_eq!(check.text, "would be refused: refs/pull/7/head");
        assert!(check.advice.unwrap().contains("`^refs/pull/*`"));
    }

    #[test]
    fn what_is_not_written_is_not_refused() {
        let check = told(vec![
            reference("refs/pull/7/head", Outcome::LeftAlone),
            reference("refs/heads/pull", Outcome::Created),
        ]);
        assert_eq!(check.result, CheckResult::Ok, "{check:?}");
        assert_eq!(check.advice, None);
    }

    #[test]
    fn thousands_are_a_sentence() {
        let many = (0..2_000)
            .map(|number| reference(&format!("refs/pull/{number}/head"), Outcome::Created))
            .collect();
        assert!(told(many).text.ends_with(" and 1995 more"));
    }
}
