//! The mirrors of the overview, in groups.

use std::collections::BTreeMap;

use store::Time;
use store::run::HourOfRuns;

use super::Asked;
use crate::api::model::mirror::{Direction, Mirror};
use crate::output::names::visible;
use crate::web::pages::rows::{cut, mirror_href};
use crate::web::plot;
use crate::web::show::{When, between, length};

/// Mirrors with the same label.
pub(super) struct Group {
    pub(super) title: Option<String>,
    pub(super) rows: Vec<Row>,
}

pub(super) struct Row {
    pub(super) name: String,
    pub(super) href: String,
    pub(super) state: &'static str,
    pub(super) source: String,
    pub(super) target: String,
    pub(super) arrow: &'static str,
    pub(super) direction: &'static str,
    pub(super) behind: Option<Behind>,
    pub(super) changed: Option<When>,
    pub(super) error: Option<String>,
    pub(super) strip: String,
}

pub(super) struct Behind {
    pub(super) exact: String,
    pub(super) length: String,
}

pub(super) fn groups(mut mirrors: Vec<Mirror>, hours: &[HourOfRuns], asked: &Asked, now: Time) -> Vec<Group> {
    let mut of: BTreeMap<&str, Vec<&HourOfRuns>> = BTreeMap::new();
    for hour in hours {
        of.entry(&hour.mirror).or_default().push(hour);
    }
    let row = |mirror: &Mirror| {
        Row::new(
            mirror,
            of.get(mirror.name.as_str()).map_or(&[], Vec::as_slice),
            now,
        )
    };
    match asked.sort.as_str() {
        "behind" => mirrors.sort_by_key(|mirror| mirror.behind_since.map_or(i64::MAX, |since| since.0.0)),
        "changed" => mirrors.sort_by_key(|mirror| std::cmp::Reverse(mirror.changed_at.map(|at| at.0))),
        "name" => {}
        _ => return by_label(&mirrors, row),
    }
    let rows: Vec<Row> = mirrors.iter().map(row).collect();
    let some = !rows.is_empty();
    some.then_some(Group { title: None, rows }).into_iter().collect()
}

/// One group for each value of the first label; those without any last.
fn by_label(mirrors: &[Mirror], row: impl Fn(&Mirror) -> Row) -> Vec<Group> {
    let mut groups: BTreeMap<(bool, Option<String>), Vec<Row>> = BTreeMap::new();
    for mirror in mirrors {
        let label = mirror
            .labels
            .iter()
            .next()
            .map(|(key, value)| cut(&visible(format!("{key}: {value}").as_bytes())));
        groups
            .entry((label.is_none(), label))
            .or_default()
            .push(row(mirror));
    }
    let alone = groups.len() == 1;
    groups
        .into_iter()
        .map(|((_, title), rows)| Group {
            title: match title {
                None if alone => None,
                title => Some(title.unwrap_or_else(|| "no label".to_owned())),
            },
            rows,
        })
        .collect()
}

impl Row {
    fn new(mirror: &Mirror, hours: &[&HourOfRuns], now: Time) -> Self {
        let two_way = mirror.direction == Direction::TwoWay;
        Self {
            href: mirror_href(&mirror.name),
            state: mirror.state.word(),
            source: host(&mirror.source.url),
            target: host(&mirror.target.url),
            arrow: if two_way { "⇄" } else { "→" },
            direction: if two_way { "both ways with" } else { "to" },
            behind: mirror.behind_since.map(|since| Behind {
                exact: since.to_string(),
                length: length(between(since.0, now)),
            }),
            changed: mirror.changed_at.map(|at| When::of(at.0, now)),
            error: mirror.error.as_deref().map(cut),
            strip: plot::strip(hours, now),
            name: mirror.name.clone(),
        }
    }
}

/// The host of an address, or the last part of a path.
pub(in crate::web) fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    if url.starts_with('/') || host.is_empty() {
        url.trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or(url)
            .to_owned()
    } else {
        host.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_row_names_hosts() {
        assert_eq!(host("https://git.example.com/acme/app.git"), "git.example.com");
        assert_eq!(host("git@git.example.com:acme/app.git"), "git.example.com");
        assert_eq!(
            host("ssh://git@git.example.com:7999/acme/app.git"),
            "git.example.com"
        );
        assert_eq!(host("/srv/git/app.git"), "app.git");
        assert_eq!(host("file:///srv/git/app.git"), "app.git");
    }
}
