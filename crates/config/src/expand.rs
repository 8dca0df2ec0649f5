//! Templates: from an entry of `mirrors` to the mirrors it stands for, as trees in which every value still knows its place.

use std::collections::HashSet;
use std::sync::Arc;

use crate::problem::{did_you_mean, list, shown};
use crate::yaml::{At, Entry, Kind, Node, Path};

/// The most mirrors of a configuration.
pub(crate) const MAX_MIRRORS: usize = 100_000;

/// The keys of a mirror: in `for` they go before those of the entry, everything else is a variable.
pub(crate) const MIRROR_KEYS: &[&str] = &[
    "name",
    "description",
    "labels",
    "direction",
    "source",
    "target",
    "inputSets",
    "references",
    "syncDelete",
    "force",
    "atomic",
    "pushOptions",
    "sweep",
    "schedule",
    "triggers",
    "guard",
    "timeouts",
];

/// Keys whose maps are laid over each other key by key.
const DEEP: &[&str] = &["labels", "guard", "timeouts"];

/// One mirror, all layers laid over each other and variables filled in.
#[derive(Debug)]
pub(crate) struct Expanded {
    pub(crate) node: Node,
    /// `mirrors[0]` or `mirrors[0].for[1]`.
    pub(crate) path: Path,
    /// The entry's.
    pub(crate) at: At,
}

/// What is wrong with an entry.
#[derive(Debug)]
pub(crate) struct ExpandError {
    pub(crate) at: At,
    pub(crate) path: Path,
    pub(crate) message: String,
}

/// Lays `over` over `node`. A sweep takes the place of an inherited schedule, and the other way round.
pub(crate) fn lay(node: &mut Node, over: &Node) {
    for (given, replaced) in [("sweep", "schedule"), ("schedule", "sweep")] {
        if over.get(given).is_some_and(|value| !value.is_null()) && over.get(replaced).is_none() {
            node.take(replaced);
        }
    }
    node.lay_over(over, DEEP);
}

/// Expands one entry. `room` is how many mirrors there may still be.
pub(crate) fn expand(
    defaults: &Node,
    template: Option<&Node>,
    entry: &Node,
    path: &Path,
    room: usize,
) -> Result<Vec<Expanded>, Vec<ExpandError>> {
    let mut base = defaults.clone();
    base.at = entry.at;
    if let Some(template) = template {
        lay(&mut base, template);
    }
    let mut own = entry.clone();
    let each = own.take("for");
    own.take("template");
    lay(&mut base, &own);
    let Some(each) = each.filter(|each| !each.is_null()) else {
        let node = base;
        return fill(node, &[], path.clone(), entry.at)
            .map(|one| vec![one])
            .map_err(|error| vec![error]);
    };
    let mut all = Vec::new();
    let mut errors = Vec::new();
    for (index, item) in each.items().iter().enumerate() {
        let path = path.join("for").join(index);
        match expand_item(&base, item, &path, room.saturating_sub(all.len())) {
            Ok(more) => all.extend(more),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(all) } else { Err(errors) }
}

/// A variable with its values.
struct Variable<'a> {
    entry: &'a Entry,
    values: Vec<&'a str>,
}

fn expand_item(base: &Node, item: &Node, path: &Path, room: usize) -> Result<Vec<Expanded>, ExpandError> {
    let mut node = base.clone();
    let mut over = Node::map(item.at);
    let mut variables = Vec::new();
    for entry in item.entries() {
        if MIRROR_KEYS.contains(&&*entry.key) {
            if let Kind::Map(entries) = &mut over.kind {
                entries.push(entry.clone());
            }
        } else {
            variables.push(variable(entry, path)?);
        }
    }
    lay(&mut node, &over);
    let count = variables.iter().try_fold(1_usize, |count, variable| {
        count.checked_mul(variable.values.len())
    });
    let count = count.filter(|count| *count <= room).ok_or_else(|| ExpandError {
        at: item.at,
        path: path.clone(),
        message: format!("a configuration has at most {MAX_MIRRORS} mirrors; this would make more"),
    })?;
    (0..count)
        .map(|index| {
            let chosen = choose(&variables, index);
            fill(node.clone(), &chosen, path.clone(), item.at)
        })
        .collect()
}

fn variable<'a>(entry: &'a Entry, path: &Path) -> Result<Variable<'a>, ExpandError> {
    let wrong = |at, message| ExpandError {
        at,
        path: path.join(&*entry.key),
        message,
    };
    if !is_name(&entry.key) {
        let message = "a variable is named with letters, digits and `_`, a letter first".to_owned();
        return Err(wrong(entry.key_at, message));
    }
    let values: Option<Vec<_>> = match &entry.value.kind {
        Kind::List(items) => items.iter().map(Node::text).collect(),
        _ => entry.value.text().map(|text| vec![text]),
    };
    match values {
        Some(values) if !values.is_empty() => Ok(Variable { entry, values }),
        _ => {
            let hint = did_you_mean(&entry.key, MIRROR_KEYS.iter().copied());
            let message = format!("a variable takes a text, or a list of texts that is not empty{hint}");
            Err(wrong(entry.value.at, message))
        }
    }
}

/// One combination of values: the last variable changes fastest.
fn choose<'a>(variables: &[Variable<'a>], mut index: usize) -> Vec<(&'a Entry, &'a str)> {
    let mut chosen = Vec::with_capacity(variables.len());
    for variable in variables.iter().rev() {
        chosen.push((variable.entry, variable.values[index % variable.values.len()]));
        index /= variable.values.len();
    }
    chosen.reverse();
    chosen
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Fills the variables in.
fn fill(mut node: Node, chosen: &[(&Entry, &str)], path: Path, at: At) -> Result<Expanded, ExpandError> {
    let mut used = HashSet::new();
    let outcome = fill_node(&mut node, chosen, &mut used).map_err(|(at, name)| ExpandError {
        at,
        path: path.clone(),
        message: unknown(&name, chosen),
    });
    outcome?;
    if let Some((entry, _)) = chosen.iter().find(|(entry, _)| !used.contains(&*entry.key)) {
        let key = shown(&entry.key);
        let hint = did_you_mean(&entry.key, MIRROR_KEYS.iter().copied());
        return Err(ExpandError {
            at: entry.key_at,
            path: path.join(&*entry.key),
            message: format!(
                "`{key}` is no key of a mirror, and no value holds the variable {{{key}}}{hint}"
            ),
        });
    }
    node.at = at;
    Ok(Expanded { node, path, at })
}

fn unknown(name: &str, chosen: &[(&Entry, &str)]) -> String {
    let names = || chosen.iter().map(|(entry, _)| &*entry.key);
    let known = match chosen {
        [] => "there are none here: `for` gives them, and `{{` stands for a brace".to_owned(),
        _ => format!("there are: {}", list(names())),
    };
    let name = shown(name);
    format!(
        "`{{{name}}}` is no variable{}; {known}",
        did_you_mean(&name, names())
    )
}

/// Fills in all texts of a tree but the expressions of triggers. The error is the place and name of an unknown variable.
fn fill_node(
    node: &mut Node,
    chosen: &[(&Entry, &str)],
    used: &mut HashSet<Arc<str>>,
) -> Result<(), (At, String)> {
    match &mut node.kind {
        Kind::Scalar { text, plain } if text.contains('{') => {
            *text = fill_text(text, chosen, used)
                .map_err(|name| (node.at, name))?
                .into();
            *plain = false;
            Ok(())
        }
        Kind::List(items) => items
            .iter_mut()
            .try_for_each(|item| fill_node(item, chosen, used)),
        Kind::Map(entries) => entries
            .iter_mut()
            .filter(|entry| &*entry.key != "trigger")
            .try_for_each(|entry| fill_node(&mut entry.value, chosen, used)),
        Kind::Scalar { .. } | Kind::Pruned => Ok(()),
    }
}

fn fill_text(text: &str, chosen: &[(&Entry, &str)], used: &mut HashSet<Arc<str>>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        out.push_str(&rest[..start]);
        let inside = &rest[start + 1..];
        if let Some(after) = inside.strip_prefix('{') {
            out.push('{');
            rest = after;
            continue;
        }
        match inside.split_once('}').filter(|(name, _)| is_name(name)) {
            Some((name, after)) => {
                let (entry, value) = chosen.iter().find(|(entry, _)| &*entry.key == name).ok_or(name)?;
                used.insert(Arc::clone(&entry.key));
                out.push_str(value);
                rest = after;
            }
            None => {
                out.push('{');
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// A text as a file must write it, so that no part of it is taken for a variable.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('{', "{{")
}
