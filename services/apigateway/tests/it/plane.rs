//! What clients of an API see.

use bytes::Bytes;
use expect_test::expect;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use service::{Form, PlaneRequest, PlaneResponse};

use crate::{Api, FUNCTION, api};

/// A request such as `GET /a?b=c`.
fn request(api: &Api, form: Form, line: &str) -> PlaneRequest {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HeaderMap::new();
    headers.insert("user-agent", HeaderValue::from_static("test"));
    PlaneRequest {
        request_id: "request-1".into(),
        id: api.id.clone(),
        form,
        method: method.parse().unwrap(),
        path: path.into(),
        query: query.into(),
        headers,
        body: Bytes::new(),
        source_ip: "127.0.0.1".into(),
        authority: format!("{}.execute-api.localhost:4566", api.id),
    }
}

async fn serve(api: &Api, request: PlaneRequest) -> PlaneResponse {
    let service = api.kit.platform.service("apigateway").unwrap();
    service.plane.unwrap().1.serve(&api.kit.platform, request).await
}

async fn send(api: &Api, line: &str) -> String {
    let response = serve(api, request(api, Form::Host, line)).await;
    format!("{} {}", response.status().as_u16(), String::from_utf8_lossy(response.body()))
}

/// The event that the function `echo` got.
async fn event(api: &Api, form: Form, line: &str) -> Value {
    let response = serve(api, request(api, form, line)).await;
    serde_json::from_slice(response.body()).unwrap()
}

#[tokio::test]
async fn a_response_comes_back_whole() {
    let api = api().await;
    api.route("GET /a", "hello").await;
    api.stage("$default").await;
    let response = serve(&api, request(&api, Form::Host, "GET /a")).await;
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((response.status().as_u16(), &response.body()[..]), (201, &b"hello"[..]));
    assert_eq!(
        (header("x-a"), header("set-cookie"), header("apigw-requestid")),
        ("b".into(), "c=d".into(), "request-1".into())
    );
}

#[tokio::test]
async fn the_function_gets_the_request_and_its_policy_the_route() {
    let api = api().await;
    api.route("ANY /albums/{album}/{rest+}", "echo").await;
    api.route("$default", "echo").await;
    api.stage("$default").await;
    api.call("CreateStage", json!({"stageName": "dev", "autoDeploy": true, "stageVariables": {"v": "1"}})).await;

    let event = event(&api, Form::Host, "PUT /dev/albums/a%20b/c/d%2Fe?q=1").await;
    expect![[r#"["ANY /albums/{album}/{rest+}","/dev/albums/a b/c/d/e","q=1",{"album":"a b","rest":"c/d/e"},{"v":"1"},"dev","request-1"]"#]]
        .assert_eq(&json!([event["routeKey"], event["rawPath"], event["rawQueryString"], event["pathParameters"], event["stageVariables"], event["requestContext"]["stage"], event["requestContext"]["requestId"]]).to_string());
    assert_eq!(event["requestContext"]["domainPrefix"], json!(api.id));
    assert_eq!(event["headers"]["x-forwarded-port"], json!("4566"));
    assert_eq!(event["headers"]["content-length"], json!("0"));
    assert!(event["headers"]["x-amzn-trace-id"].as_str().unwrap().starts_with("Root=1-6b04d380-"), "{event}");

    send(&api, "GET /other").await;
    let sources: Vec<String> =
        api.functions.0.lock().unwrap().iter().map(|(source, _)| source.replace(&api.id, "ID")).collect();
    assert_eq!(
        sources,
        [
            "arn:aws:execute-api:us-east-1:000000000000:ID/dev/PUT/albums/{album}/{rest+}",
            "arn:aws:execute-api:us-east-1:000000000000:ID/$default/$default",
        ]
    );
}

#[tokio::test]
async fn stages_are_found_by_their_names() {
    let api = api().await;
    api.route("$default", "echo").await;
    api.stage("$default").await;
    api.stage("dev").await;
    let check = async |form, line: &str, stage: &str, path: &str| {
        let event = event(&api, form, line).await;
        assert_eq!((&event["requestContext"]["stage"], &event["rawPath"]), (&json!(stage), &json!(path)), "{line}");
    };
    for form in [Form::Host, Form::Path] {
        check(form, "GET /dev/a", "dev", "/dev/a").await;
        check(form, "GET /dev", "dev", "/dev").await;
        check(form, "GET /devil", "$default", "/devil").await;
        check(form, "GET /", "$default", "/").await;
    }
    check(Form::Path, "GET /$default/a", "$default", "/a").await;
    check(Form::Path, "GET /%24default/dev", "$default", "/dev").await;
    check(Form::Host, "GET /$default/a", "$default", "/$default/a").await;
}

/// Status, headers of CORS, and body of the answer to a page of this origin.
async fn ask(api: &Api, line: &str, headers: &[(&'static str, &'static str)]) -> String {
    let mut asked = request(api, Form::Host, line);
    for (name, value) in headers {
        asked.headers.insert(*name, HeaderValue::from_static(value));
    }
    let response = serve(api, asked).await;
    let mut shown: Vec<String> = response
        .headers()
        .iter()
        .filter_map(|(name, value)| {
            Some(format!("{}={}", name.as_str().strip_prefix("access-control-")?, value.to_str().unwrap()))
        })
        .collect();
    shown.sort();
    format!("{} {} {}", response.status().as_u16(), shown.join(" "), String::from_utf8_lossy(&response.body()[..]))
}

#[tokio::test]
async fn browsers_are_told_what_the_configuration_says() {
    let api = api().await;
    api.route("ANY /{proxy+}", "hello").await;
    api.stage("$default").await;
    let (origin, other) = (("origin", "https://a.example"), ("origin", "https://b.example"));
    let method = ("access-control-request-method", "POST");
    assert_eq!(ask(&api, "OPTIONS /a", &[origin, method]).await, "201  hello", "nothing is configured");
    let cors = json!({
        "allowOrigins": ["https://a.example"], "allowMethods": ["GET", "POST"], "allowHeaders": ["content-type", "x-a"],
        "exposeHeaders": ["x-b"], "maxAge": 300, "allowCredentials": true,
    });
    let updated = api.call("UpdateApi", json!({"corsConfiguration": cors})).await;
    assert_eq!(updated["corsConfiguration"], cors);
    expect!["204 allow-credentials=true allow-headers=content-type,x-a allow-methods=GET,POST allow-origin=https://a.example expose-headers=x-b max-age=300 "]
        .assert_eq(&ask(&api, "OPTIONS /a", &[origin, method]).await);
    assert_eq!(ask(&api, "OPTIONS /a", &[other, method]).await, "204  ");
    let told = "allow-credentials=true allow-origin=https://a.example expose-headers=x-b";
    assert_eq!(ask(&api, "GET /a", &[origin]).await, format!("201 {told} hello"));
    assert_eq!(ask(&api, "OPTIONS /a", &[origin]).await, format!("201 {told} hello"), "no preflight");
    assert_eq!(ask(&api, "GET /a", &[other]).await, "201  hello");
    assert_eq!(ask(&api, "GET /a", &[]).await, "201  hello");
    assert_eq!(ask(&api, "GET /", &[origin]).await, format!(r#"404 {told} {{"message":"Not Found"}}"#));
    api.call("DeleteCorsConfiguration", json!({})).await;
    assert_eq!(ask(&api, "GET /a", &[origin]).await, "201  hello");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let api = api().await;
    assert_eq!(send(&api, "GET /").await, r#"404 {"message":"Not Found"}"#);
    api.stage("$default").await;
    api.route("GET /a", "hello").await;
    assert_eq!(send(&api, "GET /a").await, "201 hello");
    for line in ["POST /a", "GET /b", "GET /a/"] {
        assert_eq!(send(&api, line).await, r#"404 {"message":"Not Found"}"#, "{line}");
    }
    let mut elsewhere = request(&api, Form::Host, "GET /a");
    elsewhere.id = "none".into();
    assert_eq!(serve(&api, elsewhere).await.status().as_u16(), 404);
    api.call("DeleteApi", json!({})).await;
    assert_eq!(send(&api, "GET /a").await, r#"404 {"message":"Not Found"}"#);
}

#[tokio::test]
async fn failures_of_functions_are_the_gateways_answers() {
    let api = api().await;
    api.stage("$default").await;
    let internal = r#"500 {"message":"Internal Server Error"}"#;
    let checks = [
        ("fails", internal),
        ("odd", internal),
        ("denied", internal),
        ("busy", r#"503 {"message":"Service Unavailable"}"#),
        ("large", r#"413 {"message":"Request Entity Too Large"}"#),
    ];
    for (function, wanted) in checks {
        api.route(&format!("GET /{function}"), function).await;
        assert_eq!(send(&api, &format!("GET /{function}")).await, wanted, "{function}");
    }
    api.call("CreateRoute", json!({"routeKey": "GET /nothing"})).await;
    assert_eq!(send(&api, "GET /nothing").await, internal);
    let mut large = request(&api, Form::Host, "GET /fails");
    large.body = Bytes::from(vec![0; 10 * 1024 * 1024 + 1]);
    assert_eq!(serve(&api, large).await.status().as_u16(), 413);
}

#[tokio::test]
async fn an_integration_that_takes_too_long_is_unavailable() {
    let api = api().await;
    api.stage("$default").await;
    let request = json!({"integrationType": "AWS_PROXY", "integrationUri": format!("{FUNCTION}hangs"), "payloadFormatVersion": "2.0", "timeoutInMillis": 50});
    let id = api.call("CreateIntegration", request).await["integrationId"].as_str().unwrap().to_owned();
    api.call("CreateRoute", json!({"routeKey": "GET /", "target": format!("integrations/{id}")})).await;
    assert_eq!(send(&api, "GET /").await, r#"503 {"message":"Service Unavailable"}"#);
}

#[tokio::test]
async fn a_stage_without_auto_deploy_serves_its_deployment() {
    let api = api().await;
    api.call("CreateStage", json!({"stageName": "v"})).await;
    let first = api.route("GET /a", "hello").await;
    assert_eq!(send(&api, "GET /v/a").await, r#"404 {"message":"Not Found"}"#);
    api.call("CreateDeployment", json!({"stageName": "v"})).await;
    assert_eq!(send(&api, "GET /v/a").await, "201 hello");
    api.call("DeleteRoute", json!({"RouteId": first["routeId"]})).await;
    api.route("GET /b", "hello").await;
    assert_eq!(
        (send(&api, "GET /v/a").await, send(&api, "GET /v/b").await),
        ("201 hello".into(), r#"404 {"message":"Not Found"}"#.into())
    );
    api.call("CreateDeployment", json!({"stageName": "v"})).await;
    assert_eq!(
        (send(&api, "GET /v/a").await, send(&api, "GET /v/b").await),
        (r#"404 {"message":"Not Found"}"#.into(), "201 hello".into())
    );
}
