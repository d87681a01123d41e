//! UpdateFunctionCode and UpdateFunctionConfiguration.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::bench::{Bench, ROLE, zip};

#[tokio::test]
async fn new_code_takes_over_from_the_next_request_on() {
    let bench = Bench::with_app().await;
    let before = bench.call("GetFunctionConfiguration", json!({ "FunctionName": "app" })).await;
    bench.invoke(&[], "{}").await;
    let dry = json!({ "FunctionName": "app", "ZipFile": zip("app.py", "x = 2"), "DryRun": true });
    let dry = bench.call("UpdateFunctionCode", dry).await;
    assert_ne!(dry["CodeSha256"], before["CodeSha256"]);
    assert_eq!(bench.call("GetFunctionConfiguration", json!({ "FunctionName": "app" })).await, before);
    let update =
        json!({ "FunctionName": "app", "ZipFile": zip("app.py", "x = 2"), "RevisionId": before["RevisionId"] });
    let after = bench.call("UpdateFunctionCode", update.clone()).await;
    assert_eq!(after["CodeSha256"], dry["CodeSha256"]);
    assert_ne!(after["RevisionId"], before["RevisionId"]);
    assert_eq!(bench.kit.blobs.count(), 1, "the old package is gone");
    bench.invoke(&[], "{}").await;
    assert_eq!(bench.fake.started(), 2);
    assert_eq!(std::fs::read_to_string(bench.fake.last().code.join("app.py")).unwrap(), "x = 2");
    let stale = bench.show("UpdateFunctionCode", update).await;
    assert!(stale.starts_with("PreconditionFailedException 412: The Revision Id provided"), "{stale}");
}

#[tokio::test]
async fn configuration_changes_what_is_named_and_nothing_else() {
    let bench = Bench::with_app().await;
    bench.invoke(&[], "{}").await;
    let update = json!({
        "FunctionName": "app", "Timeout": 7, "MemorySize": 512, "Role": ROLE,
        "Environment": { "Variables": { "ALBUM": "1", "AWS_ENDPOINT_URL": "http://mine" } },
    });
    let after = bench.call("UpdateFunctionConfiguration", update).await;
    assert_eq!(
        (&after["Timeout"], &after["MemorySize"], &after["Handler"]),
        (&json!(7), &json!(512), &json!("app.handler"))
    );
    bench.invoke(&[], "{}").await;
    let deployed = bench.fake.last();
    assert_eq!((deployed.timeout.as_secs(), deployed.memory_mb, bench.fake.started()), (7, 512, 2));
    assert_eq!((deployed.env["ALBUM"].as_str(), deployed.env["AWS_ENDPOINT_URL"].as_str()), ("1", "http://mine"));
    assert_eq!(
        (deployed.env["AWS_REGION"].as_str(), deployed.env["AWS_SESSION_TOKEN"].as_str()),
        ("us-east-1", "token")
    );
}

async fn check(operation: &str, document: Value, expected: Expect) {
    let bench = Bench::with_app().await;
    expected.assert_eq(&bench.show(operation, document).await);
    assert_eq!(bench.kit.blobs.count(), 1, "a refused package stays behind");
}

#[tokio::test]
async fn what_updates_refuse() {
    check(
        "UpdateFunctionCode",
        json!({ "FunctionName": "nope", "ZipFile": zip("a", "") }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:nope"
        ],
    )
    .await;
    check(
        "UpdateFunctionCode",
        json!({ "FunctionName": "app" }),
        expect!["InvalidParameterValueException 400: Please provide a source for function code."],
    )
    .await;
    check("UpdateFunctionCode", json!({ "FunctionName": "app", "ZipFile": "AAAA" }), expect!["InvalidParameterValueException 400: Could not unzip uploaded file. Please check your file, then try to upload again."]).await;
    check(
        "UpdateFunctionCode",
        json!({ "FunctionName": "app", "S3Bucket": "bucket" }),
        expect!["InvalidParameterValueException 400: S3Bucket and S3Key are given together."],
    )
    .await;
    check(
        "UpdateFunctionConfiguration",
        json!({ "FunctionName": "nope" }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:nope"
        ],
    )
    .await;
    check("UpdateFunctionConfiguration", json!({ "FunctionName": "app", "Runtime": "go1.x" }), expect!["InvalidParameterValueException 400: The runtime go1.x is not available on this host. Its language has no runtime here; a program built for the host runs as provided.al2023. Runtimes that are: python3.12."]).await;
    check("UpdateFunctionConfiguration", json!({ "FunctionName": "app", "RevisionId": "x" }), expect!["PreconditionFailedException 412: The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"]).await;
    check(
        "UpdateFunctionConfiguration",
        json!({ "FunctionName": "app", "Layers": ["x"] }),
        expect![[r#"ValidationException 400: 1 validation error detected: Value '[x]' at 'layers' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 2048, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: ((arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+))]"#]],
    )
    .await;
}

#[tokio::test]
async fn the_sweeper_leaves_packages_in_use_alone() {
    let bench = Bench::with_app().await;
    let before = bench.kit.blobs.count();
    let mut upload = bench.kit.platform.blobs.write();
    upload.push("left by a crash".into()).await.unwrap();
    upload.finish().await.unwrap();
    bench.kit.clock.advance_ms(service::sweep::AGE_MIN_MS + 1);
    assert_eq!(service::sweep::sweep(&bench.kit.platform).await.unwrap().removed, 1);
    assert_eq!(bench.kit.blobs.count(), before);
    assert_eq!(bench.invoke(&[], "{}").await.status, 200);
}
