//! The worker: claims a mirror that is due, makes one run, records it.

use std::sync::Arc;

use crate::app::App;

/// Works until the process stops; comes back when all claims are finished or given back.
pub(crate) async fn work(_app: Arc<App>) {
    todo!()
}
