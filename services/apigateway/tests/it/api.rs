//! APIs.

use expect_test::expect;
use serde_json::{Value, json};
use service::testing::Kit;

use crate::{FUNCTION, api, kit};

#[tokio::test]
async fn an_api_is_made_found_and_deleted() {
    let api = api().await;
    let made = api.call("GetApi", json!({})).await;
    let shown = made.to_string().replace(&api.id, "ID");
    expect![[r#"{"apiEndpoint":"http://127.0.0.1:4566/_clearsky/execute-api/ID","apiId":"ID","apiKeySelectionExpression":"$request.header.x-api-key","createdDate":"2026-11-24T00:00:00Z","disableExecuteApiEndpoint":false,"ipAddressType":"ipv4","name":"a","protocolType":"HTTP","routeSelectionExpression":"$request.method $request.path","tags":{}}"#]]
        .assert_eq(&shown);
    assert!(api.id.len() == 10 && api.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
    api.route("GET /a", "echo").await;
    assert_eq!(api.show("DeleteApi", json!({})).await, "{}");
    for operation in ["GetApi", "DeleteApi", "GetRoutes"] {
        let answer = api.show(operation, json!({})).await.replace(&api.id, "ID");
        assert_eq!(answer, "NotFoundException 404: Invalid API identifier specified 000000000000:ID");
    }
}

#[tokio::test]
async fn errors_carry_the_member_names_of_the_wire() {
    let (kit, _) = kit();
    let answer = kit.http(&Kit::root(), "apigateway", "GET /v2/apis/none", &[], "").await.unwrap();
    assert_eq!((answer.status, answer.header("x-amzn-errortype")), (404, "NotFoundException"));
    assert_eq!(answer.text(), r#"{"message":"Invalid API identifier specified 000000000000:none"}"#);
    let made = kit
        .http(&Kit::root(), "apigateway", "POST /v2/apis", &[], r#"{"name":"a","protocolType":"HTTP"}"#)
        .await
        .unwrap();
    assert_eq!(made.status, 201);
}

#[tokio::test]
async fn apis_are_listed_in_pages() {
    let (kit, _) = kit();
    for name in ["a", "b", "c"] {
        kit.call("apigateway", "CreateApi", json!({"name": name, "protocolType": "HTTP"})).await.unwrap();
    }
    let mut request = json!({"MaxResults": "2"});
    let mut names = Vec::new();
    loop {
        let page = kit.call("apigateway", "GetApis", request.clone()).await.unwrap();
        names.extend(page["items"].as_array().unwrap().iter().map(|api| api["name"].as_str().unwrap().to_owned()));
        let Some(token) = page.get("nextToken") else { break };
        request["NextToken"] = token.clone();
    }
    names.sort();
    assert_eq!(names, ["a", "b", "c"]);
    for bad in [json!({"MaxResults": "x"}), json!({"MaxResults": "0"}), json!({"NextToken": "x"})] {
        assert!(kit.show("apigateway", "GetApis", bad).await.starts_with("BadRequestException 400: Invalid "));
    }
}

#[tokio::test]
async fn quick_create_makes_all_that_serving_needs() {
    let (kit, _) = kit();
    let request = json!({"name": "a", "protocolType": "HTTP", "target": format!("{FUNCTION}hello")});
    let id = kit.call("apigateway", "CreateApi", request).await.unwrap()["apiId"].clone();
    let only = async |operation: &str| {
        let list = kit.call("apigateway", operation, json!({"ApiId": id})).await.unwrap();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        list["items"][0].clone()
    };
    let (integration, route, stage) = (only("GetIntegrations").await, only("GetRoutes").await, only("GetStages").await);
    assert_eq!(route["target"], json!(format!("integrations/{}", integration["integrationId"].as_str().unwrap())));
    assert_eq!(
        (&route["routeKey"], &stage["stageName"], &stage["autoDeploy"]),
        (&json!("$default"), &json!("$default"), &json!(true))
    );
    for managed in [&integration, &route, &stage] {
        assert_eq!(managed["apiGatewayManaged"], json!(true));
    }
    let nameless = kit.show("apigateway", "CreateApi", json!({"name": "", "protocolType": "HTTP"})).await;
    assert!(nameless.starts_with("BadRequestException 400: 1 validation error"), "{nameless}");
    let key_alone = json!({"name": "a", "protocolType": "HTTP", "routeKey": "GET /"});
    assert!(kit.show("apigateway", "CreateApi", key_alone).await.starts_with("BadRequestException 400"));
    assert_eq!(kit.call("apigateway", "GetApis", json!({})).await.unwrap()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    let api = api().await;
    let cors = json!({"allowOrigins": ["*"], "allowMethods": ["*"]});
    let document = json!({"name": "b", "description": "d", "version": "1", "corsConfiguration": cors});
    let updated = api.call("UpdateApi", document).await;
    assert_eq!(updated, api.call("GetApi", json!({})).await);
    let updated = api.call("UpdateApi", json!({"description": "e"})).await;
    let shown = json!([updated["name"], updated["description"], updated["version"], updated["corsConfiguration"]]);
    assert_eq!(shown, json!(["b", "e", "1", cors]));
    let refused = api.show("UpdateApi", json!({"corsConfiguration": {"allowOrigins": ["a"]}})).await;
    assert_eq!(refused, "BadRequestException 400: Invalid value a for allowOrigins in the CORS configuration");
    api.call("DeleteCorsConfiguration", json!({})).await;
    assert!(api.call("GetApi", json!({})).await.get("corsConfiguration").is_none());
    api.call("DeleteApi", json!({})).await;
    for operation in ["UpdateApi", "DeleteCorsConfiguration"] {
        let answer = api.show(operation, json!({})).await;
        assert!(answer.starts_with("NotFoundException 404: Invalid API identifier specified"), "{answer}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_refused_by_name() {
    let (kit, _) = kit();
    let check = async |extra: (&str, Value), named: &str| {
        let mut request = json!({"name": "a", "protocolType": "HTTP"});
        request[extra.0] = extra.1;
        let answer = kit.http(&Kit::root(), "apigateway", "POST /v2/apis", &[], request.to_string()).await.unwrap();
        assert!(answer.status == 501 && answer.text().contains(named), "{}", answer.text());
    };
    check(("protocolType", json!("WEBSOCKET")), "WEBSOCKET").await;
    check(("disableExecuteApiEndpoint", json!(true)), "DisableExecuteApiEndpoint").await;
    check(("credentialsArn", json!("x")), "CredentialsArn").await;
}

#[tokio::test]
async fn whoever_may_not_is_told_what_is_missing() {
    let (kit, _) = kit();
    let checks = [
        ("CreateApi", json!({"name": "a", "protocolType": "HTTP"}), "POST", "/apis"),
        ("GetApi", json!({"ApiId": "i"}), "GET", "/apis/i"),
        ("GetApis", json!({}), "GET", "/apis"),
        ("UpdateApi", json!({"ApiId": "i"}), "PATCH", "/apis/i"),
        ("DeleteCorsConfiguration", json!({"ApiId": "i"}), "DELETE", "/apis/i/cors"),
        ("DeleteApi", json!({"ApiId": "i"}), "DELETE", "/apis/i"),
        ("CreateIntegration", json!({"ApiId": "i", "integrationType": "AWS_PROXY"}), "POST", "/apis/i/integrations"),
        ("GetIntegration", json!({"ApiId": "i", "IntegrationId": "x"}), "GET", "/apis/i/integrations/x"),
        ("GetIntegrations", json!({"ApiId": "i"}), "GET", "/apis/i/integrations"),
        ("DeleteIntegration", json!({"ApiId": "i", "IntegrationId": "x"}), "DELETE", "/apis/i/integrations/x"),
        ("CreateRoute", json!({"ApiId": "i", "routeKey": "GET /"}), "POST", "/apis/i/routes"),
        ("GetRoute", json!({"ApiId": "i", "RouteId": "x"}), "GET", "/apis/i/routes/x"),
        ("GetRoutes", json!({"ApiId": "i"}), "GET", "/apis/i/routes"),
        ("DeleteRoute", json!({"ApiId": "i", "RouteId": "x"}), "DELETE", "/apis/i/routes/x"),
        ("CreateStage", json!({"ApiId": "i", "stageName": "x"}), "POST", "/apis/i/stages"),
        ("GetStage", json!({"ApiId": "i", "StageName": "x"}), "GET", "/apis/i/stages/x"),
        ("GetStages", json!({"ApiId": "i"}), "GET", "/apis/i/stages"),
        ("DeleteStage", json!({"ApiId": "i", "StageName": "x"}), "DELETE", "/apis/i/stages/x"),
        ("CreateDeployment", json!({"ApiId": "i"}), "POST", "/apis/i/deployments"),
        ("GetDeployment", json!({"ApiId": "i", "DeploymentId": "x"}), "GET", "/apis/i/deployments/x"),
        ("GetDeployments", json!({"ApiId": "i"}), "GET", "/apis/i/deployments"),
    ];
    for (operation, document, action, path) in checks {
        let failure = kit.call_as(&Kit::nobody(), "apigateway", operation, document).await.unwrap_err();
        assert_eq!((failure.facts.code, failure.facts.status), ("AccessDeniedException", 403), "{failure}");
        let wanted = format!("apigateway:{action} on resource: arn:aws:apigateway:us-east-1::{path} ");
        assert!(failure.message.contains(&wanted), "{failure}");
    }
}

#[tokio::test]
async fn what_an_api_has_is_listed_in_pages() {
    let api = api().await;
    for name in ["a", "b"] {
        api.route(&format!("GET /{name}"), "echo").await;
        api.stage(name).await;
        api.call("CreateDeployment", json!({})).await;
    }
    for operation in ["GetIntegrations", "GetRoutes", "GetStages", "GetDeployments"] {
        let page = api.call(operation, json!({"MaxResults": "1"})).await;
        let rest = api.call(operation, json!({"MaxResults": "9", "NextToken": page["nextToken"]})).await;
        let items = |page: &Value| page["items"].as_array().unwrap().clone();
        let all = items(&api.call(operation, json!({})).await);
        assert_eq!(([items(&page), items(&rest)].concat(), rest.get("nextToken")), (all, None), "{operation}");
        for (name, wrong) in [("NextToken", "x"), ("MaxResults", "x")] {
            let answer = api.show(operation, json!({name: wrong})).await;
            assert!(answer.starts_with("BadRequestException 400: Invalid "), "{operation} {answer}");
        }
    }
}

#[tokio::test]
async fn an_api_that_is_not_there_has_nothing() {
    let (kit, _) = kit();
    for operation in ["CreateIntegration", "GetIntegrations", "GetRoutes", "GetStages", "GetDeployments"] {
        let uri = format!("{}echo", crate::FUNCTION);
        let document = json!({"ApiId": "none", "integrationType": "AWS_PROXY", "integrationUri": uri, "payloadFormatVersion": "2.0"});
        let members = if operation == "CreateIntegration" { document } else { json!({"ApiId": "none"}) };
        let answer = kit.show("apigateway", operation, members).await;
        let expected = "NotFoundException 404: Invalid API identifier specified 000000000000:none";
        assert_eq!(answer, expected, "{operation}");
    }
}
