//! Reading parameters: versions, labels, ARNs, what is encrypted.

use expect_test::expect;
use kv::{Limit, Range, Watch};
use service::testing::Kit;

use crate::{house, with, with_versions};

#[test]
fn a_parameter_is_read_by_version_label_and_arn() {
    with_versions(3)
        .given(r#"LabelParameterVersion {"Name":"a","ParameterVersion":2,"Labels":["live"]}"#)
        .check(
            r#"GetParameter {"Name":"a:1"}"#,
            expect![[r#"
            200 {
              "Parameter": {
                "Name": "a",
                "Type": "String",
                "Value": "1",
                "Version": 1,
                "Selector": ":1",
                "LastModifiedDate": 1795478400,
                "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/a",
                "DataType": "text"
              }
            }"#]],
        )
        .check(
            r#"GetParameter {"Name":"a:live"}"#,
            expect![[r#"
            200 {
              "Parameter": {
                "Name": "a",
                "Type": "String",
                "Value": "2",
                "Version": 2,
                "Selector": ":live",
                "LastModifiedDate": 1795478400,
                "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/a",
                "DataType": "text"
              }
            }"#]],
        )
        .check(
            r#"GetParameter {"Name":"arn:aws:ssm:us-east-1:000000000000:parameter/a:live"}"#,
            expect![[r#"
            200 {
              "Parameter": {
                "Name": "a",
                "Type": "String",
                "Value": "2",
                "Version": 2,
                "Selector": ":live",
                "LastModifiedDate": 1795478400,
                "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/a",
                "DataType": "text"
              }
            }"#]],
        )
        .check(
            r#"GetParameter {"Name":"a:9"}"#,
            expect![[r#"
            400 {
              "__type": "ParameterVersionNotFound",
              "message": "Systems Manager could not find version 9 of a. Verify the version and try again."
            }"#]],
        )
        .check(
            r#"GetParameter {"Name":"a:old"}"#,
            expect![[r#"
            400 {
              "__type": "ParameterVersionNotFound",
              "message": "Systems Manager could not find version old of a. Verify the version and try again."
            }"#]],
        );
}

#[test]
fn what_is_absent_is_not_found() {
    house()
        .check(r#"GetParameter {"Name":"none"}"#, expect![[r#"400 {"__type":"ParameterNotFound"}"#]])
        .check(r#"GetParameter {"Name":"/a//b"}"#, expect![[r#"
            400 {
              "__type": "ValidationException",
              "message": "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_"
            }"#]])
        .check(r#"GetParameter {"Name":"/aws/service/ami-amazon-linux-latest/al2023"}"#, expect![[r#"
            501 {
              "__type": "NotImplemented",
              "message": "The public parameter /aws/service/ami-amazon-linux-latest/al2023 is not implemented by Clearsky."
            }"#]])
        .check_denied(r#"GetParameter {"Name":"/shop/host:3"}"#, expect![[r#"
            400 {
              "__type": "AccessDeniedException",
              "message": "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: ssm:GetParameter on resource: arn:aws:ssm:us-east-1:000000000000:parameter/shop/host because no identity-based policy allows the ssm:GetParameter action"
            }"#]]);
}

#[test]
fn several_are_read_and_those_missing_are_named() {
    with(&["a", "/b/c"])
        .check(r#"GetParameters {"Names":["/b/c","none","a:7","/b/c"]}"#, expect![[r#"
            200 {
              "Parameters": [
                {
                  "Name": "/b/c",
                  "Type": "String",
                  "Value": "/b/c",
                  "Version": 1,
                  "LastModifiedDate": 1795478400,
                  "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/b/c",
                  "DataType": "text"
                }
              ],
              "InvalidParameters": [
                "a:7",
                "none"
              ]
            }"#]])
        .check_denied(r#"GetParameters {"Names":["a","/b/c"]}"#, expect![[r#"
            400 {
              "__type": "AccessDeniedException",
              "message": "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:us-east-1:000000000000:parameter/a because no identity-based policy allows the ssm:GetParameters action"
            }"#]]);
}

#[test]
fn a_secure_string_is_shown_encrypted_unless_asked_for() {
    house()
        .given(r#"PutParameter {"Name":"/shop/key","Value":"s3cret","Type":"SecureString"}"#)
        .check(
            r#"GetParameter {"Name":"/shop/key"}"#,
            expect![[r#"
            200 {
              "Parameter": {
                "Name": "/shop/key",
                "Type": "SecureString",
                "Value": "Z+yOZaGN675eVTL71vTjbBVh1BWxXd6aNf1uRLmu7AF5Dw==",
                "Version": 1,
                "LastModifiedDate": 1795478400,
                "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/shop/key",
                "DataType": "text"
              }
            }"#]],
        )
        .check(
            r#"GetParameter {"Name":"/shop/key","WithDecryption":true}"#,
            expect![[r#"
            200 {
              "Parameter": {
                "Name": "/shop/key",
                "Type": "SecureString",
                "Value": "s3cret",
                "Version": 1,
                "LastModifiedDate": 1795478400,
                "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/shop/key",
                "DataType": "text"
              }
            }"#]],
        )
        .check(
            r#"GetParametersByPath {"Path":"/shop","WithDecryption":true}"#,
            expect![[r#"
            200 {
              "Parameters": [
                {
                  "Name": "/shop/key",
                  "Type": "SecureString",
                  "Value": "s3cret",
                  "Version": 1,
                  "LastModifiedDate": 1795478400,
                  "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/shop/key",
                  "DataType": "text"
                }
              ]
            }"#]],
        );
}

#[test]
fn an_encrypted_value_opens_only_for_its_parameter_and_key() {
    let house = house();
    house.given(r#"PutParameter {"Name":"a","Value":"s3cret","Type":"SecureString"}"#);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut tx = house.kit.platform.store.begin().await.unwrap();
        let page = tx.range(Range::all(), Limit::PAGE, Watch::Untracked).await.unwrap();
        for (key, value) in page.rows {
            assert!(!String::from_utf8_lossy(&value).contains("s3cret"));
            let other = String::from_utf8(key.as_bytes().to_vec()).unwrap().replace("/a", "/b");
            tx.put(kv::Key::new(other), value);
        }
        tx.commit().await.unwrap();
    });
    house
        .check(
            r#"GetParameter {"Name":"b","WithDecryption":true}"#,
            expect![[r#"400 {"__type":"InvalidKeyId","message":"The query key ID isn't valid."}"#]],
        )
        .check(
            r#"GetParameters {"Names":["b"],"WithDecryption":true}"#,
            expect![[r#"400 {"__type":"InvalidKeyId","message":"The query key ID isn't valid."}"#]],
        )
        .check(
            r#"GetParameterHistory {"Name":"b","WithDecryption":true}"#,
            expect![[r#"400 {"__type":"InvalidKeyId","message":"The query key ID isn't valid."}"#]],
        )
        .check(
            r#"GetParametersByPath {"Path":"/","WithDecryption":true}"#,
            expect![[r#"400 {"__type":"InvalidKeyId","message":"The query key ID isn't valid."}"#]],
        );
    assert!(house.ask(&Kit::root(), r#"GetParameter {"Name":"a","WithDecryption":true}"#).contains("s3cret"));
}
