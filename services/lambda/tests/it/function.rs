//! CreateFunction, GetFunction, ListFunctions, DeleteFunction, tags.

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use service::testing::Kit;

use crate::bench::{ARN, Bench, app, app_with, zip};

async fn check(operation: &str, document: Value, expected: Expect) {
    expected.assert_eq(&Bench::with_app().await.show(operation, document).await);
}

#[tokio::test]
async fn a_function_is_as_it_was_created() {
    let bench = Bench::new().await;
    let document = app_with(json!({
        "Environment": { "Variables": { "TABLE": "albums" } }, "Tags": { "team": "blue" }, "Description": "d", "Timeout": 9,
        "MemorySize": 256, "EphemeralStorage": { "Size": 1024 }, "TracingConfig": { "Mode": "PassThrough" },
        "PackageType": "Zip", "Publish": false,
    }));
    let created = bench.call("CreateFunction", document).await;
    expect![[r#"
        {
          "FunctionName": "app",
          "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:app",
          "Runtime": "python3.12",
          "Role": "arn:aws:iam::000000000000:role/app",
          "Handler": "app.handler",
          "CodeSize": 117,
          "Description": "d",
          "Timeout": 9,
          "MemorySize": 256,
          "LastModified": "2026-11-24T00:00:00.000+0000",
          "CodeSha256": "zINhTIv7lgGPc3dmizmPLSBQk3Mxyub/qQbKgX8Pi9c=",
          "Version": "$LATEST",
          "Environment": {
            "Variables": {
              "TABLE": "albums"
            }
          },
          "TracingConfig": {
            "Mode": "PassThrough"
          },
          "RevisionId": "67ec8e65-a18d-4bbe-9e55-32fbeea293f8",
          "State": "Active",
          "LastUpdateStatus": "Successful",
          "PackageType": "Zip",
          "Architectures": [
            "x86_64"
          ],
          "EphemeralStorage": {
            "Size": 1024
          },
          "SnapStart": {
            "ApplyOn": "None",
            "OptimizationStatus": "Off"
          },
          "LoggingConfig": {
            "LogFormat": "Text",
            "LogGroup": "/aws/lambda/app"
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&created).unwrap());
    let found = bench.call("GetFunction", json!({ "FunctionName": ARN })).await;
    assert_eq!(found["Configuration"], created);
    assert_eq!(found["Tags"], json!({ "team": "blue" }));
    assert_eq!(found["Code"]["RepositoryType"], "S3");
    let location = found["Code"]["Location"].as_str().unwrap();
    assert!(location.starts_with("http://127.0.0.1:4566/_clearsky/lambda-code/"), "{location}");
    let configuration = bench.call("GetFunctionConfiguration", json!({ "FunctionName": "function:app" })).await;
    assert_eq!(configuration, created);
    let latest = bench.call("GetFunctionConfiguration", json!({ "FunctionName": "app", "Qualifier": "$LATEST" })).await;
    assert_eq!(latest["FunctionArn"], format!("{ARN}:$LATEST"));
}

#[tokio::test]
async fn a_version_that_is_not_here_is_run_by_the_nearest() {
    let bench = Bench::new().await;
    let created = bench.call("CreateFunction", app_with(json!({ "Runtime": "python3.14" }))).await;
    let reason = "python3.14 is not on this host: python3.12 (3.12.1), the nearest, runs it";
    assert_eq!((&created["Runtime"], &created["StateReason"]), (&json!("python3.14"), &json!(reason)));
}

#[tokio::test]
async fn what_create_function_refuses() {
    for (changes, expected) in [
        (json!({}), expect!["ResourceConflictException 409: Function already exist: app"]),
        (
            json!({ "Runtime": "nodejs22.x" }),
            expect![
                "InvalidParameterValueException 400: The runtime nodejs22.x is not available on this host. Get it with: clearsky runtimes install nodejs22. Runtimes that are: python3.12."
            ],
        ),
        (
            json!({ "Runtime": "ruby3.4" }),
            expect![
                "InvalidParameterValueException 400: The runtime ruby3.4 is not available on this host. Its language has no runtime here; a program built for the host runs as provided.al2023. Runtimes that are: python3.12."
            ],
        ),
        (
            json!({ "Runtime": "cobol" }),
            expect![
                "InvalidParameterValueException 400: The runtime cobol is not available on this host. Runtimes that are: python3.12."
            ],
        ),
        (
            json!({ "FunctionName": "n".repeat(65) }),
            expect![
                "ValidationException 400: 1 validation error detected: Value 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64"
            ],
        ),
        (
            json!({ "Handler": null }),
            expect![
                "InvalidParameterValueException 400: Runtime and Handler are mandatory parameters for functions created with deployment packages."
            ],
        ),
        (
            json!({ "Timeout": 901 }),
            expect![
                "ValidationException 400: 1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900"
            ],
        ),
        (
            json!({ "MemorySize": 64 }),
            expect![
                "ValidationException 400: 1 validation error detected: Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"
            ],
        ),
        (
            json!({ "Code": {} }),
            expect!["InvalidParameterValueException 400: Please provide a source for function code."],
        ),
        (
            json!({ "Code": { "ImageUri": "image" } }),
            expect!["NotImplemented 501: The member ImageUri is not implemented by Clearsky."],
        ),
        (
            json!({ "Code": { "ZipFile": "bm8gemlw" } }),
            expect![
                "InvalidParameterValueException 400: Could not unzip uploaded file. Please check your file, then try to upload again."
            ],
        ),
        (
            json!({ "Code": { "ZipFile": zip("../up.py", "") } }),
            expect![
                "InvalidParameterValueException 400: Could not unzip uploaded file. Please check your file, then try to upload again."
            ],
        ),
        (
            json!({ "Environment": { "Variables": { "AWS_REGION": "x" } } }),
            expect![
                "InvalidParameterValueException 400: Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION"
            ],
        ),
        (
            json!({ "TracingConfig": { "Mode": "Active" } }),
            expect!["NotImplemented 501: TracingConfig.Mode = Active is not implemented; what is: PassThrough"],
        ),
        (json!({ "Publish": true }), expect!["ResourceConflictException 409: Function already exist: app"]),
        (
            json!({ "FileSystemConfigs": [] }),
            expect!["NotImplemented 501: The member FileSystemConfigs is not implemented by Clearsky."],
        ),
        (
            json!({ "FunctionName": "app:live" }),
            expect!["InvalidParameterValueException 400: The name of a new function has no qualifier."],
        ),
        (
            json!({ "FunctionName": "a b" }),
            expect![[
                r#"ValidationException 400: 1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"#
            ]],
        ),
        (
            json!({ "FunctionName": ARN.replace("us-east-1", "eu-west-1") }),
            expect![
                "ResourceNotFoundException 404: Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"
            ],
        ),
    ] {
        let bench = Bench::with_app().await;
        expected.assert_eq(&bench.show("CreateFunction", app_with(changes)).await);
        assert_eq!(bench.kit.blobs.count(), 1, "a refused package stays behind");
    }
}

#[tokio::test]
async fn what_is_not_there() {
    let missing = json!({ "FunctionName": "nope" });
    check(
        "GetFunction",
        missing.clone(),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:nope"
        ],
    )
    .await;
    check(
        "GetFunction",
        json!({ "FunctionName": "app", "Qualifier": "2" }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:app:2"
        ],
    )
    .await;
    check("GetFunction", json!({ "FunctionName": "app:1", "Qualifier": "2" }), expect!["InvalidParameterValueException 400: The derived qualifier from the function name does not match the specified qualifier."]).await;
    check(
        "GetFunctionConfiguration",
        missing.clone(),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:nope"
        ],
    )
    .await;
    check(
        "DeleteFunction",
        missing.clone(),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:nope"
        ],
    )
    .await;
    check(
        "DeleteFunction",
        json!({ "FunctionName": "app:$LATEST" }),
        expect!["InvalidParameterValueException 400: $LATEST version cannot be deleted without deleting the function."],
    )
    .await;
    check(
        "ListTags",
        json!({ "Resource": ARN.replace("app", "nope") }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:nope"
        ],
    )
    .await;
}

#[tokio::test]
async fn functions_are_listed_in_pages() {
    let bench = Bench::new().await;
    for name in ["c", "a", "b"] {
        bench.call("CreateFunction", app_with(json!({ "FunctionName": name }))).await;
    }
    let names = |page: &Value| -> Vec<String> {
        page["Functions"].as_array().unwrap().iter().map(|f| f["FunctionName"].as_str().unwrap().to_owned()).collect()
    };
    let first = bench.call("ListFunctions", json!({ "MaxItems": 2 })).await;
    assert_eq!(names(&first), ["a", "b"]);
    let listed = &first["Functions"][0];
    assert!(listed.get("State").is_none() && listed.get("LastUpdateStatus").is_none(), "{listed}");
    let second = bench.call("ListFunctions", json!({ "MaxItems": 2, "Marker": first["NextMarker"] })).await;
    assert_eq!(names(&second), ["c"]);
    assert!(second.get("NextMarker").is_none());
    let all = bench.call("ListFunctions", json!({ "FunctionVersion": "ALL" })).await;
    assert!(all["Functions"][0]["FunctionArn"].as_str().unwrap().ends_with(":a:$LATEST"));
    let refused = bench.show("ListFunctions", json!({ "Marker": "nonsense" })).await;
    assert_eq!(refused, "InvalidParameterValueException 400: The Marker is not valid for this request.");
}

#[tokio::test]
async fn deleting_leaves_nothing_behind() {
    let bench = Bench::with_app().await;
    bench.invoke(&[], "{}").await;
    let alive = || bench.fake.alive.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!((bench.kit.blobs.count(), alive()), (1, 1));
    let line = "DELETE /2015-03-31/functions/app";
    let deleted = bench.kit.http(&Kit::root(), "lambda", line, &[], "").await.unwrap();
    assert_eq!((deleted.status, deleted.text()), (204, String::new()));
    assert_eq!((bench.kit.blobs.count(), alive()), (0, 0));
    assert_eq!(bench.invoke(&[], "{}").await.status, 404);
    bench.call("CreateFunction", app()).await;
    assert_eq!(bench.invoke(&[], "{}").await.status, 200);
}

#[tokio::test]
async fn tags_come_and_go() {
    let bench = Bench::with_app().await;
    bench.call("TagResource", json!({ "Resource": ARN, "Tags": { "a": "1", "b": "2" } })).await;
    bench.call("UntagResource", json!({ "Resource": ARN, "TagKeys": ["a"] })).await;
    assert_eq!(bench.call("ListTags", json!({ "Resource": ARN })).await, json!({ "Tags": { "b": "2" } }));
    let refused = bench.show("TagResource", json!({ "Resource": ARN, "Tags": { "aws:x": "1" } })).await;
    assert!(refused.starts_with("InvalidParameterValueException 400"), "{refused}");
}

#[tokio::test]
async fn others_are_denied() {
    let bench = Bench::with_app().await;
    for (operation, document) in [
        ("CreateFunction", app()),
        ("GetFunction", json!({ "FunctionName": "app" })),
        ("GetFunctionConfiguration", json!({ "FunctionName": "app" })),
        ("ListFunctions", json!({})),
        ("DeleteFunction", json!({ "FunctionName": "app" })),
        ("UpdateFunctionCode", json!({ "FunctionName": "app", "ZipFile": zip("a", "") })),
        ("UpdateFunctionConfiguration", json!({ "FunctionName": "app" })),
        ("Invoke", json!({ "FunctionName": "app" })),
        ("AddPermission", json!({ "FunctionName": "app", "StatementId": "s", "Action": "lambda:*", "Principal": "*" })),
        ("RemovePermission", json!({ "FunctionName": "app", "StatementId": "s" })),
        ("GetPolicy", json!({ "FunctionName": "app" })),
        ("ListTags", json!({ "Resource": ARN })),
        ("TagResource", json!({ "Resource": ARN, "Tags": { "a": "b" } })),
        ("UntagResource", json!({ "Resource": ARN, "TagKeys": ["a"] })),
    ] {
        let failure = bench.kit.call_as(&Kit::nobody(), "lambda", operation, document).await.unwrap_err();
        assert_eq!((failure.facts.code, failure.facts.status), ("AccessDeniedException", 403), "{operation}");
        assert!(
            failure.message.contains(&format!(
                "is not authorized to perform: lambda:{}",
                operation.replace("Invoke", "InvokeFunction")
            )),
            "{}",
            failure.message
        );
    }
}

#[tokio::test]
async fn a_function_that_is_not_there_has_no_tags() {
    let bench = Bench::new().await;
    for (operation, document) in [
        ("TagResource", json!({ "Resource": ARN, "Tags": { "a": "b" } })),
        ("UntagResource", json!({ "Resource": ARN, "TagKeys": ["a"] })),
        ("ListTags", json!({ "Resource": ARN })),
    ] {
        let expected = format!("ResourceNotFoundException 404: Function not found: {ARN}");
        assert_eq!(bench.show(operation, document).await, expected, "{operation}");
    }
}
