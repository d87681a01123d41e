//! Tags of roles, and changes to them.

use serde_json::{Value, json};
use service::testing::Kit;

use crate::kit::{self, TRUST, caller, iam, kit, role, show_as};

fn tags(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

async fn refused(kit: &Kit, operation: &str, document: Value, expected: &str) {
    assert_eq!(kit.show("iam", operation, document).await, expected, "{operation}");
}

#[tokio::test]
async fn tags_are_put_replaced_in_any_case_and_removed() {
    let kit = kit();
    let made =
        json!({"RoleName": "app", "AssumeRolePolicyDocument": TRUST, "Tags": tags(&[("team", "a"), ("env", "test")])});
    let created = iam(&kit, "CreateRole", made).await;
    assert_eq!(created["Role"]["Tags"], tags(&[("env", "test"), ("team", "a")]));
    iam(&kit, "TagRole", json!({"RoleName": "app", "Tags": tags(&[("Team", "b"), ("cost", "")])})).await;
    let listed = iam(&kit, "ListRoleTags", json!({"RoleName": "app"})).await;
    assert_eq!(listed, json!({"Tags": tags(&[("Team", "b"), ("cost", ""), ("env", "test")]), "IsTruncated": false}));
    let first = iam(&kit, "ListRoleTags", json!({"RoleName": "app", "MaxItems": 2})).await;
    assert_eq!((&first["Tags"], &first["IsTruncated"]), (&tags(&[("Team", "b"), ("cost", "")]), &json!(true)));
    let rest = iam(&kit, "ListRoleTags", json!({"RoleName": "app", "Marker": first["Marker"]})).await;
    assert_eq!(rest["Tags"], tags(&[("env", "test")]));
    iam(&kit, "UntagRole", json!({"RoleName": "app", "TagKeys": ["TEAM", "none", "cost"]})).await;
    let found = iam(&kit, "GetRole", json!({"RoleName": "app"})).await;
    assert_eq!(found["Role"]["Tags"], tags(&[("env", "test")]));
    let listed = iam(&kit, "ListRoles", json!({})).await;
    assert_eq!(listed["Roles"][0]["Tags"], Value::Null);
}

#[tokio::test]
async fn tags_that_iam_does_not_take() {
    let kit = kit();
    role(&kit, "app").await;
    let put = |pairs: Value| json!({"RoleName": "app", "Tags": pairs});
    let twice = put(tags(&[("a", "1"), ("A", "2")]));
    let text = "InvalidInput 400: Duplicate tag keys found. Please note that Tag keys are case insensitive.";
    refused(&kit, "TagRole", twice.clone(), text).await;
    let mut create = twice;
    create["RoleName"] = json!("other");
    create["AssumeRolePolicyDocument"] = json!(TRUST);
    refused(&kit, "CreateRole", create, text).await;
    let many = |from: usize| (from..from + 30).map(|n| json!({"Key": n.to_string(), "Value": ""})).collect::<Value>();
    iam(&kit, "TagRole", put(many(0))).await;
    refused(&kit, "TagRole", put(many(30)), "LimitExceeded 409: Cannot exceed quota for TagsPerRole: 50").await;
    iam(&kit, "TagRole", put(many(15))).await;
    let system = "InvalidInput 400: Only AWS service can use System Tags, prefixed with 'aws:'.";
    refused(&kit, "TagRole", put(tags(&[("aws:x", "1")])), system).await;
    let none = json!({"RoleName": "none", "Tags": tags(&[("a", "1")])});
    refused(&kit, "TagRole", none, "NoSuchEntity 404: The role with name none cannot be found.").await;
    let marker = json!({"RoleName": "app", "Marker": "x"});
    refused(&kit, "ListRoleTags", marker, "ValidationError 400: Invalid Marker.").await;
}

#[tokio::test]
async fn policies_may_ask_for_tags() {
    let kit = kit();
    let arn = role(&kit, "admin").await["Arn"].take();
    let only_ours = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["iam:GetRole", "iam:DeleteRole"], "Resource": "*",
         "Condition": {"StringEquals": {"aws:ResourceTag/team": "ours"}}},
        {"Effect": "Allow", "Action": ["iam:CreateRole", "iam:TagRole"], "Resource": "*",
         "Condition": {"StringEquals": {"aws:RequestTag/team": "ours"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}},
    ]});
    let document = json!({"RoleName": "admin", "PolicyName": "p", "PolicyDocument": only_ours.to_string()});
    iam(&kit, "PutRolePolicy", document).await;
    let session = kit::assume(&kit, json!({"RoleArn": arn, "RoleSessionName": "me"})).await;
    let admin = caller(&kit, &session).await.unwrap();
    let create = |name: &str, pairs: &[(&str, &str)]| json!({"RoleName": name, "AssumeRolePolicyDocument": TRUST, "Tags": tags(pairs)});
    let allowed = async |operation: &str, document: Value| {
        !show_as(&kit, &admin, "iam", operation, document).await.starts_with("AccessDenied")
    };
    assert!(allowed("CreateRole", create("one", &[("team", "ours")])).await);
    assert!(!allowed("CreateRole", create("two", &[("team", "theirs")])).await);
    assert!(!allowed("CreateRole", create("two", &[("team", "ours"), ("more", "")])).await);
    assert!(allowed("GetRole", json!({"RoleName": "one"})).await);
    assert!(!allowed("GetRole", json!({"RoleName": "admin"})).await);
}

#[tokio::test]
async fn descriptions_sessions_and_trust_change() {
    let kit = kit();
    let arn = role(&kit, "app").await["Arn"].take();
    iam(&kit, "UpdateRole", json!({"RoleName": "app", "Description": "new", "MaxSessionDuration": 7200})).await;
    iam(&kit, "UpdateRole", json!({"RoleName": "app"})).await;
    let found = iam(&kit, "GetRole", json!({"RoleName": "app"})).await;
    assert_eq!((&found["Role"]["Description"], &found["Role"]["MaxSessionDuration"]), (&json!("new"), &json!(7200)));
    let described = iam(&kit, "UpdateRoleDescription", json!({"RoleName": "app", "Description": ""})).await;
    assert_eq!(described["Role"]["Description"], "");

    let assume = json!({"RoleArn": arn, "RoleSessionName": "me"});
    kit::assume(&kit, assume.clone()).await;
    let nobody = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    iam(&kit, "UpdateAssumeRolePolicy", json!({"RoleName": "app", "PolicyDocument": nobody})).await;
    assert!(kit.show("sts", "AssumeRole", assume).await.starts_with("AccessDenied 403: "));
    let broken = json!({"RoleName": "app", "PolicyDocument": "{"});
    let text = "MalformedPolicyDocument 400: This policy contains invalid Json";
    refused(&kit, "UpdateAssumeRolePolicy", broken, text).await;
}

#[tokio::test]
async fn a_role_is_in_no_instance_profile() {
    let kit = kit();
    role(&kit, "app").await;
    let listed = iam(&kit, "ListInstanceProfilesForRole", json!({"RoleName": "app"})).await;
    assert_eq!(listed, json!({"InstanceProfiles": [], "IsTruncated": false}));
    let none = json!({"RoleName": "none"});
    let text = "NoSuchEntity 404: The role with name none cannot be found.";
    refused(&kit, "ListInstanceProfilesForRole", none, text).await;
}

#[tokio::test]
async fn every_change_must_be_permitted() {
    let kit = kit();
    role(&kit, "app").await;
    for (operation, document) in [
        ("UpdateRole", json!({"RoleName": "app"})),
        ("UpdateRoleDescription", json!({"RoleName": "app", "Description": "d"})),
        ("UpdateAssumeRolePolicy", json!({"RoleName": "app", "PolicyDocument": TRUST})),
        ("TagRole", json!({"RoleName": "app", "Tags": []})),
        ("UntagRole", json!({"RoleName": "app", "TagKeys": []})),
        ("ListRoleTags", json!({"RoleName": "app"})),
        ("ListInstanceProfilesForRole", json!({"RoleName": "app"})),
    ] {
        let expected = format!(
            "AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: \
             iam:{operation} on resource: arn:aws:iam::000000000000:role/app because no identity-based policy allows the \
             iam:{operation} action"
        );
        assert_eq!(show_as(&kit, &Kit::nobody(), "iam", operation, document).await, expected);
    }
}
