//! Which mirrors a command is about: by name, by label, or all.

use anyhow::bail;
use clap::Args;

use crate::api::model::mirror::{Mirror, MirrorQuery};
use crate::client::{Client, ClientError, Whole};

/// More mirrors than anyone has: a list is never endless.
pub(super) const ALL: usize = 100_000;

/// Names, labels, or all.
#[derive(Debug, Args)]
pub(super) struct Selection {
    /// The mirrors
    #[arg(value_name = "MIRROR", required_unless_present_any = ["label", "all"], conflicts_with_all = ["label", "all"])]
    names: Vec<String>,

    /// Those with this label. Repeatable: all must match
    #[arg(short = 'l', long, value_name = "KEY=VALUE", value_parser = label, conflicts_with = "all")]
    label: Vec<String>,

    /// All of them
    #[arg(long)]
    all: bool,
}

impl Selection {
    /// Whether one mirror is named: programs get its answer as it is then, and a list for any other selection, however many it has.
    pub(super) fn is_one(&self) -> bool {
        self.names.len() == 1
    }

    /// The names. None is an error: nothing would be done, in silence.
    pub(super) async fn names(&self, client: &Client) -> anyhow::Result<Vec<String>> {
        if !self.names.is_empty() {
            return Ok(self.names.clone());
        }
        let mirrors = mirrors(client, &self.label, None, None).await?;
        if mirrors.items.is_empty() {
            match self.label.as_slice() {
                [] => bail!("there are no mirrors"),
                labels => bail!("no mirror has the label {}", labels.join(", ")),
            }
        }
        Ok(mirrors.items.into_iter().map(|mirror| mirror.name).collect())
    }
}

/// The mirrors with all of some labels.
pub(super) async fn mirrors(
    client: &Client,
    labels: &[String],
    state: Option<String>,
    search: Option<String>,
) -> Result<Whole<Mirror>, ClientError> {
    let query = MirrorQuery {
        label: joined(labels),
        state,
        search,
        ..MirrorQuery::default()
    };
    client.list(&["mirrors"], &query, ALL).await
}

/// Labels as a query has them; none if there are none.
pub(super) fn joined(labels: &[String]) -> Option<String> {
    (!labels.is_empty()).then(|| labels.join(","))
}

/// Checks `team=pay`.
pub(super) fn label(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((key, _)) if !key.is_empty() && !text.contains(',') => Ok(text.to_owned()),
        _ => Err("a label is written as KEY=VALUE, such as team=pay".to_owned()),
    }
}

/// A reference's full name; a name without `refs/` is a branch.
pub(super) fn reference(text: &str) -> Result<String, String> {
    let full = if text.starts_with("refs/") {
        text.to_owned()
    } else {
        format!("refs/heads/{text}")
    };
    match crate::api::model::name_of_text(&full) {
        Some(_) => Ok(full),
        None => Err("it is no name of a reference: write it like refs/heads/main".to_owned()),
    }
}

/// A reference or pattern of a run. What pipelines leave when they know none is an error, never "everything".
pub(super) fn pattern(text: &str) -> Result<String, String> {
    match text.trim() {
        "" | "null" => {
            Err("it is empty, and would not mean everything: leave the flag out for that".to_owned())
        }
        text if text.contains("<+") => Err("it is an expression that was left unresolved".to_owned()),
        text if !text.trim_start_matches('^').starts_with("refs/") => {
            Err("write the full name or pattern, such as refs/heads/main or refs/tags/*".to_owned())
        }
        text => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_a_key() {
        assert!(label("team=pay").is_ok() && label("team=").is_ok());
        assert!(label("team").is_err() && label("=pay").is_err() && label("a=b,c=d").is_err());
    }

    #[test]
    fn a_short_name_is_a_branch() {
        assert_eq!(reference("main").unwrap(), "refs/heads/main");
        assert_eq!(reference("refs/tags/v1").unwrap(), "refs/tags/v1");
        assert!(reference("a b").is_err() && reference("").is_err());
    }

    #[test]
    fn nothing_stands_for_everything_by_accident() {
        for text in ["", " ", "null", "<+trigger.reference>", "refs/heads/<+x>", "main"] {
            assert!(pattern(text).is_err(), "{text:?}");
        }
        assert_eq!(pattern("^refs/heads/tmp/*").unwrap(), "^refs/heads/tmp/*");
    }
}
