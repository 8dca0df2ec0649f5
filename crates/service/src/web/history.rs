//! The commits of a side since the base, for the page of a conflict.

use std::sync::Arc;

use config::Mirror;
use engine::side::Side;
use gitwire::Oid;

pub(super) use engine::history::History;

use crate::app::App;
use crate::work::look::Look;

/// Reads them from the side's server; the error is a sentence. Nothing is there of a side without the reference.
pub(super) async fn read(
    app: &Arc<App>,
    mirror: &Mirror,
    side: Side,
    value: Option<Oid>,
    base: Option<Oid>,
) -> Result<History, String> {
    let Some(value) = value else {
        return Ok(History::default());
    };
    let look = Look::prepare(app, mirror)
        .await
        .map_err(|error| error.to_string())?;
    let history = engine::history::history(&look.request, side, value, base).await;
    look.leave()
        .await
        .map_err(|error| format!("The commits cannot be read: {error}"))?;
    history.map_err(|error| format!("The commits cannot be read: {error}"))
}
