//! Tags of parameters.

use expect_test::expect;

use crate::{house, with};

#[test]
fn tags_are_added_listed_and_removed() {
    house()
        .given(r#"PutParameter {"Name":"a","Value":"1","Type":"String","Tags":[{"Key":"team","Value":"shop"}]}"#)
        .check(
            r#"PutParameter {"Name":"a","Value":"2","Overwrite":true,"Tags":[{"Key":"k","Value":"v"}]}"#,
            expect![[r#"
                400 {
                  "__type": "ValidationException",
                  "message": "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource."
                }"#]],
        )
        .check(
            r#"AddTagsToResource {"ResourceType":"Parameter","ResourceId":"a","Tags":[{"Key":"env","Value":"test"}]}"#,
            expect!["200 {}"],
        )
        .check(r#"ListTagsForResource {"ResourceType":"Parameter","ResourceId":"a"}"#, expect![[r#"200 {"TagList":[{"Key":"env","Value":"test"},{"Key":"team","Value":"shop"}]}"#]])
        .check(
            r#"RemoveTagsFromResource {"ResourceType":"Parameter","ResourceId":"a","TagKeys":["team","none"]}"#,
            expect!["200 {}"],
        )
        .check(r#"ListTagsForResource {"ResourceType":"Parameter","ResourceId":"a"}"#, expect![[r#"200 {"TagList":[{"Key":"env","Value":"test"}]}"#]]);
}

#[test]
fn a_parameter_has_fifty_tags() {
    let tags = |count: usize| {
        let tags: Vec<String> = (0..count).map(|n| format!(r#"{{"Key":"{n}","Value":""}}"#)).collect();
        let tags = tags.join(",");
        format!(r#"AddTagsToResource {{"ResourceType":"Parameter","ResourceId":"a","Tags":[{tags}]}}"#)
    };
    with(&["a"]).check(&tags(50), expect!["200 {}"]).check(
        &tags(51),
        expect![[r#"
        400 {
          "__type": "TooManyTagsError",
          "message": "The Targets parameter includes too many tags. Remove one or more tags and try the command again."
        }"#]],
    );
}

#[test]
fn only_parameters_are_there_to_be_tagged() {
    house()
        .check(
            r#"ListTagsForResource {"ResourceType":"Parameter","ResourceId":"a"}"#,
            expect![[r#"
            400 {
              "__type": "InvalidResourceId",
              "message": "The resource ID isn't valid. Verify that you entered the correct ID and try again."
            }"#]],
        )
        .check(
            r#"AddTagsToResource {"ResourceType":"Parameter","ResourceId":"a","Tags":[]}"#,
            expect![[r#"
            400 {
              "__type": "InvalidResourceId",
              "message": "The resource ID isn't valid. Verify that you entered the correct ID and try again."
            }"#]],
        )
        .check(
            r#"RemoveTagsFromResource {"ResourceType":"Parameter","ResourceId":"a","TagKeys":[]}"#,
            expect![[r#"
            400 {
              "__type": "InvalidResourceId",
              "message": "The resource ID isn't valid. Verify that you entered the correct ID and try again."
            }"#]],
        )
        .check(
            r#"ListTagsForResource {"ResourceType":"Document","ResourceId":"a"}"#,
            expect![[r#"
            501 {
              "__type": "NotImplemented",
              "message": "ResourceType = Document is not implemented; what is: Parameter"
            }"#]],
        );
}

#[test]
fn whoever_lacks_a_permission_is_told_which() {
    with(&["a"])
        .check_denied(r#"ListTagsForResource {"ResourceType":"Parameter","ResourceId":"a"}"#, expect![[r#"
            400 {
              "__type": "AccessDeniedException",
              "message": "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: ssm:ListTagsForResource on resource: arn:aws:ssm:us-east-1:000000000000:parameter/a because no identity-based policy allows the ssm:ListTagsForResource action"
            }"#]])
        .check_denied(r#"AddTagsToResource {"ResourceType":"Parameter","ResourceId":"a","Tags":[]}"#, expect![[r#"
            400 {
              "__type": "AccessDeniedException",
              "message": "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: ssm:AddTagsToResource on resource: arn:aws:ssm:us-east-1:000000000000:parameter/a because no identity-based policy allows the ssm:AddTagsToResource action"
            }"#]])
        .check_denied(
            r#"RemoveTagsFromResource {"ResourceType":"Parameter","ResourceId":"a","TagKeys":["team"]}"#,
            expect![[r#"
                400 {
                  "__type": "AccessDeniedException",
                  "message": "User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: ssm:RemoveTagsFromResource on resource: arn:aws:ssm:us-east-1:000000000000:parameter/a because no identity-based policy allows the ssm:RemoveTagsFromResource action"
                }"#]],
        );
}
