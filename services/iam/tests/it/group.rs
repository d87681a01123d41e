//! Groups and their members.

use serde_json::json;

use crate::kit::{self, S3, iam, inline, kit, show_as, signed_in, table};

#[tokio::test]
async fn a_group_from_birth_to_death() {
    let kit = kit();
    table(
        &kit,
        [
            (
                "CreateGroup",
                json!({"GroupName": "Dev", "Path": "/t/"}),
                r#"{"Group":{"Path":"/t/","GroupName":"Dev","GroupId":"AGPA"#,
            ),
            (
                "CreateGroup",
                json!({"GroupName": "dev"}),
                "EntityAlreadyExists 409: Group with name dev already exists.",
            ),
            ("CreateGroup", json!({"GroupName": "ops"}), ""),
            ("CreateUser", json!({"UserName": "bob"}), ""),
            ("AddUserToGroup", json!({"GroupName": "DEV", "UserName": "Bob"}), ""),
            (
                "AddUserToGroup",
                json!({"GroupName": "dev", "UserName": "eve"}),
                "NoSuchEntity 404: The user with name eve cannot be found.",
            ),
            (
                "AddUserToGroup",
                json!({"GroupName": "none", "UserName": "bob"}),
                "NoSuchEntity 404: The group with name none cannot be found.",
            ),
            (
                "RemoveUserFromGroup",
                json!({"GroupName": "ops", "UserName": "bob"}),
                "NoSuchEntity 404: The user with name bob is not a member of the group with name ops.",
            ),
            ("AttachGroupPolicy", json!({"GroupName": "dev", "PolicyArn": S3}), ""),
            (
                "UpdateGroup",
                json!({"GroupName": "dev", "NewGroupName": "OPS"}),
                "EntityAlreadyExists 409: Group with name OPS already exists.",
            ),
            ("UpdateGroup", json!({"GroupName": "dev", "NewGroupName": "coders", "NewPath": "/"}), ""),
            (
                "ListGroupsForUser",
                json!({"UserName": "bob"}),
                r#"{"Groups":[{"Path":"/","GroupName":"coders","GroupId":"AGPA"#,
            ),
            (
                "ListEntitiesForPolicy",
                json!({"PolicyArn": S3, "EntityFilter": "Group"}),
                r#"{"PolicyGroups":[{"GroupName":"coders","#,
            ),
            (
                "DeleteGroup",
                json!({"GroupName": "coders"}),
                "DeleteConflict 409: Cannot delete entity, must detach all policies first.",
            ),
            ("DetachGroupPolicy", json!({"GroupName": "coders", "PolicyArn": S3}), ""),
            (
                "PutGroupPolicy",
                json!({"GroupName": "coders", "PolicyName": "p", "PolicyDocument": inline("s3:*", "*")}),
                "",
            ),
            (
                "DeleteGroup",
                json!({"GroupName": "coders"}),
                "DeleteConflict 409: Cannot delete entity, must delete policies first.",
            ),
            ("DeleteGroupPolicy", json!({"GroupName": "coders", "PolicyName": "p"}), ""),
            (
                "DeleteGroup",
                json!({"GroupName": "coders"}),
                "DeleteConflict 409: Cannot delete entity, must remove users from group first.",
            ),
            ("RemoveUserFromGroup", json!({"GroupName": "coders", "UserName": "bob"}), ""),
            ("DeleteGroup", json!({"GroupName": "coders"}), ""),
            (
                "GetGroup",
                json!({"GroupName": "coders"}),
                "NoSuchEntity 404: The group with name coders cannot be found.",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn members_and_groups_are_listed_in_pages() {
    let kit = kit();
    for n in 0..11 {
        iam(&kit, "CreateGroup", json!({"GroupName": format!("g{n:02}")})).await;
        iam(&kit, "CreateUser", json!({"UserName": format!("u{n:02}")})).await;
        iam(&kit, "AddUserToGroup", json!({"GroupName": "g00", "UserName": format!("u{n:02}")})).await;
    }
    for n in 1..10 {
        iam(&kit, "AddUserToGroup", json!({"GroupName": format!("g{n:02}"), "UserName": "u00"})).await;
    }
    let quota = "LimitExceeded 409: Cannot exceed quota for GroupsPerUser: 10";
    table(&kit, [("AddUserToGroup", json!({"GroupName": "g10", "UserName": "u00"}), quota)]).await;
    for (operation, named, list) in [
        ("GetGroup", json!({"GroupName": "g00"}), "Users"),
        ("ListGroupsForUser", json!({"UserName": "u00"}), "Groups"),
        ("ListGroups", json!({}), "Groups"),
    ] {
        let page = |more: serde_json::Value| {
            let mut document = named.clone();
            document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            document
        };
        let first = iam(&kit, operation, page(json!({"MaxItems": 4}))).await;
        let second = iam(&kit, operation, page(json!({"MaxItems": 100, "Marker": first["Marker"]}))).await;
        let (first, second) = (first[list].as_array().unwrap(), second[list].as_array().unwrap());
        assert_eq!((first.len(), second.len() >= 6), (4, true), "{operation}");
        assert!(first.iter().all(|one| !second.contains(one)), "{operation}");
        table(&kit, [(operation, page(json!({"Marker": "x"})), "ValidationError 400: Invalid Marker.")]).await;
    }
}

#[tokio::test]
async fn what_a_group_may_its_members_may_until_they_leave() {
    let kit = kit();
    for user in ["bob", "eve"] {
        iam(&kit, "CreateUser", json!({"UserName": user})).await;
    }
    iam(&kit, "CreateGroup", json!({"GroupName": "g"})).await;
    let (bob, _) = signed_in(&kit, "bob").await;
    let may = async || !show_as(&kit, &bob, "iam", "ListUsers", json!({})).await.starts_with("AccessDenied");
    assert!(!may().await);
    iam(&kit, "CreatePolicy", json!({"PolicyName": "list", "PolicyDocument": inline("iam:ListUsers", "*")})).await;
    let attached = json!({"GroupName": "g", "PolicyArn": kit::own("list")});
    iam(&kit, "AttachGroupPolicy", attached.clone()).await;
    assert!(!may().await);
    iam(&kit, "AddUserToGroup", json!({"GroupName": "g", "UserName": "bob"})).await;
    assert!(may().await);
    iam(&kit, "UpdateGroup", json!({"GroupName": "g", "NewGroupName": "h"})).await;
    assert!(may().await);
    // Another version is in force with the next request.
    let version = |action: &str| json!({"PolicyArn": kit::own("list"), "PolicyDocument": inline(action, "*"), "SetAsDefault": true});
    iam(&kit, "CreatePolicyVersion", version("iam:ListGroups")).await;
    assert!(!may().await);
    iam(&kit, "SetDefaultPolicyVersion", json!({"PolicyArn": kit::own("list"), "VersionId": "v1"})).await;
    assert!(may().await);
    iam(&kit, "DetachGroupPolicy", json!({"GroupName": "h", "PolicyArn": kit::own("list")})).await;
    assert!(!may().await);
    let document = inline("iam:*", "*");
    iam(&kit, "PutGroupPolicy", json!({"GroupName": "h", "PolicyName": "p", "PolicyDocument": document})).await;
    assert!(may().await);
    iam(
        &kit,
        "PutUserPolicy",
        json!({"UserName": "bob", "PolicyName": "no", "PolicyDocument": document.replace("Allow", "Deny")}),
    )
    .await;
    assert!(!may().await);
    iam(&kit, "DeleteUserPolicy", json!({"UserName": "bob", "PolicyName": "no"})).await;
    iam(&kit, "RemoveUserFromGroup", json!({"GroupName": "h", "UserName": "bob"})).await;
    assert!(!may().await);
}

#[tokio::test]
async fn an_account_has_300_groups_at_most() {
    let kit = kit();
    for n in 0..300 {
        iam(&kit, "CreateGroup", json!({"GroupName": format!("g{n}")})).await;
    }
    let quota = "LimitExceeded 409: Cannot exceed quota for GroupsPerAccount: 300";
    table(
        &kit,
        [
            ("CreateGroup", json!({"GroupName": "one-more"}), quota),
            ("DeleteGroup", json!({"GroupName": "g7"}), ""),
            ("CreateGroup", json!({"GroupName": "one-more"}), ""),
        ],
    )
    .await;
}
