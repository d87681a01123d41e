//! PublishVersion, ListVersionsByFunction, and qualifiers wherever a function is named.

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use service::testing::Kit;

use crate::bench::{ARN, Bench, app_with, zip};

async fn publish(bench: &Bench) -> Value {
    bench.call("PublishVersion", json!({ "FunctionName": "app" })).await
}

/// Changes the function, so that the next version is another one.
pub async fn change(bench: &Bench, text: &str) {
    let code = json!({ "FunctionName": "app", "ZipFile": zip("app.py", text) });
    bench.call("UpdateFunctionCode", code).await;
}

pub async fn invoked(bench: &Bench, qualifier: &str) -> (String, String) {
    let line = format!("POST /2015-03-31/functions/app/invocations?Qualifier={qualifier}");
    let shown = bench.kit.http(&Kit::root(), "lambda", &line, &[], "{}").await.unwrap();
    let version = shown.headers.get("x-amz-executed-version").map_or("", |value| value.to_str().unwrap());
    let answer: Value = serde_json::from_slice(&shown.body).unwrap();
    (version.to_owned(), answer["arn"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_version_stays_as_it_was_published() {
    let bench = Bench::with_app().await;
    let first = publish(&bench).await;
    assert_eq!((&first["Version"], &first["FunctionArn"]), (&json!("1"), &json!(format!("{ARN}:1"))));
    change(&bench, "x = 2").await;
    bench.call("UpdateFunctionConfiguration", json!({ "FunctionName": "app", "Timeout": 9, "MemorySize": 256 })).await;
    let found = bench.call("GetFunctionConfiguration", json!({ "FunctionName": "app", "Qualifier": "1" })).await;
    assert_eq!(found, first);
    let found = bench.call("GetFunction", json!({ "FunctionName": format!("{ARN}:1") })).await;
    assert_eq!(found["Configuration"], first);
    let latest = bench.call("GetFunctionConfiguration", json!({ "FunctionName": "app" })).await;
    assert_eq!((&latest["Version"], &latest["Timeout"]), (&json!("$LATEST"), &json!(9)));
    assert_ne!((&latest["CodeSha256"], &latest["RevisionId"]), (&first["CodeSha256"], &first["RevisionId"]));
    assert_eq!(invoked(&bench, "1").await, ("1".to_owned(), format!("{ARN}:1")));
    let deployed = bench.fake.last();
    assert_eq!((deployed.function_version.as_str(), deployed.timeout.as_secs(), deployed.memory_mb), ("1", 3, 128));
    assert!(deployed.log_stream.contains("/[1]"), "{}", deployed.log_stream);
    assert_eq!(std::fs::read_to_string(deployed.code.join("app.py")).unwrap(), "x = 1");
    assert_eq!(invoked(&bench, "%24LATEST").await, ("$LATEST".to_owned(), format!("{ARN}:$LATEST")));
    assert_eq!((bench.fake.last().timeout.as_secs(), bench.fake.started()), (9, 2));
    // Each version has environments of its own, which live on when the other changes.
    change(&bench, "x = 3").await;
    invoked(&bench, "1").await;
    assert_eq!(bench.fake.started(), 2);
}

#[tokio::test]
async fn nothing_is_published_twice() {
    let bench = Bench::with_app().await;
    let first = publish(&bench).await;
    assert_eq!(publish(&bench).await, first);
    change(&bench, "x = 1").await;
    assert_eq!(publish(&bench).await, first, "the same code again is no change");
    change(&bench, "x = 2").await;
    let second = bench.call("PublishVersion", json!({ "FunctionName": "app", "Description": "two" })).await;
    assert_eq!((&second["Version"], &second["Description"]), (&json!("2"), &json!("two")));
    bench.call("DeleteFunction", json!({ "FunctionName": "app", "Qualifier": "2" })).await;
    assert_eq!(publish(&bench).await["Version"], "3", "no number is given twice");
}

#[tokio::test]
async fn creating_and_updating_may_publish_at_once() {
    let bench = Bench::new().await;
    let created = bench.call("CreateFunction", app_with(json!({ "Publish": true }))).await;
    assert_eq!((&created["Version"], &created["FunctionArn"]), (&json!("1"), &json!(format!("{ARN}:1"))));
    let update = json!({ "FunctionName": "app", "ZipFile": zip("app.py", "x = 2"), "Publish": true });
    let updated = bench.call("UpdateFunctionCode", update).await;
    assert_eq!(updated["Version"], "2");
    assert_eq!(bench.call("GetFunctionConfiguration", json!({ "FunctionName": "app:2" })).await, updated);
}

#[tokio::test]
async fn versions_are_listed_in_pages() {
    let bench = Bench::with_app().await;
    for text in ["a", "b", "c"] {
        change(&bench, text).await;
        publish(&bench).await;
    }
    let (mut seen, mut marker) = (Vec::new(), json!(null));
    loop {
        let request = json!({ "FunctionName": "app", "MaxItems": 1, "Marker": marker });
        let page = bench.call("ListVersionsByFunction", request).await;
        let versions = page["Versions"].as_array().unwrap();
        assert_eq!(versions.len(), 1);
        seen.push(versions[0]["FunctionArn"].as_str().unwrap().to_owned());
        marker = page["NextMarker"].clone();
        if marker.is_null() {
            break;
        }
    }
    assert_eq!(seen, ["$LATEST", "1", "2", "3"].map(|version| format!("{ARN}:{version}")));
    bench.call("CreateFunction", app_with(json!({ "FunctionName": "b" }))).await;
    let (mut seen, mut marker) = (Vec::new(), json!(null));
    loop {
        let request = json!({ "FunctionVersion": "ALL", "MaxItems": 2, "Marker": marker });
        let page = bench.call("ListFunctions", request).await;
        for function in page["Functions"].as_array().unwrap() {
            seen.push(format!(
                "{}:{}",
                function["FunctionName"].as_str().unwrap(),
                function["Version"].as_str().unwrap()
            ));
        }
        marker = page["NextMarker"].clone();
        if marker.is_null() {
            break;
        }
    }
    assert_eq!(seen, ["app:$LATEST", "app:1", "app:2", "app:3", "b:$LATEST"]);
    let plain = bench.call("ListFunctions", json!({})).await;
    assert_eq!(plain["Functions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn deleting_a_function_takes_its_versions_along() {
    let bench = Bench::with_app().await;
    publish(&bench).await;
    change(&bench, "x = 2").await;
    publish(&bench).await;
    bench.call("CreateAlias", json!({ "FunctionName": "app", "Name": "live", "FunctionVersion": "2" })).await;
    invoked(&bench, "1").await;
    assert_eq!((bench.kit.blobs.count(), bench.fake.alive.load(std::sync::atomic::Ordering::SeqCst)), (2, 1));
    let named = bench.show("DeleteFunction", json!({ "FunctionName": "app", "Qualifier": "2" })).await;
    assert_eq!(
        named,
        "ResourceConflictException 409: Unable to delete version because the following aliases reference it: [live]"
    );
    bench.call("DeleteFunction", json!({ "FunctionName": "app" })).await;
    assert_eq!((bench.kit.blobs.count(), bench.fake.alive.load(std::sync::atomic::Ordering::SeqCst)), (0, 0));
    bench.call("CreateFunction", app_with(json!({}))).await;
    for qualifier in ["1", "live"] {
        let gone = bench.show("GetFunction", json!({ "FunctionName": "app", "Qualifier": qualifier })).await;
        assert!(gone.starts_with("ResourceNotFoundException 404: Function not found: "), "{gone}");
    }
}

async fn check(operation: &str, document: Value, expected: Expect) {
    let bench = Bench::with_app().await;
    bench.call("PublishVersion", json!({ "FunctionName": "app" })).await;
    bench.call("CreateAlias", json!({ "FunctionName": "app", "Name": "live", "FunctionVersion": "1" })).await;
    expected.assert_eq(&bench.show(operation, document).await);
}

#[tokio::test]
async fn what_versions_refuse() {
    check(
        "PublishVersion",
        json!({ "FunctionName": "nope" }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:nope"
        ],
    )
    .await;
    check("PublishVersion", json!({ "FunctionName": "app", "RevisionId": "old" }), expect!["PreconditionFailedException 412: The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"]).await;
    check("PublishVersion", json!({ "FunctionName": "app", "CodeSha256": "AAAA" }), expect!["InvalidParameterValueException 400: CodeSHA256 (AAAA) is different from current CodeSHA256 in $LATEST (zINhTIv7lgGPc3dmizmPLSBQk3Mxyub/qQbKgX8Pi9c=). Please try again with the CodeSHA256 in $LATEST."]).await;
    check(
        "PublishVersion",
        json!({ "FunctionName": "app", "PublishTo": "LATEST_PUBLISHED" }),
        expect!["NotImplemented 501: The member PublishTo is not implemented by Clearsky."],
    )
    .await;
    check(
        "ListVersionsByFunction",
        json!({ "FunctionName": "nope" }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:nope"
        ],
    )
    .await;
    check(
        "ListVersionsByFunction",
        json!({ "FunctionName": "app", "Marker": "x" }),
        expect!["InvalidParameterValueException 400: The Marker is not valid for this request."],
    )
    .await;
    check(
        "GetFunction",
        json!({ "FunctionName": "app", "Qualifier": "7" }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:app:7"
        ],
    )
    .await;
    check("GetFunction", json!({ "FunctionName": "app", "Qualifier": "99999999999" }), expect!["ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:app:99999999999"]).await;
    check("GetFunctionConfiguration", json!({ "FunctionName": "app:1", "Qualifier": "2" }), expect!["InvalidParameterValueException 400: The derived qualifier from the function name does not match the specified qualifier."]).await;
    check(
        "Invoke",
        json!({ "FunctionName": "app", "Qualifier": "7" }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:app:7"
        ],
    )
    .await;
    check(
        "UpdateFunctionCode",
        json!({ "FunctionName": "app:1", "ZipFile": zip("a", "") }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:app:1"
        ],
    )
    .await;
    check(
        "UpdateFunctionConfiguration",
        json!({ "FunctionName": "app:1", "Timeout": 4 }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:app:1"
        ],
    )
    .await;
    check(
        "DeleteFunction",
        json!({ "FunctionName": "app", "Qualifier": "$LATEST" }),
        expect!["InvalidParameterValueException 400: $LATEST version cannot be deleted without deleting the function."],
    )
    .await;
    check(
        "DeleteFunction",
        json!({ "FunctionName": "app", "Qualifier": "live" }),
        expect!["InvalidParameterValueException 400: Deletion of aliases is not currently supported."],
    )
    .await;
    check(
        "DeleteFunction",
        json!({ "FunctionName": "nope", "Qualifier": "1" }),
        expect![
            "ResourceNotFoundException 404: Function not found: arn:aws:lambda:us-east-1:000000000000:function:nope"
        ],
    )
    .await;
    check("TagResource", json!({ "Resource": format!("{ARN}:1"), "Tags": { "a": "b" } }), expect!["InvalidParameterValueException 400: Tags on function aliases and versions are not supported. Please specify either a function name or an unqualified function ARN."]).await;
}

#[tokio::test]
async fn denied() {
    let bench = Bench::with_app().await;
    for operation in ["PublishVersion", "ListVersionsByFunction"] {
        let denied = bench.kit.call_as(&Kit::nobody(), "lambda", operation, json!({ "FunctionName": "app" })).await;
        assert_eq!(denied.unwrap_err().facts.code, "AccessDeniedException", "{operation}");
    }
}

#[tokio::test]
async fn settings_of_events_are_listed_in_pages() {
    let bench = Bench::with_app().await;
    publish(&bench).await;
    for qualifier in ["$LATEST", "1"] {
        let request = json!({ "FunctionName": "app", "Qualifier": qualifier, "MaximumRetryAttempts": 1 });
        bench.call("PutFunctionEventInvokeConfig", request).await;
    }
    let list = async |marker: Value| {
        let request = json!({ "FunctionName": "app", "MaxItems": 1, "Marker": marker });
        bench.call("ListFunctionEventInvokeConfigs", request).await
    };
    let first = list(json!(null)).await;
    let second = list(first["NextMarker"].clone()).await;
    let arn = |page: &Value| page["FunctionEventInvokeConfigs"][0]["FunctionArn"].as_str().unwrap().to_owned();
    assert_eq!([arn(&first), arn(&second)], ["$LATEST", "1"].map(|version| format!("{ARN}:{version}")));
    assert!(second["NextMarker"].is_null());
}
