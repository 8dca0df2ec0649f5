//! From words to an expression. Depth and number of words are bounded.

use super::ExpressionError;
use super::lex::{Token, tokens};

/// How deeply expressions may be nested.
const MAX_DEPTH: usize = 32;

/// How long a path through a payload may be.
const MAX_PATH: usize = 64;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// A text, a number as written, `true` or `false`.
    Literal(String),
    /// `null`.
    Null,
    /// A place in the payload.
    Payload(Vec<Key>),
    /// A header, in lower case.
    Header(String),
    /// `!a`
    Not(Box<Self>),
    /// `a == b` and the like.
    Binary(Operator, Box<Self>, Box<Self>),
    /// `a.startsWith("b")`
    Call(Box<Self>, Method, Vec<Self>),
}

/// One step into a payload.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Key {
    /// A member of an object.
    Member(String),
    /// An element of an array.
    Element(usize),
}

/// What stands between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Matches,
    Join,
}

/// What can be done with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    StartsWith,
    EndsWith,
    Contains,
    Replace,
    ToLowerCase,
    Trim,
}

impl Method {
    /// The method with this name, and how many arguments it takes.
    fn named(name: &str) -> Option<(Self, usize)> {
        Some(match name {
            "startsWith" => (Self::StartsWith, 1),
            "endsWith" => (Self::EndsWith, 1),
            "contains" => (Self::Contains, 1),
            "replace" => (Self::Replace, 2),
            "toLowerCase" => (Self::ToLowerCase, 0),
            "trim" => (Self::Trim, 0),
            _ => return None,
        })
    }
}

/// Reads an expression that says yes or no.
pub(super) fn condition(text: &str) -> Result<Expression, ExpressionError> {
    whole(text)
}

/// Reads what stands between `<+` and `>` of a template, both included.
pub(super) fn whole(text: &str) -> Result<Expression, ExpressionError> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
    };
    let expression = parser.binary(0)?;
    match parser.next() {
        None => Ok(expression),
        Some(token) => Err(unexpected(Some(&token))),
    }
}

/// From the loosest to the tightest.
const LEVELS: &[&[(&str, Operator)]] = &[
    &[("||", Operator::Or)],
    &[("&&", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::Unequal),
        ("=~", Operator::Matches),
    ],
    &[("+", Operator::Join)],
];

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Sign(next)) if *next == sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), ExpressionError> {
        if self.take(sign) {
            return Ok(());
        }
        Err(ExpressionError::new(format!("expected `{sign}`")))
    }

    fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, ExpressionError>,
    ) -> Result<T, ExpressionError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(ExpressionError::new("the expression is nested too deeply"));
        }
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn binary(&mut self, level: usize) -> Result<Expression, ExpressionError> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        let mut chained = 0;
        while let Some((_, operator)) = operators.iter().find(|(sign, _)| self.take(sign)) {
            // A chain nests to the left: dropping and evaluating it recurses as deep as it is long.
            chained += 1;
            if chained > MAX_DEPTH {
                return Err(ExpressionError::new("the expression has too many parts"));
            }
            let right = self.binary(level + 1)?;
            left = Expression::Binary(*operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression, ExpressionError> {
        if self.take("!") {
            let inner = self.deeper(Self::unary)?;
            return Ok(Expression::Not(Box::new(inner)));
        }
        let mut value = self.primary()?;
        let mut calls = 0;
        while self.take(".") {
            let Some(Token::Name(name)) = self.next() else {
                return Err(ExpressionError::new("expected a method's name after `.`"));
            };
            calls += 1;
            if calls > MAX_DEPTH {
                return Err(ExpressionError::new("the expression has too many parts"));
            }
            value = self.call(value, &name)?;
        }
        Ok(value)
    }

    fn call(&mut self, on: Expression, name: &str) -> Result<Expression, ExpressionError> {
        let Some((method, arity)) = Method::named(name) else {
            return Err(ExpressionError::new(format!(
                "the method {name} is not known: there are startsWith, endsWith, contains, replace, toLowerCase and trim"
            )));
        };
        self.expect("(")?;
        let mut arguments = Vec::new();
        while !self.take(")") {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            arguments.push(self.deeper(|parser| parser.binary(0))?);
            if arguments.len() > arity {
                break;
            }
        }
        if arguments.len() != arity {
            return Err(ExpressionError::new(format!("{name} takes {arity} argument(s)")));
        }
        Ok(Expression::Call(Box::new(on), method, arguments))
    }

    fn primary(&mut self) -> Result<Expression, ExpressionError> {
        match self.next() {
            Some(Token::Open) => self.place(),
            Some(Token::Text(text) | Token::Number(text)) => Ok(Expression::Literal(text)),
            Some(Token::Name(name)) if name == "true" || name == "false" => Ok(Expression::Literal(name)),
            Some(Token::Name(name)) if name == "null" => Ok(Expression::Null),
            Some(Token::Sign("(")) => {
                let inner = self.deeper(|parser| parser.binary(0))?;
                self.expect(")")?;
                Ok(inner)
            }
            token => Err(unexpected(token.as_ref())),
        }
    }

    /// What follows `<+`: a place, perhaps with methods, and `>`.
    fn place(&mut self) -> Result<Expression, ExpressionError> {
        let mut path = Vec::new();
        let mut method = None;
        loop {
            match self.next() {
                Some(Token::Name(name) | Token::Number(name)) => {
                    if matches!(self.tokens.get(self.at), Some(Token::Sign("("))) {
                        method = Some(name);
                        break;
                    }
                    path.push(Key::Member(name));
                }
                token => return Err(unexpected(token.as_ref())),
            }
            while self.take("[") {
                path.push(self.subscript()?);
            }
            if path.len() > MAX_PATH {
                return Err(ExpressionError::new("the path is too long"));
            }
            if !self.take(".") {
                break;
            }
        }
        let mut value = rooted(&path)?;
        let mut calls = 0;
        while let Some(name) = method.take() {
            calls += 1;
            if calls > MAX_DEPTH {
                return Err(ExpressionError::new("the expression has too many parts"));
            }
            value = self.call(value, &name)?;
            if self.take(".") {
                let Some(Token::Name(name)) = self.next() else {
                    return Err(ExpressionError::new("expected a method's name after `.`"));
                };
                method = Some(name);
            }
        }
        match self.next() {
            Some(Token::Close) => Ok(value),
            None => Err(ExpressionError::new(
                "an expression is not closed: `>` is missing",
            )),
            token => Err(unexpected(token.as_ref())),
        }
    }

    fn subscript(&mut self) -> Result<Key, ExpressionError> {
        let key = match self.next() {
            Some(Token::Text(name)) => Key::Member(name),
            Some(Token::Number(number)) => Key::Element(
                number
                    .parse()
                    .map_err(|_| ExpressionError::new("an index is too large"))?,
            ),
            token => return Err(unexpected(token.as_ref())),
        };
        self.expect("]")?;
        Ok(key)
    }
}

/// The place that a path names, from its root.
fn rooted(path: &[Key]) -> Result<Expression, ExpressionError> {
    let member = |at: usize| match path.get(at) {
        Some(Key::Member(name)) => name.as_str(),
        _ => "",
    };
    match (member(0), member(1)) {
        ("trigger", "payload") if path.len() > 2 => Ok(Expression::Payload(path[2..].to_vec())),
        ("eventPayload", _) if path.len() > 1 => Ok(Expression::Payload(path[1..].to_vec())),
        ("trigger", "header") if path.len() == 3 && !member(2).is_empty() => {
            Ok(Expression::Header(member(2).to_ascii_lowercase()))
        }
        _ => Err(ExpressionError::new(
            "an expression starts with trigger.payload. and a place in the payload, or is trigger.header[\"Name\"]",
        )),
    }
}

fn unexpected(token: Option<&Token>) -> ExpressionError {
    let Some(token) = token else {
        return ExpressionError::new("the expression ends too early");
    };
    let shown = match token {
        Token::Open => "<+".to_owned(),
        Token::Close => ">".to_owned(),
        Token::Name(text) | Token::Number(text) => text.clone(),
        Token::Text(_) => return ExpressionError::new("a text in quotes is not expected there"),
        Token::Sign(sign) => (*sign).to_owned(),
    };
    ExpressionError::new(format!("`{shown}` is not expected there"))
}
