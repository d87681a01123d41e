//! What Prometheus scrapes.

use std::sync::Arc;

use base::{Account, Arn, Region, Scope, Secret, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::BoxFuture;
use http::{HeaderMap, Method};
use kv_memory::Memory;
use service::metrics::{Gauge, Request, Sample, Subject};
use service::ports::{Identity, Session, Trust, Unaccepted};
use service::testing::Kit;
use service::{Caller, Credentials, Failure, Form, PlaneRequest};

/// Three keys, all with the secret `s`: root's, somebody's without permissions, and that of another account's root.
struct Keys;

impl Identity for Keys {
    fn credentials<'a>(
        &'a self,
        key: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Result<Credentials, Unaccepted>, Failure>> {
        let caller = match key {
            "ROOT" => Ok(Kit::root()),
            "NOBODY" => Ok(Kit::nobody()),
            "OTHER" => Ok(Caller::root(Account::from("111111111111"))),
            _ => Err(Unaccepted::UnknownKey),
        };
        let secret_access_key = Secret::new("s".to_owned());
        Box::pin(async { Ok(caller.map(|caller| Credentials { secret_access_key, caller })) })
    }

    fn policies<'a>(&'a self, _: &'a Caller) -> BoxFuture<'a, Result<policy::Policies, Failure>> {
        Box::pin(async { Ok(policy::Policies::default()) })
    }

    fn assume<'a>(&'a self, _: &'a Arn, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Session, Failure>> {
        Box::pin(async { Err(Failure::not_implemented("Assuming")) })
    }

    fn trusts<'a>(&'a self, _: &'a Arn, _: &'a str) -> BoxFuture<'a, Result<Trust, Failure>> {
        Box::pin(async { Ok(Trust::No) })
    }
}

async fn scrape(kit: &Kit, method: Method, path: &str, authorization: Option<&str>) -> (u16, String) {
    let mut headers = HeaderMap::new();
    if let Some(value) = authorization {
        headers.insert("authorization", value.parse().unwrap());
    }
    let service = kit.platform.service("cloudwatch").unwrap();
    let (_, plane) = service.plane.unwrap();
    let request = PlaneRequest {
        request_id: "r-1".into(),
        id: String::new(),
        form: Form::Path,
        method,
        path: path.into(),
        query: String::new(),
        headers,
        body: bytes::Bytes::new(),
        source_ip: "127.0.0.1".into(),
        authority: "127.0.0.1:4566".into(),
    };
    let response = plane.serve(&kit.platform, request).await;
    (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
}

fn kit() -> Kit {
    let ports = Kit::ports(Some(Arc::new(Keys)), None);
    Kit::with(Memory::store(), vec![cloudwatch::service()], |_| (ports, Vec::new()))
}

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

#[tokio::test]
async fn nobody_reads_without_a_key() {
    let kit = kit();
    assert_eq!(scrape(&kit, Method::GET, "/", None).await.0, 401);
    for (authorization, status) in [
        ("Basic !".to_owned(), 401),
        ("Bearer x".to_owned(), 401),
        (basic(":"), 401),
        (basic("ROOT:wrong"), 401),
        (basic("NONE:s"), 401),
        (basic("NOBODY:s"), 403),
        (basic("OTHER:s"), 403),
        (basic("ROOT:s"), 200),
    ] {
        assert_eq!(scrape(&kit, Method::GET, "/", Some(&authorization)).await.0, status, "{authorization:?}");
    }
    assert_eq!(scrape(&kit, Method::GET, "/x", None).await.0, 404);
    assert_eq!(scrape(&kit, Method::POST, "/", None).await.0, 405);
}

#[tokio::test]
async fn numbers_are_in_the_text() {
    let kit = kit();
    let metrics = &kit.platform.metrics;
    metrics.requests.count(Request { service: "s3", operation: "GetObject", status: 200 }, 700);
    let scope = Scope::new(Account::from(Account::DEFAULT), Region::from(Region::DEFAULT));
    let (namespace, dimension, name) = ("AWS/Lambda", "FunctionName", "f\"1".to_owned());
    let subject = Subject { scope, namespace, dimension, name };
    let samples = [
        Sample { metric: "Invocations", unit: "Count", value: 1.0 },
        Sample { metric: "Duration", unit: "Milliseconds", value: 12.5 },
    ];
    metrics.record(&subject, Timestamp::default(), &samples);
    metrics.take();
    let _active = metrics.active(&subject);
    let labels = vec![("runtime", "python3.11".to_owned())];
    let gauge = Gauge { name: "clearsky_blanks", help: "Waiting.", labels, value: 2.0 };
    metrics.gauges_of(Box::new(move || vec![gauge.clone()]));
    let (_, text) = scrape(&kit, Method::GET, "/", Some(&basic("ROOT:s"))).await;
    let labels = r#"account="000000000000",region="us-east-1",function="f\"1""#;
    for line in [
        r#"clearsky_request_duration_seconds_bucket{service="s3",operation="GetObject",status="200",le="0.0005"} 0"#,
        r#"clearsky_request_duration_seconds_bucket{service="s3",operation="GetObject",status="200",le="0.001"} 1"#,
        r#"clearsky_request_duration_seconds_bucket{service="s3",operation="GetObject",status="200",le="+Inf"} 1"#,
        r#"clearsky_request_duration_seconds_sum{service="s3",operation="GetObject",status="200"} 0.0007"#,
        "# TYPE clearsky_function_invocations_total counter",
        &format!("clearsky_function_invocations_total{{{labels}}} 1"),
        &format!("clearsky_function_duration_seconds_sum{{{labels}}} 0.0125"),
        &format!("clearsky_function_duration_seconds_count{{{labels}}} 1"),
        &format!("clearsky_function_concurrent_executions{{{labels}}} 1"),
        r#"clearsky_blanks{runtime="python3.11"} 2"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
    }
}
