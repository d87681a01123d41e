//! Roles.

use expect_test::expect;
use serde_json::{Value, json};
use service::testing::Kit;

use crate::kit::{self, TRUST, kit, role};

async fn check(kit: &Kit, operation: &str, document: Value, expected: expect_test::Expect) {
    expected.assert_eq(&kit.show("iam", operation, document).await);
}

#[tokio::test]
async fn a_role_is_created_and_found_by_its_name() {
    let kit = kit();
    let document = json!({
        "RoleName": "App", "Path": "/team/", "AssumeRolePolicyDocument": TRUST, "Description": "of the app",
        "MaxSessionDuration": 7200,
    });
    let created = kit::iam(&kit, "CreateRole", document).await;
    check(
        &kit,
        "GetRole",
        json!({"RoleName": "App"}),
        expect![[r#"{"Role":{"Path":"/team/","RoleName":"App","RoleId":"AROAHMOFBNL66VS3OCTYL","Arn":"arn:aws:iam::000000000000:role/team/App","CreateDate":1795478400,"AssumeRolePolicyDocument":"%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22lambda.amazonaws.com%22%2C%22AWS%22%3A%22arn%3Aaws%3Aiam%3A%3A000000000000%3Aroot%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D","Description":"of the app","MaxSessionDuration":7200}}"#]],
    )
    .await;
    assert_eq!(kit.call("iam", "GetRole", json!({"RoleName": "App"})).await.unwrap(), created);
}

#[tokio::test]
async fn names_are_taken_in_any_case() {
    let kit = kit();
    role(&kit, "App").await;
    let again = json!({"RoleName": "aPP", "AssumeRolePolicyDocument": TRUST});
    check(&kit, "CreateRole", again, expect!["EntityAlreadyExists 409: Role with name aPP already exists."]).await;
}

#[tokio::test]
async fn what_is_no_role_is_refused() {
    let kit = kit();
    let named = |name: &str, trust: &str| json!({"RoleName": name, "AssumeRolePolicyDocument": trust});
    check(
        &kit,
        "CreateRole",
        named("a", "{"),
        expect!["MalformedPolicyDocument 400: This policy contains invalid Json"],
    )
    .await;
    let resource = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole","Resource":"*"}]}"#;
    check(
        &kit,
        "CreateRole",
        named("a", resource),
        expect!["MalformedPolicyDocument 400: Has prohibited field Resource"],
    )
    .await;
    check(&kit, "CreateRole", named("a b", TRUST), expect![[r#"ValidationError 400: 1 validation error detected: Value 'a b' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+"#]]).await;
    let sid = "s".repeat(2048);
    let long = TRUST.replacen(r#""Effect""#, &format!(r#""Sid":"{sid}","Effect""#), 1);
    check(
        &kit,
        "CreateRole",
        named("a", &long),
        expect!["LimitExceeded 409: Cannot exceed quota for ACLSizePerRole: 2048"],
    )
    .await;
    let short = json!({"RoleName": "a", "AssumeRolePolicyDocument": TRUST, "MaxSessionDuration": 60});
    check(&kit, "CreateRole", short, expect!["ValidationError 400: 1 validation error detected: Value '60' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600"]).await;
    check(
        &kit,
        "GetRole",
        json!({"RoleName": "a"}),
        expect!["NoSuchEntity 404: The role with name a cannot be found."],
    )
    .await;
    let boundary = json!({"RoleName": "a", "AssumeRolePolicyDocument": TRUST, "PermissionsBoundary": "arn:aws:iam::aws:policy/None"});
    check(
        &kit,
        "CreateRole",
        boundary,
        expect!["NoSuchEntity 404: Scope ARN: arn:aws:iam::aws:policy/None does not exist or is not attachable."],
    )
    .await;
}

#[tokio::test]
async fn a_role_goes_once_its_policies_have() {
    let kit = kit();
    role(&kit, "app").await;
    let named = || json!({"RoleName": "app"});
    let attached = json!({"RoleName": "app", "PolicyArn": kit::S3});
    kit::iam(&kit, "AttachRolePolicy", attached.clone()).await;
    let document = kit::inline("s3:*", "*");
    kit::iam(&kit, "PutRolePolicy", json!({"RoleName": "app", "PolicyName": "p", "PolicyDocument": document})).await;
    check(
        &kit,
        "DeleteRole",
        named(),
        expect!["DeleteConflict 409: Cannot delete entity, must detach all policies first."],
    )
    .await;
    kit::iam(&kit, "DetachRolePolicy", attached).await;
    check(
        &kit,
        "DeleteRole",
        named(),
        expect!["DeleteConflict 409: Cannot delete entity, must delete policies first."],
    )
    .await;
    kit::iam(&kit, "DeleteRolePolicy", json!({"RoleName": "app", "PolicyName": "p"})).await;
    check(&kit, "DeleteRole", named(), expect!["{}"]).await;
    check(&kit, "DeleteRole", named(), expect!["NoSuchEntity 404: The role with name app cannot be found."]).await;
}

async fn names(kit: &Kit, document: Value) -> (Vec<String>, Option<String>) {
    let answer = kit::iam(kit, "ListRoles", document).await;
    let names = answer["Roles"].as_array().unwrap().iter().map(|role| role["RoleName"].as_str().unwrap().to_owned());
    let marker = answer["Marker"].as_str().map(ToOwned::to_owned);
    assert_eq!(answer["IsTruncated"], marker.is_some());
    (names.collect(), marker)
}

#[tokio::test]
async fn roles_are_listed_by_name_in_pages_and_by_path() {
    let kit = kit();
    for name in ["b", "A", "c"] {
        role(&kit, name).await;
    }
    let deep = json!({"RoleName": "d", "Path": "/x/y/", "AssumeRolePolicyDocument": TRUST});
    kit::iam(&kit, "CreateRole", deep).await;
    let (first, marker) = names(&kit, json!({"MaxItems": 2})).await;
    assert_eq!(first, ["A", "b"]);
    let (second, end) = names(&kit, json!({"MaxItems": 2, "Marker": marker})).await;
    assert_eq!((second, end), (vec!["c".to_owned(), "d".to_owned()], None));
    assert_eq!(names(&kit, json!({"PathPrefix": "/x/"})).await, (vec!["d".to_owned()], None));
    let foreign = json!({"Marker": marker, "PathPrefix": "/x/"});
    check(&kit, "ListRoles", foreign, expect!["ValidationError 400: Invalid Marker."]).await;
}

#[tokio::test]
async fn a_caller_without_permissions_is_told_which_it_lacks() {
    let kit = kit();
    let deep = json!({"RoleName": "app", "Path": "/x/", "AssumeRolePolicyDocument": TRUST});
    kit::iam(&kit, "CreateRole", deep).await;
    let nobody = Kit::nobody();
    let mut answers = String::new();
    for (operation, document) in [
        ("CreateRole", json!({"RoleName": "new", "AssumeRolePolicyDocument": TRUST})),
        ("GetRole", json!({"RoleName": "app"})),
        ("GetRole", json!({"RoleName": "none"})),
        ("ListRoles", json!({"PathPrefix": "/x/"})),
        ("DeleteRole", json!({"RoleName": "app"})),
        ("PutRolePolicy", json!({"RoleName": "app", "PolicyName": "p", "PolicyDocument": "{}"})),
        ("GetRolePolicy", json!({"RoleName": "app", "PolicyName": "p"})),
        ("ListRolePolicies", json!({"RoleName": "app"})),
        ("DeleteRolePolicy", json!({"RoleName": "app", "PolicyName": "p"})),
        ("AttachRolePolicy", json!({"RoleName": "app", "PolicyArn": kit::S3})),
        ("DetachRolePolicy", json!({"RoleName": "app", "PolicyArn": kit::S3})),
        ("ListAttachedRolePolicies", json!({"RoleName": "app"})),
        ("GetPolicy", json!({"PolicyArn": kit::S3})),
        ("GetPolicyVersion", json!({"PolicyArn": kit::S3, "VersionId": "v2"})),
    ] {
        answers += &kit::show_as(&kit, &nobody, "iam", operation, document).await;
        answers.push('\n');
    }
    expect![[r#"
        AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::000000000000:role/new because no identity-based policy allows the iam:CreateRole action
        AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: iam:GetRole on resource: arn:aws:iam::000000000000:role/x/app because no identity-based policy allows the iam:GetRole action
        AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: iam:GetRole on resource: arn:aws:iam::000000000000:role/none because no identity-based policy allows the iam:GetRole action
        AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: iam:ListRoles on resource: arn:aws:iam::000000000000:role/x/ because no identity-based policy allows the iam:ListRoles action
        AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: iam:DeleteRole on resource: arn:aws:iam::000000000000:role/x/app because no identity-based policy allows the iam:DeleteRole action
        AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: iam:PutRolePolicy on resource: arn:aws:iam::000000000000:role/x/app because no identity-based policy allows the iam:PutRolePolicy action
        AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: iam:GetRolePolicy on resource: arn:aws:iam::000000000000:role/x/app because no identity-based policy allows the iam:GetRolePolicy action
        AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: iam:ListRolePolicies on resource: arn:aws:iam::000000000000:role/x/app because no identity-based policy allows the iam:ListRolePolicies action
        AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: iam:DeleteRolePolicy on resource: arn:aws:iam::000000000000:role/x/app because no identity-based policy allows the iam:DeleteRolePolicy action
        AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: iam:AttachRolePolicy on resource: arn:aws:iam::000000000000:role/x/app because no identity-based policy allows the iam:AttachRolePolicy action
        AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: iam:DetachRolePolicy on resource: arn:aws:iam::000000000000:role/x/app because no identity-based policy allows the iam:DetachRolePolicy action
        AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: iam:ListAttachedRolePolicies on resource: arn:aws:iam::000000000000:role/x/app because no identity-based policy allows the iam:ListAttachedRolePolicies action
        AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: iam:GetPolicy on resource: arn:aws:iam::aws:policy/AmazonS3FullAccess because no identity-based policy allows the iam:GetPolicy action
        AccessDenied 403: User: arn:aws:sts::000000000000:assumed-role/nobody/test is not authorized to perform: iam:GetPolicyVersion on resource: arn:aws:iam::aws:policy/AmazonS3FullAccess because no identity-based policy allows the iam:GetPolicyVersion action
    "#]].assert_eq(&answers);
}

#[tokio::test]
async fn a_role_that_is_not_there_is_not_found_by_any_operation() {
    let kit = kit();
    for (operation, more) in [
        ("UpdateRole", json!({})),
        ("UpdateRoleDescription", json!({"Description": "d"})),
        ("UpdateAssumeRolePolicy", json!({"PolicyDocument": TRUST})),
        ("UntagRole", json!({"TagKeys": ["a"]})),
        ("ListRoleTags", json!({})),
        ("ListRolePolicies", json!({})),
        ("ListAttachedRolePolicies", json!({})),
    ] {
        let mut document = json!({"RoleName": "none"});
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = kit.show("iam", operation, document).await;
        assert_eq!(answer, "NoSuchEntity 404: The role with name none cannot be found.", "{operation}");
    }
    role(&kit, "app").await;
    let sid = "s".repeat(2000);
    let long = TRUST.replacen(r#""Effect""#, &format!(r#""Sid":"{sid}","Effect""#), 1);
    let document = json!({"RoleName": "app", "PolicyDocument": long});
    let expected = expect!["LimitExceeded 409: Cannot exceed quota for ACLSizePerRole: 2048"];
    check(&kit, "UpdateAssumeRolePolicy", document, expected).await;
}
