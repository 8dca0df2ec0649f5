//! The configuration: YAML to checked values. A file is read whole, checked whole, and every problem is told at once, with line
//! and column. Secrets are not in it: [`secret`] reads them when they are needed.

mod check;
pub mod checked;
pub mod diff;
mod expand;
mod host;
pub mod import;
pub mod load;
pub mod problem;
pub mod raw;
pub mod render;
pub mod schema;
pub mod secret;
pub mod watch;
pub mod yaml;

pub use checked::{Config, Credential, InputSet, Mirror, MirrorEnd};
pub use problem::{Problem, Problems};
pub use secret::{Secret, Secrets};
