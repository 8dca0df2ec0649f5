//! Webhooks: the endpoints of a mirror, set up on the hosts; deliveries, taken once more.

use store::delivery::Delivery;
use store::token::Role;

use super::{Caller, OpError, deliveries};
use crate::api::model::hook::{Hook, Registration};
use crate::app::App;
use crate::hooks::{self, RedeliverError};

/// The endpoints of a mirror.
pub(crate) async fn endpoints(app: &App, caller: &Caller, name: &str) -> Result<Vec<Hook>, OpError> {
    caller.mirror(app, name).await?.configured()?;
    Ok(hooks::endpoints(app, name))
}

/// Creates or repairs the hooks on the hosts; `rotate` writes the secrets anew.
pub(crate) async fn register(
    app: &App,
    caller: &Caller,
    name: &str,
    rotate: bool,
) -> Result<Vec<Registration>, OpError> {
    caller.may(Role::Admin)?;
    caller.mirror(app, name).await?.configured()?;
    let registered = hooks::register(app, name, rotate).await;
    caller
        .did(
            app,
            "hook.register",
            format!("mirror {name}"),
            None::<()>,
            Some(&registered),
        )
        .await;
    Ok(registered)
}

/// Takes a delivery once more; gives the new one.
pub(crate) async fn redeliver(app: &App, caller: &Caller, id: &str) -> Result<Delivery, OpError> {
    caller.may(Role::Operate)?;
    let first = deliveries::show(app, caller, id).await?;
    let again = match hooks::redeliver(app, &first.id, &caller.token.name).await {
        Err(RedeliverError::Refused(why)) => return Err(OpError::Conflict(why)),
        Err(RedeliverError::Store(error)) => return Err(error.into()),
        Ok(again) => again,
    };
    let subject = match &first.mirror {
        Some(mirror) => format!("mirror {mirror}"),
        None => format!("delivery {}", first.id),
    };
    caller
        .did(
            app,
            "delivery.redeliver",
            subject,
            Some(&first.id),
            Some(&again.id),
        )
        .await;
    Ok(again)
}
