//! Wildcards and variables in actions and resources.

use policy::{Context, Policies};

use crate::{ALICE, ask, identity};

fn allows(action: &str, resource: &str, members: &str, context: &Context) -> bool {
    let policies = Policies { identity: vec![identity(members)], ..Policies::default() };
    ask(ALICE, action, resource, context, &policies).is_allowed()
}

#[test]
fn actions() {
    let rows = [
        ("s3:GetObject", "s3:GetObject", true),
        ("S3:getobject", "s3:GetObject", true),
        ("s3:Get*", "s3:GetObject", true),
        ("s3:*Object", "s3:GetObject", true),
        ("s3:*", "s3:PutObject", true),
        ("*", "dynamodb:GetItem", true),
        ("s3:GetObjec?", "s3:GetObject", true),
        ("s3:GetObject?", "s3:GetObject", false),
        ("s3:Get*Acl", "s3:GetObject", false),
        ("s3:Get*Acl", "s3:GetBucketAcl", true),
        ("s3:GetObject", "s3:GetObjectAcl", false),
        ("dynamodb:*", "s3:GetObject", false),
    ];
    for (pattern, action, expected) in rows {
        let members = format!(r#""Effect":"Allow","Action":"{pattern}","Resource":"*""#);
        assert_eq!(allows(action, "*", &members, &Context::new()), expected, "{pattern} {action}");
        let members = format!(r#""Effect":"Allow","NotAction":["{pattern}"],"Resource":"*""#);
        assert_eq!(allows(action, "*", &members, &Context::new()), !expected, "not {pattern} {action}");
    }
}

#[test]
fn resources() {
    let context =
        Context::new().with("aws:username", "alice").with("aws:PrincipalTag/team", "blue").with("aws:userid", "a*b");
    let table = "arn:aws:dynamodb:us-east-1:111111111111:table/t";
    let rows = [
        ("*", table, true),
        ("arn:aws:s3:::b/k", "arn:aws:s3:::b/k", true),
        ("arn:aws:s3:::b/k", "arn:aws:s3:::b/K", false),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b/c", true),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b", false),
        ("arn:aws:s3:::b*", "arn:aws:s3:::bucket/key", true),
        ("arn:aws:s3:::b/*/c", "arn:aws:s3:::b/x/y/c", true),
        ("arn:aws:s3:::b/?", "arn:aws:s3:::b/xy", false),
        ("arn:aws:dynamodb:*:111111111111:table/t", table, true),
        ("arn:aws:dynamodb:us-*-1:111111111111:table/t", table, true),
        ("arn:aws:dynamodb:us-*1:111111111111:table/t", table, true),
        ("arn:aws:dynamodb:u*t-1:111111111111:table/t", table, true),
        ("arn:aws:dynamodb:u*1:table/t", table, false),
        ("arn:aws:dynamodb:us-east-?:111111111111:table/*", table, true),
        ("arn:aws:dynamodb:us-east-1?111111111111:table/t", table, false),
        ("arn:aws:dynamodb:*", table, true),
        ("arn:aws:dynamodb:*:*:table/*", table, true),
        ("arn:aws:dynamodb:*:222222222222:table/t", table, false),
        ("arn:aws:lambda:*:*:function:app:*", "arn:aws:lambda:us-east-1:1:function:app:live", true),
        ("arn:aws:lambda:*:*:function:app", "arn:aws:lambda:us-east-1:1:function:app:live", false),
        ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/alice/x", true),
        ("arn:aws:s3:::b/${AWS:UserName}/*", "arn:aws:s3:::b/alice/x", true),
        ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/bob/x", false),
        ("arn:aws:s3:::b/${aws:PrincipalTag/team}", "arn:aws:s3:::b/blue", true),
        ("arn:aws:s3:::b/${aws:PrincipalTag/none}", "arn:aws:s3:::b/", false),
        ("arn:aws:s3:::b/${aws:PrincipalTag/none, 'all'}", "arn:aws:s3:::b/all", true),
        ("arn:aws:s3:::b/${aws:userid}", "arn:aws:s3:::b/a*b", true),
        ("arn:aws:s3:::b/${aws:userid}", "arn:aws:s3:::b/axxb", false),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/*", true),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/x", false),
        ("arn:aws:s3:::b/${?}${$}", "arn:aws:s3:::b/?$", true),
    ];
    for (pattern, arn, expected) in rows {
        let members = format!(r#""Effect":"Allow","Action":"*","Resource":["arn:aws:sns:::none","{pattern}"]"#);
        assert_eq!(allows("a:B", arn, &members, &context), expected, "{pattern} {arn}");
        let members = format!(r#""Effect":"Allow","Action":"*","NotResource":"{pattern}""#);
        assert_eq!(allows("a:B", arn, &members, &context), !expected, "not {pattern} {arn}");
    }
}

#[test]
fn the_old_version_knows_no_variables() {
    let json = r#"{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:username}"}}"#;
    let old = crate::attached("old", json, policy::PolicyKind::Inline);
    let policies = Policies { identity: vec![old], ..Policies::default() };
    let context = Context::new().with("aws:username", "alice");
    assert!(!ask(ALICE, "a:B", "arn:aws:s3:::b/alice", &context, &policies).is_allowed());
    assert!(ask(ALICE, "a:B", "arn:aws:s3:::b/${aws:username}", &context, &policies).is_allowed());
}

#[test]
fn a_hostile_pattern_costs_little() {
    let pattern = format!("arn:aws:s3:::{}b", "*a".repeat(1000));
    let members = format!(r#""Effect":"Allow","Action":"*","Resource":"{pattern}""#);
    assert!(!allows("a:B", &format!("arn:aws:s3:::{}", "a".repeat(1024)), &members, &Context::new()));
}
