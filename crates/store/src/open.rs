//! Opening a database: the address, the file, the pools.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, ConnectOptions, Connection, Executor};

use crate::StoreError;
use crate::db::{Db, Dialect, LONGEST_WAIT};
use crate::failure::failed;
use crate::file::OpenFile;
use crate::server::Server;

/// How long a statement waits for another process's lock on a SQLite file, in milliseconds.
const BUSY_MS: u32 = if cfg!(test) { 200 } else { 5_000 };

/// How many connections read a SQLite file at a time.
const READERS: u32 = 4;

/// How many connections a process opens to PostgreSQL, one more listens.
const POSTGRES: u32 = 16;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(30);

/// How long one statement may take on PostgreSQL, and how long a transaction may lie idle: none takes nearly as long, and one that
/// waits for ever holds a connection, and perhaps locks, for ever.
const STATEMENT: &str = "60s";

/// Where a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Memory,
    File(PathBuf),
    Postgres,
}

impl Place {
    pub(crate) fn of(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres);
        }
        let Some(path) = url.strip_prefix("sqlite:") else {
            // The text is not repeated: it may hold a password.
            return Err(StoreError::Unusable(
                "the database's address must begin with sqlite: or postgres://, such as sqlite:refsync.db or postgres://user@host/name".to_owned(),
            ));
        };
        let path = path.strip_prefix("//").unwrap_or(path);
        match path {
            "" => Err(StoreError::Unusable(
                "the database's address names no file: it is like sqlite:refsync.db".to_owned(),
            )),
            ":memory:" => Ok(Self::Memory),
            path => Ok(Self::File(PathBuf::from(path))),
        }
    }
}

/// Opens the pools of a database; the file is made if it is not there.
pub(crate) async fn open(url: &SecretString) -> Result<Db, StoreError> {
    sqlx::any::install_default_drivers();
    match Place::of(url.expose_secret())? {
        Place::Memory => {
            // All that it holds goes with its last connection: there is one, and it stays.
            let options = options("sqlite::memory:")?;
            let pool = sqlite(1).connect_with(options).await.map_err(failed)?;
            Ok(Db::new(Dialect::Sqlite, pool.clone(), pool))
        }
        Place::File(path) => {
            make_private(&path)?;
            let options = options(&file_url(&path)?)?;
            // A pool would try again and again, and tell in the end that it took too long.
            let mut first = options
                .connect()
                .await
                .map_err(|error| at_path(&path, failed(error)))?;
            set_up(&mut first)
                .await
                .map_err(|error| at_path(&path, failed(error)))?;
            first.close().await.map_err(failed)?;
            let file = OpenFile::of(&path)?;
            let writer = sqlite(1).connect_lazy_with(options.clone());
            let reader = sqlite(READERS).connect_lazy_with(options);
            Ok(Db::new(Dialect::Sqlite, writer, reader).in_file(file))
        }
        Place::Postgres => {
            let pool = AnyPoolOptions::new()
                .max_connections(POSTGRES)
                .acquire_timeout(CONNECT)
                .after_connect(|connection, _| Box::pin(set_limits(connection)))
                .test_before_acquire(false)
                .before_acquire(|connection, meta| {
                    Box::pin(async move {
                        // A connection that lay idle may be dead (a restart, a firewall); one just used is not asked.
                        Ok(meta.idle_for < Duration::from_secs(2) || connection.ping().await.is_ok())
                    })
                });
            let server = Server::of(url)?;
            let options = options(url.expose_secret())?;
            // A pool would wait long for a server that is not there.
            let first = tokio::time::timeout(CONNECT, options.connect())
                .await
                .map_err(|_| server.unreachable(format!("no answer within {} s", CONNECT.as_secs())))?
                .map_err(|error| server.failed(error))?;
            first.close().await.map_err(|error| server.failed(error))?;
            let pool = pool.connect_lazy_with(options);
            Ok(Db::new(Dialect::Postgres, pool.clone(), pool).at(server))
        }
    }
}

fn options(url: &str) -> Result<AnyConnectOptions, StoreError> {
    let options = AnyConnectOptions::from_str(url).map_err(failed)?;
    Ok(options.disable_statement_logging())
}

fn sqlite(connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(LONGEST_WAIT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(set_up(connection)))
}

/// What every connection to PostgreSQL needs.
async fn set_limits(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    for limit in ["statement_timeout", "idle_in_transaction_session_timeout"] {
        let set = format!("SET {limit} = '{STATEMENT}'");
        connection
            .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(set)))
            .await?;
    }
    Ok(())
}

/// What every connection to a SQLite file needs.
async fn set_up(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    // FULL: a delivery that was answered survives a power cut, not only a killed process. Deliveries that come at once share one
    // commit, so that this costs little.
    let settings = [
        format!("PRAGMA busy_timeout = {BUSY_MS}"),
        "PRAGMA journal_mode = WAL".to_owned(),
        "PRAGMA synchronous = FULL".to_owned(),
        "PRAGMA foreign_keys = ON".to_owned(),
    ];
    for setting in settings {
        connection
            .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(setting)))
            .await?;
    }
    Ok(())
}

/// The file, readable by its owner alone; SQLite gives its companions the same mode.
fn make_private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path);
    made.map(drop).map_err(|error| {
        let advice = match error.kind() {
            std::io::ErrorKind::NotFound => "make its directory first",
            std::io::ErrorKind::StorageFull => "make room on its disk",
            _ => "check the path, and the owner and mode of the file and of its directory",
        };
        StoreError::Unusable(format!(
            "the database {} cannot be opened ({error}): {advice}",
            path.display()
        ))
    })
}

fn at_path(path: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Unusable(text) => StoreError::Unusable(format!("{}: {text}", path.display())),
        other => other,
    }
}

/// The address that sqlx decodes to exactly this path.
pub(crate) fn file_url(path: &Path) -> Result<String, StoreError> {
    let text = path.to_str().ok_or_else(|| {
        StoreError::Unusable(format!(
            "the database's path {} is no UTF-8: choose another",
            path.display()
        ))
    })?;
    let escaped: String = text.chars().map(escape).collect();
    Ok(format!("sqlite:{escaped}"))
}

fn escape(letter: char) -> String {
    match letter {
        '%' | '?' | '#' | ' ' => format!("%{:02x}", u32::from(letter)),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
