//! From text to the tree.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Span};

use super::{At, Entry, Kind, MAX_BYTES, MAX_DEPTH, MAX_NODES, Node};

/// What is wrong with a text, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParseError {
    pub(crate) at: At,
    pub(crate) message: String,
}

/// Reads a text with one document; nothing in it is an empty map.
pub(crate) fn parse(text: &str, file: u32) -> Result<Node, ParseError> {
    let start = At {
        file,
        line: 1,
        column: 1,
    };
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; at most {MAX_BYTES} are read", text.len());
        return Err(ParseError { at: start, message });
    }
    let mut builder = Builder {
        file,
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        root: None,
    };
    for event in Parser::new_from_str(text.trim_start_matches('\u{feff}')) {
        let (event, span) = event.map_err(|error| ParseError {
            at: place(file, error.marker().line(), error.marker().col()),
            message: format!("this is not YAML: {}", crate::problem::shown(&error.info())),
        })?;
        builder.take(event, &span)?;
    }
    Ok(match builder.root {
        Some(root) if !root.is_null() => root,
        _ => Node::map(start),
    })
}

fn place(file: u32, line: usize, column: usize) -> At {
    At {
        file,
        line: u32::try_from(line).unwrap_or(u32::MAX).max(1),
        column: u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1),
    }
}

/// A list or a map that is not closed yet.
struct Open {
    node: Node,
    anchor: usize,
    key: Option<(std::sync::Arc<str>, At)>,
    weight: Weight,
}

/// What a value amounts to, what aliases stand for with it.
#[derive(Debug, Clone, Copy)]
struct Weight {
    /// Values.
    size: usize,
    /// Levels.
    height: usize,
}

impl Weight {
    const SCALAR: Self = Self { size: 1, height: 1 };
}

struct Builder {
    file: u32,
    open: Vec<Open>,
    anchors: HashMap<usize, (Node, Weight)>,
    nodes: usize,
    root: Option<Node>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), ParseError> {
        let at = place(self.file, span.start.line(), span.start.col());
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                let kind = Kind::Scalar {
                    text: (&*text).into(),
                    plain,
                };
                self.place(Node { at, kind }, anchor, Weight::SCALAR)
            }
            Event::SequenceStart(_, anchor, _) => self.start(Kind::List(Vec::new()), at, anchor),
            Event::MappingStart(_, anchor, _) => self.start(Kind::Map(Vec::new()), at, anchor),
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else {
                    return Ok(());
                };
                let mut node = open.node;
                if let Some(twice) = super::merge::duplicate(node.entries()) {
                    let message = format!(
                        "`{}` is written twice in one map",
                        crate::problem::shown(&twice.key)
                    );
                    return Err(ParseError {
                        at: twice.key_at,
                        message,
                    });
                }
                super::merge::merge_keys(&mut node).map_err(|at| ParseError {
                    at,
                    message: "`<<` takes a map, or a list of maps".into(),
                })?;
                self.place(node, open.anchor, open.weight)
            }
            Event::Alias(id) => {
                let Some((node, weight)) = self.anchors.get(&id).cloned() else {
                    let message = "an alias stands inside what it names".into();
                    return Err(ParseError { at, message });
                };
                // Places are those of the anchor: there stands what could be wrong.
                self.place(node, 0, weight)
            }
            Event::DocumentStart(..) if self.root.is_some() => Err(ParseError {
                at,
                message: "a second document starts here; a configuration is one".into(),
            }),
            _ => Ok(()),
        }
    }

    fn start(&mut self, kind: Kind, at: At, anchor: usize) -> Result<(), ParseError> {
        self.not_too_deep(1, at)?;
        self.open.push(Open {
            node: Node { at, kind },
            anchor,
            key: None,
            weight: Weight { size: 1, height: 1 },
        });
        Ok(())
    }

    fn not_too_deep(&self, height: usize, at: At) -> Result<(), ParseError> {
        if self.open.len() + height <= MAX_DEPTH {
            return Ok(());
        }
        let message = format!("values are nested over {MAX_DEPTH} deep");
        Err(ParseError { at, message })
    }

    fn place(&mut self, node: Node, anchor: usize, weight: Weight) -> Result<(), ParseError> {
        let at = node.at;
        self.not_too_deep(weight.height, at)?;
        self.nodes = self.nodes.saturating_add(weight.size);
        if self.nodes > MAX_NODES {
            let message = format!("the file stands for over {MAX_NODES} values, aliases expanded");
            return Err(ParseError { at, message });
        }
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), weight));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.weight.size = open.weight.size.saturating_add(weight.size);
        open.weight.height = open.weight.height.max(weight.height + 1);
        match &mut open.node.kind {
            Kind::List(items) => items.push(node),
            Kind::Map(entries) => match open.key.take() {
                None => open.key = Some(key(node)?),
                Some((key, key_at)) => entries.push(Entry {
                    key,
                    key_at,
                    value: node,
                }),
            },
            Kind::Scalar { .. } | Kind::Pruned => {}
        }
        Ok(())
    }
}

fn key(node: Node) -> Result<(std::sync::Arc<str>, At), ParseError> {
    match node.kind {
        Kind::Scalar { text, .. } => Ok((text, node.at)),
        _ => Err(ParseError {
            at: node.at,
            message: "a key is a list or a map: put what starts with `{` or `[` in quotes".into(),
        }),
    }
}
