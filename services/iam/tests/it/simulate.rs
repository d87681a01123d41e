//! Simulations, and the keys that policies ask for.

use expect_test::expect;
use serde_json::{Value, json};
use service::testing::Kit;

use crate::kit::{self, S3, iam, inline, kit, own, role, table};

async fn custom(kit: &Kit, more: Value) -> Value {
    let mut document =
        json!({"PolicyInputList": [inline("s3:Get*", "arn:aws:s3:::b/*")], "ActionNames": ["s3:GetObject"]});
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    iam(kit, "SimulateCustomPolicy", document).await["EvaluationResults"].take()
}

#[tokio::test]
async fn results_name_the_statements_that_decided() {
    let kit = kit();
    let found = custom(&kit, json!({"ResourceArns": ["arn:aws:s3:::b/k"]})).await;
    expect![[r#"[{"EvalActionName":"s3:GetObject","EvalResourceName":"arn:aws:s3:::b/k","EvalDecision":"allowed","MatchedStatements":[{"SourcePolicyId":"PolicyInputList.1","SourcePolicyType":"IAM Policy","StartPosition":{"Line":1,"Column":38},"EndPosition":{"Line":1,"Column":105}}],"MissingContextValues":[],"ResourceSpecificResults":[{"EvalResourceName":"arn:aws:s3:::b/k","EvalResourceDecision":"allowed","MatchedStatements":[{"SourcePolicyId":"PolicyInputList.1","SourcePolicyType":"IAM Policy","StartPosition":{"Line":1,"Column":38},"EndPosition":{"Line":1,"Column":105}}],"MissingContextValues":[]}]}]"#]].assert_eq(&found.to_string());
    let deny = inline("s3:*", "arn:aws:s3:::b/secret").replace("Allow", "Deny");
    let policies = json!([inline("s3:*", "*"), deny]);
    let both = json!({"PolicyInputList": policies, "ResourceArns": ["arn:aws:s3:::b/k", "arn:aws:s3:::b/secret"], "ActionNames": ["s3:GetObject", "sqs:SendMessage"]});
    let found = custom(&kit, both).await;
    let decisions = |at: usize| {
        let specific = found[at]["ResourceSpecificResults"].as_array().unwrap().iter();
        let each: Vec<&str> = specific.map(|one| one["EvalResourceDecision"].as_str().unwrap()).collect();
        (found[at]["EvalDecision"].as_str().unwrap(), each)
    };
    assert_eq!(decisions(0), ("explicitDeny", vec!["allowed", "explicitDeny"]));
    assert_eq!(decisions(1), ("implicitDeny", vec!["implicitDeny", "implicitDeny"]));
    let denying = &found[0]["ResourceSpecificResults"][1]["MatchedStatements"];
    assert_eq!((denying.as_array().unwrap().len(), &denying[0]["SourcePolicyId"]), (1, &json!("PolicyInputList.2")));
    let none = custom(&kit, json!({})).await;
    expect![[r#"[{"EvalActionName":"s3:GetObject","EvalResourceName":"*","EvalDecision":"implicitDeny","MatchedStatements":[],"MissingContextValues":[]}]"#]].assert_eq(&none.to_string());
}

#[tokio::test]
async fn keys_that_nobody_gave_are_named_and_each_type_is_read() {
    let kit = kit();
    let with = |condition: Value| {
        let statement = json!({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username}", "Condition": condition});
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    };
    let policy = with(
        json!({"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"s3:prefix": "${aws:PrincipalTag/Team, 'x'}"}}),
    );
    let found = custom(&kit, json!({"PolicyInputList": [policy]})).await;
    assert_eq!(found[0]["MissingContextValues"], json!(["aws:SecureTransport", "aws:username", "s3:prefix"]));
    let found = custom(&kit, json!({"PolicyInputList": [policy], "ResourceArns": ["arn:aws:s3:::b/bob"]})).await;
    assert_eq!(found[0]["MissingContextValues"], json!([]));
    assert_eq!(found[0]["ResourceSpecificResults"][0]["MissingContextValues"].as_array().unwrap().len(), 3);
    let keys = json!({"PolicyInputList": [policy]});
    expect![[r#"{"ContextKeyNames":["aws:SecureTransport","aws:username","s3:prefix"]}"#]]
        .assert_eq(&kit.show("iam", "GetContextKeysForCustomPolicy", keys).await);

    let rows = [
        (json!({"StringEquals": {"aws:x": "a"}}), "string", vec!["a"]),
        (json!({"ForAllValues:StringEquals": {"aws:x": ["a", "b"]}}), "stringList", vec!["a", "b"]),
        (json!({"NumericLessThan": {"aws:x": "10"}}), "numeric", vec!["9.5"]),
        (json!({"ForAnyValue:NumericEquals": {"aws:x": "10"}}), "numericList", vec!["9", "10"]),
        (json!({"Bool": {"aws:x": "true"}}), "boolean", vec!["true"]),
        (json!({"ForAllValues:Bool": {"aws:x": "true"}}), "booleanList", vec!["true", "true"]),
        (json!({"IpAddress": {"aws:x": "2001:db8::/32"}}), "ip", vec!["2001:db8::1"]),
        (json!({"ForAnyValue:IpAddress": {"aws:x": "10.0.0.0/8"}}), "ipList", vec!["10.1.2.3"]),
        (json!({"BinaryEquals": {"aws:x": "QQ=="}}), "binary", vec!["QQ=="]),
        (json!({"ForAllValues:BinaryEquals": {"aws:x": "QQ=="}}), "binaryList", vec!["QQ=="]),
        (json!({"DateLessThan": {"aws:x": "2026-01-01T00:00:00Z"}}), "date", vec!["2025-01-01T00:00:00Z"]),
        (json!({"ForAllValues:DateGreaterThan": {"aws:x": "0"}}), "dateList", vec!["1735689600"]),
    ];
    for (condition, key_type, values) in rows {
        let entries = json!([
            {"ContextKeyName": "aws:x", "ContextKeyType": key_type, "ContextKeyValues": values},
            {"ContextKeyName": "aws:username", "ContextKeyType": "string", "ContextKeyValues": ["bob"]},
        ]);
        let asked = json!({"PolicyInputList": [with(condition)], "ResourceArns": ["arn:aws:s3:::b/bob"], "ContextEntries": entries});
        assert_eq!(custom(&kit, asked).await[0]["EvalDecision"], "allowed", "{key_type}");
    }
}

#[tokio::test]
async fn boundaries_and_policies_of_resources_count() {
    let kit = kit();
    let bounded = custom(&kit, json!({"PermissionsBoundaryPolicyInputList": [inline("s3:GetObject", "*")], "ActionNames": ["s3:GetObject", "s3:GetObjectAcl"], "ResourceArns": ["arn:aws:s3:::b/k"]})).await;
    let detail = |at: usize| {
        (
            &bounded[at]["EvalDecision"],
            &bounded[at]["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"],
        )
    };
    assert_eq!(detail(0), (&json!("allowed"), &json!(true)));
    assert_eq!(detail(1), (&json!("implicitDeny"), &json!(false)));

    let resource = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:user/bob"}, "Action": "sqs:*", "Resource": "*"}]}).to_string();
    let asked = |caller: &str, owner: &str| json!({"PolicyInputList": [inline("s3:*", "*")], "ActionNames": ["sqs:SendMessage"], "ResourcePolicy": resource, "CallerArn": caller, "ResourceOwner": owner, "ResourceArns": ["arn:aws:sqs:us-east-1:111111111111:q"]});
    let (bob, eve) = ("arn:aws:iam::111111111111:user/bob", "arn:aws:iam::111111111111:user/eve");
    let (home, abroad) = ("arn:aws:iam::111111111111:root", "arn:aws:iam::222222222222:root");
    let found = custom(&kit, asked(bob, home)).await;
    assert_eq!(found[0]["EvalDecision"], "allowed");
    assert_eq!(found[0]["MatchedStatements"][0]["SourcePolicyId"], "ResourcePolicy");
    assert_eq!(custom(&kit, asked(eve, home)).await[0]["EvalDecision"], "implicitDeny");
    // Across accounts both sides must allow.
    assert_eq!(custom(&kit, asked(bob, abroad)).await[0]["EvalDecision"], "implicitDeny");
}

#[tokio::test]
async fn principals_are_simulated_with_all_that_they_have() {
    let kit = kit();
    role(&kit, "app").await;
    for (operation, document) in [
        ("CreateUser", json!({"UserName": "bob", "PermissionsBoundary": S3, "Tags": [{"Key": "Team", "Value": "a"}]})),
        ("CreateGroup", json!({"GroupName": "g"})),
        ("AddUserToGroup", json!({"GroupName": "g", "UserName": "bob"})),
        (
            "CreatePolicy",
            json!({"PolicyName": "own", "PolicyDocument": inline("s3:GetObject", "arn:aws:s3:::b/${aws:username}")}),
        ),
        ("AttachGroupPolicy", json!({"GroupName": "g", "PolicyArn": own("own")})),
        ("PutUserPolicy", json!({"UserName": "bob", "PolicyName": "p", "PolicyDocument": inline("sqs:*", "*")})),
        ("PutRolePolicy", json!({"RoleName": "app", "PolicyName": "r", "PolicyDocument": inline("sqs:*", "*")})),
    ] {
        iam(&kit, operation, document).await;
    }
    let asked = |kind: &str, name: &str| json!({"PolicySourceArn": format!("arn:aws:iam::000000000000:{kind}/{name}"), "ActionNames": ["s3:GetObject", "sqs:SendMessage"], "ResourceArns": ["arn:aws:s3:::b/bob"]});
    let decisions = async |kind: &str, name: &str| {
        let found = iam(&kit, "SimulatePrincipalPolicy", asked(kind, name)).await["EvaluationResults"].take();
        let each = found.as_array().unwrap().iter().map(|one| {
            let source = one["MatchedStatements"][0]["SourcePolicyId"].as_str().unwrap_or("-");
            format!("{} {source}", one["EvalDecision"].as_str().unwrap())
        });
        each.collect::<Vec<_>>()
    };
    assert_eq!(decisions("user", "bob").await, ["allowed own", "implicitDeny -"]);
    assert_eq!(decisions("group", "g").await, ["implicitDeny -", "implicitDeny -"]);
    assert_eq!(decisions("role", "app").await, ["implicitDeny -", "allowed role_app_r"]);
    let keys = json!({"PolicySourceArn": "arn:aws:iam::000000000000:user/bob", "PolicyInputList": [inline("s3:*", "arn:aws:s3:::${aws:userid}")]});
    expect![[r#"{"ContextKeyNames":["aws:userid","aws:username"]}"#]]
        .assert_eq(&kit.show("iam", "GetContextKeysForPrincipalPolicy", keys).await);
    let mut resource = asked("role", "app");
    resource["ResourcePolicy"] = kit::inline("s3:*", "*").into();
    let mut page = asked("user", "bob");
    page["MaxItems"] = 1.into();
    let first = iam(&kit, "SimulatePrincipalPolicy", page.clone()).await;
    page["Marker"] = first["Marker"].clone();
    let second = iam(&kit, "SimulatePrincipalPolicy", page).await;
    assert_eq!(second["EvaluationResults"][0]["EvalActionName"], "sqs:SendMessage");
    assert_eq!((&first["IsTruncated"], &second["IsTruncated"]), (&json!(true), &json!(false)));
    table(
        &kit,
        [
            (
                "SimulatePrincipalPolicy",
                asked("user", "none"),
                "NoSuchEntity 404: The user with name none cannot be found.",
            ),
            (
                "SimulatePrincipalPolicy",
                asked("group", "none"),
                "NoSuchEntity 404: The group with name none cannot be found.",
            ),
            (
                "SimulatePrincipalPolicy",
                asked("role", "none"),
                "NoSuchEntity 404: The role with name none cannot be found.",
            ),
            (
                "SimulatePrincipalPolicy",
                asked("policy", "own"),
                "InvalidInput 400: ARN arn:aws:iam::000000000000:policy/own is not valid.",
            ),
            ("SimulatePrincipalPolicy", resource, "InvalidInput 400: CallerArn is required"),
            (
                "GetContextKeysForPrincipalPolicy",
                json!({"PolicySourceArn": "arn:aws:iam::000000000000:role/none"}),
                "NoSuchEntity 404: The role with name none cannot be found.",
            ),
            (
                "GetContextKeysForPrincipalPolicy",
                json!({"PolicySourceArn": "arn:aws:s3:::some-bucket-of"}),
                "InvalidInput 400: ARN arn:aws:s3:::some-bucket-of is not valid.",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn simulations_that_make_no_sense_are_refused() {
    let kit = kit();
    let of = |more: Value| {
        let mut document =
            json!({"PolicyInputList": [inline("s3:*", "*")], "ActionNames": ["s3:GetObject", "s3:PutObject"]});
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        document
    };
    let entry = |key_type: &str, values: Value| json!({"ContextEntries": [{"ContextKeyName": "aws:x", "ContextKeyType": key_type, "ContextKeyValues": values}]});
    let operation = "SimulateCustomPolicy";
    table(
        &kit,
        [
            (
                operation,
                of(json!({"PolicyInputList": ["{"]})),
                "InvalidInput 400: Invalid policy PolicyInputList.1: Syntax errors in policy.",
            ),
            (operation, of(json!({"ActionNames": ["GetObject"]})), "InvalidInput 400: Invalid action: GetObject"),
            (
                operation,
                of(json!({"CallerArn": "arn:aws:iam::000000000000:role/app"})),
                "InvalidInput 400: ARN arn:aws:iam::000000000000:role/app is not valid.",
            ),
            (operation, of(json!({"ResourceOwner": "me"})), "InvalidInput 400: ARN me is not valid."),
            (operation, of(json!({"ResourcePolicy": "{}"})), "InvalidInput 400: CallerArn is required"),
            (
                operation,
                of(json!({"PermissionsBoundaryPolicyInputList": [inline("s3:*", "*"), inline("s3:*", "*")]})),
                "InvalidInput 400: Only one permissions boundary",
            ),
            (
                operation,
                of(entry("numeric", json!(["few"]))),
                "InvalidInput 400: The value few of the context key aws:x is no numeric.",
            ),
            (operation, of(entry("ip", json!(["300.1.1.1"]))), "InvalidInput 400: The value 300.1.1.1"),
            (operation, of(entry("date", json!(["soon"]))), "InvalidInput 400: The value soon"),
            (operation, of(entry("boolean", json!(["maybe"]))), "InvalidInput 400: The value maybe"),
            (
                operation,
                of(entry("string", json!(["a", "b"]))),
                "InvalidInput 400: The context key aws:x of type string must have one value.",
            ),
            (operation, of(json!({"Marker": "x"})), "ValidationError 400: Invalid Marker."),
            (
                operation,
                of(json!({"ResourceHandlingOption": "EC2-VPC-InstanceStore"})),
                "NotImplemented 501: The member ResourceHandlingOption",
            ),
            (
                "GetContextKeysForCustomPolicy",
                json!({"PolicyInputList": ["[]"]}),
                "InvalidInput 400: Invalid policy PolicyInputList.1: ",
            ),
        ],
    )
    .await;
    let first = iam(&kit, operation, of(json!({"MaxItems": 1}))).await;
    let second = iam(&kit, operation, of(json!({"MaxItems": 1, "Marker": first["Marker"]}))).await;
    assert_eq!(
        (&second["EvaluationResults"][0]["EvalActionName"], &second["IsTruncated"]),
        (&json!("s3:PutObject"), &json!(false))
    );
}

#[tokio::test]
async fn an_account_in_numbers_and_in_full() {
    let kit = kit();
    role(&kit, "app").await;
    for (operation, document) in [
        ("CreateUser", json!({"UserName": "bob"})),
        ("CreateGroup", json!({"GroupName": "g"})),
        ("AddUserToGroup", json!({"GroupName": "g", "UserName": "bob"})),
        ("CreatePolicy", json!({"PolicyName": "own", "PolicyDocument": inline("s3:*", "*")})),
        ("CreatePolicyVersion", json!({"PolicyArn": own("own"), "PolicyDocument": inline("s3:Get*", "*")})),
        ("AttachUserPolicy", json!({"UserName": "bob", "PolicyArn": own("own")})),
        ("AttachRolePolicy", json!({"RoleName": "app", "PolicyArn": S3})),
        ("PutUserPolicy", json!({"UserName": "bob", "PolicyName": "p", "PolicyDocument": inline("sqs:*", "*")})),
    ] {
        iam(&kit, operation, document).await;
    }
    let summary = iam(&kit, "GetAccountSummary", json!({})).await["SummaryMap"].take();
    for (name, number) in [
        ("Users", 1),
        ("Groups", 1),
        ("Roles", 1),
        ("Policies", 1),
        ("PolicyVersionsInUse", 2),
        ("UsersQuota", 5000),
        ("AccessKeysPerUserQuota", 2),
        ("AccountAccessKeysPresent", 1),
    ] {
        assert_eq!(summary[name], number, "{name}");
    }
    let all = iam(&kit, "GetAccountAuthorizationDetails", json!({})).await;
    let user = &all["UserDetailList"][0];
    assert_eq!(
        (&user["UserName"], &user["GroupList"], &user["UserPolicyList"][0]["PolicyName"]),
        (&json!("bob"), &json!(["g"]), &json!("p"))
    );
    assert_eq!(user["AttachedManagedPolicies"][0]["PolicyArn"], own("own"));
    assert_eq!(all["RoleDetailList"][0]["AttachedManagedPolicies"][0]["PolicyArn"], S3);
    assert_eq!(all["GroupDetailList"][0]["GroupName"], "g");
    let policies = all["Policies"].as_array().unwrap();
    assert_eq!((policies.len(), policies[0]["PolicyVersionList"].as_array().unwrap().len()), (2, 2));
    assert_eq!(policies[1]["Arn"], S3);
    let first = iam(
        &kit,
        "GetAccountAuthorizationDetails",
        json!({"MaxItems": 3, "Filter": ["User", "Role", "LocalManagedPolicy", "AWSManagedPolicy"]}),
    )
    .await;
    let second = iam(
        &kit,
        "GetAccountAuthorizationDetails",
        json!({"Marker": first["Marker"], "Filter": ["User", "Role", "LocalManagedPolicy", "AWSManagedPolicy"]}),
    )
    .await;
    assert_eq!(
        (first["GroupDetailList"].as_array().unwrap().len(), second["Policies"].as_array().unwrap().len()),
        (0, 1)
    );
    table(&kit, [("GetAccountAuthorizationDetails", json!({"Marker": "x"}), "ValidationError 400: Invalid Marker.")])
        .await;
}
