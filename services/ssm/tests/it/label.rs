//! Labels of versions.

use expect_test::expect;

use crate::with_versions;

#[test]
fn a_label_moves_to_where_it_is_put() {
    with_versions(2)
        .check(
            r#"LabelParameterVersion {"Name":"a","ParameterVersion":1,"Labels":["live"]}"#,
            expect![[r#"200 {"InvalidLabels":[],"ParameterVersion":1}"#]],
        )
        .check(
            r#"LabelParameterVersion {"Name":"a","Labels":["live"]}"#,
            expect![[r#"200 {"InvalidLabels":[],"ParameterVersion":2}"#]],
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
        );
}

#[test]
fn what_is_no_label_is_named() {
    with_versions(1)
        .check(
            r#"LabelParameterVersion {"Name":"a","Labels":["1st","aws-a","SSM","a b","ok"]}"#,
            expect![[r#"200 {"InvalidLabels":["1st","aws-a","SSM","a b"],"ParameterVersion":1}"#]],
        )
        .check(
            r#"UnlabelParameterVersion {"Name":"a","ParameterVersion":1,"Labels":["ok","other"]}"#,
            expect![[r#"200 {"RemovedLabels":["ok"],"InvalidLabels":["other"]}"#]],
        );
}

#[test]
fn a_version_has_ten_labels() {
    with_versions(1)
        .given(r#"LabelParameterVersion {"Name":"a","Labels":["a","b","c","d","e","f","g","h","i","j"]}"#)
        .check(r#"LabelParameterVersion {"Name":"a","Labels":["j"]}"#, expect![[r#"200 {"InvalidLabels":[],"ParameterVersion":1}"#]])
        .check(r#"LabelParameterVersion {"Name":"a","Labels":["k"]}"#, expect![[r#"
            400 {
              "__type": "ParameterVersionLabelLimitExceeded",
              "message": "A parameter version can have maximum 10 labels. Move one or more labels to another version and try again."
            }"#]]);
}

#[test]
fn only_what_is_there_is_labelled() {
    with_versions(1)
        .check(r#"LabelParameterVersion {"Name":"b","Labels":["live"]}"#, expect![[r#"400 {"__type":"ParameterNotFound"}"#]])
        .check(r#"LabelParameterVersion {"Name":"a","ParameterVersion":2,"Labels":["live"]}"#, expect![[r#"
            400 {
              "__type": "ParameterVersionNotFound",
              "message": "Systems Manager could not find version 2 of a. Verify the version and try again."
            }"#]])
        .check(r#"UnlabelParameterVersion {"Name":"b","ParameterVersion":1,"Labels":["live"]}"#, expect![[r#"400 {"__type":"ParameterNotFound"}"#]])
        .check(r#"UnlabelParameterVersion {"Name":"a","ParameterVersion":2,"Labels":["live"]}"#, expect![[r#"
            400 {
              "__type": "ParameterVersionNotFound",
              "message": "Systems Manager could not find version 2 of a. Verify the version and try again."
            }"#]])
        .check_denied(r#"LabelParameterVersion {"Name":"a","Labels":["live"]}"#, expect![[r#"
            400 {
              "__type": "AccessDeniedException",
              "message": "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: ssm:LabelParameterVersion on resource: arn:aws:ssm:us-east-1:000000000000:parameter/a because no identity-based policy allows the ssm:LabelParameterVersion action"
            }"#]])
        .check_denied(r#"UnlabelParameterVersion {"Name":"a","ParameterVersion":1,"Labels":["live"]}"#, expect![[r#"
            400 {
              "__type": "AccessDeniedException",
              "message": "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: ssm:UnlabelParameterVersion on resource: arn:aws:ssm:us-east-1:000000000000:parameter/a because no identity-based policy allows the ssm:UnlabelParameterVersion action"
            }"#]]);
}
