//! Hosts that refsync does not know, read by the expressions of the configuration.

use super::body::Body;
use super::told::{Zeros, full_name, told_name, value};
use super::{Delivery, Headers, Malformed, Push, ignored};
use crate::custom::{Context, CustomTrigger, ExpressionError, Template};

pub(super) fn read(
    trigger: Option<&CustomTrigger>,
    headers: &Headers,
    body: &Body<'_>,
) -> Result<Delivery, Malformed> {
    let Some(trigger) = trigger else {
        return Err(Malformed(
            "the mirror's side has no trigger: a custom provider needs one that says how to read a payload"
                .to_owned(),
        ));
    };
    let payload = body.whole()?;
    let context = Context {
        payload: &payload,
        headers,
    };
    if !trigger.counts(&context).map_err(at("when"))? {
        return Ok(ignored("custom", "the trigger's condition (when) does not hold"));
    }
    let fill = |field: &'static str, text: Option<&str>| match text {
        None => Ok(None),
        Some(text) => Template::parse(text)
            .and_then(|template| template.fill(&context))
            .map_err(at(field)),
    };
    let name = fill("reference", Some(&trigger.reference))?;
    let name = told_name("reference", name.as_deref())?;
    let name = match fill("referenceKind", trigger.reference_kind.as_deref())? {
        Some(kind) => full_name(&kind, "referenceKind", name)?,
        None => name.to_owned(),
    };
    let old = fill("referenceShaOld", trigger.reference_sha_old.as_deref())?;
    let new = fill("referenceSha", trigger.reference_sha.as_deref())?;
    let mut push = Push::new("custom");
    push.add(
        &name,
        value("referenceShaOld", old.as_deref(), Zeros::Absent)?,
        value("referenceSha", new.as_deref(), Zeros::Absent)?,
    );
    Ok(Delivery::Push(push))
}

fn at(field: &'static str) -> impl Fn(ExpressionError) -> Malformed {
    move |error| Malformed(format!("{field}: {error}"))
}
