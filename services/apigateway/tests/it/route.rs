//! Integrations and routes.

use expect_test::expect;
use serde_json::{Value, json};

use crate::{FUNCTION, api};

#[tokio::test]
async fn an_integration_is_made_listed_and_deleted_when_no_route_needs_it() {
    let api = api().await;
    let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}echo/invocations");
    let request = json!({"integrationType": "AWS_PROXY", "integrationUri": uri, "payloadFormatVersion": "2.0", "timeoutInMillis": 500, "integrationMethod": "POST"});
    let made = api.call("CreateIntegration", request).await;
    let id = made["integrationId"].clone();
    expect![[r#"{"connectionType":"INTERNET","integrationId":"ID","integrationMethod":"POST","integrationType":"AWS_PROXY","integrationUri":"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:echo/invocations","payloadFormatVersion":"2.0","timeoutInMillis":500}"#]]
        .assert_eq(&made.to_string().replace(id.as_str().unwrap(), "ID"));
    assert_eq!(api.call("GetIntegration", json!({"IntegrationId": id})).await, made);
    assert_eq!(api.call("GetIntegrations", json!({})).await, json!({"items": [made]}));

    let target = format!("integrations/{}", id.as_str().unwrap());
    let route = api.call("CreateRoute", json!({"routeKey": "GET /", "target": target})).await;
    let used = api.show("DeleteIntegration", json!({"IntegrationId": id})).await;
    assert!(used.starts_with("ConflictException 409: Cannot delete Integration"), "{used}");
    api.call("DeleteRoute", json!({"RouteId": route["routeId"]})).await;
    assert_eq!(api.show("DeleteIntegration", json!({"IntegrationId": id})).await, "{}");
    for operation in ["GetIntegration", "DeleteIntegration"] {
        expect!["NotFoundException 404: Invalid Integration identifier specified"]
            .assert_eq(&api.show(operation, json!({"IntegrationId": id})).await);
    }
}

#[tokio::test]
async fn integrations_that_cannot_work_are_refused() {
    let api = api().await;
    let check = async |changes: Value, wanted: &str| {
        let uri = format!("{FUNCTION}echo");
        let mut request = json!({"integrationType": "AWS_PROXY", "integrationUri": uri, "payloadFormatVersion": "2.0"});
        request.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let answer = api.show("CreateIntegration", request).await;
        assert!(answer.starts_with(wanted), "{answer}");
    };
    check(json!({"integrationUri": "http://example.com"}), "BadRequestException 400: Invalid function ARN").await;
    check(json!({"integrationUri": null}), "BadRequestException 400: IntegrationUri is").await;
    check(json!({"payloadFormatVersion": null}), "BadRequestException 400: PayloadFormatVersion is").await;
    check(json!({"payloadFormatVersion": "1.0"}), "NotImplemented 501").await;
    check(json!({"integrationType": "HTTP_PROXY"}), "NotImplemented 501").await;
    check(json!({"timeoutInMillis": 30001}), "BadRequestException 400: 1 validation error").await;
}

#[tokio::test]
async fn a_route_is_made_once_listed_in_pages_and_deleted() {
    let api = api().await;
    let made = api.route("GET /a/{b}", "echo").await;
    assert_eq!(api.call("GetRoute", json!({"RouteId": made["routeId"]})).await, made);
    assert_eq!((&made["authorizationType"], &made["routeKey"]), (&json!("NONE"), &json!("GET /a/{b}")));
    expect!["ConflictException 409: Route with key GET /a/{b} already exists for this API"]
        .assert_eq(&api.show("CreateRoute", json!({"routeKey": "GET /a/{b}"})).await);
    api.route("$default", "echo").await;
    let page = api.call("GetRoutes", json!({"MaxResults": "1"})).await;
    let rest = api.call("GetRoutes", json!({"MaxResults": "1", "NextToken": page["nextToken"]})).await;
    let mut keys = [page["items"][0]["routeKey"].clone(), rest["items"][0]["routeKey"].clone()];
    keys.sort_by_key(Value::to_string);
    assert_eq!((keys, rest.get("nextToken")), ([json!("$default"), json!("GET /a/{b}")], None));
    assert_eq!(api.show("DeleteRoute", json!({"RouteId": made["routeId"]})).await, "{}");
    for operation in ["GetRoute", "DeleteRoute"] {
        expect!["NotFoundException 404: Invalid Route identifier specified"]
            .assert_eq(&api.show(operation, json!({"RouteId": made["routeId"]})).await);
    }
}

#[tokio::test]
async fn routes_that_cannot_work_are_refused() {
    let api = api().await;
    expect![[r#"BadRequestException 400: The provided route key is not formatted properly for HTTP protocol. Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default""#]]
        .assert_eq(&api.show("CreateRoute", json!({"routeKey": "/a"})).await);
    expect!["NotFoundException 404: Invalid Integration identifier specified"]
        .assert_eq(&api.show("CreateRoute", json!({"routeKey": "GET /", "target": "integrations/none"})).await);
    expect!["BadRequestException 400: Invalid target specified: none"]
        .assert_eq(&api.show("CreateRoute", json!({"routeKey": "GET /", "target": "none"})).await);
    let authorised = api.show("CreateRoute", json!({"routeKey": "GET /", "authorizationType": "JWT"})).await;
    assert!(authorised.starts_with("NotImplemented 501"), "{authorised}");
}
