//! What an expression gives for a delivery.

use regex::RegexBuilder;
use serde_json::Value;

use super::ExpressionError;
use super::parse::{Expression, Key, Method, Operator};
use crate::webhook::Headers;

/// The longest text that an expression makes, in bytes.
const MAX_TEXT: usize = 64 * 1024;

/// The most memory that a regular expression may take, in bytes. Matching takes linear time.
const MAX_REGEX: usize = 256 * 1024;

/// What expressions are evaluated over.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// The payload.
    pub(crate) payload: &'a Value,
    /// The headers, by lower-case name.
    pub(crate) headers: &'a Headers,
}

/// What an expression gives.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Given {
    /// A text, a number as written, `true` or `false`.
    Text(String),
    /// `null`, or a place that is not there.
    Nothing,
}

impl Given {
    fn yes(truth: bool) -> Self {
        Self::Text(truth.to_string())
    }

    fn text(self) -> Result<String, ExpressionError> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Nothing => Ok(String::new()),
        }
    }
}

/// Yes or no.
pub(super) fn condition(expression: &Expression, context: &Context<'_>) -> Result<bool, ExpressionError> {
    match value(expression, context)? {
        Given::Text(text) if text == "true" => Ok(true),
        Given::Text(text) if text == "false" => Ok(false),
        Given::Nothing => Ok(false),
        Given::Text(_) => Err(ExpressionError::new("the condition gives neither true nor false")),
    }
}

/// Evaluates.
pub(super) fn value(expression: &Expression, context: &Context<'_>) -> Result<Given, ExpressionError> {
    match expression {
        Expression::Literal(text) => Ok(Given::Text(text.clone())),
        Expression::Null => Ok(Given::Nothing),
        Expression::Payload(path) => at(path, context.payload),
        Expression::Header(name) => Ok(context
            .headers
            .get(name)
            .map_or(Given::Nothing, |text| Given::Text(text.clone()))),
        Expression::Not(inner) => Ok(Given::yes(!condition(inner, context)?)),
        Expression::Binary(operator, left, right) => binary(*operator, left, right, context),
        Expression::Call(on, method, arguments) => {
            let on = value(on, context)?.text()?;
            let arguments: Vec<String> = arguments
                .iter()
                .map(|argument| value(argument, context)?.text())
                .collect::<Result<_, _>>()?;
            call(&on, *method, &arguments)
        }
    }
}

fn at(path: &[Key], payload: &Value) -> Result<Given, ExpressionError> {
    let mut place = payload;
    for key in path {
        let inner = match (key, place) {
            (Key::Member(name), Value::Object(members)) => members.get(name),
            (Key::Element(index), Value::Array(elements)) => elements.get(*index),
            // `a.0` is as good as `a[0]`.
            (Key::Member(name), Value::Array(elements)) => {
                name.parse::<usize>().ok().and_then(|index| elements.get(index))
            }
            _ => None,
        };
        match inner {
            Some(inner) => place = inner,
            None => return Ok(Given::Nothing),
        }
    }
    match place {
        Value::Null => Ok(Given::Nothing),
        Value::String(text) => Ok(Given::Text(text.clone())),
        Value::Bool(truth) => Ok(Given::yes(*truth)),
        Value::Number(number) => Ok(Given::Text(number.to_string())),
        Value::Array(_) | Value::Object(_) => Err(ExpressionError::new(
            "an expression names an array or an object where a text is needed",
        )),
    }
}

fn binary(
    operator: Operator,
    left: &Expression,
    right: &Expression,
    context: &Context<'_>,
) -> Result<Given, ExpressionError> {
    Ok(match operator {
        Operator::Or => Given::yes(condition(left, context)? || condition(right, context)?),
        Operator::And => Given::yes(condition(left, context)? && condition(right, context)?),
        Operator::Equal => Given::yes(value(left, context)? == value(right, context)?),
        Operator::Unequal => Given::yes(value(left, context)? != value(right, context)?),
        Operator::Matches => {
            let pattern = value(right, context)?.text()?;
            Given::yes(matches(&value(left, context)?.text()?, &pattern)?)
        }
        Operator::Join => {
            let joined = value(left, context)?.text()? + &value(right, context)?.text()?;
            Given::Text(bounded(joined)?)
        }
    })
}

/// The whole text matches, as in pipelines' expressions (JEXL).
fn matches(text: &str, pattern: &str) -> Result<bool, ExpressionError> {
    let regex = RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(MAX_REGEX)
        .dfa_size_limit(MAX_REGEX)
        .nest_limit(32)
        .build()
        .map_err(|_| ExpressionError::new("a regular expression cannot be read, or is too large"))?;
    Ok(regex.is_match(text))
}

fn call(on: &str, method: Method, arguments: &[String]) -> Result<Given, ExpressionError> {
    let first = arguments.first().map_or("", String::as_str);
    Ok(match method {
        Method::StartsWith => Given::yes(on.starts_with(first)),
        Method::EndsWith => Given::yes(on.ends_with(first)),
        Method::Contains => Given::yes(on.contains(first)),
        Method::Replace if first.is_empty() => Given::Text(on.to_owned()),
        Method::Replace => {
            let with = arguments.get(1).map_or("", String::as_str);
            let count = on.matches(first).count();
            if on.len().saturating_add(count.saturating_mul(with.len())) > MAX_TEXT {
                return bounded_error();
            }
            Given::Text(on.replace(first, with))
        }
        Method::ToLowerCase => Given::Text(on.to_lowercase()),
        Method::Trim => Given::Text(on.trim().to_owned()),
    })
}

fn bounded_error<T>() -> Result<T, ExpressionError> {
    Err(ExpressionError::new(format!(
        "an expression makes more than {MAX_TEXT} bytes"
    )))
}

fn bounded(text: String) -> Result<String, ExpressionError> {
    if text.len() > MAX_TEXT {
        bounded_error()
    } else {
        Ok(text)
    }
}
