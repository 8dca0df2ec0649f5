//! Which configuration is in force, where several processes share a database.
//!
//! Every process tells the database its mirrors, and what one of them lacks is parked: an older file, or a truncated one, must not do that to what
//! a newer one made. Configurations are numbered as they first come, and anew when somebody changes the file of a running process or
//! forces one. A process puts its own in force unless a live one has a newer one.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::db::{Dialect, Row, Tx, Value, args};
use crate::mirror::Known;
use crate::{Store, StoreError, Time};

/// A process, and the configuration that it has.
#[derive(Debug, Clone, Copy)]
pub struct Holder<'a> {
    /// The process.
    pub worker: &'a str,
    /// Of its configuration, the same that [`Store::report_worker`] is told.
    pub fingerprint: &'a str,
    /// For how long another process counts as alive after it was last heard of.
    pub alive: Duration,
}

/// Why a configuration is to be put in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// The process has it: it started, or mirrors made over the API changed.
    Held,
    /// Its file was changed while the process ran: that is newer than all others.
    Changed,
    /// A person insists: newer than all others, however many mirrors it lacks.
    Forced,
}

/// How a configuration stands among those of other processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It was put in force last.
    InForce,
    /// Another was, which no live process has any more, or which is older.
    Replaceable,
    /// A live process has a newer one.
    Older {
        /// That process.
        than: String,
    },
}

/// What became of the wish to put a configuration in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is.
    InForce,
    /// A live process has a newer one; nothing was changed.
    Older {
        /// That process.
        than: String,
    },
    /// It lacks more than a fifth of the mirrors, which would be parked; nothing was changed.
    LosesTooMany {
        /// How many it lacks.
        parked: usize,
        /// How many there are.
        of: usize,
    },
}

/// How many configurations are remembered: a process with an older one than these counts as new.
const REMEMBERED: i64 = 1_000;

/// One process at a time takes over; SQLite's write lock does that by itself.
const POSTGRES_LOCK: &str = "SELECT 1 AS one FROM (SELECT pg_advisory_xact_lock(7305809245022)) AS taken";

/// A configuration among the others, and the live process that has the newest of those that are newer.
const STANDING: &str = "SELECT taken, (SELECT max(taken) FROM configurations) AS last, \
    (SELECT w.id FROM workers w JOIN configurations c ON c.fingerprint = w.fingerprint \
     WHERE w.id <> $2 AND w.seen >= $3 AND c.number > own.number ORDER BY c.number DESC, w.id LIMIT 1) AS newer \
    FROM configurations own WHERE fingerprint = $1";

impl Store {
    /// How a process's configuration stands: cheap to ask again and again.
    pub async fn standing_of(&self, holder: &Holder<'_>, now: Time) -> Result<Standing, StoreError> {
        standing(self.db().first(STANDING, asked(holder, now)).await?)
    }

    /// Puts a configuration in force with [`Store::adopt`], unless a live process has a newer one or it loses too many mirrors. One that is in force
    /// already may lose any number: those were removed over the API.
    pub async fn take_over(
        &self,
        holder: &Holder<'_>,
        occasion: Occasion,
        mirrors: &[Known],
        now: Time,
    ) -> Result<Taken, StoreError> {
        let mut tx = self.begin().await?;
        if tx.dialect == Dialect::Postgres {
            tx.rows(POSTGRES_LOCK, vec![]).await?;
        }
        match standing(tx.first(STANDING, asked(holder, now)).await?)? {
            Standing::Older { than } if occasion == Occasion::Held => return Ok(Taken::Older { than }),
            Standing::InForce => {}
            _ if occasion == Occasion::Forced => {}
            _ => {
                if let Some(lost) = loses_too_many(&mut tx, mirrors).await? {
                    return Ok(lost);
                }
            }
        }
        note(&mut tx, holder.fingerprint, occasion).await?;
        self.adopt_in(tx, mirrors, now).await?;
        Ok(Taken::InForce)
    }
}

fn asked(holder: &Holder<'_>, now: Time) -> Vec<Value> {
    let alive = i64::try_from(holder.alive.as_millis()).unwrap_or(i64::MAX);
    args![holder.fingerprint, holder.worker, now.0.saturating_sub(alive)]
}

/// From the row of [`STANDING`], which a configuration that nobody put in force has none of.
fn standing(row: Option<Row>) -> Result<Standing, StoreError> {
    let Some(row) = row else {
        return Ok(Standing::Replaceable);
    };
    Ok(match row.maybe_text("newer")? {
        Some(than) => Standing::Older { than },
        None if row.int("taken")? == row.int("last")? => Standing::InForce,
        None => Standing::Replaceable,
    })
}

/// Of the mirrors of files, or of all of them with those made over the API, which may not fit a wrong file either.
async fn loses_too_many(tx: &mut Tx, mirrors: &[Known]) -> Result<Option<Taken>, StoreError> {
    let names: BTreeSet<&str> = mirrors.iter().map(|known| known.name.as_str()).collect();
    let sql = "SELECT m.name, (SELECT count(*) FROM made_mirrors d WHERE d.name = m.name) AS made FROM mirrors m WHERE m.parked = 0";
    let mut all = [(0_usize, 0_usize); 2];
    for row in tx.rows(sql, vec![]).await? {
        let lost = !names.contains(row.text("name")?.as_str());
        let of_files = row.int("made")? == 0;
        for (parked, of) in all.iter_mut().skip(usize::from(!of_files)) {
            *of += 1;
            *parked += usize::from(lost);
        }
    }
    let lost = all
        .into_iter()
        .find(|(parked, of)| parked.saturating_mul(5) > *of);
    Ok(lost.map(|(parked, of)| Taken::LosesTooMany { parked, of }))
}

/// Writes down that a configuration is in force, and whether it is the newest by that.
async fn note(tx: &mut Tx, fingerprint: &str, occasion: Occasion) -> Result<(), StoreError> {
    let sql =
        "SELECT coalesce(max(number), 0) AS number, coalesce(max(taken), 0) AS taken FROM configurations";
    let last = tx.first(sql, vec![]).await?;
    let last = last.ok_or_else(|| StoreError::Database("a maximum has no row".to_owned()))?;
    let (number, taken) = (last.int("number")?, last.int("taken")?);
    tx.exec(
        "INSERT INTO configurations (fingerprint, number, taken) VALUES ($1, $2, $3) ON CONFLICT (fingerprint) DO NOTHING",
        args![fingerprint, number + 1, taken + 1],
    )
    .await?;
    tx.exec(
        "UPDATE configurations SET taken = $2 WHERE fingerprint = $1 AND taken < $3",
        args![fingerprint, taken + 1, taken],
    )
    .await?;
    if occasion != Occasion::Held {
        tx.exec(
            "UPDATE configurations SET number = $2 WHERE fingerprint = $1 AND number < $3",
            args![fingerprint, number + 1, number],
        )
        .await?;
    }
    tx.exec(
        "DELETE FROM configurations WHERE number < $1 AND fingerprint <> $2",
        args![number.saturating_sub(REMEMBERED), fingerprint],
    )
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use crate::worker::Worker;

    const ALIVE: Duration = Duration::from_millis(100);

    fn holder(which: &'static str) -> Holder<'static> {
        // `b2` is the process b with the file 2.
        let (worker, fingerprint) = which.split_at(1);
        Holder {
            worker,
            fingerprint,
            alive: ALIVE,
        }
    }

    impl Fresh {
        /// A process that starts, or goes on, with a file and so many mirrors.
        async fn takes(&self, which: &'static str, occasion: Occasion, mirrors: usize, now: i64) -> Taken {
            let holder = holder(which);
            let mirrors: Vec<Known> = (0..mirrors)
                .map(|number| {
                    let mut known = known(&format!("m{number}"));
                    known.fingerprint = holder.fingerprint.to_owned();
                    known
                })
                .collect();
            let taken = self
                .store
                .take_over(&holder, occasion, &mirrors, Time(now))
                .await
                .unwrap();
            let worker = Worker {
                id: holder.worker.to_owned(),
                fingerprint: holder.fingerprint.to_owned(),
                since: Time(now),
                seen: Time(now),
                version: "0".to_owned(),
            };
            self.store.report_worker(&worker).await.unwrap();
            taken
        }

        /// The file that the first mirror was told by.
        async fn in_force(&self) -> String {
            self.store.mirror("m0").await.unwrap().known.fingerprint
        }
    }

    fn older(than: &str) -> Taken {
        Taken::Older {
            than: than.to_owned(),
        }
    }

    on_both!(
        an_older_file_changes_nothing_while_a_process_with_a_newer_one_lives,
        |fresh| {
            assert_eq!(fresh.takes("a1", Occasion::Held, 10, 0).await, Taken::InForce);
            assert_eq!(fresh.takes("b2", Occasion::Held, 11, 10).await, Taken::InForce);
            // It goes on, and another starts.
            assert_eq!(fresh.takes("a1", Occasion::Held, 10, 20).await, older("b"));
            assert_eq!(fresh.takes("c1", Occasion::Held, 10, 20).await, older("b"));
            assert_eq!(fresh.in_force().await, "2");
            let of = async |which, now| fresh.store.standing_of(&holder(which), Time(now)).await.unwrap();
            assert_eq!(of("b2", 20).await, Standing::InForce);
            assert_eq!(of("a1", 20).await, Standing::Older { than: "b".to_owned() });
            // Nobody with the newer one is left.
            assert_eq!(of("a1", 111).await, Standing::Replaceable);
            assert_eq!(fresh.takes("a1", Occasion::Held, 10, 111).await, Taken::InForce);
            assert_eq!(fresh.in_force().await, "1");
            // It is back, and newer still.
            assert_eq!(of("b2", 120).await, Standing::Replaceable);
            assert_eq!(fresh.takes("b2", Occasion::Held, 11, 120).await, Taken::InForce);
            assert_eq!(fresh.takes("a1", Occasion::Held, 10, 130).await, older("b"));
            assert_eq!(fresh.in_force().await, "2");
        }
    );

    #[tokio::test]
    async fn how_a_configuration_stands_is_told_while_somebody_else_writes() {
        let fresh = sqlite().await;
        fresh.takes("a1", Occasion::Held, 1, 0).await;
        let _writing = fresh.store.begin().await.unwrap();
        let holder = holder("a1");
        let standing = fresh.store.standing_of(&holder, Time(1));
        let standing = tokio::time::timeout(Duration::from_secs(20), standing).await;
        let standing = standing.expect("it waited for the writer").unwrap();
        assert_eq!(standing, Standing::InForce);
    }

    on_both!(
        what_a_person_changes_or_forces_is_newer_than_all_others,
        |fresh| {
            fresh.takes("a1", Occasion::Held, 10, 0).await;
            fresh.takes("b2", Occasion::Held, 10, 0).await;
            assert_eq!(fresh.takes("a1", Occasion::Changed, 10, 10).await, Taken::InForce);
            assert_eq!(fresh.takes("b2", Occasion::Held, 10, 10).await, older("a"));
            assert_eq!(fresh.takes("b2", Occasion::Forced, 10, 20).await, Taken::InForce);
            assert_eq!(fresh.takes("a1", Occasion::Held, 10, 20).await, older("b"));
        }
    );

    on_both!(
        a_file_that_lacks_over_a_fifth_of_the_mirrors_parks_none,
        |fresh| {
            fresh.takes("a1", Occasion::Held, 10, 0).await;
            let too_many = |parked| Taken::LosesTooMany { parked, of: 10 };
            for occasion in [Occasion::Held, Occasion::Changed] {
                assert_eq!(fresh.takes("a2", occasion, 7, 10).await, too_many(3));
                assert_eq!(fresh.takes("a0", occasion, 0, 10).await, too_many(10));
            }
            let parked = async || {
                fresh
                    .store
                    .mirror_counts()
                    .await
                    .unwrap()
                    .get(&crate::mirror::Health::Parked)
                    .copied()
            };
            assert_eq!(parked().await, None);
            assert_eq!(fresh.takes("a3", Occasion::Held, 8, 20).await, Taken::InForce);
            assert_eq!(parked().await, Some(2));
            assert_eq!(fresh.takes("a2", Occasion::Forced, 3, 30).await, Taken::InForce);
            assert_eq!(parked().await, Some(7));
            // What is in force may lose any number: they were removed over the API.
            assert_eq!(fresh.takes("a2", Occasion::Held, 0, 40).await, Taken::InForce);
            assert_eq!(parked().await, Some(10));
        }
    );

    on_both!(
        mirrors_made_over_the_api_do_not_make_up_for_those_of_a_file,
        |fresh| {
            fresh.takes("a1", Occasion::Held, 10, 0).await;
            let sql = "INSERT INTO made_mirrors (name, spec, version, created, changed) SELECT name, '{}', 1, 0, 0 FROM mirrors WHERE name > 'm1'";
            fresh.store.db().exec(sql, vec![]).await.unwrap();
            // One of the file's two is missing, one of ten in all.
            let mirrors: Vec<Known> = (1..10).map(|number| known(&format!("m{number}"))).collect();
            let taken = fresh
                .store
                .take_over(&holder("a2"), Occasion::Held, &mirrors, Time(2))
                .await;
            assert_eq!(taken.unwrap(), Taken::LosesTooMany { parked: 1, of: 2 });
        }
    );
}
