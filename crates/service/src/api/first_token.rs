//! The first token: whoever can read the files of the service can use its API.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use store::token::{Role, Token};

use crate::app::App;

/// Makes an admin token if none is valid (at the first start, or after all were revoked or expired), writes it to a file with mode 0600 beside the database (beside the configuration where the
/// database is no file), and logs the file's path.
///
/// `database` is the address that the store was opened with.
pub(crate) async fn first_token(app: &App, database: &SecretString) -> anyhow::Result<()> {
    let now = app.store.now();
    let is_valid = |token: &Token| {
        token.role == Role::Admin
            && token.label.is_none()
            && token.revoked.is_none()
            && token.expires.is_none_or(|end| end > now)
    };
    if app.store.tokens().await?.iter().any(is_valid) {
        return Ok(());
    }
    let file = place(app, database);
    let (token, text) = app
        .store
        .make_token("first admin", Role::Admin, None, None, now)
        .await?;
    if let Err(error) = write(&file, &text) {
        // A token that nobody can know is of no use, and would keep the next start from making one.
        app.store.revoke_token(&token.id, now).await?;
        return Err(error).with_context(|| {
            format!(
                "cannot write the first admin token to {}: let refsync write there",
                file.display()
            )
        });
    }
    tracing::info!(file = %file.display(), "made the first admin token: give it to `refsync` in REFSYNC_TOKEN, then keep it in a safe place");
    Ok(())
}

fn place(app: &App, database: &SecretString) -> PathBuf {
    let path = database.expose_secret().strip_prefix("sqlite:").and_then(|rest| {
        let path = rest.strip_prefix("//").unwrap_or(rest);
        let path = path.split('?').next().unwrap_or(path);
        (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(path))
    });
    match path {
        Some(path) => {
            let mut name = path.into_os_string();
            name.push(".admin-token");
            name.into()
        }
        None => app
            .place
            .as_ref()
            .and_then(|place| place.path.parent())
            .unwrap_or(Path::new(""))
            .join("refsync.admin-token"),
    }
}

/// Whole or not at all, and readable by its owner alone from the first moment.
fn write(file: &Path, text: &SecretString) -> std::io::Result<()> {
    let directory = match file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
    writeln!(temporary, "{}", text.expose_secret())?;
    temporary.as_file().sync_all()?;
    temporary.persist(file).map_err(|error| error.error)?;
    Ok(())
}
