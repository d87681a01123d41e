//! Policies of roles.

use expect_test::expect;
use serde_json::{Value, json};
use service::testing::Kit;

use crate::kit::{self, ADMINISTRATOR, BASIC, S3, inline, kit, role};

async fn check(kit: &Kit, operation: &str, document: Value, expected: expect_test::Expect) {
    expected.assert_eq(&kit.show("iam", operation, document).await);
}

fn put(name: &str, document: &str) -> Value {
    json!({"RoleName": "app", "PolicyName": name, "PolicyDocument": document})
}

#[tokio::test]
async fn an_inline_policy_comes_back_as_it_was_given_and_encoded() {
    let kit = kit();
    role(&kit, "app").await;
    let named = || json!({"RoleName": "app", "PolicyName": "p"});
    kit::iam(&kit, "PutRolePolicy", put("p", &inline("s3:*", "*"))).await;
    kit::iam(&kit, "PutRolePolicy", put("p", &inline("s3:GetObject", "*"))).await;
    check(&kit, "GetRolePolicy", named(), expect![[r#"{"RoleName":"app","PolicyName":"p","PolicyDocument":"%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3AGetObject%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D"}"#]]).await;
    kit::iam(&kit, "DeleteRolePolicy", named()).await;
    check(&kit, "GetRolePolicy", named(), expect!["NoSuchEntity 404: The role policy with name p cannot be found."])
        .await;
    check(&kit, "DeleteRolePolicy", named(), expect!["NoSuchEntity 404: The role policy with name p cannot be found."])
        .await;
}

#[tokio::test]
async fn what_is_no_policy_is_refused() {
    let kit = kit();
    role(&kit, "app").await;
    check(&kit, "PutRolePolicy", put("p", "no json"), expect!["MalformedPolicyDocument 400: Syntax errors in policy."])
        .await;
    check(
        &kit,
        "PutRolePolicy",
        put("p", &inline("nocolon", "*")),
        expect![
            "MalformedPolicyDocument 400: Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        ],
    )
    .await;
    check(
        &kit,
        "PutRolePolicy",
        put("p", &inline("s3:*", "bucket")),
        expect![[r#"MalformedPolicyDocument 400: Resource bucket must be in ARN format or "*"."#]],
    )
    .await;
    let resource = format!("arn:aws:s3:::{}", "b".repeat(6000));
    kit::iam(&kit, "PutRolePolicy", put("p", &inline("s3:*", &resource))).await;
    kit::iam(&kit, "PutRolePolicy", put("p", &inline("s3:*", &resource))).await;
    check(
        &kit,
        "PutRolePolicy",
        put("q", &inline("s3:*", &resource)),
        expect!["LimitExceeded 409: Maximum policy size of 10240 bytes exceeded for role app"],
    )
    .await;
    let absent = json!({"RoleName": "none", "PolicyName": "p", "PolicyDocument": inline("s3:*", "*")});
    check(&kit, "PutRolePolicy", absent, expect!["NoSuchEntity 404: The role with name none cannot be found."]).await;
}

#[tokio::test]
async fn inline_policies_are_listed_in_pages() {
    let kit = kit();
    role(&kit, "app").await;
    for name in ["c", "a", "b"] {
        kit::iam(&kit, "PutRolePolicy", put(name, &inline("s3:*", "*"))).await;
    }
    let first = kit::iam(&kit, "ListRolePolicies", json!({"RoleName": "app", "MaxItems": 2})).await;
    assert_eq!((&first["PolicyNames"], &first["IsTruncated"]), (&json!(["a", "b"]), &json!(true)));
    let second = json!({"RoleName": "app", "MaxItems": 2, "Marker": first["Marker"]});
    check(&kit, "ListRolePolicies", second, expect![[r#"{"PolicyNames":["c"],"IsTruncated":false}"#]]).await;
    check(
        &kit,
        "ListRolePolicies",
        json!({"RoleName": "app", "Marker": "made-up"}),
        expect!["ValidationError 400: Invalid Marker."],
    )
    .await;
}

#[tokio::test]
async fn managed_policies_are_attached_listed_and_detached() {
    let kit = kit();
    role(&kit, "app").await;
    let attached = |arn: &str| json!({"RoleName": "app", "PolicyArn": arn});
    for arn in [S3, BASIC, ADMINISTRATOR, S3] {
        kit::iam(&kit, "AttachRolePolicy", attached(arn)).await;
    }
    let first = kit::iam(&kit, "ListAttachedRolePolicies", json!({"RoleName": "app", "MaxItems": 1})).await;
    expect![[r#"[{"PolicyName":"AdministratorAccess","PolicyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}]"#]]
        .assert_eq(&first["AttachedPolicies"].to_string());
    let second = json!({"RoleName": "app", "Marker": first["Marker"]});
    check(&kit, "ListAttachedRolePolicies", second, expect![[r#"{"AttachedPolicies":[{"PolicyName":"AmazonS3FullAccess","PolicyArn":"arn:aws:iam::aws:policy/AmazonS3FullAccess"},{"PolicyName":"AWSLambdaBasicExecutionRole","PolicyArn":"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}],"IsTruncated":false}"#]]).await;
    let service = json!({"RoleName": "app", "PathPrefix": "/service-role/"});
    check(&kit, "ListAttachedRolePolicies", service, expect![[r#"{"AttachedPolicies":[{"PolicyName":"AWSLambdaBasicExecutionRole","PolicyArn":"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}],"IsTruncated":false}"#]]).await;
    kit::iam(&kit, "DetachRolePolicy", attached(S3)).await;
    check(
        &kit,
        "DetachRolePolicy",
        attached(S3),
        expect!["NoSuchEntity 404: Policy arn:aws:iam::aws:policy/AmazonS3FullAccess was not found."],
    )
    .await;
    check(
        &kit,
        "AttachRolePolicy",
        attached("arn:aws:iam::aws:policy/NotThereAtAll"),
        expect!["NoSuchEntity 404: Policy arn:aws:iam::aws:policy/NotThereAtAll does not exist or is not attachable."],
    )
    .await;
    check(
        &kit,
        "AttachRolePolicy",
        attached("arn:aws:s3:::a-bucket-of-mine"),
        expect!["InvalidInput 400: ARN arn:aws:s3:::a-bucket-of-mine is not valid."],
    )
    .await;
}

#[tokio::test]
async fn managed_policies_show_their_documents() {
    let kit = kit();
    check(&kit, "GetPolicy", json!({"PolicyArn": BASIC}), expect![[r#"{"Policy":{"PolicyName":"AWSLambdaBasicExecutionRole","PolicyId":"ANPAJNCQGXC42545SKXIK","Arn":"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole","Path":"/service-role/","DefaultVersionId":"v1","AttachmentCount":0,"PermissionsBoundaryUsageCount":0,"IsAttachable":true,"Description":"Provides write permissions to CloudWatch Logs.","CreateDate":1428591823}}"#]]).await;
    check(&kit, "GetPolicyVersion", json!({"PolicyArn": ADMINISTRATOR, "VersionId": "v1"}), expect![[r#"{"PolicyVersion":{"Document":"%7B%0A%20%20%20%20%22Version%22%3A%20%222012-10-17%22%2C%0A%20%20%20%20%22Statement%22%3A%20%5B%0A%20%20%20%20%20%20%20%20%7B%0A%20%20%20%20%20%20%20%20%20%20%20%20%22Effect%22%3A%20%22Allow%22%2C%0A%20%20%20%20%20%20%20%20%20%20%20%20%22Action%22%3A%20%22%2A%22%2C%0A%20%20%20%20%20%20%20%20%20%20%20%20%22Resource%22%3A%20%22%2A%22%0A%20%20%20%20%20%20%20%20%7D%0A%20%20%20%20%5D%0A%7D%0A","VersionId":"v1","IsDefaultVersion":true}}"#]]).await;
    check(&kit, "GetPolicyVersion", json!({"PolicyArn": ADMINISTRATOR, "VersionId": "v9"}), expect!["NoSuchEntity 404: Policy arn:aws:iam::aws:policy/AdministratorAccess version v9 does not exist or is not attachable."]).await;
    check(
        &kit,
        "GetPolicy",
        json!({"PolicyArn": "arn:aws:iam::aws:policy/None"}),
        expect!["NoSuchEntity 404: Policy arn:aws:iam::aws:policy/None was not found."],
    )
    .await;
}

#[tokio::test]
async fn what_is_no_policys_arn_is_refused() {
    let kit = kit();
    role(&kit, "app").await;
    let arn = "arn:aws:s3:::a-bucket-of-mine";
    for (operation, document) in [
        ("DetachRolePolicy", json!({"RoleName": "app", "PolicyArn": arn})),
        ("GetPolicy", json!({"PolicyArn": arn})),
        ("GetPolicyVersion", json!({"PolicyArn": arn, "VersionId": "v1"})),
    ] {
        let expected = "InvalidInput 400: ARN arn:aws:s3:::a-bucket-of-mine is not valid.";
        assert_eq!(kit.show("iam", operation, document).await, expected, "{operation}");
    }
}
