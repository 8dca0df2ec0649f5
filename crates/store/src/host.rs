//! What all processes must know of a host: how many may ask at a time, when it wants to be left alone, which secret it refused.

use std::collections::HashSet;
use std::time::Duration;

use crate::db::{Tx, args};
use crate::{Store, StoreError, Time};

/// So many of a host's slots.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// How many.
    pub slots: u32,
    /// How many the host has.
    pub of: u32,
    /// Where too few are free, nobody else takes one before this holder has them, as long as it asks again and again.
    pub insists: bool,
}

/// The slot of whoever insists.
const INSISTING: i64 = -1;

/// For how long somebody is thought to insist who does not ask again.
const INSISTS: Duration = Duration::from_secs(2);

/// Takes a slot that is free, has lapsed, or is this holder's.
async fn take(
    tx: &mut Tx,
    host: &str,
    slot: i64,
    holder: &str,
    until: Time,
    now: Time,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO host_slots (host, slot, holder, until) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (host, slot) DO UPDATE SET holder = excluded.holder, until = excluded.until \
               WHERE host_slots.until <= $5 OR host_slots.holder = excluded.holder";
    let changed = tx.exec(sql, args![host, slot, holder, until, now]).await?;
    Ok(changed == 1)
}

impl Store {
    /// Takes `wanted` of a host's slots, for at most `lease`, or none of them; true if they were taken.
    pub async fn take_slots(
        &self,
        host: &str,
        wanted: Wanted,
        holder: &str,
        lease: Duration,
        now: Time,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT slot, holder FROM host_slots WHERE host = $1 AND until > $2";
        let mut taken = HashSet::new();
        let mut is_first_in_line = true;
        for row in self.db().rows(sql, args![host, now]).await? {
            let slot = row.int("slot")?;
            is_first_in_line &= slot != INSISTING || row.text("holder")? == holder;
            taken.insert(slot);
        }
        if !is_first_in_line {
            return Ok(false);
        }
        let free: Vec<i64> = (0..i64::from(wanted.of))
            .filter(|slot| !taken.contains(slot))
            .collect();
        if free.len() < wanted.slots as usize {
            if wanted.insists {
                let mut tx = self.begin().await?;
                take(&mut tx, host, INSISTING, holder, now + INSISTS, now).await?;
                tx.commit().await?;
            }
            return Ok(false);
        }
        let mut tx = self.begin().await?;
        let mut left = wanted.slots;
        // In the order of their numbers, so that no two transactions wait for each other.
        for slot in free {
            if left == 0 {
                break;
            }
            left -= u32::from(take(&mut tx, host, slot, holder, now + lease, now).await?);
        }
        // Others were quicker.
        if left > 0 {
            return Ok(false);
        }
        if taken.contains(&INSISTING) {
            let sql = "DELETE FROM host_slots WHERE host = $1 AND slot = $2 AND holder = $3";
            tx.exec(sql, args![host, INSISTING, holder]).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// A holder's slots hold until then.
    pub async fn renew_slots(&self, host: &str, holder: &str, until: Time) -> Result<(), StoreError> {
        let sql = "UPDATE host_slots SET until = $3 WHERE host = $1 AND holder = $2";
        self.db().exec(sql, args![host, holder, until]).await.map(drop)
    }

    /// Gives a holder's slots back. Those that lapsed and are another's by now stay the other's.
    pub async fn give_slots(&self, host: &str, holder: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM host_slots WHERE host = $1 AND holder = $2";
        self.db().exec(sql, args![host, holder]).await.map(drop)
    }

    /// The host wants to be left alone until then; the latest of several wishes counts.
    pub async fn hush(&self, host: &str, until: Time) -> Result<(), StoreError> {
        let sql = "INSERT INTO hosts (host, hushed_until) VALUES ($1, $2) ON CONFLICT (host) DO UPDATE SET \
                   hushed_until = CASE WHEN hosts.hushed_until > excluded.hushed_until THEN hosts.hushed_until \
                   ELSE excluded.hushed_until END";
        self.db().exec(sql, args![host, until]).await.map(drop)
    }

    /// Until when hosts want to be left alone.
    pub async fn hushed(&self, now: Time) -> Result<Vec<(String, Time)>, StoreError> {
        let sql = "SELECT host, hushed_until FROM hosts WHERE hushed_until > $1 ORDER BY host";
        let rows = self.db().rows(sql, args![now]).await?;
        rows.iter()
            .map(|row| Ok((row.text("host")?, row.time("hushed_until")?)))
            .collect()
    }

    /// The host refused a credential's secret, of which this is the salted hash. The same secret refused again keeps its `since`.
    pub async fn refuse_secret(
        &self,
        credential: &str,
        hash: &str,
        status: u16,
        now: Time,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO refused_secrets (credential, hash, status, since, probed) VALUES ($1, $2, $3, $4, $4) \
                   ON CONFLICT (credential) DO UPDATE SET status = excluded.status, probed = excluded.probed, \
                     since = CASE WHEN refused_secrets.hash = excluded.hash THEN refused_secrets.since ELSE excluded.since END, \
                     hash = excluded.hash";
        let values = args![credential, hash, i64::from(status), now];
        self.db().exec(sql, values).await.map(drop)
    }

    /// The refused secrets: credential, hash, status, since when, last tried.
    pub async fn refused_secrets(&self) -> Result<Vec<RefusedSecret>, StoreError> {
        let sql = "SELECT credential, hash, status, since FROM refused_secrets ORDER BY credential";
        let rows = self.db().rows(sql, vec![]).await?;
        rows.iter()
            .map(|row| {
                Ok(RefusedSecret {
                    credential: row.text("credential")?,
                    hash: row.text("hash")?,
                    status: row.count("status")?,
                    since: row.time("since")?,
                })
            })
            .collect()
    }

    /// It works again.
    pub async fn accept_secret(&self, credential: &str) -> Result<(), StoreError> {
        let known = self
            .db()
            .first(
                "SELECT status FROM refused_secrets WHERE credential = $1",
                args![credential],
            )
            .await?;
        if known.is_none() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        let sql = "DELETE FROM refused_secrets WHERE credential = $1";
        tx.exec(sql, args![credential]).await?;
        self.commit_and_wake(tx).await
    }

    /// Takes the right to try a refused secret once more, at most every `every`; true if it was given.
    pub async fn may_probe(&self, credential: &str, every: Duration, now: Time) -> Result<bool, StoreError> {
        let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
        let sql = "UPDATE refused_secrets SET probed = $2 WHERE credential = $1 AND probed <= $3";
        let given = self
            .db()
            .exec(sql, args![credential, now, now.0.saturating_sub(every)])
            .await?;
        Ok(given == 1)
    }

    /// What sweeps found that no webhook told, by credential, since the hour of that time.
    pub async fn found_by_sweeps(&self, since: Time) -> Result<Vec<(String, u64)>, StoreError> {
        let rows = self
            .db()
            .rows(
                "SELECT credential, CAST(sum(found) AS BIGINT) AS found FROM sweep_finds WHERE hour > $1 \
                 GROUP BY credential ORDER BY credential",
                args![since.0.saturating_sub(3_600_000)],
            )
            .await?;
        rows.iter()
            .map(|row| Ok((row.text("credential")?, row.count("found")?)))
            .collect()
    }
}

/// A secret that a host refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedSecret {
    /// The credential's name.
    pub credential: String,
    /// The salted hash of the value.
    pub hash: String,
    /// 401 or 403.
    pub status: u16,
    /// Since when.
    pub since: Time,
}

#[cfg(test)]
mod tests;
