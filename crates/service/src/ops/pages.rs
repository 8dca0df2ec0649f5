//! Pages of which a caller sees only a part.

use std::future::Future;

use store::StoreError;
use store::page::{Ask, Page};

use super::OpError;

/// How often the database is asked for one page, at most. A page may then hold fewer entries than were asked for, or none, and still have a next one.
const ROUNDS: u32 = 20;

/// A part of a list, at most so many entries; 0 for 50.
pub(crate) fn ask(after: Option<String>, limit: Option<u32>) -> Result<Ask, OpError> {
    match limit {
        Some(limit @ (0 | 501..)) => Err(OpError::invalid(
            "limit",
            format!("{limit} is not between 1 and 500"),
        )),
        _ => Ok(Ask {
            after,
            limit: limit.unwrap_or(50),
        }),
    }
}

/// The entries of a list that `seen` lets through, as many as were asked for.
pub(crate) async fn filtered<T, F, S>(
    ask: Ask,
    mut fetch: impl FnMut(Ask) -> F,
    mut seen: impl FnMut(&T) -> S,
) -> Result<Page<T>, OpError>
where
    F: Future<Output = Result<Page<T>, StoreError>>,
    S: Future<Output = Result<bool, OpError>>,
{
    let mut found = Page {
        items: Vec::new(),
        next: ask.after,
    };
    for _ in 0..ROUNDS {
        let missing = ask.limit - u32::try_from(found.items.len()).unwrap_or(ask.limit);
        let page = fetch(Ask {
            after: found.next.take(),
            limit: missing,
        })
        .await?;
        for item in page.items {
            if seen(&item).await? {
                found.items.push(item);
            }
        }
        found.next = page.next;
        if found.next.is_none() || found.items.len() >= ask.limit as usize {
            break;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers below 100, of which a page of the database is a part.
    async fn numbers(ask: Ask) -> Result<Page<u32>, StoreError> {
        let from: u32 = ask.after.as_deref().map_or(0, |after| after.parse().unwrap());
        let to = (from + ask.limit).min(100);
        Ok(Page {
            items: (from..to).collect(),
            next: (to < 100).then(|| to.to_string()),
        })
    }

    #[tokio::test]
    async fn a_caller_gets_full_pages_of_what_they_see() {
        let mut ask = ask(None, Some(7)).unwrap();
        let mut all = Vec::new();
        loop {
            let page = filtered(ask.clone(), numbers, |n| {
                let seen = n % 3 == 0;
                async move { Ok(seen) }
            })
            .await
            .unwrap();
            assert!(page.items.len() == 7 || page.next.is_none());
            all.extend(page.items);
            match page.next {
                Some(next) => ask.after = Some(next),
                None => break,
            }
        }
        assert_eq!(all, (0..100).filter(|n| n % 3 == 0).collect::<Vec<_>>());
    }

    #[test]
    fn limits_have_bounds() {
        assert_eq!(ask(None, None).unwrap().limit, 50);
        assert_eq!(ask(None, Some(500)).unwrap().limit, 500);
        for limit in [0, 501, u32::MAX] {
            assert!(matches!(ask(None, Some(limit)), Err(OpError::Invalid(_))));
        }
    }
}
