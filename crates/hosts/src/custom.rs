//! Payloads of hosts that refsync does not know, described by expressions over them.
//!
//! `when` is an expression that says yes or no: `<+trigger.payload.event> == "push" && <+trigger.payload.ref> =~ "refs/.*"`.
//! The other fields are templates: text with `<+…>` in it. An expression names a place in the payload
//! (`<+trigger.payload.a.b[0]["c d"]>`, `<+eventPayload.a>`) or a header (`<+trigger.header["X-Event"]>`), and may go on with
//! `.startsWith("…")`, `.endsWith("…")`, `.contains("…")`, `.replace("…", "…")`, `.toLowerCase()` and `.trim()`.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod evaluate;
mod lex;
mod parse;
mod template;
#[cfg(test)]
mod tests;

pub(crate) use evaluate::Context;
pub(crate) use template::Template;

/// How to read a delivery: expressions as pipelines have them, `<+trigger.payload.ref.name>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomTrigger {
    /// Which deliveries count: `<+trigger.payload.event> == "push"`; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The reference's full name, or the short one with `referenceKind`.
    pub reference: String,
    /// `branch` or `tag`, or an expression that gives one, where the name is a short one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_kind: Option<String>,
    /// Its value before. Nothing, `null` or a place that is not there: not known. Zeros: it did not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_sha_old: Option<String>,
    /// Its value after, read alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_sha: Option<String>,
    /// Where the signature stands and how it is made. Without it the secret is expected in the URL: `?secret=…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<CustomSignature>,
}

/// Where a signature stands and how it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomSignature {
    /// The header.
    pub header: String,
    /// The hash: `sha256`. Without it the header holds the secret itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hmac: Option<String>,
    /// `hex` (the default) or `base64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// What stands before the signature, such as `sha256=`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExpressionError(pub String);

impl ExpressionError {
    fn new(text: impl fmt::Display) -> Self {
        Self(text.to_string())
    }
}

impl CustomTrigger {
    /// Checks the expressions, when a configuration is read.
    pub fn check(&self) -> Result<(), ExpressionError> {
        let at = |field: &str| {
            let field = field.to_owned();
            move |error: ExpressionError| ExpressionError(format!("{field}: {error}"))
        };
        if let Some(when) = &self.when {
            parse::condition(when).map_err(at("when"))?;
        }
        let reference = Template::parse(&self.reference).map_err(at("reference"))?;
        if reference.is_literal() {
            return Err(ExpressionError::new(
                "reference: it takes nothing out of the payload: write an expression such as <+trigger.payload.ref>",
            ));
        }
        let templates = [
            ("referenceKind", &self.reference_kind),
            ("referenceShaOld", &self.reference_sha_old),
            ("referenceSha", &self.reference_sha),
        ];
        for (field, text) in templates {
            if let Some(text) = text {
                let template = Template::parse(text).map_err(at(field))?;
                if field == "referenceKind"
                    && template.is_literal()
                    && !matches!(text.as_str(), "branch" | "tag")
                {
                    return Err(ExpressionError::new(
                        "referenceKind: expected branch, tag or an expression that gives one",
                    ));
                }
            }
        }
        self.signature.as_ref().map_or(Ok(()), CustomSignature::check)
    }

    /// Whether a delivery counts.
    pub(crate) fn counts(&self, context: &Context<'_>) -> Result<bool, ExpressionError> {
        match &self.when {
            None => Ok(true),
            Some(when) => evaluate::condition(&parse::condition(when)?, context),
        }
    }
}

impl CustomSignature {
    fn check(&self) -> Result<(), ExpressionError> {
        let known_byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if self.header.is_empty() || self.header.len() > 100 || !self.header.bytes().all(known_byte) {
            return Err(ExpressionError::new(
                "signature.header: expected the name of a header",
            ));
        }
        if !matches!(self.hmac.as_deref(), None | Some("sha256")) {
            return Err(ExpressionError::new(
                "signature.hmac: expected sha256, or nothing where the header holds the secret",
            ));
        }
        if !matches!(self.encoding.as_deref(), None | Some("hex" | "base64")) {
            return Err(ExpressionError::new("signature.encoding: expected hex or base64"));
        }
        Ok(())
    }
}
