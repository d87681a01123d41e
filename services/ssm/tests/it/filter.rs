//! Filters of listings.

use expect_test::{Expect, expect};
use service::testing::House;

use crate::house;

/// Parameters that differ in everything filters ask for.
fn assorted() -> House {
    let house = house();
    house
        .given(r#"PutParameter {"Name":"plain","Value":"1","Type":"String","Tags":[{"Key":"team","Value":"shop"}]}"#)
        .given(r#"PutParameter {"Name":"/shop/list","Value":"1,2","Type":"StringList","Tags":[{"Key":"team","Value":"bank"}]}"#)
        .given(r#"PutParameter {"Name":"/shop/key","Value":"1","Type":"SecureString"}"#)
        .given(r#"PutParameter {"Name":"/shop/db/big","Value":"1","Type":"String","Tier":"Advanced"}"#);
    house
}

/// Which of them a filter of DescribeParameters lets through.
fn chosen(filter: &str) -> String {
    let answer = assorted()
        .ask(&service::testing::Kit::root(), &format!(r#"DescribeParameters {{"ParameterFilters":[{filter}]}}"#));
    let names = answer.lines().filter_map(|line| line.trim().strip_prefix("\"Name\": \""));
    let names: Vec<&str> = names.map(|name| name.trim_end_matches("\",")).collect();
    if answer.starts_with("200") { names.join(" ") } else { answer }
}

#[test]
fn filters_choose() {
    for (filter, names) in [
        (r#"{"Key":"Name","Values":["/plain","/shop/list"]}"#, "plain /shop/list"),
        (r#"{"Key":"Name","Option":"BeginsWith","Values":["/shop/"]}"#, "/shop/db/big /shop/key /shop/list"),
        (r#"{"Key":"Name","Option":"BeginsWith","Values":["pl"]}"#, "plain"),
        (r#"{"Key":"Name","Option":"Contains","Values":["i"]}"#, "plain /shop/db/big /shop/list"),
        (r#"{"Key":"Type","Values":["StringList","SecureString"]}"#, "/shop/key /shop/list"),
        (r#"{"Key":"Type","Option":"BeginsWith","Values":["String"]}"#, "plain /shop/db/big /shop/list"),
        (r#"{"Key":"KeyId","Values":["alias/aws/ssm"]}"#, "/shop/key"),
        (r#"{"Key":"Path","Values":["/shop"]}"#, "/shop/key /shop/list"),
        (r#"{"Key":"Path","Option":"Recursive","Values":["/shop/"]}"#, "/shop/db/big /shop/key /shop/list"),
        (r#"{"Key":"Path","Values":["/"]}"#, "plain"),
        (r#"{"Key":"Path","Values":["/shop/db/","/"]}"#, "plain /shop/db/big"),
        (r#"{"Key":"Tier","Values":["Advanced"]}"#, "/shop/db/big"),
        (r#"{"Key":"DataType","Values":["aws:ec2:image"]}"#, ""),
        (r#"{"Key":"tag:team"}"#, "plain /shop/list"),
        (r#"{"Key":"tag:team","Values":["shop"]}"#, "plain"),
        (
            r#"{"Key":"tag:team","Option":"BeginsWith","Values":["b"]},{"Key":"Type","Values":["StringList"]}"#,
            "/shop/list",
        ),
        (r#"{"Key":"tag:none"}"#, ""),
    ] {
        assert_eq!(chosen(filter), names, "{filter}");
    }
}

fn refused(filters: &str, answer: Expect) {
    answer.assert_eq(&chosen(filters));
}

#[test]
fn filters_have_rules() {
    refused(
        r#"{"Key":"Label","Values":["a"]}"#,
        expect![[r#"
        400 {
          "__type": "InvalidFilterKey",
          "message": "The following filter key is not valid: Label. Valid filter keys include: [Path, Name, Type, KeyId, Tier]."
        }"#]],
    );
    refused(
        r#"{"Key":"Colour","Values":["a"]}"#,
        expect![[r#"
        400 {
          "__type": "ValidationException",
          "message": "1 validation error detected: Value 'Colour' at 'parameterFilters.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: ^(tag:.+|Name|Type|KeyId|Path|Label|Tier|DataType)$"
        }"#]],
    );
    refused(
        r#"{"Key":"Name"}"#,
        expect![[r#"
        400 {
          "__type": "InvalidFilterValue",
          "Message": "The following filter values are missing : null for filter key Name."
        }"#]],
    );
    refused(
        r#"{"Key":"Name","Values":["a"]},{"Key":"Name","Values":["b"]}"#,
        expect![[r#"
        400 {
          "__type": "InvalidFilterKey",
          "message": "The following filter is duplicated in the request: Name. A request can contain only one occurrence of a specific filter."
        }"#]],
    );
    refused(
        r#"{"Key":"Type","Option":"Contains","Values":["String"]}"#,
        expect![[r#"
        400 {
          "__type": "InvalidFilterOption",
          "message": "The following filter option is not valid: Contains. Valid options include: [BeginsWith, Equals]."
        }"#]],
    );
    refused(
        r#"{"Key":"Path","Option":"Equals","Values":["/a"]}"#,
        expect![[r#"
        400 {
          "__type": "InvalidFilterOption",
          "message": "The following filter option is not valid: Equals. Valid options include: [Recursive, OneLevel]."
        }"#]],
    );
    refused(
        r#"{"Key":"Type","Values":["Number"]}"#,
        expect![[r#"
        400 {
          "__type": "InvalidFilterOption",
          "message": "The following filter value is not valid: Number. Valid values include: [String, StringList, SecureString]."
        }"#]],
    );
    refused(
        r#"{"Key":"Path","Values":["shop"]}"#,
        expect![[r#"
        400 {
          "__type": "ValidationException",
          "message": "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol \"/\". Valid example: /get/parameters2-/by1./path0_."
        }"#]],
    );
}

#[test]
fn a_path_is_filtered_by_type_key_and_label() {
    assorted()
        .given(r#"PutParameter {"Name":"/shop/key","Value":"2","Overwrite":true}"#)
        .given(r#"LabelParameterVersion {"Name":"/shop/key","ParameterVersion":1,"Labels":["live"]}"#)
        .check(
            r#"GetParametersByPath {"Path":"/shop","WithDecryption":true,"ParameterFilters":[{"Key":"Label","Values":["live"]}]}"#,
            expect![[r#"
                200 {
                  "Parameters": [
                    {
                      "Name": "/shop/key",
                      "Type": "SecureString",
                      "Value": "1",
                      "Version": 1,
                      "Selector": ":live",
                      "LastModifiedDate": 1795478400,
                      "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/shop/key",
                      "DataType": "text"
                    }
                  ]
                }"#]],
        )
        .check(r#"GetParametersByPath {"Path":"/","ParameterFilters":[{"Key":"Type","Values":["String"]}]}"#, expect![[r#"
            200 {
              "Parameters": [
                {
                  "Name": "plain",
                  "Type": "String",
                  "Value": "1",
                  "Version": 1,
                  "LastModifiedDate": 1795478400,
                  "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/plain",
                  "DataType": "text"
                }
              ]
            }"#]])
        .check(r#"GetParametersByPath {"Path":"/","ParameterFilters":[{"Key":"Name","Values":["a"]}]}"#, expect![[r#"
            400 {
              "__type": "InvalidFilterKey",
              "message": "The following filter key is not valid: Name. Valid filter keys include: [Type, KeyId]."
            }"#]])
        .check(r#"GetParametersByPath {"Path":"/","ParameterFilters":[{"Key":"Type"}]}"#, expect![[r#"
            400 {
              "__type": "InvalidFilterValue",
              "Message": "The following filter values are missing : null for filter key Type."
            }"#]])
        .check(
            r#"GetParametersByPath {"Path":"/","ParameterFilters":[{"Key":"Label","Option":"BeginsWith","Values":["a"]}]}"#,
            expect![[r#"
                400 {
                  "__type": "InvalidFilterOption",
                  "message": "The following filter option is not valid: BeginsWith. Valid options include: [Equals]."
                }"#]],
        );
}

#[test]
fn the_filters_of_old_still_work() {
    assorted()
        .check(
            r#"DescribeParameters {"Filters":[{"Key":"Name","Values":["pl"]}]}"#,
            expect![[r#"
                200 {
                  "Parameters": [
                    {
                      "Name": "plain",
                      "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/plain",
                      "Type": "String",
                      "LastModifiedDate": 1795478400,
                      "LastModifiedUser": "arn:aws:iam::000000000000:root",
                      "Version": 1,
                      "Tier": "Standard",
                      "Policies": [],
                      "DataType": "text"
                    }
                  ]
                }"#]],
        )
        .check(
            r#"DescribeParameters {"Filters":[{"Key":"Name","Values":["a"]}],"ParameterFilters":[{"Key":"tag:team"}]}"#,
            expect![[r#"
            400 {
              "__type": "ValidationException",
              "message": "You can use either Filters or ParameterFilters in a single request."
            }"#]],
        );
}
