//! The URL that a package is downloaded from.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::json;
use service::{Form, PlaneRequest, PlaneResponse};

use crate::bench::{Bench, zip};

async fn fetch(bench: &Bench, method: Method, token: &str) -> PlaneResponse {
    let service = bench.kit.platform.service("lambda").unwrap().clone();
    let (_, plane) = service.plane.unwrap();
    let request = PlaneRequest {
        request_id: "r".into(),
        id: token.into(),
        form: Form::Path,
        method,
        path: "/".into(),
        query: String::new(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        source_ip: "127.0.0.1".into(),
        authority: "127.0.0.1:4566".into(),
    };
    plane.serve(&bench.kit.platform, request).await
}

#[tokio::test]
async fn a_package_is_downloaded_for_ten_minutes() {
    let bench = Bench::with_app().await;
    let found = bench.call("GetFunction", json!({ "FunctionName": "app" })).await;
    let token = found["Code"]["Location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let answer = fetch(&bench, Method::GET, &token).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(BASE64_STANDARD.encode(answer.body()), zip("app.py", "x = 1"));
    assert_eq!(fetch(&bench, Method::PUT, &token).await.status(), 405);
    assert_eq!(fetch(&bench, Method::GET, "nonsense").await.status(), 403);
    bench.call("DeleteFunction", json!({ "FunctionName": "app" })).await;
    assert_eq!(fetch(&bench, Method::GET, &token).await.status(), 404);
    bench.kit.clock.advance_ms(600_000);
    assert_eq!(fetch(&bench, Method::GET, &token).await.status(), 403);
}
