//! The commits of a side since the base, for the page of a conflict.

use config::Mirror;
use engine::side::Side;
use gitwire::Oid;

pub(super) use engine::history::History;

use crate::app::App;

/// Reads them from the side's server; the error is a sentence. Nothing is there of a side without the reference.
pub(super) async fn read(
    app: &App,
    mirror: &Mirror,
    side: Side,
    value: Option<Oid>,
    base: Option<Oid>,
) -> Result<History, String> {
    let Some(value) = value else {
        return Ok(History::default());
    };
    let request = crate::work::look::request(app, mirror)
        .await
        .map_err(|error| error.to_string())?;
    engine::history::history(&request, side, value, base)
        .await
        .map_err(|error| format!("The commits cannot be read: {error}"))
}
