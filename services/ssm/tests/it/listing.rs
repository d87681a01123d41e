//! Listings by path, and of what is known of parameters.

use expect_test::expect;
use serde_json::Value;
use service::testing::{House, Kit};

use crate::{house, with};

const TREE: &[&str] = &["host", "/shop/host", "/shop/db/host", "/shop/db/port", "/shopping/host"];

/// The names that a listing answers, page by page.
fn names(house: &House, operation: &str, request: &str) -> String {
    let mut pages = Vec::new();
    let mut token = String::new();
    loop {
        let answer = house.ask(&Kit::root(), &format!("{operation} {{{request}{token}}}"));
        let document: Value = serde_json::from_str(answer.strip_prefix("200 ").unwrap_or(&answer)).unwrap_or_default();
        let parameters = document["Parameters"].as_array().unwrap_or_else(|| panic!("{answer}"));
        pages.push(parameters.iter().filter_map(|p| p["Name"].as_str()).collect::<Vec<_>>().join(" "));
        if document["NextToken"].is_null() {
            return pages.join(" | ");
        }
        token = r#","NextToken":"$NextToken""#.to_owned();
    }
}

#[test]
fn a_path_has_one_level_or_all() {
    let house = with(TREE);
    let by_path = |request: &str| names(&house, "GetParametersByPath", request);
    assert_eq!(by_path(r#""Path":"/shop""#), "/shop/host");
    assert_eq!(by_path(r#""Path":"/shop/","Recursive":true"#), "/shop/db/host /shop/db/port /shop/host");
    assert_eq!(by_path(r#""Path":"/""#), "host");
    assert_eq!(
        by_path(r#""Path":"/","Recursive":true,"MaxResults":2"#),
        "host /shop/db/host | /shop/db/port /shop/host | /shopping/host"
    );
    assert_eq!(by_path(r#""Path":"/none""#), "");
}

#[test]
fn a_page_by_path_shows_values() {
    with(&["/shop/a", "/shop/b"])
        .check(r#"GetParametersByPath {"Path":"/shop","MaxResults":1}"#, expect![[r#"
            200 {
              "Parameters": [
                {
                  "Name": "/shop/a",
                  "Type": "String",
                  "Value": "/shop/a",
                  "Version": 1,
                  "LastModifiedDate": 1795478400,
                  "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/shop/a",
                  "DataType": "text"
                }
              ],
              "NextToken": "$NextToken"
            }"#]])
        .check(r#"GetParametersByPath {"Path":"/shop","MaxResults":1,"NextToken":"$NextToken"}"#, expect![[r#"
            200 {
              "Parameters": [
                {
                  "Name": "/shop/b",
                  "Type": "String",
                  "Value": "/shop/b",
                  "Version": 1,
                  "LastModifiedDate": 1795478400,
                  "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/shop/b",
                  "DataType": "text"
                }
              ]
            }"#]])
        .check(r#"GetParametersByPath {"Path":"/shop","MaxResults":11}"#, expect![[r#"
            400 {
              "__type": "ValidationException",
              "message": "1 validation error detected: Value '11' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 10"
            }"#]])
        .check(r#"GetParametersByPath {"Path":"/shop","NextToken":"odd"}"#, expect![[r#"400 {"__type":"InvalidNextToken","Message":"The specified token isn't valid."}"#]])
        .check_denied(r#"GetParametersByPath {"Path":"/shop/"}"#, expect![[r#"
            400 {
              "__type": "AccessDeniedException",
              "message": "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: ssm:GetParametersByPath on resource: arn:aws:ssm:us-east-1:000000000000:parameter/shop because no identity-based policy allows the ssm:GetParametersByPath action"
            }"#]]);
}

#[test]
fn a_path_begins_with_a_slash() {
    house()
        .check(r#"GetParametersByPath {"Path":"shop"}"#, expect![[r#"
            400 {
              "__type": "ValidationException",
              "message": "Parameter path: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive) except global parameter name path prefixed with \"aws\" (case-sensitive). It should always begin with / symbol.It consists of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_"
            }"#]])
        .check(r#"GetParametersByPath {"Path":"/ssm/a"}"#, expect![[r#"
            400 {
              "__type": "ValidationException",
              "message": "Parameter path: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive) except global parameter name path prefixed with \"aws\" (case-sensitive). It should always begin with / symbol.It consists of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_"
            }"#]])
        .check(r#"GetParametersByPath {"Path":"/aws/service"}"#, expect![[r#"501 {"__type":"NotImplemented","message":"The public path /aws/service is not implemented by Clearsky."}"#]]);
}

#[test]
fn parameters_are_described_without_their_values() {
    house()
        .given(
            r#"PutParameter {"Name":"a","Value":"1","Type":"SecureString","Description":"d","AllowedPattern":"\\d"}"#,
        )
        .given(r#"PutParameter {"Name":"b","Value":"1","Type":"StringList"}"#)
        .check(r#"DescribeParameters {"MaxResults":1}"#, expect![[r#"
            200 {
              "Parameters": [
                {
                  "Name": "a",
                  "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/a",
                  "Type": "SecureString",
                  "KeyId": "alias/aws/ssm",
                  "LastModifiedDate": 1795478400,
                  "LastModifiedUser": "arn:aws:iam::000000000000:root",
                  "Description": "d",
                  "AllowedPattern": "\\d",
                  "Version": 1,
                  "Tier": "Standard",
                  "Policies": [],
                  "DataType": "text"
                }
              ],
              "NextToken": "$NextToken"
            }"#]])
        .check(r#"DescribeParameters {"MaxResults":1,"NextToken":"$NextToken"}"#, expect![[r#"
            200 {
              "Parameters": [
                {
                  "Name": "b",
                  "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/b",
                  "Type": "StringList",
                  "LastModifiedDate": 1795478400,
                  "LastModifiedUser": "arn:aws:iam::000000000000:root",
                  "Version": 1,
                  "Tier": "Standard",
                  "Policies": [],
                  "DataType": "text"
                }
              ]
            }"#]])
        .check(r#"DescribeParameters {"NextToken":"odd"}"#, expect![[r#"400 {"__type":"InvalidNextToken","Message":"The specified token isn't valid."}"#]])
        .check(r#"DescribeParameters {"Shared":true}"#, expect![[r#"501 {"__type":"NotImplemented","message":"Shared = true is not implemented; what is: false"}"#]])
        .check_denied(r#"DescribeParameters {}"#, expect![[r#"
            400 {
              "__type": "AccessDeniedException",
              "message": "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: ssm:DescribeParameters on resource: * because no identity-based policy allows the ssm:DescribeParameters action"
            }"#]]);
}

#[test]
fn a_token_opens_only_the_listing_it_was_given_for() {
    with(&["a", "b"]).given(r#"DescribeParameters {"MaxResults":1}"#).check(
        r#"DescribeParameters {"Filters":[{"Key":"Name","Values":["a"]}],"NextToken":"$NextToken"}"#,
        expect![[r#"400 {"__type":"InvalidNextToken","Message":"The specified token isn't valid."}"#]],
    );
}
