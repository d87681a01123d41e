//! `clearsky explain`: a request's trace, for people.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::client;
use crate::config::Client;

/// Requests that are shown of one tree.
const SHOWN_MAX: usize = 200;

/// Asks the server for a request's trace and those of the requests that were made in its course, and prints the tree.
pub fn run(server: &Client, request_id: &str) -> anyhow::Result<()> {
    let ask = |id: &str| client::call(server, "ExplainRequest", &json!({ "RequestId": id }));
    print!("{}", tree(request_id, ask)?);
    Ok(())
}

/// The request and, deeper each, those made in its course.
fn tree(request_id: &str, ask: impl Fn(&str) -> anyhow::Result<Value>) -> anyhow::Result<String> {
    let mut out = String::new();
    let mut next = vec![(0, request_id.to_owned())];
    let mut shown = 0;
    while let Some((depth, id)) = next.pop() {
        if SHOWN_MAX <= shown {
            out.push_str("... and more\n");
            break;
        }
        let explained = match ask(&id) {
            // A later request may have pushed it out since.
            Err(_) if 0 < shown => continue,
            explained => explained?,
        };
        shown += 1;
        let indent = "    ".repeat(depth);
        out.extend(text(&explained).lines().map(|line| format!("{indent}{line}\n")));
        let children = explained.get("ChildRequestIds").and_then(Value::as_array).into_iter().flatten();
        next.extend(children.rev().filter_map(|child| Some((depth + 1, child.as_str()?.to_owned()))));
    }
    Ok(out)
}

fn text(explained: &Value) -> String {
    let of = |name: &str| word(explained, name);
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = writeln!(out, "{} {}: {} {}", of("Service"), of("Operation"), of("Status"), of("Error"));
    let _ = writeln!(out, "{} {} in {} us", of("RequestId"), of("Request"), of("DurationMicroseconds"));
    if explained.get("Message").is_some() {
        let _ = writeln!(out, "- answered: {}", of("Message"));
    }
    let steps = explained.get("Steps").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for step in steps {
        let at = word(step, "AtMicroseconds");
        let kind = step.as_object().and_then(|step| step.iter().find(|(kind, _)| *kind != "AtMicroseconds"));
        if let Some((kind, step)) = kind {
            let _ = writeln!(out, "- {at:>6} us {}", told(kind, step));
        }
    }
    out
}

fn told(kind: &str, step: &Value) -> String {
    let of = |name: &str| word(step, name);
    match kind {
        "Recognised" => format!("recognised by its {} as {} {}", of("Rule"), of("Service"), of("Operation")),
        "Called" => format!("called by {}", of("By")),
        "Refused" => format!("refused: {}", of("Why")),
        "Judged" => judged(step),
        "LetThrough" => {
            let statement = step.get("Statement").and_then(Value::as_str);
            let statement = statement.map(|text| format!("\n    what would allow it: {text}")).unwrap_or_default();
            format!("let through: {}{statement}", of("Why"))
        }
        "Conflicted" => format!("another request changed {}: run again", of("Key")),
        "Committed" => format!("committed: {} reads, {} writes", of("Reads"), of("Writes")),
        "Invoked" => invoked(step),
        other => format!("{other}: {step}"),
    }
}

fn invoked(step: &Value) -> String {
    let of = |name: &str| word(step, name);
    let milliseconds = |name: &str| step.get(name).and_then(Value::as_f64).map(|ms| format!("{ms:.2} ms"));
    let start =
        milliseconds("InitMilliseconds").map_or("warm".to_owned(), |init| format!("cold, its start took {init}"));
    let ran = milliseconds("DurationMilliseconds").unwrap_or_default();
    let failed = step.get("ErrorType").and_then(Value::as_str).map(|kind| format!(", failed: {kind}"));
    let billed = of("BilledMilliseconds");
    format!("invoked {}: {start}; ran {ran}, billed {billed} ms{}", of("Function"), failed.unwrap_or_default())
}

fn judged(step: &Value) -> String {
    let mut out = format!("{} on {}: {}", word(step, "Action"), word(step, "Resource"), word(step, "Effect"));
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
        let judged = json!({ "AtMicroseconds": 7, "Judged": {
            "Action": "s3:GetObject", "Resource": "r", "Effect": "explicit deny", "DecidedBy": statement,
            "LookedAt": [{ "Statement": statement, "Outcome": "denies" }],
        } });
        let explained = json!({
            "Service": "s3", "Operation": "GetObject", "Status": 403, "Error": "AccessDenied", "Request": "GET /b/k",
            "RequestId": "r-1", "DurationMicroseconds": 12,
            "Steps": [{ "AtMicroseconds": 5, "Called": { "By": "me" } }, judged],
        });
        assert_eq!(
            text(&explained),
            "s3 GetObject: 403 AccessDenied\nr-1 GET /b/k in 12 us\n-      5 us called by me\n\
             -      7 us s3:GetObject on r: explicit deny, decided by statement 0 (No) of the identity policy own\n    \
             statement 0 (No) of the identity policy own denies\n"
        );
    }

    #[test]
    fn children_stand_below_their_parents() {
        let ask = |id: &str| -> anyhow::Result<Value> {
            let children = match id {
                "a" => json!(["b", "d"]),
                "b" => json!(["c", "gone"]),
                "gone" => anyhow::bail!("not remembered"),
                _ => json!([]),
            };
            Ok(json!({ "Service": id, "RequestId": id, "ChildRequestIds": children }))
        };
        let tree = tree("a", ask).unwrap();
        let heads: Vec<&str> = tree.lines().step_by(2).collect();
        assert_eq!(heads, ["a :  ", "    b :  ", "        c :  ", "    d :  "]);
    }
}
