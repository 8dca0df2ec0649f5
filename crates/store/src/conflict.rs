//! References that wait: for a person, or until a side changes.

use engine::decide::Base;
use engine::side::Both;
use gitwire::{Oid, RefName};

use crate::codec::{base, from_word, maybe_oid, ref_name};
use crate::db::{Row, args};
use crate::page::{Ask, Page};
use crate::{Store, StoreError, Time};

/// Why a reference waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Both sides changed, or a one-way mirror's target is out of sync.
    Conflict,
    /// The guard held it.
    Held,
    /// The server refuses it (protected, a hook): nothing to do until a side changes.
    Rejected,
    /// refsync refuses it for another reason.
    Refused,
    /// A deletion that is not mirrored: shown in the drift report, nothing to decide.
    Deletion,
    /// It is the target's own.
    TargetOnly,
}

/// A reference that waits, with the values it had: it is looked at again as soon as one of them differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub name: RefName,
    /// Why.
    pub why: Why,
    /// What either side had.
    pub seen: Both<Option<Oid>>,
    /// What both last agreed on.
    pub base: Base,
    /// In words, for people.
    pub text: String,
    /// The run that saw it.
    pub run: String,
    /// Since when it waits with that reason.
    pub since: Time,
}

/// A conflict as people list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The mirror.
    pub mirror: String,
    /// The reference and its values.
    pub standing: Standing,
}

/// References of a mirror that are refused for one reason, until a side changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusals {
    /// The mirror.
    pub mirror: String,
    /// The reason, for people.
    pub text: String,
    /// How many references.
    pub references: u64,
    /// Since when the first of them waits.
    pub since: Time,
}

/// A run that is to be approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub run: String,
    /// How many references wait for that.
    pub references: u64,
}

const STANDING: &str =
    "SELECT mirror, name, why, source, target, base_kind, base_value, words, run, since FROM standing";

pub(crate) fn standing(row: &Row) -> Result<Standing, StoreError> {
    Ok(Standing {
        name: ref_name(row, "name")?,
        why: from_word(row, "why")?,
        seen: Both {
            source: maybe_oid(row, "source")?,
            target: maybe_oid(row, "target")?,
        },
        base: base(row, "base_kind", "base_value")?,
        text: row.text("words")?,
        run: row.text("run")?,
        since: row.time("since")?,
    })
}

fn conflict(row: &Row) -> Result<Conflict, StoreError> {
    Ok(Conflict {
        mirror: row.text("mirror")?,
        standing: standing(row)?,
    })
}

/// Names need not be text: in cursors they are hexadecimal.
fn name_key(after: Option<String>) -> Result<Vec<u8>, StoreError> {
    let after = after.unwrap_or_default();
    hex::decode(&after).map_err(|_| StoreError::NotFound {
        what: "the page after this cursor".to_owned(),
    })
}

impl Store {
    /// Open conflicts, oldest first, of one mirror or all.
    pub async fn conflicts(&self, mirror: Option<&str>, ask: &Ask) -> Result<Page<Conflict>, StoreError> {
        let key = ask.key::<(i64, String, String)>()?;
        let (since, after, name) = key.unwrap_or((i64::MIN, String::new(), String::new()));
        let mut values = args![since, after, name_key(Some(name))?, ask.fetch()];
        let mut sql = format!("{STANDING} WHERE why = 'conflict' AND (since, mirror, name) > ($1, $2, $3)");
        if let Some(mirror) = mirror {
            values.push(mirror.into());
            sql.push_str(" AND mirror = $5");
        }
        sql.push_str(" ORDER BY since, mirror, name LIMIT $4");
        let rows = self.db().rows(sqlx::AssertSqlSafe(sql), values).await?;
        let items = rows.iter().map(conflict).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(items, ask, |item| {
            let name = hex::encode(item.standing.name.as_bytes());
            (item.standing.since.0, item.mirror.clone(), name)
        }))
    }

    /// How many conflicts are open.
    pub async fn conflict_count(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) AS total FROM standing WHERE why = 'conflict'";
        match self.db().first(sql, vec![]).await? {
            Some(row) => row.count("total"),
            None => Ok(0),
        }
    }

    /// What a host or refsync refuses to write until a side changes, by mirror and reason, the oldest first: at most `limit` of them, of
    /// all mirrors or of those with a label and its value.
    pub async fn refusals(
        &self,
        label: Option<(&str, &str)>,
        limit: u32,
    ) -> Result<Vec<Refusals>, StoreError> {
        let mut values = args![i64::from(limit)];
        let labelled = match label {
            None => "",
            Some((label, value)) => {
                values.extend(args![label, value]);
                " AND mirror IN (SELECT mirror FROM mirror_labels WHERE label = $2 AND value = $3)"
            }
        };
        let sql = format!(
            "SELECT mirror, words, count(*) AS total, min(since) AS since FROM standing \
             WHERE why IN ('rejected', 'refused'){labelled} GROUP BY mirror, words ORDER BY min(since), mirror, words LIMIT $1"
        );
        let rows = self.db().rows(sqlx::AssertSqlSafe(sql), values).await?;
        rows.iter()
            .map(|row| {
                Ok(Refusals {
                    mirror: row.text("mirror")?,
                    text: row.text("words")?,
                    references: row.count("total")?,
                    since: row.time("since")?,
                })
            })
            .collect()
    }

    /// One conflict; `NotFound` if it is no more.
    pub async fn conflict(&self, mirror: &str, name: &RefName) -> Result<Conflict, StoreError> {
        let sql = format!("{STANDING} WHERE mirror = $1 AND name = $2 AND why = 'conflict'");
        let row = self
            .db()
            .first(sqlx::AssertSqlSafe(sql), args![mirror, name])
            .await?;
        conflict(&row.ok_or_else(|| StoreError::NotFound {
            what: format!("a conflict of {name} in mirror {mirror}"),
        })?)
    }

    /// The runs to approve for what a run held or met held and still waits, and how many of its references each: itself for those that it
    /// held with the values that they still have, whichever run they wait under; else the one that they wait under, the oldest first, at
    /// most 100. None once nothing of it is held any more.
    pub async fn holders(&self, mirror: &str, run: &str) -> Result<Vec<Holder>, StoreError> {
        let sql = "SELECT holder, count(*) AS total FROM ( \
               SELECT CASE WHEN r.outcome = 'held' AND ( \
                 (r.side = 'target' AND r.old IS NOT DISTINCT FROM s.target AND r.new IS NOT DISTINCT FROM s.source) OR \
                 (r.side = 'source' AND r.old IS NOT DISTINCT FROM s.source AND r.new IS NOT DISTINCT FROM s.target)) \
               THEN $2 ELSE s.run END AS holder \
               FROM standing s JOIN run_refs r ON r.name = s.name \
               WHERE s.mirror = $1 AND s.why = 'held' AND r.run = $2 AND r.outcome IN ('held', 'standing')) AS waits \
             GROUP BY holder ORDER BY CASE WHEN holder = $2 THEN 0 ELSE 1 END, holder LIMIT 100";
        let rows = self.db().rows(sql, args![mirror, run]).await?;
        rows.iter()
            .map(|row| {
                Ok(Holder {
                    run: row.text("holder")?,
                    references: row.count("total")?,
                })
            })
            .collect()
    }

    /// All that waits or differs in a mirror, by name: the drift report.
    pub async fn standing(&self, mirror: &str, ask: &Ask) -> Result<Page<Standing>, StoreError> {
        let sql = format!("{STANDING} WHERE mirror = $1 AND name > $2 ORDER BY name LIMIT $3");
        let values = args![mirror, name_key(ask.key()?)?, ask.fetch()];
        let rows = self.db().rows(sqlx::AssertSqlSafe(sql), values).await?;
        let items = rows.iter().map(standing).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(items, ask, |item| hex::encode(item.name.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Outcome;
    use crate::queue::tests::stands;
    use crate::testing::*;

    on_both!(
        conflicts_are_listed_oldest_first_and_the_rest_is_in_the_drift_report,
        |fresh| {
            let store = &fresh.store;
            store.adopt(&[known("a"), known("b")], Time(0)).await.unwrap();
            let stand = [
                vec![
                    stands("late", Why::Conflict, '1', '2', 30),
                    stands("tag", Why::Refused, '1', '2', 5),
                ],
                vec![
                    stands("early", Why::Conflict, '1', '2', 10),
                    stands("mid", Why::Conflict, '3', '4', 20),
                ],
            ];
            for standing in stand {
                let claim = fresh.claim("w", Time(1)).await.unwrap();
                let outcome = Outcome {
                    standing,
                    ..Outcome::default()
                };
                store.finish(&claim, &outcome, Time(1)).await.unwrap();
            }
            let mut ask = Ask {
                after: None,
                limit: 2,
            };
            let first = store.conflicts(None, &ask).await.unwrap();
            ask.after = first.next;
            let rest = store.conflicts(None, &ask).await.unwrap();
            let all: Vec<_> = first
                .items
                .iter()
                .chain(&rest.items)
                .map(|conflict| conflict.standing.name.short().to_string())
                .collect();
            assert_eq!(all, ["early", "mid", "late"]);
            let of_a = store.conflicts(Some("a"), &Ask::default()).await.unwrap();
            assert_eq!(of_a.items.len(), 1);
            assert_eq!(
                store.conflict("a", &name("late")).await.unwrap().standing,
                stands("late", Why::Conflict, '1', '2', 30)
            );
            assert!(store.conflict("a", &name("tag")).await.is_err());
            let drift = store.standing("a", &Ask::default()).await.unwrap();
            assert_eq!(drift.items.len(), 2);
        }
    );

    on_both!(
        of_what_is_refused_those_of_a_label_are_the_oldest_of_that_label,
        |fresh| {
            let store = &fresh.store;
            let of = |name: &str, team: &str| {
                let mut known = known(name);
                known.labels = [("team".to_owned(), team.to_owned())].into();
                known
            };
            store
                .adopt(&[of("a", "core"), of("b", "pay")], Time(0))
                .await
                .unwrap();
            for _ in 0..2 {
                let claim = fresh.claim("w", Time(1)).await.unwrap();
                let since = if claim.mirror.as_deref() == Some("a") {
                    10
                } else {
                    20
                };
                let outcome = Outcome {
                    standing: vec![stands("x", Why::Rejected, '1', '2', since)],
                    ..Outcome::default()
                };
                store.finish(&claim, &outcome, Time(1)).await.unwrap();
            }
            let first = async |label| {
                let refusals = store.refusals(label, 1).await.unwrap();
                refusals.into_iter().map(|one| one.mirror).collect::<Vec<_>>()
            };
            assert_eq!(first(None).await, ["a"]);
            assert_eq!(first(Some(("team", "pay"))).await, ["b"]);
            assert!(first(Some(("team", "other"))).await.is_empty());
        }
    );
}
