//! The page that shows what would be written, before it is.

use askama::Template;

use super::filters;
use super::rows::cut;
use crate::api::model::Side;
use crate::api::model::run::RunReference;
use crate::web::frame::Frame;

#[derive(Template)]
#[template(path = "confirm.html")]
pub(super) struct Confirm {
    pub(super) frame: Frame,
    pub(super) title: String,
    pub(super) lead: String,
    pub(super) writes: Vec<Wish>,
    pub(super) more: Option<String>,
    pub(super) action: String,
    pub(super) back: String,
    pub(super) word: &'static str,
    pub(super) fields: Vec<(&'static str, String)>,
}

/// A write that was wanted, or is.
pub(super) struct Wish {
    pub(super) name: String,
    pub(super) to: Side,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
}

impl Wish {
    pub(super) fn new(reference: &RunReference) -> Self {
        Self {
            name: cut(&reference.name),
            to: reference.to,
            old: reference.old.clone(),
            new: reference.new.clone(),
        }
    }
}
