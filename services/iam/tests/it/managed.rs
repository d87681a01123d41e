//! Managed policies of the account, their versions, and who uses them.

use expect_test::expect;
use serde_json::json;

use crate::kit::{self, ADMINISTRATOR, S3, iam, inline, kit, own, role, table};

#[tokio::test]
async fn a_policy_from_birth_to_death() {
    let kit = kit();
    let document = inline("s3:*", "*");
    let create = json!({"PolicyName": "Mine", "Path": "/t/", "PolicyDocument": document, "Description": "d", "Tags": [{"Key": "k", "Value": "v"}]});
    expect![[r#"{"Policy":{"PolicyName":"Mine","PolicyId":"ANPAHMOFBNL66VS3OCTYL","Arn":"arn:aws:iam::000000000000:policy/t/Mine","Path":"/t/","DefaultVersionId":"v1","AttachmentCount":0,"PermissionsBoundaryUsageCount":0,"IsAttachable":true,"CreateDate":1795478400,"UpdateDate":1795478400,"Tags":[{"Key":"k","Value":"v"}]}}"#]].assert_eq(&kit.show("iam", "CreatePolicy", create).await);
    role(&kit, "app").await;
    iam(&kit, "CreateUser", json!({"UserName": "bob"})).await;
    let arn = own("t/Mine");
    let of = || json!({"PolicyArn": arn});
    table(&kit, [
        ("CreatePolicy", json!({"PolicyName": "mine", "PolicyDocument": document}), "EntityAlreadyExists 409: A policy called mine already exists. Duplicate names are not allowed."),
        ("CreatePolicy", json!({"PolicyName": "x", "PolicyDocument": "{}"}), "MalformedPolicyDocument 400: Policy document must be version 2012-10-17 or greater."),
        ("CreatePolicy", json!({"PolicyName": "x", "PolicyDocument": inline("s3:*", &format!("arn:aws:s3:::{}", "b".repeat(6144)))}), "LimitExceeded 409: Cannot exceed quota for PolicySize: 6144"),
        ("CreatePolicy", json!({"PolicyName": "x", "PolicyDocument": document, "Tags": [{"Key": "aws:k", "Value": "v"}]}), "InvalidInput 400: Only AWS service can use System Tags"),
        ("AttachRolePolicy", json!({"RoleName": "app", "PolicyArn": arn}), ""),
        ("PutUserPermissionsBoundary", json!({"UserName": "bob", "PermissionsBoundary": arn}), ""),
        ("GetPolicy", of(), r#"{"Policy":{"PolicyName":"Mine","PolicyId":"ANPAHMOFBNL66VS3OCTYL","Arn":"arn:aws:iam::000000000000:policy/t/Mine","Path":"/t/","DefaultVersionId":"v1","AttachmentCount":1,"PermissionsBoundaryUsageCount":1,"IsAttachable":true,"Description":"d","#),
        ("DeletePolicy", of(), "DeleteConflict 409: Cannot delete a policy attached to entities."),
        ("DetachRolePolicy", json!({"RoleName": "app", "PolicyArn": arn}), ""),
        ("DeletePolicy", of(), "DeleteConflict 409: Cannot delete a policy attached to entities."),
        ("DeleteUserPermissionsBoundary", json!({"UserName": "bob"}), ""),
        ("CreatePolicyVersion", json!({"PolicyArn": arn, "PolicyDocument": document}), ""),
        ("DeletePolicy", of(), "DeleteConflict 409: This policy has more than one version."),
        ("DeletePolicyVersion", json!({"PolicyArn": arn, "VersionId": "v2"}), ""),
        ("DeletePolicy", of(), ""),
        ("GetPolicy", of(), "NoSuchEntity 404: Policy arn:aws:iam::000000000000:policy/t/Mine was not found."),
        ("AttachRolePolicy", json!({"RoleName": "app", "PolicyArn": arn}), "NoSuchEntity 404: Policy arn:aws:iam::000000000000:policy/t/Mine does not exist or is not attachable."),
    ]).await;
}

#[tokio::test]
async fn versions_are_numbered_once_and_five_at_most() {
    let kit = kit();
    let document = |n: usize| inline("s3:*", &format!("arn:aws:s3:::b{n}"));
    iam(&kit, "CreatePolicy", json!({"PolicyName": "p", "PolicyDocument": document(1)})).await;
    let arn = own("p");
    for n in 2..=5 {
        iam(
            &kit,
            "CreatePolicyVersion",
            json!({"PolicyArn": arn, "PolicyDocument": document(n), "SetAsDefault": n == 3}),
        )
        .await;
    }
    let of = |version: &str| json!({"PolicyArn": arn, "VersionId": version});
    let sixth = || json!({"PolicyArn": arn, "PolicyDocument": document(6)});
    table(&kit, [
        ("CreatePolicyVersion", sixth(), "LimitExceeded 409: A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."),
        ("DeletePolicyVersion", of("v3"), "DeleteConflict 409: Cannot delete the default version of a policy."),
        ("DeletePolicyVersion", of("v5"), ""),
        ("CreatePolicyVersion", sixth(), r#"{"PolicyVersion":{"VersionId":"v6","IsDefaultVersion":false,"CreateDate":1795478400}}"#),
        ("GetPolicyVersion", of("v5"), "NoSuchEntity 404: Policy arn:aws:iam::000000000000:policy/p version v5 does not exist or is not attachable."),
        ("SetDefaultPolicyVersion", of("v5"), "NoSuchEntity 404: Policy arn"),
        ("DeletePolicyVersion", of("v5"), "NoSuchEntity 404: Policy arn"),
        ("SetDefaultPolicyVersion", of("v6"), ""),
        ("GetPolicyVersion", of("v6"), r#"{"PolicyVersion":{"Document":"%7B%22Version%22"#),
        ("CreatePolicyVersion", json!({"PolicyArn": ADMINISTRATOR, "PolicyDocument": document(1)}), "AccessDenied 403: Policy arn:aws:iam::aws:policy/AdministratorAccess is outside your own account."),
        ("ListPolicyVersions", json!({"PolicyArn": ADMINISTRATOR}), r#"{"Versions":[{"VersionId":"v1","IsDefaultVersion":true}],"IsTruncated":false}"#),
    ]).await;
    let first = iam(&kit, "ListPolicyVersions", json!({"PolicyArn": arn, "MaxItems": 2})).await;
    let second = iam(&kit, "ListPolicyVersions", json!({"PolicyArn": arn, "Marker": first["Marker"]})).await;
    let ids = [&first, &second].map(|page| {
        page["Versions"].as_array().unwrap().iter().map(|v| v["VersionId"].as_str().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(ids, [vec!["v6", "v4"], vec!["v3", "v2", "v1"]]);
}

#[tokio::test]
async fn policies_are_listed_by_scope_path_and_use() {
    let kit = kit();
    for (name, path) in [("b", "/"), ("a", "/x/"), ("c", "/x/y/")] {
        iam(&kit, "CreatePolicy", json!({"PolicyName": name, "Path": path, "PolicyDocument": inline("s3:*", "*")}))
            .await;
    }
    role(&kit, "app").await;
    iam(&kit, "AttachRolePolicy", json!({"RoleName": "app", "PolicyArn": own("x/a")})).await;
    iam(&kit, "PutRolePermissionsBoundary", json!({"RoleName": "app", "PermissionsBoundary": S3})).await;
    let names = async |document: serde_json::Value| {
        let listed = iam(&kit, "ListPolicies", document).await;
        listed["Policies"]
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["PolicyName"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(json!({"Scope": "Local"})).await, ["a", "b", "c"]);
    assert_eq!(names(json!({"Scope": "Local", "PathPrefix": "/x/"})).await, ["a", "c"]);
    assert_eq!(names(json!({"OnlyAttached": true})).await, ["a", "AmazonS3FullAccess"]);
    assert_eq!(names(json!({"PolicyUsageFilter": "PermissionsBoundary"})).await, ["AmazonS3FullAccess"]);
    assert_eq!(names(json!({"PolicyUsageFilter": "PermissionsPolicy"})).await, ["a"]);
    let all = names(json!({})).await;
    assert!(
        all.starts_with(&["a".into(), "b".into(), "c".into(), "AWSLambdaBasicExecutionRole".into()]) || all.len() >= 7
    );
    assert!(!names(json!({"Scope": "AWS"})).await.contains(&"a".to_owned()));
    let first = iam(&kit, "ListPolicies", json!({"MaxItems": 2})).await;
    let second = iam(&kit, "ListPolicies", json!({"Marker": first["Marker"]})).await;
    assert_eq!(first["Policies"].as_array().unwrap().len() + second["Policies"].as_array().unwrap().len(), all.len());
    table(&kit, [("ListPolicies", json!({"Marker": "x"}), "ValidationError 400: Invalid Marker.")]).await;
}

#[tokio::test]
async fn who_uses_a_policy_is_listed_in_pages() {
    let kit = kit();
    role(&kit, "app").await;
    for (operation, document) in [
        ("CreateUser", json!({"UserName": "bob", "PermissionsBoundary": S3})),
        ("CreateUser", json!({"UserName": "eve", "Path": "/x/"})),
        ("CreateGroup", json!({"GroupName": "g"})),
        ("AttachUserPolicy", json!({"UserName": "eve", "PolicyArn": S3})),
        ("AttachUserPolicy", json!({"UserName": "bob", "PolicyArn": S3})),
        ("AttachGroupPolicy", json!({"GroupName": "g", "PolicyArn": S3})),
        ("AttachRolePolicy", json!({"RoleName": "app", "PolicyArn": S3})),
    ] {
        iam(&kit, operation, document).await;
    }
    let counts = async |document: serde_json::Value| {
        let listed = iam(&kit, "ListEntitiesForPolicy", document).await;
        ["PolicyGroups", "PolicyRoles", "PolicyUsers"].map(|list| listed[list].as_array().unwrap().len())
    };
    assert_eq!(counts(json!({"PolicyArn": S3})).await, [1, 1, 2]);
    assert_eq!(counts(json!({"PolicyArn": S3, "EntityFilter": "Role"})).await, [0, 1, 0]);
    assert_eq!(counts(json!({"PolicyArn": S3, "PathPrefix": "/x/"})).await, [0, 0, 1]);
    assert_eq!(counts(json!({"PolicyArn": S3, "PolicyUsageFilter": "PermissionsBoundary"})).await, [0, 0, 1]);
    let first = iam(&kit, "ListEntitiesForPolicy", json!({"PolicyArn": S3, "MaxItems": 3})).await;
    assert_eq!(first["IsTruncated"], true);
    assert_eq!(counts(json!({"PolicyArn": S3, "Marker": first["Marker"]})).await, [0, 0, 1]);
}

#[tokio::test]
async fn inline_and_attached_policies_of_users_and_groups_keep_their_limits() {
    let kit = kit();
    iam(&kit, "CreateUser", json!({"UserName": "n"})).await;
    iam(&kit, "CreateGroup", json!({"GroupName": "n"})).await;
    role(&kit, "n").await;
    for n in 0..11 {
        iam(&kit, "CreatePolicy", json!({"PolicyName": format!("p{n}"), "PolicyDocument": inline("s3:*", "*")})).await;
    }
    for (kind, limit) in [("User", 2048), ("Group", 5120), ("Role", 10240)] {
        let with = |more: serde_json::Value| {
            let mut document = json!({format!("{kind}Name"): "n"});
            document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            document
        };
        let long = inline("s3:*", &format!("arn:aws:s3:::{}", "b".repeat(limit - 150)));
        let too_long = inline("s3:*", &format!("arn:aws:s3:::{}", "b".repeat(limit)));
        let lower = kind.to_lowercase();
        let put = |name: &str, document: &str| with(json!({"PolicyName": name, "PolicyDocument": document}));
        let [do_put, do_get, do_delete] = ["Put", "Get", "Delete"].map(|verb| format!("{verb}{kind}Policy"));
        let list = format!("List{kind}Policies");
        table(
            &kit,
            [
                (do_put.as_str(), put("a", &long), ""),
                (
                    &do_put,
                    put("b", &too_long),
                    &format!("LimitExceeded 409: Maximum policy size of {limit} bytes exceeded for {lower} n"),
                ),
                (&do_put, put("b", "{"), "MalformedPolicyDocument 400: Syntax errors in policy."),
                (&do_put, put("a", &inline("s3:*", "*")), ""),
                (&do_put, put("b", &inline("s3:*", "*")), ""),
                (&do_get, with(json!({"PolicyName": "a"})), ""),
                (
                    &do_get,
                    with(json!({"PolicyName": "z"})),
                    &format!("NoSuchEntity 404: The {lower} policy with name z cannot be found."),
                ),
                (
                    &do_delete,
                    with(json!({"PolicyName": "z"})),
                    &format!("NoSuchEntity 404: The {lower} policy with name z cannot be found."),
                ),
            ],
        )
        .await;
        let first = iam(&kit, &list, with(json!({"MaxItems": 1}))).await;
        let second = iam(&kit, &list, with(json!({"Marker": first["Marker"]}))).await;
        assert_eq!((&first["PolicyNames"], &second["PolicyNames"]), (&json!(["a"]), &json!(["b"])));
        iam(&kit, &do_delete, with(json!({"PolicyName": "b"}))).await;

        let attached = |n: usize| with(json!({"PolicyArn": own(&format!("p{n}"))}));
        let [attach, detach] = ["Attach", "Detach"].map(|verb| format!("{verb}{kind}Policy"));
        for n in 0..10 {
            iam(&kit, &attach, attached(n)).await;
        }
        table(&kit, [
            (attach.as_str(), attached(10), format!("LimitExceeded 409: Cannot exceed quota for PoliciesPer{kind}: 10").as_str()),
            (&attach, with(json!({"PolicyArn": own("none")})), "NoSuchEntity 404: Policy arn:aws:iam::000000000000:policy/none does not exist or is not attachable."),
            (&attach, with(json!({"PolicyArn": "arn:aws:s3:::some-bucket-of"})), "InvalidInput 400: ARN arn:aws:s3:::some-bucket-of is not valid."),
            (&detach, attached(10), "NoSuchEntity 404: Policy arn:aws:iam::000000000000:policy/p10 was not found."),
            (&detach, with(json!({"PolicyArn": "arn:aws:s3:::some-bucket-of"})), "InvalidInput 400: ARN arn:aws:s3:::some-bucket-of is not valid."),
            (&detach, attached(9), ""),
        ]).await;
        let list = format!("ListAttached{kind}Policies");
        let first = iam(&kit, &list, with(json!({"MaxItems": 5}))).await;
        let second = iam(&kit, &list, with(json!({"Marker": first["Marker"]}))).await;
        assert_eq!(second["AttachedPolicies"].as_array().unwrap().len(), 4);
    }
}

#[tokio::test]
async fn tags_of_users_and_policies() {
    let kit = kit();
    iam(&kit, "CreateUser", json!({"UserName": "n"})).await;
    iam(&kit, "CreatePolicy", json!({"PolicyName": "n", "PolicyDocument": inline("s3:*", "*")})).await;
    for (kind, named, case) in
        [("User", json!({"UserName": "n"}), false), ("Policy", json!({"PolicyArn": own("n")}), true)]
    {
        let with = |more: serde_json::Value| {
            let mut document = named.clone();
            document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            document
        };
        let [tag, untag, list] = [format!("Tag{kind}"), format!("Untag{kind}"), format!("List{kind}Tags")];
        let pair = |key: &str| json!({"Key": key, "Value": "v"});
        let many: Vec<_> = (0..49).map(|n| pair(&format!("k{n:02}"))).collect();
        table(
            &kit,
            [
                (tag.as_str(), with(json!({"Tags": [pair("Team")]})), ""),
                (&tag, with(json!({"Tags": [pair("TEAM")]})), ""),
                (
                    &tag,
                    with(json!({"Tags": [pair("aws:x")]})),
                    "InvalidInput 400: Only AWS service can use System Tags",
                ),
                (
                    &list,
                    with(json!({})),
                    if case {
                        r#"{"Tags":[{"Key":"TEAM","Value":"v"},{"Key":"Team","Value":"v"}],"IsTruncated":false}"#
                    } else {
                        r#"{"Tags":[{"Key":"TEAM","Value":"v"}],"IsTruncated":false}"#
                    },
                ),
                (&untag, with(json!({"TagKeys": ["team", "Team"]})), ""),
                (&tag, with(json!({"Tags": many})), ""),
                (
                    &tag,
                    with(json!({"Tags": [pair("x"), pair("y")]})),
                    &format!("LimitExceeded 409: Cannot exceed quota for TagsPer{kind}: 50"),
                ),
            ],
        )
        .await;
        let first = iam(&kit, &list, with(json!({"MaxItems": 10}))).await;
        let second = iam(&kit, &list, with(json!({"Marker": first["Marker"]}))).await;
        assert_eq!(second["Tags"].as_array().unwrap().len(), if case { 40 } else { 39 });
    }
}

#[tokio::test]
async fn a_boundary_limits_what_policies_allow() {
    let kit = kit();
    iam(&kit, "CreateUser", json!({"UserName": "bob"})).await;
    iam(&kit, "AttachUserPolicy", json!({"UserName": "bob", "PolicyArn": ADMINISTRATOR})).await;
    let (bob, _) = kit::signed_in(&kit, "bob").await;
    let list = async |operation: &str| kit::show_as(&kit, &bob, "iam", operation, json!({})).await;
    assert!(list("ListUsers").await.starts_with('{'));
    iam(&kit, "CreatePolicy", json!({"PolicyName": "b", "PolicyDocument": inline("iam:ListUsers", "*")})).await;
    iam(&kit, "PutUserPermissionsBoundary", json!({"UserName": "bob", "PermissionsBoundary": own("b")})).await;
    assert!(list("ListUsers").await.starts_with('{'));
    let odd = "InvalidInput 400: ARN arn:aws:s3:::some-bucket-of is not valid.";
    role(&kit, "other").await;
    table(
        &kit,
        [
            (
                "PutUserPermissionsBoundary",
                json!({"UserName": "bob", "PermissionsBoundary": "arn:aws:s3:::some-bucket-of"}),
                odd,
            ),
            (
                "PutRolePermissionsBoundary",
                json!({"RoleName": "other", "PermissionsBoundary": "arn:aws:s3:::some-bucket-of"}),
                odd,
            ),
            (
                "CreatePolicyVersion",
                json!({"PolicyArn": own("b"), "PolicyDocument": "{"}),
                "MalformedPolicyDocument 400: Syntax errors in policy.",
            ),
        ],
    )
    .await;
    let denied = list("ListGroups").await;
    assert!(denied.ends_with("because no permissions boundary allows the iam:ListGroups action"), "{denied}");
    iam(&kit, "DeleteUserPermissionsBoundary", json!({"UserName": "bob"})).await;
    assert!(list("ListGroups").await.starts_with('{'));

    role(&kit, "app").await;
    iam(&kit, "AttachRolePolicy", json!({"RoleName": "app", "PolicyArn": ADMINISTRATOR})).await;
    iam(&kit, "PutRolePermissionsBoundary", json!({"RoleName": "app", "PermissionsBoundary": own("b")})).await;
    let answer =
        kit::assume(&kit, json!({"RoleArn": "arn:aws:iam::000000000000:role/app", "RoleSessionName": "me"})).await;
    let app = kit::caller(&kit, &answer).await.unwrap();
    assert!(kit::show_as(&kit, &app, "iam", "ListGroups", json!({})).await.contains("no permissions boundary"));
    iam(&kit, "DeleteRolePermissionsBoundary", json!({"RoleName": "app"})).await;
    assert!(kit::show_as(&kit, &app, "iam", "ListGroups", json!({})).await.starts_with('{'));

    // Who may only make users with a boundary makes none without.
    let only = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*", "Condition": {"StringEquals": {"iam:PermissionsBoundary": own("b")}}}]});
    iam(&kit, "DetachUserPolicy", json!({"UserName": "bob", "PolicyArn": ADMINISTRATOR})).await;
    iam(&kit, "PutUserPolicy", json!({"UserName": "bob", "PolicyName": "p", "PolicyDocument": only.to_string()})).await;
    let make = async |document| kit::show_as(&kit, &bob, "iam", "CreateUser", document).await;
    assert!(make(json!({"UserName": "x"})).await.starts_with("AccessDenied"));
    assert!(make(json!({"UserName": "x", "PermissionsBoundary": own("b")})).await.starts_with('{'));
}

#[tokio::test]
async fn a_session_may_be_limited_by_policies_of_the_account() {
    let kit = kit();
    role(&kit, "app").await;
    iam(&kit, "AttachRolePolicy", json!({"RoleName": "app", "PolicyArn": ADMINISTRATOR})).await;
    iam(&kit, "TagRole", json!({"RoleName": "app", "Tags": [{"Key": "team", "Value": "a"}]})).await;
    iam(&kit, "CreatePolicy", json!({"PolicyName": "l", "PolicyDocument": inline("iam:ListUsers", "*")})).await;
    let of = |arn: String| json!({"RoleArn": "arn:aws:iam::000000000000:role/app", "RoleSessionName": "me", "PolicyArns": [{"arn": arn}]});
    let answer = kit::assume(&kit, of(own("l"))).await;
    let app = kit::caller(&kit, &answer).await.unwrap();
    assert!(app.context.contains(&("aws:PrincipalTag/team".into(), "a".into())));
    assert!(kit::show_as(&kit, &app, "iam", "ListUsers", json!({})).await.starts_with('{'));
    assert!(kit::show_as(&kit, &app, "iam", "ListGroups", json!({})).await.contains("no session policy allows"));
    let unknown = kit.show("sts", "AssumeRole", of(own("none"))).await;
    assert!(unknown.starts_with("ValidationError 400: Policy arn:aws:iam::000000000000:policy/none does not exist"));
    // A limit that is gone allows nothing.
    iam(&kit, "DeletePolicy", json!({"PolicyArn": own("l")})).await;
    let app = kit::caller(&kit, &answer).await.unwrap();
    assert!(kit::show_as(&kit, &app, "iam", "ListUsers", json!({})).await.contains("no session policy allows"));
}

/// Bytes as the first version of this house stored them; nothing said then which roles use a policy.
#[tokio::test]
async fn roles_of_older_stores_are_known_to_use_their_policies() {
    let kit = kit();
    let old = r#"{"V1":{"name":"App","path":"/","id":"AROAHMOFBNL66VS3OCTYL","arn":"arn:aws:iam::000000000000:role/App","created":1795478400000,"trust_policy":"{}","description":null,"max_session_seconds":3600,"inline_policies":{},"attached_policies":["arn:aws:iam::aws:policy/AmazonS3FullAccess"]}}"#;
    let mut tx = kit.platform.begin().await.unwrap();
    tx.put(kv::Key::from_static(b"iam\x00role\x00000000000000\x00app"), old);
    tx.commit().await.unwrap();
    let users = async || iam(&kit, "ListEntitiesForPolicy", json!({"PolicyArn": S3})).await["PolicyRoles"].take();
    assert_eq!(users().await, json!([]));
    for _ in 0..2 {
        ::iam::start(&kit.platform).await.unwrap();
        assert_eq!(users().await, json!([{"RoleName": "App", "RoleId": "AROAHMOFBNL66VS3OCTYL"}]));
    }
    iam(&kit, "DetachRolePolicy", json!({"RoleName": "app", "PolicyArn": S3})).await;
    assert_eq!(users().await, json!([]));
    kit.platform.tasks.shutdown().await;
}
