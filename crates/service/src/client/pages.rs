//! Lists, page by page.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Call, Client, ClientError};
use crate::api::model::Page;

/// The most entries of a page.
const PER_PAGE: usize = 500;

/// As much of a list as was wanted.
pub(crate) struct Whole<T> {
    /// The entries.
    pub(crate) items: Vec<T>,
    /// Whether the server has more.
    pub(crate) more: bool,
    next: Option<String>,
}

impl<T> Whole<T> {
    /// The same as the API shows it: one page.
    pub(crate) fn page(self) -> Page<T> {
        Page {
            items: self.items,
            next: self.next,
        }
    }
}

impl Client {
    /// At most `most` entries of a list; its pages are followed as long as there are any.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &impl Serialize,
        most: usize,
    ) -> Result<Whole<T>, ClientError> {
        let mut items: Vec<T> = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let limit = (most - items.len()).clamp(1, PER_PAGE);
            let mut call = Call::get(path).query(query);
            call.query.push(("limit".into(), limit.to_string()));
            if let Some(after) = after.take() {
                call.query.push(("after".into(), after));
            }
            let page: Page<T> = self.ask(call).await?;
            let empty = page.items.is_empty();
            items.extend(page.items);
            items.truncate(most);
            match page.next {
                // A page without entries that promises more would make this endless.
                Some(next) if items.len() < most && !empty => after = Some(next),
                next => {
                    return Ok(Whole {
                        more: next.is_some(),
                        items,
                        next,
                    });
                }
            }
        }
    }
}
