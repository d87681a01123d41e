//! Who may hand which role to Lambda, and what happens when the role does not play along.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use base::Arn;
use futures::future::BoxFuture;
use policy::{Attached, Policies, Policy, PolicyKind};
use serde_json::json;
use service::ports::{Identity, Session, Trust, Unaccepted};
use service::testing::{Kit, Open};
use service::{Caller, Credentials, Failure};

use crate::bench::{Bench, ROLE, app, app_with};
use crate::fake::Fake;

/// Sessions may do everything but pass roles; roles are judged by their names.
#[derive(Default)]
pub struct Strict {
    /// Set when no role can be assumed any more.
    pub is_gone: AtomicBool,
}

impl Identity for Strict {
    fn credentials<'a>(
        &'a self,
        id: &'a str,
        token: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Result<Credentials, Unaccepted>, Failure>> {
        Open.credentials(id, token)
    }

    fn policies<'a>(&'a self, _: &'a Caller) -> BoxFuture<'a, Result<Policies, Failure>> {
        let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"lambda:*","Resource":"*"}}"#;
        let policy = Arc::new(Policy::parse(document, PolicyKind::Inline).unwrap());
        let identity = vec![Attached { name: "lambda".into(), policy }];
        Box::pin(async { Ok(Policies { identity, ..Policies::default() }) })
    }

    fn assume<'a>(&'a self, role: &'a Arn, service: &'a str, name: &'a str) -> BoxFuture<'a, Result<Session, Failure>> {
        Box::pin(async move {
            if self.is_gone.load(Ordering::SeqCst) {
                let facts = ::wire::ErrorFacts::common("AccessDenied", 403);
                return Err(Failure::new(&facts, "no such role"));
            }
            let expires = base::Timestamp::parse_iso8601("2026-11-24T01:00:00Z").unwrap();
            let session = Identity::assume(&Open, role, service, name).await?;
            Ok(Session { expires, ..session })
        })
    }

    fn trusts<'a>(&'a self, role: &'a Arn, service: &'a str) -> BoxFuture<'a, Result<Trust, Failure>> {
        assert_eq!(service, "lambda.amazonaws.com");
        let trust = match role.resource_id() {
            "app" => Trust::Yes,
            "other" => Trust::No,
            _ => Trust::NoSuchRole,
        };
        Box::pin(async move { Ok(trust) })
    }
}

async fn bench() -> (Bench, Arc<Strict>) {
    let strict = Arc::new(Strict::default());
    (Bench::with(Fake::default(), Arc::clone(&strict) as _).await, strict)
}

#[tokio::test]
async fn passing_a_role_is_a_right_of_its_own() {
    let (bench, _) = bench().await;
    let denied = bench.kit.call_as(&Kit::nobody(), "lambda", "CreateFunction", app()).await.unwrap_err();
    assert_eq!(denied.facts.code, "AccessDeniedException");
    assert!(denied.message.contains(&format!("iam:PassRole on resource: {ROLE}")), "{}", denied.message);
    bench.call("CreateFunction", app()).await;
    let update = json!({ "FunctionName": "app", "Role": ROLE });
    let denied = bench.kit.call_as(&Kit::nobody(), "lambda", "UpdateFunctionConfiguration", update).await.unwrap_err();
    assert!(denied.message.contains("iam:PassRole"), "{}", denied.message);
    let harmless = json!({ "FunctionName": "app", "Timeout": 4 });
    bench.kit.call_as(&Kit::nobody(), "lambda", "UpdateFunctionConfiguration", harmless).await.unwrap();
}

#[tokio::test]
async fn a_role_must_be_there_and_trust_lambda() {
    let (bench, _) = bench().await;
    let refused = "InvalidParameterValueException 400: The role defined for the function cannot be assumed by Lambda.";
    for name in ["other", "missing"] {
        let role = ROLE.replace("app", name);
        assert_eq!(bench.show("CreateFunction", app_with(json!({ "Role": role }))).await, refused);
    }
    bench.call("CreateFunction", app()).await;
    let update = json!({ "FunctionName": "app", "Role": ROLE.replace("app", "other") });
    assert_eq!(bench.show("UpdateFunctionConfiguration", update).await, refused);
    assert_eq!(bench.kit.blobs.count(), 1);
}

#[tokio::test]
async fn environments_end_before_their_credentials_do() {
    let (bench, strict) = bench().await;
    bench.call("CreateFunction", app()).await;
    bench.invoke(&[], "{}").await;
    bench.kit.clock.advance_ms(59 * 60 * 1000 - 3000 - 1);
    bench.invoke(&[], "{}").await;
    assert_eq!(bench.fake.started(), 1);
    bench.kit.clock.advance_ms(1);
    bench.invoke(&[], "{}").await;
    assert_eq!(bench.fake.started(), 2);
    strict.is_gone.store(true, Ordering::SeqCst);
    let refused = bench.invoke(&[], "{}").await;
    assert_eq!((refused.status, refused.header("x-amzn-errortype")), (403, "AccessDeniedException"));
}

#[tokio::test]
async fn a_role_that_may_not_log_is_asked_once() {
    let bench = Bench::new().await;
    bench.call("CreateFunction", app_with(json!({ "Role": ROLE.replace("app", "mute") }))).await;
    for _ in 0..3 {
        assert_eq!(bench.invoke(&[], r#"{"print": ["x"]}"#).await.status, 200);
        bench.functions.flush_logs().await;
    }
    let seen = bench.logs.lock().unwrap().clone();
    assert_eq!(seen, ["denied CreateLogStream", "denied PutLogEvents"]);
}
