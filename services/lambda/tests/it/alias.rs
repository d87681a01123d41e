//! Aliases: names for versions, their routing, and policies of their own.

use base::{Account, Arn};
use bytes::Bytes;
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use service::Caller;
use service::testing::Kit;

use crate::bench::{ARN, Bench};
use crate::version::{change, invoked};

/// A function with two versions.
async fn bench() -> Bench {
    let bench = Bench::with_app().await;
    bench.call("PublishVersion", json!({ "FunctionName": "app" })).await;
    change(&bench, "x = 2").await;
    bench.call("PublishVersion", json!({ "FunctionName": "app" })).await;
    bench
}

fn alias(changes: Value) -> Value {
    let mut document = json!({ "FunctionName": "app", "Name": "live", "FunctionVersion": "1" });
    document.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    document
}

#[tokio::test]
async fn an_alias_leads_to_its_version() {
    let bench = bench().await;
    let created = bench.call("CreateAlias", alias(json!({ "Description": "d" }))).await;
    let shown = json!({
        "AliasArn": format!("{ARN}:live"), "Name": "live", "FunctionVersion": "1", "Description": "d",
        "RevisionId": created["RevisionId"],
    });
    assert_eq!(created, shown);
    let name = json!({ "FunctionName": "app", "Name": "live" });
    assert_eq!(bench.call("GetAlias", name.clone()).await, created);
    assert_eq!(invoked(&bench, "live").await, ("1".to_owned(), format!("{ARN}:live")));
    let found = bench.call("GetFunctionConfiguration", json!({ "FunctionName": "app:live" })).await;
    assert_eq!((&found["FunctionArn"], &found["Version"]), (&json!(format!("{ARN}:live")), &json!("1")));
    let update =
        json!({ "FunctionName": "app", "Name": "live", "FunctionVersion": "2", "RevisionId": created["RevisionId"] });
    let updated = bench.call("UpdateAlias", update.clone()).await;
    assert_eq!((&updated["FunctionVersion"], &updated["Description"]), (&json!("2"), &json!("d")));
    assert_eq!(invoked(&bench, "live").await.0, "2");
    let stale = bench.show("UpdateAlias", update).await;
    assert!(stale.starts_with("PreconditionFailedException 412: The Revision Id provided"), "{stale}");
    bench.call("UpdateAlias", alias(json!({ "FunctionVersion": "$LATEST" }))).await;
    assert_eq!(invoked(&bench, "live").await.0, "$LATEST");
    for _ in 0..2 {
        bench.call("DeleteAlias", name.clone()).await;
    }
    let gone = bench.show("GetAlias", name).await;
    assert_eq!(gone, format!("ResourceNotFoundException 404: Cannot find alias arn: {ARN}:live"));
}

#[tokio::test]
async fn requests_are_divided_by_weight() {
    let bench = bench().await;
    let routing = json!({ "RoutingConfig": { "AdditionalVersionWeights": { "2": 0.25 } } });
    let created = bench.call("CreateAlias", alias(routing.clone())).await;
    assert_eq!(created["RoutingConfig"], routing["RoutingConfig"]);
    let mut second = 0;
    for _ in 0..200 {
        second += usize::from(invoked(&bench, "live").await.0 == "2");
    }
    // The ids are seeded, and with them the choices: this is one number, near a quarter.
    assert!((35..=65).contains(&second), "{second}");
    let cleared =
        bench.call("UpdateAlias", alias(json!({ "RoutingConfig": { "AdditionalVersionWeights": {} } }))).await;
    assert!(cleared.get("RoutingConfig").is_none());
    let all = json!({ "RoutingConfig": { "AdditionalVersionWeights": { "2": 1.0 } } });
    bench.call("UpdateAlias", alias(all)).await;
    assert_eq!(invoked(&bench, "live").await.0, "2");
    let named = bench.show("DeleteFunction", json!({ "FunctionName": "app", "Qualifier": "2" })).await;
    assert!(named.contains("the following aliases reference it: [live]"), "{named}");
}

#[tokio::test]
async fn aliases_are_listed_in_pages() {
    let bench = bench().await;
    for (name, version) in [("b", "2"), ("a", "1"), ("c", "2")] {
        bench.call("CreateAlias", alias(json!({ "Name": name, "FunctionVersion": version }))).await;
    }
    for (version, expected) in [(json!(null), vec!["a", "b", "c"]), (json!("2"), vec!["b", "c"])] {
        let (mut seen, mut marker) = (Vec::new(), json!(null));
        loop {
            let request = json!({ "FunctionName": "app", "FunctionVersion": version, "MaxItems": 1, "Marker": marker });
            let page = bench.call("ListAliases", request).await;
            let names = page["Aliases"].as_array().unwrap().iter();
            seen.extend(names.map(|alias| alias["Name"].as_str().unwrap().to_owned()));
            marker = page["NextMarker"].clone();
            if marker.is_null() {
                break;
            }
        }
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn an_alias_and_a_version_have_policies_of_their_own() {
    let bench = bench().await;
    bench.call("CreateAlias", alias(json!({}))).await;
    let service = Caller::service("events.amazonaws.com", Account::from("000000000000"), "x");
    let invoke = bench.kit.platform.ports().unwrap().invoke.clone();
    let invoked = async |qualifier: &str| {
        let arn: Arn = format!("{ARN}{qualifier}").parse().unwrap();
        invoke.invoke(&service, &arn, Bytes::new()).await.map(|invoked| invoked.executed_version)
    };
    for (qualifier, expected) in [("live", "1"), ("2", "2")] {
        let permission = json!({
            "FunctionName": "app", "Qualifier": qualifier, "StatementId": "s", "Action": "lambda:InvokeFunction",
            "Principal": "events.amazonaws.com",
        });
        assert!(invoked(&format!(":{qualifier}")).await.is_err());
        let added = bench.call("AddPermission", permission).await;
        assert!(added["Statement"].as_str().unwrap().contains(&format!("{ARN}:{qualifier}")), "{added}");
        assert_eq!(invoked(&format!(":{qualifier}")).await.unwrap(), expected);
    }
    assert!(invoked("").await.is_err() && invoked(":1").await.is_err() && invoked(":$LATEST").await.is_err());
    let none = bench.show("GetPolicy", json!({ "FunctionName": "app" })).await;
    assert_eq!(none, "ResourceNotFoundException 404: The resource you requested does not exist.");
    let policy = bench.call("GetPolicy", json!({ "FunctionName": "app", "Qualifier": "live" })).await;
    let found = bench.call("GetAlias", json!({ "FunctionName": "app", "Name": "live" })).await;
    assert_eq!(policy["RevisionId"], found["RevisionId"]);
    bench.call("RemovePermission", json!({ "FunctionName": "app:live", "StatementId": "s" })).await;
    assert!(invoked(":live").await.is_err() && invoked(":2").await.is_ok());
    let latest = json!({
        "FunctionName": "app", "Qualifier": "$LATEST", "StatementId": "s", "Action": "lambda:*", "Principal": "*",
    });
    let refused = bench.show("AddPermission", latest).await;
    assert_eq!(refused, "InvalidParameterValueException 400: We currently do not support adding policies for $LATEST.");
}

async fn check(operation: &str, document: Value, expected: Expect) {
    let bench = bench().await;
    bench.call("CreateAlias", alias(json!({ "Name": "there" }))).await;
    expected.assert_eq(&bench.show(operation, document).await);
}

fn routed(weights: Value) -> Value {
    alias(json!({ "RoutingConfig": { "AdditionalVersionWeights": weights } }))
}

#[tokio::test]
async fn what_aliases_refuse() {
    check("CreateAlias", alias(json!({ "Name": "there" })), expect!["ResourceConflictException 409: Alias already exists: arn:aws:lambda:us-east-1:000000000000:function:app:there"]).await;
    check(
        "CreateAlias",
        alias(json!({ "FunctionName": "nope" })),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:nope:1"
        ],
    )
    .await;
    check(
        "CreateAlias",
        alias(json!({ "FunctionVersion": "9" })),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:app:9"
        ],
    )
    .await;
    check("CreateAlias", alias(json!({ "Name": "12" })), expect!["ValidationException 400: 1 validation error detected: Value '12' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"]).await;
    check(
        "CreateAlias",
        alias(json!({ "FunctionName": "app:1" })),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:app:1"
        ],
    )
    .await;
    check("CreateAlias", routed(json!({ "1": 0.5 })), expect!["InvalidParameterValueException 400: Invalid function version 1. Function version 1 is already included in routing configuration."]).await;
    check(
        "CreateAlias",
        routed(json!({ "2": 0.5, "3": 0.1 })),
        expect![
            "InvalidParameterValueException 400: Number of items in AdditionalVersionWeights cannot be greater than 1"
        ],
    )
    .await;
    check(
        "CreateAlias",
        routed(json!({ "9": 0.5 })),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:app:9"
        ],
    )
    .await;
    check("CreateAlias", routed(json!({ "2": 1.5 })), expect!["ValidationException 400: 1 validation error detected: Value '{2=1.5}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0]"]).await;
    let mut latest = routed(json!({ "2": 0.5 }));
    latest["FunctionVersion"] = json!("$LATEST");
    check(
        "CreateAlias",
        latest,
        expect![
            "InvalidParameterValueException 400: $LATEST is not supported for an alias pointing to more than 1 version"
        ],
    )
    .await;
    check("GetAlias", json!({ "FunctionName": "app", "Name": "nope" }), expect!["ResourceNotFoundException 404: Cannot find alias arn: arn:aws:lambda:us-east-1:000000000000:function:app:nope"]).await;
    check("UpdateAlias", alias(json!({ "Name": "there", "RoutingConfig": { "AdditionalVersionWeights": { "1": 0.5 } } })), expect!["InvalidParameterValueException 400: Invalid function version 1. Function version 1 is already included in routing configuration."]).await;
    check("UpdateAlias", alias(json!({ "Name": "nope" })), expect!["ResourceNotFoundException 404: Cannot find alias arn: arn:aws:lambda:us-east-1:000000000000:function:app:nope"]).await;
    check(
        "UpdateAlias",
        alias(json!({ "Name": "there", "FunctionVersion": "9" })),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:app:9"
        ],
    )
    .await;
    check(
        "DeleteAlias",
        json!({ "FunctionName": "nope", "Name": "there" }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:nope"
        ],
    )
    .await;
    check(
        "ListAliases",
        json!({ "FunctionName": "nope" }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:nope"
        ],
    )
    .await;
    check(
        "ListAliases",
        json!({ "FunctionName": "app", "Marker": "x" }),
        expect!["InvalidParameterValueException 400: The Marker is not valid for this request."],
    )
    .await;
    check(
        "Invoke",
        json!({ "FunctionName": "app", "Qualifier": "nope" }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:app:nope"
        ],
    )
    .await;
}

#[tokio::test]
async fn denied() {
    let bench = bench().await;
    for operation in ["CreateAlias", "GetAlias", "UpdateAlias", "DeleteAlias", "ListAliases"] {
        let request = if operation == "ListAliases" { json!({ "FunctionName": "app" }) } else { alias(json!({})) };
        let mut request = request;
        if matches!(operation, "GetAlias" | "DeleteAlias") {
            request.as_object_mut().unwrap().remove("FunctionVersion");
        }
        let denied = bench.kit.call_as(&Kit::nobody(), "lambda", operation, request).await;
        assert_eq!(denied.unwrap_err().facts.code, "AccessDeniedException", "{operation}");
    }
}
