//! Audit records: who changed what, and who was refused, in the fields of CloudTrail's records. Derived from the trace.

use policy::Principal;
use serde_json::{Value, json};

use crate::{Asked, Caller, Noted, Step, Traced};

/// The fields are those of this version of CloudTrail's records (docs).
const EVENT_VERSION: &str = "1.08";

/// The record of a request that changed something, ran a function, or was denied; none of those that only read. Parameters
/// of requests are left out: they may hold secrets.
pub(crate) fn record(traced: &Traced) -> Option<Value> {
    let steps = traced.steps();
    let writes = |noted: &Noted| matches!(noted.step, Step::Committed { writes, .. } if 0 < writes);
    let changed = steps.iter().any(|noted| writes(noted) || matches!(noted.step, Step::Invoked(_)));
    let denied = steps.iter().any(|noted| match &noted.step {
        Step::Refused { .. } | Step::LetThrough { .. } => true,
        Step::Judged { decision, .. } => !decision.is_allowed(),
        _ => false,
    });
    if !changed && !denied {
        return None;
    }
    let asked = traced.asked.as_ref();
    let mut record = json!({
        "eventVersion": EVENT_VERSION,
        "userIdentity": asked.map_or_else(|| json!({ "type": "Unknown" }), |asked| identity(&asked.caller)),
        "eventTime": traced.at.iso8601(),
        "eventSource": format!("{}.amazonaws.com", traced.service),
        "eventName": traced.operation,
        "sourceIPAddress": asked.map(|asked| asked.source_ip.as_str()),
        "userAgent": asked.and_then(|asked| asked.user_agent.as_deref()),
        "awsRegion": asked.map(|asked| asked.region.as_str()),
        "requestID": traced.request_id,
        "eventType": "AwsApiCall",
        "readOnly": !changed,
        "resources": resources(&steps),
        "recipientAccountId": asked.map(|asked| asked.caller.account.as_str()),
    });
    if let Some(fields) = record.as_object_mut() {
        let set = |name: &str, value: &str| (name.to_owned(), Value::from(value));
        fields.extend(traced.error.map(|code| set("errorCode", code)));
        fields.extend(traced.message.as_deref().map(|text| set("errorMessage", text)));
        fields.extend(traced.parent.as_deref().map(|parent| set("sharedEventID", parent)));
    }
    Some(record)
}

/// What was asked for, each once.
fn resources(steps: &[Noted]) -> Vec<Value> {
    let mut found: Vec<&str> = Vec::new();
    for noted in steps {
        if let Step::Judged { resource, .. } = &noted.step
            && resource != "*"
            && !found.contains(&resource.as_str())
        {
            found.push(resource);
        }
    }
    found.into_iter().map(|arn| json!({ "ARN": arn })).collect()
}

fn identity(caller: &Caller) -> Value {
    let (principal, account) = (caller.principal.name(), caller.account.as_str());
    let known = |kind: &str, more: Option<(&str, Value)>| {
        let fields = [
            ("type", Value::from(kind)),
            ("principalId", caller.user_id.as_str().into()),
            ("arn", principal.as_str().into()),
            ("accountId", account.into()),
            ("accessKeyId", caller.access_key_id.as_deref().into()),
        ];
        fields.into_iter().chain(more).map(|(name, value)| (name.to_owned(), value)).collect()
    };
    match &caller.principal {
        Principal::Root(_) => known("Root", None),
        Principal::User(_) => known("IAMUser", Some(("userName", principal.rsplit('/').next().into()))),
        Principal::Session { role, .. } => {
            let issuer = json!({
                "type": "Role",
                "principalId": caller.user_id.split(':').next(),
                "arn": role.to_string(),
                "accountId": role.account,
                "userName": role.resource.rsplit('/').next(),
            });
            known("AssumedRole", Some(("sessionContext", json!({ "sessionIssuer": issuer }))))
        }
        Principal::Service(name) => json!({ "type": "AWSService", "invokedBy": name }),
        Principal::Federated(_) => json!({ "type": "WebIdentityUser", "principalId": principal }),
        Principal::Anonymous => json!({ "type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL" }),
    }
}

impl Asked {
    /// What the request's context knows of it.
    pub fn of(cx: crate::Cx) -> Self {
        let crate::Cx { caller, scope, source_ip, user_agent, .. } = cx;
        Self { caller, region: scope.region, source_ip, user_agent }
    }
}

#[cfg(test)]
mod tests {
    use base::{Account, Region, Timestamp};

    use super::*;
    use crate::{Invocation, Trace};

    fn traced(step: Step) -> Traced {
        let trace = Trace::default();
        trace.note(step);
        let account = Account::from("123456789012");
        let role = "arn:aws:iam::123456789012:role/team/r".parse().unwrap();
        let session = "arn:aws:sts::123456789012:assumed-role/r/s".parse().unwrap();
        let caller = Caller::of(Principal::Session { role, session }, account, "AROA1:s");
        Traced {
            request_id: "r-1".into(),
            parent: None,
            at: Timestamp::default(),
            line: "POST /".into(),
            service: "dynamodb",
            operation: "PutItem",
            status: 200,
            error: None,
            message: None,
            duration_us: 1,
            asked: Some(Asked {
                caller: Caller { access_key_id: Some("ASIA1".into()), ..caller },
                region: Region::from("eu-west-1"),
                source_ip: "10.0.0.1".into(),
                user_agent: Some("boto".into()),
            }),
            trace,
        }
    }

    #[test]
    fn what_changed_something_is_recorded() {
        let record = record(&traced(Step::Committed { reads: 1, writes: 1 })).unwrap();
        assert_eq!(record["eventSource"], "dynamodb.amazonaws.com");
        assert_eq!(
            (&record["eventName"], &record["readOnly"], &record["awsRegion"]),
            (&json!("PutItem"), &json!(false), &json!("eu-west-1"))
        );
        assert_eq!(record["userIdentity"]["arn"], "arn:aws:sts::123456789012:assumed-role/r/s");
        assert_eq!(record["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"], "r");
        assert!(record.get("errorCode").is_none());
    }

    #[test]
    fn what_only_read_is_not_and_what_was_refused_is() {
        assert_eq!(record(&traced(Step::Committed { reads: 1, writes: 0 })), None);
        let mut refused = traced(Step::Refused { why: "an unknown key".into() });
        refused.error = Some("AccessDenied");
        refused.message = Some("no".into());
        refused.asked = None;
        let record = record(&refused).unwrap();
        assert_eq!((&record["errorCode"], &record["errorMessage"]), (&json!("AccessDenied"), &json!("no")));
        assert_eq!((&record["userIdentity"]["type"], &record["readOnly"]), (&json!("Unknown"), &json!(true)));
    }

    #[test]
    fn invocations_are_recorded() {
        let (function, error_type) = ("f".to_owned(), None);
        let ran = Invocation { function, duration_ms: 1.0, init_ms: None, billed_ms: 1, error_type };
        assert!(record(&traced(Step::Invoked(ran))).is_some());
    }
}
