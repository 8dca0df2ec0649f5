//! The pages, one file each: what the template needs, and the forms that it sends.

pub(super) mod audit;
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
        let text = text.to_string();
        let lines = text
            .split('\n')
            .map(|line| crate::output::names::visible(line.as_bytes()));
        Ok(lines.collect::<Vec<_>>().join("\n"))
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
