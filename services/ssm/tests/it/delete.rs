//! Deleting parameters.

use expect_test::expect;

use crate::{with, with_versions};

#[test]
fn a_parameter_goes_with_its_versions() {
    with_versions(3)
        .check(r#"DeleteParameter {"Name":"a"}"#, expect!["200 {}"])
        .check(r#"DeleteParameter {"Name":"a"}"#, expect![[r#"400 {"__type":"ParameterNotFound"}"#]])
        .given(r#"PutParameter {"Name":"a","Value":"again","Type":"StringList"}"#)
        .check(r#"GetParameterHistory {"Name":"a"}"#, expect![[r#"
            200 {
              "Parameters": [
                {
                  "Name": "a",
                  "Type": "StringList",
                  "LastModifiedDate": 1795478400,
                  "LastModifiedUser": "arn:aws:iam::000000000000:root",
                  "Value": "again",
                  "Version": 1,
                  "Labels": [],
                  "Tier": "Standard",
                  "Policies": [],
                  "DataType": "text"
                }
              ]
            }"#]])
        .check_denied(r#"DeleteParameter {"Name":"a"}"#, expect![[r#"
            400 {
              "__type": "AccessDeniedException",
              "message": "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: ssm:DeleteParameter on resource: arn:aws:ssm:us-east-1:000000000000:parameter/a because no identity-based policy allows the ssm:DeleteParameter action"
            }"#]]);
}

#[test]
fn of_several_those_missing_are_named() {
    with(&["a", "/b/c"])
        .check(r#"DeleteParameters {"Names":["/b/c","a b","none","a"]}"#, expect![[r#"200 {"DeletedParameters":["/b/c","a"],"InvalidParameters":["a b","none"]}"#]])
        .check(r#"DescribeParameters {}"#, expect![[r#"200 {"Parameters":[]}"#]])
        .check_denied(r#"DeleteParameters {"Names":["a"]}"#, expect![[r#"
            400 {
              "__type": "AccessDeniedException",
              "message": "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: ssm:DeleteParameters on resource: arn:aws:ssm:us-east-1:000000000000:parameter/a because no identity-based policy allows the ssm:DeleteParameters action"
            }"#]]);
}
