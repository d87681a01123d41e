//! `clearsky policy`: what a role was seen to do in audit mode, as a policy to attach to it.

use serde_json::{Value, json};

use crate::client;
use crate::config::{Client, Whose};

/// Asks the server and prints the document. What a policy of the caller's cannot allow goes to standard error.
pub fn run(server: &Client, whose: &Whose, include_allowed: bool) -> anyhow::Result<()> {
    let input = match (&whose.role, &whose.user) {
        (Some(role), _) => json!({ "RoleName": role, "IncludeAllowed": include_allowed }),
        (None, user) => json!({ "UserName": user, "IncludeAllowed": include_allowed }),
    };
    let recorded = client::call(server, "GetRecordedPolicy", &input)?;
    let document = recorded.get("PolicyDocument").and_then(Value::as_str).unwrap_or_default();
    let document: Value = serde_json::from_str(document)?;
    println!("{}", serde_json::to_string_pretty(&document)?);
    for barred in recorded.get("Barred").and_then(Value::as_array).into_iter().flatten() {
        let of = |name: &str| barred.get(name).and_then(Value::as_str).unwrap_or_default();
        eprintln!("not in it: {} on {}: {}", of("Action"), of("Resource"), of("Reason"));
    }
    Ok(())
}
