//! Putting parameters: names, types, values, tiers, versions.

use expect_test::{Expect, expect};

use crate::{house, with, with_versions};

fn check(request: &str, answer: Expect) {
    house().check(request, answer);
}

#[test]
fn each_put_is_a_version() {
    house()
        .check(r#"PutParameter {"Name":"/shop/host","Value":"a","Type":"String"}"#, expect![[r#"200 {"Version":1,"Tier":"Standard"}"#]])
        .check(r#"PutParameter {"Name":"/shop/host","Value":"b","Type":"String"}"#, expect![[r#"
            400 {
              "__type": "ParameterAlreadyExists",
              "message": "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."
            }"#]])
        .check(r#"PutParameter {"Name":"/shop/host","Value":"b","Overwrite":true}"#, expect![[r#"200 {"Version":2,"Tier":"Standard"}"#]])
        .check(r#"GetParameter {"Name":"/shop/host"}"#, expect![[r#"
            200 {
              "Parameter": {
                "Name": "/shop/host",
                "Type": "String",
                "Value": "b",
                "Version": 2,
                "LastModifiedDate": 1795478400,
                "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/shop/host",
                "DataType": "text"
              }
            }"#]]);
}

#[test]
fn a_slash_in_front_of_one_level_makes_no_other_name() {
    with(&["host"])
        .check(r#"PutParameter {"Name":"/host","Value":"b","Type":"String"}"#, expect![[r#"
            400 {
              "__type": "ParameterAlreadyExists",
              "message": "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."
            }"#]])
        .check(r#"GetParameter {"Name":"/host"}"#, expect![[r#"
            200 {
              "Parameter": {
                "Name": "/host",
                "Type": "String",
                "Value": "host",
                "Version": 1,
                "LastModifiedDate": 1795478400,
                "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/host",
                "DataType": "text"
              }
            }"#]]);
}

#[test]
fn names_have_rules() {
    check(
        r#"PutParameter {"Name":"shop/host","Value":"a","Type":"String"}"#,
        expect![[r#"400 {"__type":"ValidationException","message":"Parameter name must be a fully qualified name"}"#]],
    );
    check(
        r#"PutParameter {"Name":"/shop/","Value":"a","Type":"String"}"#,
        expect![[r#"400 {"__type":"ValidationException","message":"Parameter name must not end with slash."}"#]],
    );
    check(
        r#"PutParameter {"Name":"/shop//host","Value":"a","Type":"String"}"#,
        expect![[r#"
        400 {
          "__type": "ValidationException",
          "message": "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_"
        }"#]],
    );
    check(
        r#"PutParameter {"Name":"sho p","Value":"a","Type":"String"}"#,
        expect![[r#"
        400 {
          "__type": "ValidationException",
          "message": "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_"
        }"#]],
    );
    check(
        r#"PutParameter {"Name":"AWS_key","Value":"a","Type":"String"}"#,
        expect![[r#"
        400 {
          "__type": "ValidationException",
          "message": "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive)."
        }"#]],
    );
    check(
        r#"PutParameter {"Name":"/awsome/key","Value":"a","Type":"String"}"#,
        expect![[
            r#"400 {"__type":"AccessDeniedException","Message":"No access to reserved parameter name: awsome/key."}"#
        ]],
    );
    check(
        r#"PutParameter {"Name":"/ssm/key","Value":"a","Type":"String"}"#,
        expect![[r#"
        400 {
          "__type": "ValidationException",
          "message": "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_"
        }"#]],
    );
    check(
        r#"PutParameter {"Name":"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15","Value":"a","Type":"String"}"#,
        expect![[r#"200 {"Version":1,"Tier":"Standard"}"#]],
    );
    check(
        r#"PutParameter {"Name":"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16","Value":"a","Type":"String"}"#,
        expect![[r#"
            400 {
              "__type": "HierarchyLevelLimitExceededException",
              "message": "A hierarchy can have a maximum of 15 levels."
            }"#]],
    );
    let long = "x".repeat(1000);
    check(
        &format!(r#"PutParameter {{"Name":"{long}","Value":"a","Type":"String"}}"#),
        expect![[r#"
        400 {
          "__type": "ValidationException",
          "message": "Parameter name: with its ARN it can have at most 1011 characters."
        }"#]],
    );
}

#[test]
fn a_type_is_said_once_and_stays() {
    check(
        r#"PutParameter {"Name":"b","Value":"b"}"#,
        expect![[r#"
        400 {
          "__type": "ValidationException",
          "message": "A parameter type is required when you create a parameter."
        }"#]],
    );
    check(
        r#"PutParameter {"Name":"b","Value":"b","Type":"Number"}"#,
        expect![[r#"
        400 {
          "__type": "ValidationException",
          "message": "1 validation error detected: Value 'Number' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [String, StringList, SecureString]"
        }"#]],
    );
    with(&["a"])
        .check(r#"PutParameter {"Name":"a","Value":"b","Type":"SecureString","Overwrite":true}"#, expect![[r#"
            400 {
              "__type": "HierarchyTypeMismatchException",
              "message": "Parameter Store doesn't support changing a parameter type in a hierarchy. For example, you can't change a parameter from a String type to a SecureString type. You must create a new, unique parameter."
            }"#]]);
}

#[test]
fn values_have_as_much_room_as_their_tier() {
    let put = |value: usize, rest: &str| {
        format!(r#"PutParameter {{"Name":"a","Type":"String","Overwrite":true,"Value":"{}"{rest}}}"#, "x".repeat(value))
    };
    house()
        .check(&put(0, ""), expect![[r#"
            400 {
              "__type": "ValidationException",
              "message": "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1"
            }"#]])
        .check(&put(4097, ""), expect![[r#"
            400 {
              "__type": "ValidationException",
              "message": "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"
            }"#]])
        .check(&put(4096, r#","Tier":"Intelligent-Tiering""#), expect![[r#"200 {"Version":1,"Tier":"Standard"}"#]])
        .check(&put(4097, r#","Tier":"Intelligent-Tiering""#), expect![[r#"200 {"Version":2,"Tier":"Advanced"}"#]])
        .check(&put(8192, ""), expect![[r#"200 {"Version":3,"Tier":"Advanced"}"#]])
        .check(&put(8193, r#","Tier":"Advanced""#), expect![[r#"
            400 {
              "__type": "ValidationException",
              "message": "Advanced tier parameters support a maximum parameter value of 8192 characters."
            }"#]])
        .check(&put(1, r#","Tier":"Standard""#), expect![[r#"
            400 {
              "__type": "ValidationException",
              "message": "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter."
            }"#]]);
}

#[test]
fn a_pattern_holds_for_later_values_too() {
    house()
        .check(
            r#"PutParameter {"Name":"a","Value":"b","Type":"String","AllowedPattern":"("}"#,
            expect![[r#"
            400 {
              "__type": "InvalidAllowedPatternException",
              "message": "The request does not meet the regular expression requirement."
            }"#]],
        )
        .check(
            r#"PutParameter {"Name":"a","Value":"b","Type":"String","AllowedPattern":"\\d{1,4}"}"#,
            expect![[r#"
            400 {
              "__type": "ParameterPatternMismatchException",
              "message": "Parameter value, cannot be validated against allowedPattern: \\d{1,4}"
            }"#]],
        )
        .given(r#"PutParameter {"Name":"a","Value":"100","Type":"String","AllowedPattern":"\\d{1,4}"}"#)
        .check(
            r#"PutParameter {"Name":"a","Value":"10,000","Overwrite":true}"#,
            expect![[r#"
            400 {
              "__type": "ParameterPatternMismatchException",
              "message": "Parameter value, cannot be validated against allowedPattern: \\d{1,4}"
            }"#]],
        );
}

#[test]
fn the_oldest_version_goes_unless_it_has_a_label() {
    with_versions(100)
        .check(r#"LabelParameterVersion {"Name":"a","ParameterVersion":1,"Labels":["live"]}"#, expect![[r#"200 {"InvalidLabels":[],"ParameterVersion":1}"#]])
        .check(r#"PutParameter {"Name":"a","Value":"101","Overwrite":true}"#, expect![[r#"
            400 {
              "__type": "ParameterMaxVersionLimitExceeded",
              "message": "You attempted to create a new version of a by calling the PutParameter API with the overwrite flag. Version 1, the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again."
            }"#]])
        .check(r#"LabelParameterVersion {"Name":"a","ParameterVersion":2,"Labels":["live"]}"#, expect![[r#"200 {"InvalidLabels":[],"ParameterVersion":2}"#]])
        .check(r#"UnlabelParameterVersion {"Name":"a","ParameterVersion":2,"Labels":["live"]}"#, expect![[r#"200 {"RemovedLabels":["live"],"InvalidLabels":[]}"#]])
        .check(r#"PutParameter {"Name":"a","Value":"101","Overwrite":true}"#, expect![[r#"200 {"Version":101,"Tier":"Standard"}"#]])
        .check(r#"GetParameter {"Name":"a:1"}"#, expect![[r#"
            400 {
              "__type": "ParameterVersionNotFound",
              "message": "Systems Manager could not find version 1 of a. Verify the version and try again."
            }"#]])
        .check(r#"GetParameters {"Names":["a:2"]}"#, expect![[r#"
            200 {
              "Parameters": [
                {
                  "Name": "a",
                  "Type": "String",
                  "Value": "2",
                  "Version": 2,
                  "Selector": ":2",
                  "LastModifiedDate": 1795478400,
                  "ARN": "arn:aws:ssm:us-east-1:000000000000:parameter/a",
                  "DataType": "text"
                }
              ],
              "InvalidParameters": []
            }"#]]);
}

#[test]
fn what_is_not_there_is_refused_by_name() {
    check(
        r#"PutParameter {"Name":"a","Value":"b","Type":"SecureString","KeyId":"alias/mine"}"#,
        expect![[r#"
        501 {
          "__type": "NotImplemented",
          "message": "KeyId = alias/mine is not implemented; what is: alias/aws/ssm"
        }"#]],
    );
    check(
        r#"PutParameter {"Name":"a","Value":"b","Type":"String","KeyId":"alias/aws/ssm"}"#,
        expect![[
            r#"400 {"__type":"ValidationException","message":"KeyId is required for SecureString type parameter only."}"#
        ]],
    );
    check(
        r#"PutParameter {"Name":"a","Value":"b","Type":"String","DataType":"aws:ec2:image"}"#,
        expect![[
            r#"501 {"__type":"NotImplemented","message":"DataType = aws:ec2:image is not implemented; what is: text"}"#
        ]],
    );
    check(
        r#"PutParameter {"Name":"a","Value":"b","Type":"String","Tier":"Advanced","Policies":"[]"}"#,
        expect![[r#"501 {"__type":"NotImplemented","message":"The member Policies is not implemented by Clearsky."}"#]],
    );
}

#[test]
fn whoever_lacks_a_permission_is_told_which() {
    house().check_denied(r#"PutParameter {"Name":"/shop/host","Value":"a","Type":"String"}"#, expect![[r#"
        400 {
          "__type": "AccessDeniedException",
          "message": "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: ssm:PutParameter on resource: arn:aws:ssm:us-east-1:000000000000:parameter/shop/host because no identity-based policy allows the ssm:PutParameter action"
        }"#]]);
}
