//! STS.

use expect_test::expect;
use serde_json::{Value, json};
use service::ports::Unaccepted;
use service::testing::Kit;

use crate::kit::{self, S3, assume, caller, iam, inline, kit, role};

const APP: &str = "arn:aws:iam::000000000000:role/app";

async fn check(kit: &Kit, document: Value, expected: expect_test::Expect) {
    expected.assert_eq(&kit.show("sts", "AssumeRole", document).await);
}

fn session(more: Value) -> Value {
    let mut document = json!({"RoleArn": APP, "RoleSessionName": "me"});
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    document
}

#[tokio::test]
async fn callers_learn_who_they_are() {
    let kit = kit();
    role(&kit, "app").await;
    expect![[r#"{"UserId":"000000000000","Account":"000000000000","Arn":"arn:aws:iam::000000000000:root"}"#]]
        .assert_eq(&kit.show("sts", "GetCallerIdentity", json!({})).await);
    let answer = assume(&kit, session(json!({}))).await;
    let me = caller(&kit, &answer).await.unwrap();
    expect![[r#"{"UserId":"AROAHMOFBNL66VS3OCTYL:me","Account":"000000000000","Arn":"arn:aws:sts::000000000000:assumed-role/app/me"}"#]].assert_eq(&kit::show_as(&kit, &me, "sts", "GetCallerIdentity", json!({})).await);
    expect![[r#"{"AssumedRoleId":"AROAHMOFBNL66VS3OCTYL:me","Arn":"arn:aws:sts::000000000000:assumed-role/app/me"}"#]]
        .assert_eq(&answer["AssumedRoleUser"].to_string());
}

#[tokio::test]
async fn sessions_expire() {
    let kit = kit();
    role(&kit, "app").await;
    kit.clock.advance_ms(999);
    let answer = assume(&kit, session(json!({"DurationSeconds": 900}))).await;
    // 2026-11-24T00:15:00Z
    assert_eq!(answer["Credentials"]["Expiration"], 1_795_479_300);
    kit.clock.advance_ms(899_000);
    assert!(caller(&kit, &answer).await.is_ok());
    kit.clock.advance_ms(1);
    assert_eq!(caller(&kit, &answer).await.unwrap_err(), Unaccepted::ExpiredToken);
}

#[tokio::test]
async fn sessions_last_as_long_as_the_role_allows() {
    let kit = kit();
    role(&kit, "app").await;
    check(
        &kit,
        session(json!({"DurationSeconds": 3601})),
        expect!["ValidationError 400: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."],
    )
    .await;
    check(&kit, session(json!({"DurationSeconds": 899})), expect!["ValidationError 400: 1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"]).await;
    let long = json!({"RoleName": "long", "AssumeRolePolicyDocument": kit::TRUST, "MaxSessionDuration": 43200});
    iam(&kit, "CreateRole", long).await;
    iam(&kit, "AttachRolePolicy", json!({"RoleName": "app", "PolicyArn": kit::ADMINISTRATOR})).await;
    let me = caller(&kit, &assume(&kit, session(json!({}))).await).await.unwrap();
    let chained = |seconds: u32| json!({"RoleArn": "arn:aws:iam::000000000000:role/long", "RoleSessionName": "me", "DurationSeconds": seconds});
    assert!(kit.call("sts", "AssumeRole", chained(43200)).await.is_ok());
    assert!(kit.call_as(&me, "sts", "AssumeRole", chained(3600)).await.is_ok());
    expect!["ValidationError 400: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"].assert_eq(&kit::show_as(&kit, &me, "sts", "AssumeRole", chained(3601)).await);
}

#[tokio::test]
async fn what_is_no_session_is_refused() {
    let kit = kit();
    role(&kit, "app").await;
    let of = |arn: &str| session(json!({"RoleArn": arn}));
    check(&kit, of("arn:aws:iam::000000000000:role/none"), expect!["AccessDenied 403: User: arn:aws:iam::000000000000:root is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::000000000000:role/none"]).await;
    check(&kit, of("arn:aws:iam::000000000000:role/path/app"), expect!["AccessDenied 403: User: arn:aws:iam::000000000000:root is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::000000000000:role/path/app"]).await;
    check(
        &kit,
        of("arn:aws:iam::000000000000:user/app"),
        expect!["ValidationError 400: arn:aws:iam::000000000000:user/app is invalid"],
    )
    .await;
    check(&kit, of("this-is-not-an-arn-at-all"), expect!["ValidationError 400: this-is-not-an-arn-at-all is invalid"])
        .await;
    check(&kit, session(json!({"RoleSessionName": "a b"})), expect![[r#"ValidationError 400: 1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*"#]]).await;
    check(&kit, session(json!({"Policy": "{"})), expect!["MalformedPolicyDocument 400: Syntax errors in policy."])
        .await;
    let long = inline("s3:*", &format!("arn:aws:s3:::{}", "b".repeat(2100)));
    check(
        &kit,
        session(json!({"Policy": long})),
        expect!["PackedPolicyTooLarge 400: Packed policy consumes 108% of allotted space, please use smaller policy."],
    )
    .await;
    let unknown = json!({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/NotThereAtAll"}]});
    check(
        &kit,
        session(unknown),
        expect![
            "ValidationError 400: Policy arn:aws:iam::aws:policy/NotThereAtAll does not exist or is not attachable."
        ],
    )
    .await;
    check(
        &kit,
        session(json!({"SourceIdentity": "me"})),
        expect!["NotImplemented 501: The member SourceIdentity is not implemented by Clearsky."],
    )
    .await;
}

#[tokio::test]
async fn the_trust_policy_decides_who_assumes() {
    let kit = kit();
    let trust = |principal: Value, condition: Value| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}
        ]})
        .to_string()
    };
    let functions = trust(json!({"Service": "lambda.amazonaws.com"}), json!({}));
    iam(&kit, "CreateRole", json!({"RoleName": "app", "AssumeRolePolicyDocument": functions})).await;
    check(&kit, session(json!({})), expect!["AccessDenied 403: User: arn:aws:iam::000000000000:root is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::000000000000:role/app because no role trust policy allows the sts:AssumeRole action"]).await;
    let outside = trust(json!({"AWS": "000000000000"}), json!({"StringEquals": {"sts:ExternalId": "x1"}}));
    iam(&kit, "CreateRole", json!({"RoleName": "outside", "AssumeRolePolicyDocument": outside})).await;
    let of = |id: &str| json!({"RoleArn": "arn:aws:iam::000000000000:role/outside", "RoleSessionName": "me", "ExternalId": id});
    assert!(kit.call("sts", "AssumeRole", of("x1")).await.is_ok());
    check(&kit, of("x2"), expect!["AccessDenied 403: User: arn:aws:iam::000000000000:root is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::000000000000:role/outside because no role trust policy allows the sts:AssumeRole action"]).await;
}

#[tokio::test]
async fn a_session_may_do_what_the_role_and_its_own_policies_allow() {
    let kit = kit();
    role(&kit, "app").await;
    let document = inline("iam:Get*", "*");
    iam(&kit, "PutRolePolicy", json!({"RoleName": "app", "PolicyName": "p", "PolicyDocument": document})).await;
    let get = || json!({"RoleName": "app"});
    let free = caller(&kit, &assume(&kit, session(json!({}))).await).await.unwrap();
    assert!(kit.call_as(&free, "iam", "GetRole", get()).await.is_ok());
    expect!["AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/app/me is not authorized to perform: iam:DeleteRole on resource: arn:aws:iam::000000000000:role/app because no identity-based policy allows the iam:DeleteRole action"].assert_eq(&kit::show_as(&kit, &free, "iam", "DeleteRole", get()).await);

    let limited = json!({"Policy": inline("iam:GetRole", "*"), "PolicyArns": [{"arn": S3}]});
    let answer = assume(&kit, session(limited)).await;
    assert_eq!(answer["PackedPolicySize"], 7);
    let limited = caller(&kit, &answer).await.unwrap();
    assert!(kit.call_as(&limited, "iam", "GetRole", get()).await.is_ok());
    let policy = json!({"RoleName": "app", "PolicyName": "p"});
    expect!["AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/app/me is not authorized to perform: iam:GetRolePolicy on resource: arn:aws:iam::000000000000:role/app because no session policy allows the iam:GetRolePolicy action"].assert_eq(&kit::show_as(&kit, &limited, "iam", "GetRolePolicy", policy).await);

    iam(&kit, "DeleteRolePolicy", json!({"RoleName": "app", "PolicyName": "p"})).await;
    expect!["AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/app/me is not authorized to perform: iam:GetRole on resource: arn:aws:iam::000000000000:role/app because no identity-based policy allows the iam:GetRole action"].assert_eq(&kit::show_as(&kit, &free, "iam", "GetRole", get()).await);
}

#[tokio::test]
async fn who_is_not_trusted_assumes_nothing() {
    let kit = kit();
    role(&kit, "app").await;
    expect!["AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::000000000000:role/app because no identity-based policy allows the sts:AssumeRole action"]
        .assert_eq(&kit::show_as(&kit, &Kit::nobody(), "sts", "AssumeRole", session(json!({}))).await);
}
