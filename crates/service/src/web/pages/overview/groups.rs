//! The mirrors of the overview, in groups.

use std::collections::BTreeMap;

use store::Time;
use store::run::HourOfRuns;

use super::asked::Part;
use crate::api::model::mirror::{Direction, Mirror};
use crate::web::pages::rows::{cut, mirror_href};
use crate::web::plot;
use crate::web::show::{Lasting, When};

/// Mirrors with the same label.
pub(super) struct Group {
    pub(super) title: Option<String>,
    pub(super) count: usize,
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
    pub(super) behind: Option<Lasting>,
    pub(super) changed: Option<When>,
    pub(super) error: Option<String>,
    pub(super) strip: String,
}

/// The mirrors of a page in their groups; `of` says how many mirrors a group has on all pages.
pub(super) fn groups(
    mirrors: Vec<(Option<String>, Mirror)>,
    of: &Part,
    hours: &[HourOfRuns],
    now: Time,
) -> Vec<Group> {
    let mut hours_of: BTreeMap<&str, Vec<&HourOfRuns>> = BTreeMap::new();
    for hour in hours {
        hours_of.entry(&hour.mirror).or_default().push(hour);
    }
    let mut groups: Vec<Group> = Vec::new();
    let mut current = None;
    for (label, mirror) in mirrors {
        if current.as_ref() != Some(&label) {
            groups.push(Group {
                title: title(label.as_deref(), of),
                count: of.groups.get(&label).copied().unwrap_or_default(),
                rows: Vec::new(),
            });
            current = Some(label);
        }
        let hours = hours_of.get(mirror.name.as_str()).map_or(&[][..], Vec::as_slice);
        let row = Row::new(&mirror, hours, now);
        if let Some(group) = groups.last_mut() {
            group.rows.push(row);
        }
    }
    groups
}

/// A single group of mirrors without a label needs no title.
fn title(label: Option<&str>, of: &Part) -> Option<String> {
    match label {
        Some(label) => Some(label.to_owned()),
        None if of.groups.len() > 1 => Some("no label".to_owned()),
        None => None,
    }
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
            behind: mirror.behind_since.map(|since| Lasting::since(since.0, now)),
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
