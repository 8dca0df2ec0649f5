//! What runs share: HTTP clients with their pools of connections, and what is known of remotes.

use std::sync::Arc;

/// Shared by runs that follow each other or go on at the same time. A clone shares what it was cloned from; a new one knows
/// nothing yet.
#[derive(Debug, Clone, Default)]
pub struct Clients(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {}
