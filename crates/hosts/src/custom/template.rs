//! Text with `<+…>` in it.

use super::ExpressionError;
use super::evaluate::{Context, Given, value};
use super::lex::MAX_LEN;
use super::parse::{Expression, whole};

/// The most expressions in one template.
const MAX_PARTS: usize = 16;

/// Text with `<+…>` in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Expression(Expression),
}

impl Template {
    /// Reads a template. A `<+` that is not closed is an error, not text.
    pub(crate) fn parse(text: &str) -> Result<Self, ExpressionError> {
        if text.len() > MAX_LEN {
            return Err(ExpressionError::new(format!(
                "the expression is longer than {MAX_LEN} bytes"
            )));
        }
        // One expression by itself may join and call: `"refs/heads/" + <+trigger.payload.branch>`.
        if text.trim_start().starts_with(['"', '\'']) {
            return Ok(Self(vec![Part::Expression(whole(text)?)]));
        }
        let mut parts = Vec::new();
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(ExpressionError::new("it is empty"));
        }
        while let Some(start) = rest.find("<+") {
            if start > 0 {
                parts.push(Part::Text(rest[..start].to_owned()));
            }
            let end = start + closing(&rest[start..])?;
            parts.push(Part::Expression(whole(&rest[start..end])?));
            if parts.len() > MAX_PARTS {
                return Err(ExpressionError::new("too many expressions"));
            }
            rest = &rest[end..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// Whether nothing of it comes from a delivery.
    pub(crate) fn is_literal(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// The text for a delivery; `None` if any of its expressions gives nothing, or the whole is empty or `null`. What was not
    /// resolved is an error.
    pub(crate) fn fill(&self, context: &Context<'_>) -> Result<Option<String>, ExpressionError> {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Expression(expression) => match value(expression, context)? {
                    Given::Text(text) if text.is_empty() || text == "null" => return Ok(None),
                    Given::Text(text) => filled.push_str(&text),
                    Given::Nothing => return Ok(None),
                },
            }
        }
        if filled.contains("<+") {
            return Err(ExpressionError::new(
                "the payload holds `<+`: an expression that was not resolved",
            ));
        }
        Ok((!filled.is_empty() && filled != "null").then_some(filled))
    }
}

/// Where the expression that the text starts with ends: after its `>`, quotes respected.
fn closing(text: &str) -> Result<usize, ExpressionError> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(2) {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '>') => return Ok(at + 1),
            (None, _) => {}
        }
    }
    Err(ExpressionError::new(
        "an expression is not closed: `>` is missing",
    ))
}
