//! What every operation refuses: callers without permission, and things that are not there.

use serde_json::{Value, json};
use service::testing::Kit;

use crate::kit::{self, BASIC, TRUST, inline, kit, own, role, show_as, signed_in};

/// Every operation on something that has a name, with what else it needs.
fn on(kind: &str) -> Vec<(String, Value)> {
    let policy = json!({"PolicyName": "p", "PolicyDocument": inline("s3:*", "*")});
    let name = json!({"PolicyName": "p"});
    let attached = json!({"PolicyArn": BASIC});
    let mut rows = vec![
        (format!("Get{kind}"), json!({})),
        (format!("Delete{kind}"), json!({})),
        (format!("Update{kind}"), json!({})),
        (format!("Put{kind}Policy"), policy),
        (format!("Get{kind}Policy"), name.clone()),
        (format!("Delete{kind}Policy"), name),
        (format!("List{kind}Policies"), json!({})),
        (format!("Attach{kind}Policy"), attached.clone()),
        (format!("Detach{kind}Policy"), attached),
        (format!("ListAttached{kind}Policies"), json!({})),
    ];
    if kind != "Group" {
        rows.extend([
            (format!("Tag{kind}"), json!({"Tags": [{"Key": "k", "Value": "v"}]})),
            (format!("Untag{kind}"), json!({"TagKeys": ["k"]})),
            (format!("List{kind}Tags"), json!({})),
            (format!("Put{kind}PermissionsBoundary"), json!({"PermissionsBoundary": BASIC})),
            (format!("Delete{kind}PermissionsBoundary"), json!({})),
        ]);
    }
    if kind == "User" {
        let key = json!({"AccessKeyId": "AKIAAAAAAAAAAAAAAAAA"});
        rows.extend([
            ("ListGroupsForUser".into(), json!({})),
            ("CreateAccessKey".into(), json!({})),
            ("ListAccessKeys".into(), json!({})),
            ("DeleteAccessKey".into(), key.clone()),
            ("UpdateAccessKey".into(), json!({"AccessKeyId": key["AccessKeyId"], "Status": "Inactive"})),
        ]);
    }
    for (_, document) in &mut rows {
        document[format!("{kind}Name")] = "none".into();
    }
    if kind == "Group" {
        let both = json!({"GroupName": "none", "UserName": "none"});
        rows.extend([("AddUserToGroup".into(), both.clone()), ("RemoveUserFromGroup".into(), both)]);
    }
    rows
}

/// Every operation on a managed policy.
fn on_policies() -> Vec<(&'static str, Value)> {
    let mut rows = vec![
        ("GetPolicy", json!({})),
        ("DeletePolicy", json!({})),
        ("TagPolicy", json!({"Tags": [{"Key": "k", "Value": "v"}]})),
        ("UntagPolicy", json!({"TagKeys": ["k"]})),
        ("ListPolicyTags", json!({})),
        ("ListEntitiesForPolicy", json!({})),
        ("CreatePolicyVersion", json!({"PolicyDocument": inline("s3:*", "*")})),
        ("GetPolicyVersion", json!({"VersionId": "v1"})),
        ("ListPolicyVersions", json!({})),
        ("SetDefaultPolicyVersion", json!({"VersionId": "v1"})),
        ("DeletePolicyVersion", json!({"VersionId": "v1"})),
    ];
    for (_, document) in &mut rows {
        document["PolicyArn"] = own("none").into();
    }
    rows
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let kit = kit();
    for kind in ["User", "Group", "Role"] {
        let expected = format!("NoSuchEntity 404: The {} with name none cannot be found.", kind.to_lowercase());
        for (operation, document) in on(kind) {
            assert_eq!(kit.show("iam", &operation, document).await, expected, "{operation}");
        }
    }
    for (operation, mut document) in on_policies() {
        let expected = "NoSuchEntity 404: Policy arn:aws:iam::000000000000:policy/none was not found.";
        assert_eq!(kit.show("iam", operation, document.clone()).await, expected, "{operation}");
        document["PolicyArn"] = "arn:aws:s3:::some-bucket-of".into();
        let expected = "InvalidInput 400: ARN arn:aws:s3:::some-bucket-of is not valid.";
        assert_eq!(kit.show("iam", operation, document).await, expected, "{operation}");
    }
}

#[tokio::test]
async fn what_nobody_permits_is_denied() {
    let kit = kit();
    let mut rows: Vec<(String, Value)> = ["User", "Group", "Role"].into_iter().flat_map(on).collect();
    rows.extend(on_policies().into_iter().map(|(operation, document)| (operation.to_owned(), document)));
    let document = inline("s3:*", "*");
    let user = "arn:aws:iam::000000000000:user/none";
    for (operation, document) in [
        ("CreateUser", json!({"UserName": "none"})),
        ("CreateGroup", json!({"GroupName": "none"})),
        ("CreateRole", json!({"RoleName": "none", "AssumeRolePolicyDocument": TRUST})),
        ("CreatePolicy", json!({"PolicyName": "none", "PolicyDocument": document})),
        ("ListUsers", json!({})),
        ("ListGroups", json!({})),
        ("ListRoles", json!({})),
        ("ListPolicies", json!({})),
        ("GetAccessKeyLastUsed", json!({"AccessKeyId": "AKIAAAAAAAAAAAAAAAAA"})),
        ("GetAccountSummary", json!({})),
        ("GetAccountAuthorizationDetails", json!({})),
        ("SimulateCustomPolicy", json!({"PolicyInputList": [document], "ActionNames": ["s3:GetObject"]})),
        ("SimulatePrincipalPolicy", json!({"PolicySourceArn": user, "ActionNames": ["s3:GetObject"]})),
        ("GetContextKeysForCustomPolicy", json!({"PolicyInputList": [document]})),
        ("GetContextKeysForPrincipalPolicy", json!({"PolicySourceArn": user})),
    ] {
        rows.push((operation.to_owned(), document));
    }
    for (operation, document) in rows {
        let answer = show_as(&kit, &Kit::nobody(), "iam", &operation, document).await;
        let start = "AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: iam:";
        let end = format!("because no identity-based policy allows the iam:{operation} action");
        assert!(answer.starts_with(start) && answer.ends_with(&end), "{operation}: {answer}");
    }
}

#[tokio::test]
async fn tags_and_boundaries_of_users_decide() {
    let kit = kit();
    role(&kit, "app").await;
    for (name, team) in [("bob", "a"), ("eve", "b"), ("ann", "a")] {
        kit::iam(&kit, "CreateUser", json!({"UserName": name, "Tags": [{"Key": "team", "Value": team}]})).await;
    }
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}}]});
    kit::iam(
        &kit,
        "PutUserPolicy",
        json!({"UserName": "bob", "PolicyName": "p", "PolicyDocument": document.to_string()}),
    )
    .await;
    let (bob, _) = signed_in(&kit, "bob").await;
    let may =
        async |name: &str| show_as(&kit, &bob, "iam", "GetUser", json!({"UserName": name})).await.starts_with('{');
    assert!(may("ann").await);
    assert!(!may("eve").await);
    assert!(!may("none").await);
}
