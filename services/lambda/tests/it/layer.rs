//! Layers: their versions and policies, functions that use them; packages from buckets.

use base::Account;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use service::testing::Kit;
use service::{Caller, Failure};

use crate::bench::{ARN, Bench, app_with, zip};

fn arn(rest: &str) -> String {
    format!("{}:layer:{rest}", ARN.split(":function").next().unwrap())
}

async fn publish(bench: &Bench, name: &str, file: &str, text: &str) -> String {
    let request = json!({
        "LayerName": name, "Content": { "ZipFile": zip(file, text) }, "CompatibleRuntimes": ["python3.12"],
        "CompatibleArchitectures": ["x86_64"], "LicenseInfo": "MIT", "Description": "d",
    });
    bench.call("PublishLayerVersion", request).await["LayerVersionArn"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_layer_version_is_as_it_was_published() {
    let bench = Bench::new().await;
    let content = json!({ "ZipFile": zip("python/a.py", "x = 1") });
    let request = json!({ "LayerName": "tools", "Content": content, "Description": "d", "LicenseInfo": "MIT" });
    let mut published = bench.call("PublishLayerVersion", request).await;
    let location = published["Content"]["Location"].take();
    assert!(location.as_str().unwrap().starts_with("http://127.0.0.1:4566/_clearsky/lambda-code/"), "{location}");
    expect![[r#"{"Content":{"Location":null,"CodeSha256":"IDW7FfLE3wszxE68fFlDedqErLqFo+pQhyDF2PRSRRg=","CodeSize":127},"LayerArn":"arn:aws:lambda:us-east-1:000000000000:layer:tools","LayerVersionArn":"arn:aws:lambda:us-east-1:000000000000:layer:tools:1","Description":"d","CreatedDate":"2026-11-24T00:00:00.000+0000","Version":1,"LicenseInfo":"MIT"}"#]].assert_eq(&published.to_string());
    for found in [
        bench.call("GetLayerVersion", json!({ "LayerName": "tools", "VersionNumber": 1 })).await,
        bench.call("GetLayerVersion", json!({ "LayerName": arn("tools"), "VersionNumber": 1 })).await,
        bench.call("GetLayerVersionByArn", json!({ "Arn": arn("tools:1") })).await,
    ] {
        assert_eq!(
            (&found["Content"]["CodeSha256"], &found["LayerVersionArn"]),
            (&published["Content"]["CodeSha256"], &published["LayerVersionArn"])
        );
        assert_eq!(found.as_object().unwrap().len(), published.as_object().unwrap().len());
    }
    for _ in 0..2 {
        bench.call("DeleteLayerVersion", json!({ "LayerName": "tools", "VersionNumber": 1 })).await;
    }
    let gone = bench.show("GetLayerVersion", json!({ "LayerName": "tools", "VersionNumber": 1 })).await;
    assert_eq!(gone, "ResourceNotFoundException 404: The resource you requested does not exist.");
    assert_eq!(publish(&bench, "tools", "a", "").await, arn("tools:2"), "no number is given twice");
}

#[tokio::test]
async fn layers_are_listed_in_pages() {
    let bench = Bench::new().await;
    for (name, text) in [("b", "1"), ("a", "1"), ("a", "2"), ("c", "1"), ("a", "3")] {
        publish(&bench, name, "x", text).await;
    }
    bench.call("DeleteLayerVersion", json!({ "LayerName": "c", "VersionNumber": 1 })).await;
    for (operation, list, member, expected) in [
        ("ListLayers", "Layers", "LayerArn", vec![arn("a"), arn("b")]),
        ("ListLayerVersions", "LayerVersions", "LayerVersionArn", vec![arn("a:3"), arn("a:2"), arn("a:1")]),
    ] {
        for runtime in [json!(null), json!("python3.12"), json!("nodejs20.x")] {
            let (mut seen, mut marker) = (Vec::new(), json!(null));
            loop {
                let mut request = json!({ "MaxItems": 1, "Marker": marker, "CompatibleRuntime": runtime });
                if operation == "ListLayerVersions" {
                    request["LayerName"] = json!("a");
                }
                let page = bench.call(operation, request).await;
                seen.extend(
                    page[list].as_array().unwrap().iter().map(|item| item[member].as_str().unwrap().to_owned()),
                );
                marker = page["NextMarker"].clone();
                if marker.is_null() {
                    break;
                }
            }
            assert_eq!(seen, if runtime == "nodejs20.x" { Vec::new() } else { expected.clone() }, "{operation}");
        }
    }
    let newest = bench.call("ListLayers", json!({ "CompatibleArchitecture": "x86_64" })).await;
    assert_eq!(newest["Layers"][0]["LatestMatchingVersion"]["Version"], 3);
}

#[tokio::test]
async fn a_functions_layers_are_laid_over_each_other_in_order() {
    let bench = Bench::new().await;
    let below = publish(&bench, "below", "python/a", "below").await;
    let above = publish(&bench, "above", "python/a", "above").await;
    let folder = publish(&bench, "folder", "python/a/b", "folder").await;
    let created = bench.call("CreateFunction", app_with(json!({ "Layers": [below, above] }))).await;
    let shown: Vec<&str> =
        created["Layers"].as_array().unwrap().iter().map(|layer| layer["Arn"].as_str().unwrap()).collect();
    assert_eq!(shown, [&below, &above]);
    let read = async |file: &str| {
        assert_eq!(bench.invoke(&[], "{}").await.status, 200);
        std::fs::read_to_string(bench.fake.last().layers.unwrap().join(file)).unwrap()
    };
    assert_eq!(read("python/a").await, "above");
    for (layers, file, expected) in [
        (json!([above, below]), "python/a", "below"),
        (json!([above, folder]), "python/a/b", "folder"),
        (json!([folder, above]), "python/a", "above"),
    ] {
        bench.call("UpdateFunctionConfiguration", json!({ "FunctionName": "app", "Layers": layers })).await;
        assert_eq!(read(file).await, expected);
    }
    // A function keeps what it has, and so does a version of it.
    let version = bench.call("PublishVersion", json!({ "FunctionName": "app" })).await;
    bench.call("DeleteLayerVersion", json!({ "LayerName": "above", "VersionNumber": 1 })).await;
    bench.kit.clock.advance_ms(service::sweep::AGE_MIN_MS + 1);
    assert_eq!(service::sweep::sweep(&bench.kit.platform).await.unwrap().removed, 0);
    bench.call("UpdateFunctionConfiguration", json!({ "FunctionName": "app", "Layers": [] })).await;
    bench.invoke(&[], "{}").await;
    assert_eq!(bench.fake.last().layers, None);
    let found = bench.call("GetFunctionConfiguration", json!({ "FunctionName": "app:1" })).await;
    assert_eq!((&found["Layers"], found["Layers"].as_array().unwrap().len()), (&version["Layers"], 2));
}

async fn check(operation: &str, document: Value, expected: Expect) {
    let bench = Bench::with_app().await;
    publish(&bench, "tools", "a", "").await;
    publish(&bench, "tools", "b", "").await;
    let policy = json!({
        "LayerName": "tools", "VersionNumber": 1, "StatementId": "s", "Action": "lambda:GetLayerVersion", "Principal": "*",
    });
    bench.call("AddLayerVersionPermission", policy).await;
    expected.assert_eq(&bench.show(operation, document).await);
}

#[tokio::test]
async fn what_layers_refuse() {
    let layers = |arns: Value| json!({ "FunctionName": "app", "Layers": arns });
    let update = "UpdateFunctionConfiguration";
    check(update, layers(json!([arn("tools:9")])), expect!["InvalidParameterValueException 400: Layer version arn:aws:lambda:us-east-1:000000000000:layer:tools:9 does not exist."]).await;
    check(update, layers(json!(["tools"])), expect![[r#"ValidationException 400: 1 validation error detected: Value '[tools]' at 'layers' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 2048, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: ((arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+))]"#]]).await;
    check(update, layers(json!([arn("tools:1"), arn("tools:2")])), expect!["InvalidParameterValueException 400: Two different versions of the same layer are not allowed to be referenced in the same function. arn:aws:lambda:us-east-1:000000000000:layer:tools:1 and arn:aws:lambda:us-east-1:000000000000:layer:tools:2 are versions of the same layer."]).await;
    check(
        update,
        layers(json!((1..7).map(|n| arn(&format!("x{n}:1"))).collect::<Vec<_>>())),
        expect!["InvalidParameterValueException 400: Cannot reference more than 5 layers."],
    )
    .await;
    check(
        update,
        layers(json!([arn("tools:1").replace("us-east-1", "eu-west-1")])),
        expect![
            "InvalidParameterValueException 400: Layers from 'eu-west-1' are not reachable in this region ('us-east-1')"
        ],
    )
    .await;
    check(
        "PublishLayerVersion",
        json!({ "LayerName": "x", "Content": {} }),
        expect!["InvalidParameterValueException 400: Please provide a source for function code."],
    )
    .await;
    check("PublishLayerVersion", json!({ "LayerName": "x", "Content": { "ZipFile": "AAAA" } }), expect!["InvalidParameterValueException 400: Could not unzip uploaded file. Please check your file, then try to upload again."]).await;
    check(
        "GetLayerVersion",
        json!({ "LayerName": "tools", "VersionNumber": 0 }),
        expect!["InvalidParameterValueException 400: Layer Version Cannot be less than 1."],
    )
    .await;
    check(
        "GetLayerVersion",
        json!({ "LayerName": "tools", "VersionNumber": 9 }),
        expect!["ResourceNotFoundException 404: The resource you requested does not exist."],
    )
    .await;
    check(
        "GetLayerVersionByArn",
        json!({ "Arn": arn("nope:1") }),
        expect!["ResourceNotFoundException 404: The resource you requested does not exist."],
    )
    .await;
    check(
        "GetLayerVersionByArn",
        json!({ "Arn": arn("tools:1").replace("us-east-1", "eu-west-1") }),
        expect![
            "InvalidParameterValueException 400: Layers from 'eu-west-1' are not reachable in this region ('us-east-1')"
        ],
    )
    .await;
    check(
        "DeleteLayerVersion",
        json!({ "LayerName": "tools", "VersionNumber": 0 }),
        expect!["InvalidParameterValueException 400: Layer Version Cannot be less than 1."],
    )
    .await;
    check(
        "ListLayers",
        json!({ "Marker": "x" }),
        expect!["InvalidParameterValueException 400: The Marker is not valid for this request."],
    )
    .await;
    check(
        "ListLayerVersions",
        json!({ "LayerName": "tools", "Marker": "x" }),
        expect!["InvalidParameterValueException 400: The Marker is not valid for this request."],
    )
    .await;
}

fn statement(changes: Value) -> Value {
    let mut document = json!({
        "LayerName": "tools", "VersionNumber": 1, "StatementId": "t", "Action": "lambda:GetLayerVersion", "Principal": "*",
    });
    document.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    document
}

#[tokio::test]
async fn what_policies_of_layers_refuse() {
    let (add, remove, get) = ("AddLayerVersionPermission", "RemoveLayerVersionPermission", "GetLayerVersionPolicy");
    let version = |number: i32| json!({ "LayerName": "tools", "VersionNumber": number });
    let removal = |changes: Value| {
        let mut document = json!({ "LayerName": "tools", "VersionNumber": 1, "StatementId": "s" });
        document.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        document
    };
    check(add, statement(json!({ "StatementId": "s" })), expect!["ResourceConflictException 409: The statement id (s) provided already exists. Please provide a new statement id, or remove the existing statement."]).await;
    check(add, statement(json!({ "VersionNumber": 9 })), expect!["ResourceNotFoundException 404: Layer version arn:aws:lambda:us-east-1:000000000000:layer:tools:9 does not exist."]).await;
    check(
        add,
        statement(json!({ "VersionNumber": 0 })),
        expect!["InvalidParameterValueException 400: Layer Version Cannot be less than 1."],
    )
    .await;
    check(add, statement(json!({ "RevisionId": "old" })), expect!["PreconditionFailedException 412: The Revision Id provided does not match the latest Revision Id. Call the GetLayerVersionPolicy API to retrieve the latest Revision Id"]).await;
    check(
        add,
        statement(json!({ "OrganizationId": "o-1234567890" })),
        expect!["NotImplemented 501: The member OrganizationId is not implemented by Clearsky."],
    )
    .await;
    check(
        remove,
        removal(json!({ "StatementId": "t" })),
        expect!["ResourceNotFoundException 404: Statement t is not found in resource policy."],
    )
    .await;
    check(remove, removal(json!({ "VersionNumber": 9 })), expect!["ResourceNotFoundException 404: Layer version arn:aws:lambda:us-east-1:000000000000:layer:tools:9 does not exist."]).await;
    check(
        remove,
        removal(json!({ "VersionNumber": 0 })),
        expect!["InvalidParameterValueException 400: Layer Version Cannot be less than 1."],
    )
    .await;
    check(remove, removal(json!({ "RevisionId": "old" })), expect!["PreconditionFailedException 412: The Revision Id provided does not match the latest Revision Id. Call the GetLayerVersionPolicy API to retrieve the latest Revision Id"]).await;
    check(get, version(2), expect!["ResourceNotFoundException 404: No policy is associated with the given resource."])
        .await;
    check(get, version(9), expect!["ResourceNotFoundException 404: Layer version arn:aws:lambda:us-east-1:000000000000:layer:tools:9 does not exist."]).await;
    check(get, version(0), expect!["InvalidParameterValueException 400: Layer Version Cannot be less than 1."]).await;
}

#[tokio::test]
async fn a_policy_of_a_layer_has_a_limit() {
    let bench = Bench::new().await;
    publish(&bench, "tools", "a", "").await;
    let mut shown = String::new();
    for index in 0..400 {
        shown =
            bench.show("AddLayerVersionPermission", statement(json!({ "StatementId": format!("{index:0100}") }))).await;
        if shown.starts_with("PolicyLength") {
            break;
        }
    }
    assert!(shown.starts_with("PolicyLengthExceededException 400: The final policy size ("), "{shown}");
}

#[tokio::test]
async fn other_accounts_read_what_the_policy_lets_them() {
    let bench = Bench::with_app().await;
    publish(&bench, "tools", "a", "").await;
    let other = Caller::service("lambda.amazonaws.com", Account::from("111111111111"), "x");
    let read = async || {
        let request = json!({ "Arn": arn("tools:1") });
        bench
            .kit
            .call_as(&other, "lambda", "GetLayerVersionByArn", request)
            .await
            .map_err(|failure: Failure| failure.facts.code)
    };
    assert_eq!(read().await.unwrap_err(), "AccessDeniedException");
    let added = bench.call("AddLayerVersionPermission", statement(json!({}))).await;
    let policy = bench.call("GetLayerVersionPolicy", json!({ "LayerName": "tools", "VersionNumber": 1 })).await;
    assert_eq!(policy["RevisionId"], added["RevisionId"]);
    assert!(policy["Policy"].as_str().unwrap().contains(added["Statement"].as_str().unwrap()));
    assert!(read().await.is_ok());
    let removal = json!({ "LayerName": "tools", "VersionNumber": 1, "StatementId": "t" });
    bench.call("RemoveLayerVersionPermission", removal).await;
    assert!(read().await.is_err());
}

#[tokio::test]
async fn packages_come_from_buckets() {
    let bench = Bench::with_app().await;
    let code = json!({ "S3Bucket": "packages", "S3Key": "app.zip", "S3ObjectVersion": "7" });
    bench.call("CreateFunction", app_with(json!({ "FunctionName": "b", "Code": code }))).await;
    let mut update = code.clone();
    update["FunctionName"] = json!("app");
    bench.call("UpdateFunctionCode", update.clone()).await;
    bench.invoke(&[], "{}").await;
    assert_eq!(std::fs::read_to_string(bench.fake.last().code.join("app.py")).unwrap(), "app.zip 7");
    bench.call("PublishLayerVersion", json!({ "LayerName": "l", "Content": code })).await;
    for (key, expected) in [
        (
            "missing",
            expect![
                "InvalidParameterValueException 400: Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist."
            ],
        ),
        (
            "denied",
            expect![
                "AccessDeniedException 403: Your access has been denied by S3, please make sure your request credentials have permission to GetObject for packages/denied. S3 Error Code: AccessDenied. S3 Error Message: Access Denied"
            ],
        ),
    ] {
        update["S3Key"] = json!(key);
        expected.assert_eq(&bench.show("UpdateFunctionCode", update.clone()).await);
    }
    update["ZipFile"] = json!(BASE64_STANDARD.encode("x"));
    let both = bench.show("UpdateFunctionCode", update).await;
    assert!(both.starts_with("InvalidParameterValueException 400: Please do not provide other"), "{both}");
    let half = bench.show("UpdateFunctionCode", json!({ "FunctionName": "app", "S3Bucket": "packages" })).await;
    assert!(half.starts_with("InvalidParameterValueException 400: S3Bucket and S3Key"), "{half}");
}

#[tokio::test]
async fn denied() {
    let bench = Bench::new().await;
    let version = json!({ "LayerName": "tools", "VersionNumber": 1 });
    let content = json!({ "LayerName": "tools", "Content": { "ZipFile": zip("a", "") } });
    for (operation, request) in [
        ("PublishLayerVersion", content),
        ("GetLayerVersion", version.clone()),
        ("GetLayerVersionByArn", json!({ "Arn": arn("tools:1") })),
        ("ListLayers", json!({})),
        ("ListLayerVersions", json!({ "LayerName": "tools" })),
        ("DeleteLayerVersion", version.clone()),
        ("GetLayerVersionPolicy", version),
        ("AddLayerVersionPermission", statement(json!({}))),
        ("RemoveLayerVersionPermission", json!({ "LayerName": "tools", "VersionNumber": 1, "StatementId": "s" })),
    ] {
        let denied = bench.kit.call_as(&Kit::nobody(), "lambda", operation, request).await;
        assert_eq!(denied.unwrap_err().facts.code, "AccessDeniedException", "{operation}");
    }
}
