//! Tokens of the API.

use secrecy::ExposeSecret;
use store::token::{Role, Token};

use super::{Caller, OpError, show};
use crate::api::model::token::{MadeToken, Role as RoleWord, TokenRequest};
use crate::app::App;

/// A token that is limited could otherwise make one that is not.
const LIMITED: &str = "a token that is limited to a label does not manage tokens";

/// The longest name.
const NAME: usize = 100;

/// All tokens, also those that are not valid any more.
pub(crate) async fn list(app: &App, caller: &Caller) -> Result<Vec<Token>, OpError> {
    caller.may(Role::Admin)?;
    caller.unlimited(LIMITED)?;
    Ok(app.store.tokens().await?)
}

/// Makes one. Its text is told here and never again.
pub(crate) async fn make(app: &App, caller: &Caller, request: &TokenRequest) -> Result<MadeToken, OpError> {
    caller.may(Role::Admin)?;
    caller.unlimited(LIMITED)?;
    let now = app.store.now();
    let name = request.name.trim();
    if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
        return Err(OpError::invalid(
            "name",
            format!("a name has 1 to {NAME} characters, none of them a control character"),
        ));
    }
    let label = request.label.as_deref().map(label).transpose()?;
    let expires = request.expires_at.map(|moment| moment.0);
    if expires.is_some_and(|end| end <= now) {
        return Err(OpError::invalid("expiresAt", "this is in the past"));
    }
    let role = match request.role {
        RoleWord::Read => Role::Read,
        RoleWord::Operate => Role::Operate,
        RoleWord::Admin => Role::Admin,
    };
    let (token, text) = app.store.make_token(name, role, label, expires, now).await?;
    let token = show::token(&token);
    let subject = format!("token {}", token.id);
    caller
        .did(app, "token.create", subject, None::<()>, Some(&token))
        .await;
    Ok(MadeToken {
        token,
        text: text.expose_secret().to_owned(),
    })
}

/// `team=pay`.
pub(crate) fn label(text: &str) -> Result<(&str, &str), OpError> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() && !value.trim().is_empty() => {
            Ok((key.trim(), value.trim()))
        }
        _ => Err(OpError::invalid("label", "a label is written as team=pay")),
    }
}

/// Revokes one. It may be the caller's own.
pub(crate) async fn revoke(app: &App, caller: &Caller, id: &str) -> Result<(), OpError> {
    let before = list(app, caller).await?;
    let before = before
        .iter()
        .find(|token| token.id == id)
        .ok_or_else(|| OpError::not_found(format!("token {}", super::caller::shown(id))))?;
    if before.revoked.is_some() {
        return Err(OpError::Conflict("the token is revoked already".into()));
    }
    app.store.revoke_token(id, app.store.now()).await?;
    let before = show::token(before);
    caller
        .did(
            app,
            "token.revoke",
            format!("token {id}"),
            Some(&before),
            None::<()>,
        )
        .await;
    Ok(())
}
