//! The ways to settle a conflict, and what each writes where on which lease. Pure.

use crate::api::model::conflict::Conflict;
use crate::api::model::{self, Side};
use crate::web::pages::confirm::Wish;
use crate::web::pages::rows::cut;
use crate::web::trouble::Trouble;

pub(super) struct ChoiceOf {
    pub(super) key: &'static str,
    pub(super) word: String,
    pub(super) writes: Vec<Wish>,
}

/// What can be done, and what each writes where on which lease.
pub(super) fn choices(conflict: &Conflict) -> Vec<ChoiceOf> {
    let two_way = conflict.choices.contains(&Side::Target);
    let mut all = vec![ChoiceOf {
        key: "source",
        word: "Take the source's".into(),
        writes: wishes(conflict, Side::Source, false),
    }];
    if !two_way {
        return all;
    }
    all.push(ChoiceOf {
        key: "target",
        word: "Take the target's".into(),
        writes: wishes(conflict, Side::Target, false),
    });
    if conflict.source.is_some() && conflict.target.is_some() {
        for (key, side) in [("both-source", Side::Source), ("both-target", Side::Target)] {
            all.push(ChoiceOf {
                key,
                word: format!("Keep both, prefer the {side}'s"),
                writes: wishes(conflict, side, true),
            });
        }
    }
    all
}

/// The writes of a choice, in their order.
pub(super) fn wishes(conflict: &Conflict, take: Side, keep_both: bool) -> Vec<Wish> {
    let (taken, lost, to) = match take {
        Side::Source => (&conflict.source, &conflict.target, Side::Target),
        Side::Target => (&conflict.target, &conflict.source, Side::Source),
    };
    let mut all = Vec::new();
    if keep_both && let Some(lost) = lost {
        let name = parked_name(&conflict.reference, lost);
        for side in [to, take] {
            all.push(Wish {
                name: name.clone(),
                to: side,
                old: None,
                new: Some(lost.clone()),
            });
        }
    }
    all.push(Wish {
        name: cut(&conflict.reference),
        to,
        old: lost.clone(),
        new: taken.clone(),
    });
    all
}

/// Where the value that is not taken is kept.
fn parked_name(reference: &str, value: &str) -> String {
    let parked = model::name_of_text(reference)
        .zip(gitwire::parse_oid(value.as_bytes()).ok())
        .and_then(|(name, value)| crate::work::parked(&name, value).ok());
    parked.map_or_else(
        || "refs/heads/refsync/parked/…".to_owned(),
        |name| cut(&model::name_text(&name)),
    )
}

/// A choice, by the word of its button.
pub(super) fn chosen(word: &str) -> Result<(Side, bool), Trouble> {
    match word {
        "source" => Ok((Side::Source, false)),
        "target" => Ok((Side::Target, false)),
        "both-source" => Ok((Side::Source, true)),
        "both-target" => Ok((Side::Target, true)),
        _ => Err(Trouble::bad(
            "choose one of the ways that the conflict's page shows",
        )),
    }
}

#[cfg(test)]
mod tests {
    use store::Time;

    use super::*;

    fn conflict() -> Conflict {
        Conflict {
            mirror: "app".into(),
            reference: "refs/heads/main".into(),
            source: Some("1".repeat(40)),
            target: Some("2".repeat(40)),
            base: Some("3".repeat(40)),
            text: "both sides changed".into(),
            since: Time(0).into(),
            run: "r".into(),
            choices: vec![Side::Source, Side::Target],
        }
    }

    fn told(wish: &Wish) -> (String, Side, Option<char>, Option<char>) {
        let first = |id: &Option<String>| id.as_deref().and_then(|id| id.chars().next());
        (wish.name.clone(), wish.to, first(&wish.old), first(&wish.new))
    }

    #[test]
    fn each_choice_says_what_is_written_where_on_which_lease() {
        let choices = choices(&conflict());
        let writes: Vec<_> = choices
            .iter()
            .flat_map(|choice| &choice.writes)
            .map(told)
            .collect();
        let main = || "refs/heads/main".to_owned();
        assert_eq!(writes[0], (main(), Side::Target, Some('2'), Some('1')));
        assert_eq!(writes[1], (main(), Side::Source, Some('1'), Some('2')));
        assert!(
            writes[2].0.starts_with("refs/heads/refsync/parked/main"),
            "{}",
            writes[2].0
        );
        assert_eq!(
            (writes[2].1, writes[2].2, writes[2].3),
            (Side::Target, None, Some('2'))
        );
    }

    #[test]
    fn a_one_way_mirror_has_one_choice() {
        let mut conflict = conflict();
        conflict.choices = vec![Side::Source];
        assert_eq!(choices(&conflict).len(), 1);
    }

    #[test]
    fn taking_the_side_that_deleted_deletes() {
        let mut conflict = conflict();
        conflict.source = None;
        let writes = wishes(&conflict, Side::Source, false);
        assert_eq!(
            told(&writes[0]),
            ("refs/heads/main".to_owned(), Side::Target, Some('2'), None)
        );
    }
}
