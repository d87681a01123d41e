//! The versions of a parameter.

use expect_test::expect;

use crate::{house, with_versions};

#[test]
fn versions_are_listed_in_pages_with_their_labels() {
    with_versions(3)
        .given(r#"LabelParameterVersion {"Name":"a","ParameterVersion":2,"Labels":["live","blue"]}"#)
        .check(r#"GetParameterHistory {"Name":"a","MaxResults":2}"#, expect![[r#"
            200 {
              "Parameters": [
                {
                  "Name": "a",
                  "Type": "String",
                  "LastModifiedDate": 1795478400,
                  "LastModifiedUser": "arn:aws:iam::000000000000:root",
                  "Value": "1",
                  "Version": 1,
                  "Labels": [],
                  "Tier": "Standard",
                  "Policies": [],
                  "DataType": "text"
                },
                {
                  "Name": "a",
                  "Type": "String",
                  "LastModifiedDate": 1795478400,
                  "LastModifiedUser": "arn:aws:iam::000000000000:root",
                  "Value": "2",
                  "Version": 2,
                  "Labels": [
                    "blue",
                    "live"
                  ],
                  "Tier": "Standard",
                  "Policies": [],
                  "DataType": "text"
                }
              ],
              "NextToken": "$NextToken"
            }"#]])
        .check(r#"GetParameterHistory {"Name":"a","MaxResults":2,"NextToken":"$NextToken"}"#, expect![[r#"
            200 {
              "Parameters": [
                {
                  "Name": "a",
                  "Type": "String",
                  "LastModifiedDate": 1795478400,
                  "LastModifiedUser": "arn:aws:iam::000000000000:root",
                  "Value": "3",
                  "Version": 3,
                  "Labels": [],
                  "Tier": "Standard",
                  "Policies": [],
                  "DataType": "text"
                }
              ]
            }"#]])
        .given(r#"GetParameterHistory {"Name":"arn:aws:ssm:us-east-1:000000000000:parameter/a"}"#)
        .check(r#"GetParameterHistory {"Name":"a:1"}"#, expect![[r#"400 {"__type":"ParameterNotFound"}"#]])
        .check(r#"GetParameterHistory {"Name":"b"}"#, expect![[r#"400 {"__type":"ParameterNotFound"}"#]])
        .check(r#"GetParameterHistory {"Name":"a","NextToken":"odd"}"#, expect![[r#"400 {"__type":"InvalidNextToken","Message":"The specified token isn't valid."}"#]])
        .check_denied(r#"GetParameterHistory {"Name":"a"}"#, expect![[r#"
            400 {
              "__type": "AccessDeniedException",
              "message": "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: ssm:GetParameterHistory on resource: arn:aws:ssm:us-east-1:000000000000:parameter/a because no identity-based policy allows the ssm:GetParameterHistory action"
            }"#]]);
}

#[test]
fn what_a_version_leaves_out_stays() {
    house()
        .given(r#"PutParameter {"Name":"a","Value":"1","Type":"SecureString","Description":"first","AllowedPattern":"\\d"}"#)
        .given(r#"PutParameter {"Name":"a","Value":"2","Overwrite":true,"Tier":"Advanced"}"#)
        .check(r#"GetParameterHistory {"Name":"a","WithDecryption":true}"#, expect![[r#"
            200 {
              "Parameters": [
                {
                  "Name": "a",
                  "Type": "SecureString",
                  "KeyId": "alias/aws/ssm",
                  "LastModifiedDate": 1795478400,
                  "LastModifiedUser": "arn:aws:iam::000000000000:root",
                  "Description": "first",
                  "Value": "1",
                  "AllowedPattern": "\\d",
                  "Version": 1,
                  "Labels": [],
                  "Tier": "Standard",
                  "Policies": [],
                  "DataType": "text"
                },
                {
                  "Name": "a",
                  "Type": "SecureString",
                  "KeyId": "alias/aws/ssm",
                  "LastModifiedDate": 1795478400,
                  "LastModifiedUser": "arn:aws:iam::000000000000:root",
                  "Description": "first",
                  "Value": "2",
                  "AllowedPattern": "\\d",
                  "Version": 2,
                  "Labels": [],
                  "Tier": "Advanced",
                  "Policies": [],
                  "DataType": "text"
                }
              ]
            }"#]]);
}
