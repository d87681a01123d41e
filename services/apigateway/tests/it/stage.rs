//! Stages and deployments.

use expect_test::expect;
use serde_json::json;

use crate::api;

#[tokio::test]
async fn a_stage_is_made_once_listed_and_deleted() {
    let api = api().await;
    let request = json!({"stageName": "dev", "autoDeploy": true, "stageVariables": {"a": "b"}, "description": "d"});
    let made = api.call("CreateStage", request.clone()).await;
    expect![[r#"{"autoDeploy":true,"createdDate":"2026-11-24T00:00:00Z","description":"d","lastUpdatedDate":"2026-11-24T00:00:00Z","stageName":"dev","stageVariables":{"a":"b"},"tags":{}}"#]]
        .assert_eq(&made.to_string());
    expect!["ConflictException 409: Stage already exists"].assert_eq(&api.show("CreateStage", request).await);
    assert_eq!(api.call("GetStage", json!({"StageName": "dev"})).await, made);
    assert_eq!(api.call("GetStages", json!({})).await, json!({"items": [made]}));
    assert_eq!(api.show("DeleteStage", json!({"StageName": "dev"})).await, "{}");
    for operation in ["GetStage", "DeleteStage"] {
        expect!["NotFoundException 404: Invalid stage identifier specified"]
            .assert_eq(&api.show(operation, json!({"StageName": "dev"})).await);
    }
}

#[tokio::test]
async fn stages_that_cannot_work_are_refused() {
    let api = api().await;
    expect!["BadRequestException 400: Stage name only allows a-zA-Z0-9_- and $default"]
        .assert_eq(&api.show("CreateStage", json!({"stageName": "a/b"})).await);
    expect!["BadRequestException 400: Stage variable a b has an invalid name or value"]
        .assert_eq(&api.show("CreateStage", json!({"stageName": "a", "stageVariables": {"a b": ""}})).await);
    expect!["NotFoundException 404: Invalid Deployment identifier specified"]
        .assert_eq(&api.show("CreateStage", json!({"stageName": "a", "deploymentId": "none"})).await);
    let logged = api.show("CreateStage", json!({"stageName": "a", "AccessLogSettings": {}})).await;
    assert!(logged.starts_with("NotImplemented 501") && logged.contains("AccessLogSettings"), "{logged}");
}

#[tokio::test]
async fn a_deployment_needs_a_route_and_a_stage_that_takes_it() {
    let api = api().await;
    expect!["BadRequestException 400: At least one route is required before deploying the Api."]
        .assert_eq(&api.show("CreateDeployment", json!({})).await);
    api.route("GET /a", "hello").await;
    expect!["NotFoundException 404: Invalid stage identifier specified"]
        .assert_eq(&api.show("CreateDeployment", json!({"stageName": "none"})).await);
    api.stage("auto").await;
    expect!["BadRequestException 400: Deployment ID cannot be set for a stage with auto deploy enabled"]
        .assert_eq(&api.show("CreateDeployment", json!({"stageName": "auto"})).await);
    api.call("CreateStage", json!({"stageName": "v"})).await;
    let made = api.call("CreateDeployment", json!({"stageName": "v", "description": "d"})).await;
    assert_eq!((&made["deploymentStatus"], &made["description"]), (&json!("DEPLOYED"), &json!("d")));
    assert_eq!(api.call("GetDeployment", json!({"DeploymentId": made["deploymentId"]})).await, made);
    assert_eq!(api.call("GetDeployments", json!({})).await, json!({"items": [made]}));
    assert_eq!(api.call("GetStage", json!({"StageName": "v"})).await["deploymentId"], made["deploymentId"]);
    expect!["NotFoundException 404: Invalid Deployment identifier specified"]
        .assert_eq(&api.show("GetDeployment", json!({"DeploymentId": "none"})).await);
}
