//! The pages, one file each: what the template needs, and the forms that it sends.

pub(super) mod audit;
pub(super) mod compare;
mod confirm;
pub(super) mod conflict;
pub(super) mod deliveries;
pub(super) mod edit;
pub(super) mod mirror;
pub(super) mod overview;
mod reply;
mod rows;
pub(super) mod run;
pub(super) mod run_now;
pub(super) mod sign_in;
mod typed;

/// Filters of the templates.
#[expect(unreachable_pub, reason = "the macro makes its types public")]
mod filters {
    /// `in-sync` as people say it: `in sync`.
    #[askama::filter_fn]
    pub(super) fn said(word: impl std::fmt::Display, _: &dyn askama::Values) -> askama::Result<String> {
        Ok(word.to_string().replace('-', " "))
    }

    /// The first seven digits.
    #[askama::filter_fn]
    pub(super) fn short(id: impl std::fmt::Display, _: &dyn askama::Values) -> askama::Result<String> {
        Ok(id.to_string().chars().take(7).collect())
    }

    /// Several lines, each without what controls or turns around what is beside it.
    #[askama::filter_fn]
    pub(super) fn lines(text: impl std::fmt::Display, _: &dyn askama::Values) -> askama::Result<String> {
        Ok(crate::web::show::visible_lines(&text.to_string()))
    }

    /// A path below a page's address.
    #[askama::filter_fn]
    pub(super) fn at(
        href: impl std::fmt::Display,
        _: &dyn askama::Values,
        path: &str,
    ) -> askama::Result<String> {
        Ok(format!("{href}/{path}"))
    }
}
