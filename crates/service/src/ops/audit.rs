//! Who changed what.

use store::audit::Entry;
use store::page::{Ask, Page};
use store::token::Role;

use super::{Caller, OpError, pages};
use crate::app::App;

/// Changes, newest first, of one subject or all. Who is limited to a label sees those of their mirrors.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    subject: Option<&str>,
    ask: Ask,
) -> Result<Page<Entry>, OpError> {
    caller.may(Role::Admin)?;
    let fetch = |ask: Ask| async move { app.store.audits(subject, &ask).await };
    pages::filtered(ask, fetch, |entry: &Entry| {
        let mirror = entry.subject.strip_prefix("mirror ").map(str::to_owned);
        async move {
            match mirror {
                Some(mirror) => caller.sees_mirror(app, &mirror).await,
                None => Ok(!caller.is_limited()),
            }
        }
    })
    .await
}
