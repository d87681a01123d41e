//! `clearsky explain`: a request's trace, for people.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::client;
use crate::config::Client;

/// Asks the server for a request's trace and prints it.
pub fn run(server: &Client, request_id: &str) -> anyhow::Result<()> {
    let explained = client::call(server, "ExplainRequest", &json!({ "RequestId": request_id }))?;
    print!("{}", text(&explained));
    Ok(())
}

fn text(explained: &Value) -> String {
    let of = |name: &str| word(explained, name);
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = writeln!(out, "{} {}: {} {}", of("Service"), of("Operation"), of("Status"), of("Error"));
    let _ = writeln!(out, "{} in {} us", of("Request"), of("DurationMicroseconds"));
    let steps = explained.get("Steps").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for (kind, step) in steps.iter().filter_map(|step| step.as_object()?.iter().next()) {
        let of = |name: &str| word(step, name);
        let _ = match kind.as_str() {
            "Recognised" => {
                writeln!(out, "- recognised by its {} as {} {}", of("Rule"), of("Service"), of("Operation"))
            }
            "Called" => writeln!(out, "- called by {}", of("By")),
            "Judged" => writeln!(out, "{}", judged(step)),
            "Conflicted" => writeln!(out, "- another request changed {}: run again", of("Key")),
            "Committed" => writeln!(out, "- committed: {} reads, {} writes", of("Reads"), of("Writes")),
            "Invoked" => writeln!(out, "- invoked {}: {} ms", of("Function"), of("DurationMilliseconds")),
            other => writeln!(out, "- {other}: {step}"),
        };
    }
    out
}

fn judged(step: &Value) -> String {
    let mut out = format!("- {} on {}: {}", word(step, "Action"), word(step, "Resource"), word(step, "Effect"));
    if let Some(decided) = step.get("DecidedBy") {
        out.push_str(&format!(", decided by {}", statement(decided)));
    }
    for looked in step.get("LookedAt").and_then(Value::as_array).into_iter().flatten() {
        let by = looked.get("Statement").map(statement).unwrap_or_default();
        out.push_str(&format!("\n    {by} {}", word(looked, "Outcome")));
    }
    out
}

fn statement(reference: &Value) -> String {
    let sid = reference.get("Sid").and_then(Value::as_str).map(|sid| format!(" ({sid})")).unwrap_or_default();
    let (kind, policy, index) = (word(reference, "PolicyType"), word(reference, "Policy"), word(reference, "Index"));
    format!("statement {index}{sid} of the {kind} policy {policy}")
}

fn word(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_names_the_statement() {
        let statement = json!({ "PolicyType": "identity", "Policy": "own", "Index": 0, "Sid": "No" });
        let judged = json!({ "Judged": {
            "Action": "s3:GetObject", "Resource": "r", "Effect": "explicit deny", "DecidedBy": statement,
            "LookedAt": [{ "Statement": statement, "Outcome": "denies" }],
        } });
        let explained = json!({
            "Service": "s3", "Operation": "GetObject", "Status": 403, "Error": "AccessDenied", "Request": "GET /b/k",
            "DurationMicroseconds": 12, "Steps": [{ "Called": { "By": "me" } }, judged],
        });
        assert_eq!(
            text(&explained),
            "s3 GetObject: 403 AccessDenied\nGET /b/k in 12 us\n- called by me\n\
             - s3:GetObject on r: explicit deny, decided by statement 0 (No) of the identity policy own\n    \
             statement 0 (No) of the identity policy own denies\n"
        );
    }
}
