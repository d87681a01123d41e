//! Users and their access keys.

use expect_test::expect;
use serde_json::json;
use service::ports::Unaccepted;
use service::testing::Kit;

use crate::kit::{self, S3, iam, identity, inline, kit, show_as, signed_in, table};

#[tokio::test]
async fn a_user_from_birth_to_death() {
    let kit = kit();
    let document =
        json!({"UserName": "Bob", "Path": "/team/", "Tags": [{"Key": "t", "Value": "1"}], "PermissionsBoundary": S3});
    let made = iam(&kit, "CreateUser", document).await;
    expect![[r#"{"User":{"Path":"/team/","UserName":"Bob","UserId":"AIDAHMOFBNL66VS3OCTYL","Arn":"arn:aws:iam::000000000000:user/team/Bob","CreateDate":1795478400,"PermissionsBoundary":{"PermissionsBoundaryType":"PermissionsBoundaryPolicy","PermissionsBoundaryArn":"arn:aws:iam::aws:policy/AmazonS3FullAccess"},"Tags":[{"Key":"t","Value":"1"}]}}"#]].assert_eq(&made.to_string());
    assert_eq!(iam(&kit, "GetUser", json!({"UserName": "bob"})).await, made);
    let found = "EntityAlreadyExists 409: User with name BOB already exists.";
    table(&kit, [
        ("CreateUser", json!({"UserName": "BOB"}), found),
        ("CreateUser", json!({"UserName": "a b"}), "ValidationError 400: 1 validation error detected: Value 'a b' at 'userName'"),
        ("CreateUser", json!({"UserName": "a", "Tags": [{"Key": "k", "Value": ""}, {"Key": "K", "Value": ""}]}), "InvalidInput 400: Duplicate tag keys"),
        ("CreateUser", json!({"UserName": "a", "PermissionsBoundary": kit::own("none")}), "NoSuchEntity 404: Scope ARN: arn:aws:iam::000000000000:policy/none does not exist or is not attachable."),
        ("PutUserPolicy", json!({"UserName": "Bob", "PolicyName": "p", "PolicyDocument": inline("s3:*", "*")}), ""),
        ("AttachUserPolicy", json!({"UserName": "Bob", "PolicyArn": S3}), ""),
        ("CreateGroup", json!({"GroupName": "g"}), ""),
        ("AddUserToGroup", json!({"UserName": "Bob", "GroupName": "g"}), ""),
    ]).await;
    let (_, key) = signed_in(&kit, "Bob").await;
    let gone = || json!({"UserName": "Bob"});
    table(
        &kit,
        [
            ("DeleteUser", gone(), "DeleteConflict 409: Cannot delete entity, must detach all policies first."),
            ("DetachUserPolicy", json!({"UserName": "Bob", "PolicyArn": S3}), ""),
            ("DeleteUser", gone(), "DeleteConflict 409: Cannot delete entity, must delete policies first."),
            ("DeleteUserPolicy", json!({"UserName": "Bob", "PolicyName": "p"}), ""),
            ("DeleteUser", gone(), "DeleteConflict 409: Cannot delete entity, must remove users from group first."),
            ("RemoveUserFromGroup", json!({"UserName": "Bob", "GroupName": "g"}), ""),
            ("DeleteUser", gone(), "DeleteConflict 409: Cannot delete entity, must delete access keys first."),
            ("DeleteAccessKey", json!({"UserName": "Bob", "AccessKeyId": key}), ""),
            ("DeleteUser", gone(), ""),
            ("GetUser", gone(), "NoSuchEntity 404: The user with name Bob cannot be found."),
            (
                "ListEntitiesForPolicy",
                json!({"PolicyArn": S3}),
                r#"{"PolicyGroups":[],"PolicyUsers":[],"PolicyRoles":[],"IsTruncated":false}"#,
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_user_keeps_what_it_has_under_another_name() {
    let kit = kit();
    let made = iam(&kit, "CreateUser", json!({"UserName": "bob"})).await;
    table(&kit, [
        ("CreateUser", json!({"UserName": "eve"}), ""),
        ("CreateGroup", json!({"GroupName": "g"}), ""),
        ("PutGroupPolicy", json!({"GroupName": "g", "PolicyName": "p", "PolicyDocument": inline("iam:GetUser", "arn:aws:iam::000000000000:user/x/${aws:username}")}), ""),
        ("AddUserToGroup", json!({"UserName": "bob", "GroupName": "g"}), ""),
        ("AttachUserPolicy", json!({"UserName": "bob", "PolicyArn": S3}), ""),
        ("UpdateUser", json!({"UserName": "bob", "NewUserName": "EVE"}), "EntityAlreadyExists 409: User with name EVE already exists."),
    ]).await;
    let (caller, key) = signed_in(&kit, "bob").await;
    assert!(show_as(&kit, &caller, "iam", "GetUser", json!({})).await.starts_with("AccessDenied"));
    table(
        &kit,
        [
            ("UpdateUser", json!({"UserName": "bob", "NewUserName": "rob", "NewPath": "/x/"}), ""),
            ("UpdateUser", json!({"UserName": "rob", "NewUserName": "ROB"}), ""),
            ("GetUser", json!({"UserName": "bob"}), "NoSuchEntity"),
            ("GetGroup", json!({"GroupName": "g"}), ""),
            (
                "ListEntitiesForPolicy",
                json!({"PolicyArn": S3}),
                r#"{"PolicyGroups":[],"PolicyUsers":[{"UserName":"ROB","#,
            ),
        ],
    )
    .await;
    let caller = identity(&kit).credentials(&key, None).await.unwrap().unwrap().caller;
    let mine = kit.call_as(&caller, "iam", "GetUser", json!({})).await.unwrap();
    assert_eq!(mine["User"]["UserId"], made["User"]["UserId"]);
    assert_eq!(mine["User"]["Arn"], "arn:aws:iam::000000000000:user/x/ROB");
    let members = iam(&kit, "GetGroup", json!({"GroupName": "g"})).await;
    assert_eq!(members["Users"].as_array().unwrap().len(), 1);
    assert_eq!(members["Users"][0]["UserName"], "ROB");
}

#[tokio::test]
async fn who_names_no_user_means_itself() {
    let kit = kit();
    expect![[r#"{"User":{"UserId":"000000000000","Arn":"arn:aws:iam::000000000000:root"}}"#]]
        .assert_eq(&kit.show("iam", "GetUser", json!({})).await);
    let text = "ValidationError 400: Must specify userName when calling with non-User credentials";
    for operation in ["GetUser", "ListAccessKeys", "CreateAccessKey"] {
        assert_eq!(show_as(&kit, &Kit::nobody(), "iam", operation, json!({})).await, text);
    }
    table(&kit, [
        ("CreateAccessKey", json!({}), "NotImplemented 501: An access key of the root user beside those that the server is started with"),
        ("ListAccessKeys", json!({}), r#"{"AccessKeyMetadata":[{"AccessKeyId":"AKIAROOT","Status":"Active"}],"IsTruncated":false}"#),
        ("DeleteAccessKey", json!({"AccessKeyId": "AKIAAAAAAAAAAAAAAAAA"}), "NoSuchEntity 404: The Access Key with id AKIAAAAAAAAAAAAAAAAA cannot be found."),
        ("CreateUser", json!({"UserName": "bob"}), ""),
        ("PutUserPolicy", json!({"UserName": "bob", "PolicyName": "p", "PolicyDocument": inline("iam:*", "arn:aws:iam::*:user/${aws:username}")}), ""),
    ]).await;
    let (bob, _) = signed_in(&kit, "bob").await;
    let made = kit.call_as(&bob, "iam", "CreateAccessKey", json!({})).await.unwrap();
    let id = made["AccessKey"]["AccessKeyId"].as_str().unwrap();
    let quota = "LimitExceeded 409: Cannot exceed quota for AccessKeysPerUser: 2";
    assert_eq!(show_as(&kit, &bob, "iam", "CreateAccessKey", json!({})).await, quota);
    let second = json!({"AccessKeyId": id});
    assert_eq!(show_as(&kit, &bob, "iam", "DeleteAccessKey", second.clone()).await, "{}");
    assert!(show_as(&kit, &bob, "iam", "DeleteAccessKey", second).await.starts_with("NoSuchEntity"));
    assert_eq!(kit.call_as(&bob, "iam", "GetUser", json!({})).await.unwrap()["User"]["UserName"], "bob");
}

#[tokio::test]
async fn an_inactive_key_is_refused_at_once_and_a_used_one_says_when() {
    let kit = kit();
    iam(&kit, "CreateUser", json!({"UserName": "bob", "Tags": [{"Key": "team", "Value": "a"}]})).await;
    let (caller, key) = signed_in(&kit, "bob").await;
    assert_eq!(caller.principal.name(), "arn:aws:iam::000000000000:user/bob");
    assert!(
        caller.user_id.starts_with("AIDA") && caller.context.contains(&("aws:PrincipalTag/team".into(), "a".into()))
    );
    let port = identity(&kit);
    let of = |status: &str| json!({"UserName": "bob", "AccessKeyId": key, "Status": status});
    table(&kit, [
        ("UpdateAccessKey", of("Expired"), "NotImplemented 501: "),
        ("UpdateAccessKey", of("Inactive"), ""),
        ("ListAccessKeys", json!({"UserName": "bob"}), &format!(r#"{{"AccessKeyMetadata":[{{"UserName":"bob","AccessKeyId":"{key}","Status":"Inactive","CreateDate":1795478400}}],"IsTruncated":false}}"#)),
    ]).await;
    assert_eq!(port.credentials(&key, None).await.unwrap().unwrap_err(), Unaccepted::UnknownKey);
    iam(&kit, "UpdateAccessKey", of("Active")).await;
    assert!(port.credentials(&key, None).await.unwrap().is_ok());

    let used = async || iam(&kit, "GetAccessKeyLastUsed", json!({"AccessKeyId": key})).await.to_string();
    expect![[r#"{"UserName":"bob","AccessKeyLastUsed":{"ServiceName":"N/A","Region":"N/A"}}"#]]
        .assert_eq(&used().await);
    kit.clock.advance_ms(1500);
    port.used(&key, "dynamodb", "eu-west-1");
    port.used(kit::ROOT_KEY, "s3", "eu-west-1");
    let expected = expect![[
        r#"{"UserName":"bob","AccessKeyLastUsed":{"LastUsedDate":1795478401,"ServiceName":"dynamodb","Region":"eu-west-1"}}"#
    ]];
    expected.assert_eq(&used().await);
    ::iam::store_last_uses(&kit.platform).await.unwrap();
    ::iam::store_last_uses(&kit.platform).await.unwrap();
    expected.assert_eq(&used().await);
    iam(&kit, "DeleteAccessKey", json!({"UserName": "bob", "AccessKeyId": key})).await;
    assert_eq!(port.credentials(&key, None).await.unwrap().unwrap_err(), Unaccepted::UnknownKey);
    table(
        &kit,
        [("GetAccessKeyLastUsed", json!({"AccessKeyId": key}), "NoSuchEntity 404: The Access Key with id AKIA")],
    )
    .await;
}

#[tokio::test]
async fn no_secret_lies_open_in_the_store() {
    let kit = kit();
    iam(&kit, "CreateUser", json!({"UserName": "bob"})).await;
    let made = iam(&kit, "CreateAccessKey", json!({"UserName": "bob"})).await;
    let secret = made["AccessKey"]["SecretAccessKey"].as_str().unwrap().as_bytes();
    let mut tx = kit.platform.begin().await.unwrap();
    let all = tx.range(kv::Range::all(), kv::Limit::rows(1000), kv::Watch::Untracked).await.unwrap();
    assert_eq!(all.rows.len(), 3);
    assert!(all.rows.iter().all(|(_, bytes)| !bytes.windows(secret.len()).any(|window| window == secret)));
}

#[tokio::test]
async fn users_and_their_keys_are_listed_in_pages() {
    let kit = kit();
    for (name, path) in [("c", "/x/"), ("a", "/"), ("b", "/x/y/")] {
        iam(&kit, "CreateUser", json!({"UserName": name, "Path": path})).await;
    }
    let first = iam(&kit, "ListUsers", json!({"MaxItems": 2})).await;
    assert_eq!((&first["Users"][1]["UserName"], &first["IsTruncated"]), (&json!("b"), &json!(true)));
    let second = iam(&kit, "ListUsers", json!({"Marker": first["Marker"]})).await;
    assert_eq!((&second["Users"][0]["UserName"], &second["IsTruncated"]), (&json!("c"), &json!(false)));
    let below = iam(&kit, "ListUsers", json!({"PathPrefix": "/x/"})).await;
    assert_eq!(below["Users"].as_array().unwrap().len(), 2);
    for _ in 0..2 {
        iam(&kit, "CreateAccessKey", json!({"UserName": "a"})).await;
    }
    let first = iam(&kit, "ListAccessKeys", json!({"UserName": "a", "MaxItems": 1})).await;
    let second = iam(&kit, "ListAccessKeys", json!({"UserName": "a", "Marker": first["Marker"]})).await;
    assert_ne!(first["AccessKeyMetadata"], second["AccessKeyMetadata"]);
    assert_eq!(second["IsTruncated"], false);
    table(&kit, [("ListUsers", json!({"Marker": "made-up"}), "ValidationError 400: Invalid Marker.")]).await;
}

#[tokio::test]
async fn a_session_of_a_user_may_less() {
    let kit = kit();
    iam(&kit, "CreateUser", json!({"UserName": "bob"})).await;
    iam(&kit, "AttachUserPolicy", json!({"UserName": "bob", "PolicyArn": kit::ADMINISTRATOR})).await;
    let (bob, _) = signed_in(&kit, "bob").await;
    let answer = kit.call_as(&bob, "sts", "GetSessionToken", json!({"DurationSeconds": 900})).await.unwrap();
    assert_eq!(answer["Credentials"]["Expiration"], 1_795_479_300);
    let session = kit::caller(&kit, &answer).await.unwrap();
    assert_eq!((&session.principal, &session.user_id), (&bob.principal, &bob.user_id));
    let context = |key: &str| session.context.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
    assert_eq!(context("aws:TokenIssueTime").unwrap(), "2026-11-24T00:00:00Z");
    assert_eq!(context("aws:MultiFactorAuthPresent").unwrap(), "false");
    assert!(show_as(&kit, &session, "sts", "GetCallerIdentity", json!({})).await.contains("user/bob"));
    let denied = show_as(&kit, &session, "iam", "ListUsers", json!({})).await;
    assert!(denied.ends_with("with an explicit deny in a session policy"), "{denied}");
    let text = "AccessDenied 403: Cannot call GetSessionToken with session credentials";
    assert_eq!(show_as(&kit, &session, "sts", "GetSessionToken", json!({})).await, text);
    assert_eq!(show_as(&kit, &Kit::nobody(), "sts", "GetSessionToken", json!({})).await, text);

    let of_root = kit.call("sts", "GetSessionToken", json!({})).await.unwrap();
    assert_eq!(of_root["Credentials"]["Expiration"], 1_795_482_000);
    assert!(kit::caller(&kit, &of_root).await.unwrap().principal.name().ends_with(":root"));
    iam(&kit, "DetachUserPolicy", json!({"UserName": "bob", "PolicyArn": kit::ADMINISTRATOR})).await;
    let id = kit::iam(&kit, "ListAccessKeys", json!({"UserName": "bob"})).await["AccessKeyMetadata"][0]["AccessKeyId"]
        .take();
    iam(&kit, "DeleteAccessKey", json!({"UserName": "bob", "AccessKeyId": id})).await;
    iam(&kit, "DeleteUser", json!({"UserName": "bob"})).await;
    iam(&kit, "CreateUser", json!({"UserName": "bob"})).await;
    assert_eq!(kit::caller(&kit, &answer).await.unwrap_err(), Unaccepted::InvalidToken);
}

#[tokio::test]
async fn a_key_tells_its_account() {
    let kit = kit();
    iam(&kit, "CreateUser", json!({"UserName": "bob"})).await;
    let (_, id) = signed_in(&kit, "bob").await;
    let info = async |id: &str| kit.show("sts", "GetAccessKeyInfo", json!({"AccessKeyId": id})).await;
    assert_eq!(info(&id).await, r#"{"Account":"000000000000"}"#);
    assert_eq!(info("ASIAQNZGKIQY56JQ7WML").await, r#"{"Account":"029608264753"}"#);
    assert_eq!(
        info("AKIA0000000000000000").await,
        "ValidationError 400: The access key id AKIA0000000000000000 is not valid."
    );
    let denied = show_as(&kit, &Kit::nobody(), "sts", "GetAccessKeyInfo", json!({"AccessKeyId": id})).await;
    assert!(denied.starts_with("AccessDenied"), "{denied}");
}
