//! From the driver's errors to [`StoreError`]: what is busy, what a person must look at.

use crate::StoreError;

/// What a file that SQLite cannot read is told to be.
pub(crate) const NO_DATABASE: &str = "this is no database of refsync";

/// Sorts an error. The texts of databases name tables and columns, never values or addresses.
pub(crate) fn failed(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            by_code(&code, error.message())
        }
        sqlx::Error::Io(error) => StoreError::Unreachable(error.to_string()),
        sqlx::Error::PoolTimedOut => {
            StoreError::Busy("all connections were in use for too long; try again".to_owned())
        }
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            StoreError::Busy("its connection was closed".to_owned())
        }
        sqlx::Error::Tls(error) => StoreError::Unusable(format!("no secure connection to the database: {error}")),
        sqlx::Error::Configuration(_) => {
            StoreError::Unusable("the database's address cannot be read; it is like sqlite:refsync.db or postgres://user@host/name".to_owned())
        }
        other => StoreError::Database(other.to_string()),
    }
}

/// SQLite's codes are numbers, of which the low byte is the primary one (sqlite.org/rescode.html); PostgreSQL's are five
/// characters (its manual, appendix A).
fn by_code(code: &str, message: &str) -> StoreError {
    if code.len() != 5 {
        return by_sqlite_code(code.parse::<i64>().unwrap_or_default() & 0xff, message);
    }
    match code {
        // Serialization, deadlock, lock timeout, statement timeout, idle in a transaction for too long, too many connections,
        // shutting down, starting.
        "40001" | "40P01" | "55P03" | "57014" | "25P03" | "53300" | "57P01" | "57P02" | "57P03" => {
            StoreError::Busy(message.to_owned())
        }
        "53100" => StoreError::Unusable(format!(
            "the database's disk is full ({message}): make room on it"
        )),
        "25006" => StoreError::Unusable(format!(
            "the database takes no writes ({message}): is it a standby?"
        )),
        "28000" | "28P01" => StoreError::Unusable(format!(
            "the database refuses the user or the password ({message}): correct `database` in the configuration"
        )),
        "3D000" => StoreError::Unusable(format!(
            "{message}: create it, or correct `database` in the configuration"
        )),
        "42501" => StoreError::Unusable(format!(
            "the database's user lacks a right ({message}): make it the owner of its database"
        )),
        _ => StoreError::Database(message.to_owned()),
    }
}

fn by_sqlite_code(primary: i64, message: &str) -> StoreError {
    match primary {
        5 | 6 => StoreError::Busy(format!("another process holds it ({message}); try again")),
        8 => StoreError::Unusable(format!(
            "the database cannot be written ({message}): check the owner and mode of the file and of its directory"
        )),
        13 => StoreError::Unusable(format!(
            "the database's disk is full ({message}): make room on it"
        )),
        14 => StoreError::Unusable(format!(
            "the database cannot be opened ({message}): check the path, its owner and mode"
        )),
        10 => StoreError::Unusable(format!("the database's disk fails ({message}): check the disk")),
        11 => StoreError::Unusable(format!(
            "the database is damaged ({message}): restore a backup with `refsync db restore`"
        )),
        26 => StoreError::Unusable(format!(
            "{NO_DATABASE} ({message}): correct `database` in the configuration"
        )),
        _ => StoreError::Database(message.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_and_unusable_are_told_apart_on_both_databases() {
        for busy in ["5", "261", "517", "40001", "40P01", "57014", "25P03", "57P03"] {
            assert!(matches!(by_code(busy, "x"), StoreError::Busy(_)), "{busy}");
        }
        for unusable in [
            "8", "1032", "13", "14", "26", "11", "53100", "25006", "28P01", "3D000",
        ] {
            assert!(
                matches!(by_code(unusable, "x"), StoreError::Unusable(_)),
                "{unusable}"
            );
        }
        assert!(matches!(by_code("23505", "x"), StoreError::Database(_)));
    }
}
