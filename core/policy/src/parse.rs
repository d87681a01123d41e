//! Reading and validating policy documents.

use std::collections::BTreeSet;
use std::sync::Arc;

use base::Arn;
use serde_json::{Map, Value};

use crate::condition::Condition;
use crate::document::{Effect, Element, Policy, PolicyKind, Sense, Statement};
use crate::error::PolicyError;
use crate::operator::Operator;
use crate::pattern::{Pattern, Variables};
use crate::principal::PrincipalPattern;

const STATEMENT_FIELDS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// Whether a document is about to be accepted, or was long ago: then what was once overlooked stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Care {
    Accepting,
    Reading,
}

impl Policy {
    /// Reads a document and checks it as IAM does when it is attached to something of this kind.
    pub fn parse(json: &str, kind: PolicyKind) -> Result<Self, PolicyError> {
        Self::read(json, kind, Care::Accepting)
    }

    /// Reads a document that was accepted once, perhaps when less was known of what IAM refuses.
    pub fn stored(json: &str, kind: PolicyKind) -> Result<Self, PolicyError> {
        Self::read(json, kind, Care::Reading)
    }

    fn read(json: &str, kind: PolicyKind, care: Care) -> Result<Self, PolicyError> {
        if json.starts_with(char::is_whitespace) {
            return Err(PolicyError::LeadingSpaces);
        }
        let Ok(Value::Object(document)) = serde_json::from_str(json) else {
            return Err(match kind {
                PolicyKind::Managed | PolicyKind::Inline => PolicyError::Syntax,
                PolicyKind::Resource | PolicyKind::Trust => PolicyError::InvalidJson,
            });
        };
        let variables = version(&document, kind)?;
        let statements = match document.get("Statement") {
            Some(Value::Array(list)) if !list.is_empty() => list.iter().collect(),
            Some(one @ Value::Object(_)) => vec![one],
            None if kind != PolicyKind::Managed && kind != PolicyKind::Inline => {
                return Err(PolicyError::MissingField("Statement"));
            }
            _ => return Err(PolicyError::Syntax),
        };
        let parsed: Result<Vec<_>, _> =
            statements.into_iter().map(|one| statement(one, kind, care, variables)).collect();
        let statements = parsed?;
        let mut sids = BTreeSet::new();
        if !statements.iter().filter_map(|s| s.sid.as_ref()).filter(|s| !s.is_empty()).all(|sid| sids.insert(sid)) {
            return Err(PolicyError::DuplicateSid);
        }
        Ok(Self { statements })
    }
}

fn version(document: &Map<String, Value>, kind: PolicyKind) -> Result<Variables, PolicyError> {
    for (name, value) in document {
        match (name.as_str(), value) {
            ("Version" | "Id", Value::String(_)) | ("Statement", _) => (),
            ("Version" | "Id", _) => return Err(PolicyError::Syntax),
            (other, _) if kind == PolicyKind::Resource => return Err(PolicyError::UnknownField(other.into())),
            _ => return Err(PolicyError::Syntax),
        }
    }
    match (document.get("Version").and_then(Value::as_str), kind) {
        (Some("2012-10-17"), _) => Ok(Variables::Resolved),
        (Some("2008-10-17") | None, PolicyKind::Managed) => Err(PolicyError::Version),
        (Some("2008-10-17") | None, _) => Ok(Variables::Literal),
        (Some(_), _) => Err(PolicyError::Syntax),
    }
}

fn statement(value: &Value, kind: PolicyKind, care: Care, variables: Variables) -> Result<Statement, PolicyError> {
    let Value::Object(fields) = value else { return Err(PolicyError::Syntax) };
    if let Some(unknown) = fields.keys().find(|name| !STATEMENT_FIELDS.contains(&name.as_str())) {
        return Err(match kind {
            PolicyKind::Managed | PolicyKind::Inline => PolicyError::Syntax,
            PolicyKind::Resource | PolicyKind::Trust => PolicyError::UnknownField(unknown.clone()),
        });
    }
    let action = one_of(fields, "Action", "NotAction")?.filter(|(_, list)| !list.is_empty());
    let (sense, actions) = action.ok_or(match kind {
        PolicyKind::Managed | PolicyKind::Inline => PolicyError::NoActions,
        PolicyKind::Resource | PolicyKind::Trust => PolicyError::MissingField("Action"),
    })?;
    actions.iter().try_for_each(|text| check_action(text, kind))?;
    let actions = Element { sense, patterns: actions.iter().map(|text| Pattern::action(text)).collect() };
    Ok(Statement {
        sid: sid(fields, kind)?,
        effect: effect(fields)?,
        principal: principal(fields, kind)?,
        action: actions,
        resource: resource(fields, kind, care, variables)?,
        conditions: conditions(fields, kind, care, variables)?,
    })
}

fn sid(fields: &Map<String, Value>, kind: PolicyKind) -> Result<Option<Arc<str>>, PolicyError> {
    match fields.get("Sid") {
        None => Ok(None),
        // Services that keep resource policies take any text.
        Some(Value::String(sid)) if kind == PolicyKind::Resource || kind == PolicyKind::Trust => {
            Ok(Some(sid.as_str().into()))
        }
        Some(Value::String(sid)) if sid.bytes().all(|b| b.is_ascii_alphanumeric()) => Ok(Some(sid.as_str().into())),
        Some(Value::String(_)) => Err(PolicyError::InvalidSid),
        Some(_) => Err(PolicyError::Syntax),
    }
}

fn effect(fields: &Map<String, Value>) -> Result<Effect, PolicyError> {
    match fields.get("Effect") {
        Some(Value::String(text)) if text == "Allow" => Ok(Effect::Allow),
        Some(Value::String(text)) if text == "Deny" => Ok(Effect::Deny),
        Some(Value::String(text)) => Err(PolicyError::InvalidEffect(text.clone())),
        Some(_) => Err(PolicyError::Syntax),
        None => Err(PolicyError::MissingField("Effect")),
    }
}

fn check_action(text: &str, kind: PolicyKind) -> Result<(), PolicyError> {
    let Some((vendor, name)) = text.split_once(':') else {
        return if text == "*" { Ok(()) } else { Err(PolicyError::ActionWithoutVendor) };
    };
    if name.contains(':') {
        return Err(PolicyError::ActionColons);
    }
    if vendor.is_empty() || !vendor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') {
        return Err(PolicyError::InvalidVendor(vendor.into()));
    }
    if kind == PolicyKind::Trust && !vendor.eq_ignore_ascii_case("sts") {
        return Err(PolicyError::TrustAction);
    }
    Ok(())
}

fn resource(
    fields: &Map<String, Value>,
    kind: PolicyKind,
    care: Care,
    variables: Variables,
) -> Result<Option<Element<Pattern>>, PolicyError> {
    let found = one_of(fields, "Resource", "NotResource")?;
    match (found, kind) {
        (Some(_), PolicyKind::Trust) => {
            let name = if fields.contains_key("Resource") { "Resource" } else { "NotResource" };
            Err(PolicyError::ProhibitedField(name))
        }
        (None, PolicyKind::Trust) => Ok(None),
        (None, PolicyKind::Resource) => Err(PolicyError::MissingField("Resource")),
        (None, PolicyKind::Managed | PolicyKind::Inline) => Err(PolicyError::NoResources),
        (Some((_, list)), _) if list.is_empty() => Err(PolicyError::NoResources),
        (Some((sense, list)), _) => {
            list.iter().try_for_each(|text| check_resource(text, kind, care))?;
            let patterns = list.into_iter().map(|text| Pattern::resource(text, variables)).collect();
            Ok(Some(Element { sense, patterns }))
        }
    }
}

fn check_resource(text: &str, kind: PolicyKind, care: Care) -> Result<(), PolicyError> {
    if !Arn::is_arn(text) {
        return if text.starts_with('*') { Ok(()) } else { Err(PolicyError::InvalidResource(text.into())) };
    }
    let mut parts = text.splitn(6, ':').skip(1);
    let (partition, vendor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let (region, resource) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
    // Services that keep resource policies have rules of their own.
    if kind == PolicyKind::Resource || care == Care::Reading {
        return Ok(());
    }
    if partition != "*" && partition != "aws" && !partition.starts_with("aws-") {
        return Err(PolicyError::InvalidPartition { partition: partition.into(), resource: text.into() });
    }
    if vendor.is_empty() || vendor.contains(['*', '?']) {
        return Err(PolicyError::ResourceVendor);
    }
    match vendor {
        "iam" if !region.is_empty() => Err(PolicyError::IamRegion(text.into())),
        "s3" if !region.is_empty() && !resource.starts_with("accesspoint/") => Err(PolicyError::S3Region(text.into())),
        _ => Ok(()),
    }
}

fn principal(fields: &Map<String, Value>, kind: PolicyKind) -> Result<Option<Element<PrincipalPattern>>, PolicyError> {
    let found = match (fields.get("Principal"), fields.get("NotPrincipal")) {
        (None, None) => None,
        (Some(value), None) => Some((Sense::OneOf, value)),
        (None, Some(value)) => Some((Sense::NoneOf, value)),
        (Some(_), Some(_)) => return Err(PolicyError::Syntax),
    };
    match (found, kind) {
        (None, PolicyKind::Managed | PolicyKind::Inline) => Ok(None),
        (Some(_), PolicyKind::Managed | PolicyKind::Inline) => Err(PolicyError::PrincipalProhibited),
        (None, PolicyKind::Resource | PolicyKind::Trust) => Err(PolicyError::MissingField("Principal")),
        (Some((sense, value)), _) => Ok(Some(Element { sense, patterns: principals(value)? })),
    }
}

fn principals(value: &Value) -> Result<Vec<PrincipalPattern>, PolicyError> {
    let invalid = |text: &dyn std::fmt::Display| PolicyError::InvalidPrincipal(text.to_string());
    let kinds = match value {
        Value::String(text) if text == "*" => return Ok(vec![PrincipalPattern::Everyone]),
        Value::Object(kinds) if !kinds.is_empty() => kinds,
        other => return Err(invalid(other)),
    };
    let mut found = Vec::new();
    for (kind, value) in kinds {
        let list = strings(value).filter(|list| !list.is_empty()).ok_or_else(|| invalid(value))?;
        for text in list {
            let parsed = match kind.as_str() {
                "AWS" => PrincipalPattern::parse_aws(text),
                "Service" if text.contains('.') => Some(PrincipalPattern::Service(text.into())),
                "Federated" => Some(PrincipalPattern::Federated(text.into())),
                "CanonicalUser" => Some(PrincipalPattern::CanonicalUser(text.into())),
                _ => None,
            };
            found.push(parsed.ok_or_else(|| invalid(&format_args!("\"{kind}\":\"{text}\"")))?);
        }
    }
    Ok(found)
}

fn conditions(
    fields: &Map<String, Value>,
    kind: PolicyKind,
    care: Care,
    variables: Variables,
) -> Result<Vec<Condition>, PolicyError> {
    let vendor_needed = care == Care::Accepting && matches!(kind, PolicyKind::Managed | PolicyKind::Inline);
    let operators = match fields.get("Condition") {
        None => return Ok(Vec::new()),
        Some(Value::Object(operators)) => operators,
        Some(_) => return Err(PolicyError::Syntax),
    };
    let mut found = Vec::new();
    for (name, keys) in operators {
        let Value::Object(keys) = keys else { return Err(PolicyError::Syntax) };
        for (key, values) in keys {
            let operator = Operator::parse(name)?;
            if vendor_needed && !key.contains(':') {
                return Err(PolicyError::ActionWithoutVendor);
            }
            let wanted = scalars(values)?.iter().map(|text| Pattern::text(text, variables)).collect();
            found.push(Condition { operator, key: key.clone(), wanted });
        }
    }
    Ok(found)
}

/// A field or its `Not` form; both at once is a syntax error.
fn one_of<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
    not_name: &str,
) -> Result<Option<(Sense, Vec<&'a str>)>, PolicyError> {
    let (sense, value) = match (fields.get(name), fields.get(not_name)) {
        (None, None) => return Ok(None),
        (Some(value), None) => (Sense::OneOf, value),
        (None, Some(value)) => (Sense::NoneOf, value),
        (Some(_), Some(_)) => return Err(PolicyError::Syntax),
    };
    strings(value).map(|list| Some((sense, list))).ok_or(PolicyError::Syntax)
}

fn strings(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(one) => Some(vec![one]),
        Value::Array(list) => list.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// Condition values may be written as strings, numbers or booleans.
fn scalars(value: &Value) -> Result<Vec<String>, PolicyError> {
    match value {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Bool(_) | Value::Number(_) => Ok(vec![value.to_string()]),
        Value::Array(list) if list.iter().all(|v| !v.is_array()) => {
            let each: Result<Vec<_>, _> = list.iter().map(scalars).collect();
            Ok(each?.concat())
        }
        Value::Array(_) | Value::Object(_) | Value::Null => Err(PolicyError::Syntax),
    }
}
