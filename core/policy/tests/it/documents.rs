//! Which documents are policies, and what is said of the others.

use policy::{Policy, PolicyKind};

const IDENTITY: &str = r#""Effect":"Allow","Action":"s3:*","Resource":"*""#;
const BUCKET: &str = r#""Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*""#;
const TRUST: &str = r#""Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole""#;

fn check(kind: PolicyKind, json: &str, expected: &str) {
    let got = Policy::parse(json, kind).map_or_else(|e| e.to_string(), |_| "ok".to_string());
    assert_eq!(got, expected, "{kind:?} {json}");
}

fn members(kind: PolicyKind, members: &str, expected: &str) {
    check(kind, &crate::statement(members), expected);
}

#[test]
fn documents() {
    use PolicyKind::{Inline, Managed, Resource, Trust};
    members(Managed, IDENTITY, "ok");
    members(Resource, BUCKET, "ok");
    members(Trust, TRUST, "ok");
    let list = format!(r#"{{"Version":"2012-10-17","Id":"x","Statement":[{{{IDENTITY}}},{{{IDENTITY}}}]}}"#);
    check(Managed, &list, "ok");
    check(Inline, &format!(r#"{{"Statement":{{{IDENTITY}}}}}"#), "ok");
    let version = "Policy document must be version 2012-10-17 or greater.";
    check(Managed, &format!(r#"{{"Statement":{{{IDENTITY}}}}}"#), version);
    check(Managed, &format!(r#"{{"Version":"2008-10-17","Statement":{{{IDENTITY}}}}}"#), version);
    let syntax = "Syntax errors in policy.";
    check(Managed, &format!(r#"{{"Version":"2013-10-17","Statement":{{{IDENTITY}}}}}"#), syntax);
    check(Managed, r#"{"Version":"2012-10-17"}"#, syntax);
    check(Managed, r#"{"Version":"2012-10-17","Statement":[]}"#, syntax);
    check(Managed, r#"{"Version":"2012-10-17","Statement":["x"]}"#, syntax);
    check(Managed, &format!(r#"{{"Version":"2012-10-17","Extra":1,"Statement":{{{IDENTITY}}}}}"#), syntax);
    check(Managed, "{nope", syntax);
    check(Managed, "[]", syntax);
    check(Trust, "{nope", "This policy contains invalid Json");
    check(Trust, " {}", "JSON strings must not have leading spaces");
    check(Resource, r#"{"Version":"2012-10-17"}"#, "Missing required field Statement");
    let twice = IDENTITY.replace("\"Effect\"", "\"Sid\":\"One\",\"Effect\"");
    let twice = format!(r#"{{"Version":"2012-10-17","Statement":[{{{twice}}},{{{twice}}}]}}"#);
    check(Managed, &twice, "Statement IDs (SID) in a single policy must be unique.");
}

#[test]
fn statements() {
    use PolicyKind::{Managed, Resource, Trust};
    let syntax = "Syntax errors in policy.";
    let sid = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression \
               [0-9A-Za-z]*";
    let vendor = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
    let regexes = "Resource vendor must be fully qualified and cannot contain regexes.";
    let identity = [
        (r#""Sid":"a b""#, r#""Action":"s3:*","Resource":"*""#, sid),
        (r#""Sid":1"#, r#""Action":"s3:*","Resource":"*""#, syntax),
        (r#""Sid":"a""#, r#""Resource":"*""#, "Policy statement must contain actions."),
        (r#""Sid":"a""#, r#""Action":[],"Resource":"*""#, "Policy statement must contain actions."),
        (r#""Sid":"a""#, r#""Action":"s3:*""#, "Policy statement must contain resources."),
        (r#""Sid":"a""#, r#""Action":"s3:*","Resource":[]"#, "Policy statement must contain resources."),
        (r#""Sid":"a""#, r#""Action":"s3:*","NotAction":"s3:X","Resource":"*""#, syntax),
        (r#""Sid":"a""#, r#""Action":"s3:*","NotResource":"*","Resource":"*""#, syntax),
        (r#""Sid":"a""#, r#""Action":7,"Resource":"*""#, syntax),
        (r#""Sid":"a""#, r#""Action":"s3","Resource":"*""#, vendor),
        (r#""Sid":"a""#, r#""Action":"s3:a:b","Resource":"*""#, "Actions/Condition can contain only one colon."),
        (r#""Sid":"a""#, r#""Action":"s 3:a","Resource":"*""#, "Vendor s 3 is not valid"),
        (r#""Sid":"a""#, r#""Action":"s3:*","Resource":"b""#, "Resource b must be in ARN format or \"*\"."),
        (
            r#""Sid":"a""#,
            r#""Action":"s3:*","Resource":["*","arn:aws2:s3:::b"]"#,
            r#"Partition "aws2" is not valid for resource "arn:aws2:s3:::b"."#,
        ),
        (r#""Sid":"a""#, r#""Action":"s3:*","Resource":"arn:aws:*:*:1:*""#, regexes),
        (r#""Sid":"a""#, r#""Action":"s3:*","Resource":"arn:aws""#, regexes),
        (r#""Sid":"a""#, r#""Action":"s3:*","Resource":"arn:aws::x""#, regexes),
        (
            r#""Sid":"a""#,
            r#""Action":"s3:*","NotResource":"arn:aws:iam:us-east-1:1:user/x""#,
            "IAM resource arn:aws:iam:us-east-1:1:user/x cannot contain region information.",
        ),
        (
            r#""Sid":"a""#,
            r#""Action":"s3:*","Resource":"arn:aws:s3:us-east-1::b""#,
            "Resource arn:aws:s3:us-east-1::b can not contain region information.",
        ),
        (r#""Sid":"a""#, r#""Action":"s3:*","Resource":"arn:*:s3:us-east-1:1:accesspoint/p""#, "ok"),
        (r#""Sid":"a""#, r#""Action":"s3:*","Resource":"arn:aws-cn:s3:::b""#, "ok"),
        (r#""Condition":{"StringEquals":{"a":"b"}}"#, r#""Action":"s3:*","Resource":"*""#, vendor),
        (r#""Principal":"*""#, r#""Action":"s3:*","Resource":"*""#, "Policy document should not specify a principal."),
        (
            r#""Condition":{"StringIs":{"a":"b"}}"#,
            r#""Action":"s3:*","Resource":"*""#,
            "Invalid Condition type : StringIs",
        ),
        (r#""Condition":{"StringEquals":"b"}"#, r#""Action":"s3:*","Resource":"*""#, syntax),
        (r#""Condition":{"StringEquals":{"aws:a":{}}}"#, r#""Action":"s3:*","Resource":"*""#, syntax),
        (r#""Unknown":"*""#, r#""Action":"s3:*","Resource":"*""#, syntax),
    ];
    for (first, rest, expected) in identity {
        members(Managed, &format!(r#"{first},"Effect":"Allow",{rest}"#), expected);
    }
    members(Managed, &IDENTITY.replace("Allow", "allow"), "Invalid effect: allow");
    members(Managed, &IDENTITY.replace(r#""Effect":"Allow","#, ""), "Missing required field Effect");
    members(Resource, &BUCKET.replace(r#""Principal":"*","#, ""), "Missing required field Principal");
    members(Resource, &BUCKET.replace(r#","Resource":"arn:aws:s3:::b/*""#, ""), "Missing required field Resource");
    members(Resource, &BUCKET.replace(r#","Action":"s3:*""#, ""), "Missing required field Action");
    members(Resource, &format!("{BUCKET},\"Odd\":1"), "Unknown field Odd");
    for principal in
        [r#"{"AWS":"nobody"}"#, r#"{"AWS":"arn:aws:iam::111111111111:user/*"}"#, r#"{"Who":"x"}"#, "{}", "[]"]
    {
        let members = BUCKET.replace(r#""Principal":"*""#, &format!(r#""Principal":{principal}"#));
        let error = Policy::parse(&crate::statement(&members), Resource).unwrap_err().to_string();
        assert!(error.starts_with("Invalid principal in policy: "), "{error}");
    }
    members(Trust, &format!("{TRUST},\"Resource\":\"*\""), "Has prohibited field Resource");
    members(
        Trust,
        &TRUST.replace("sts:AssumeRole", "s3:GetObject"),
        "AssumeRole policy may only specify STS AssumeRole actions.",
    );
    members(Trust, IDENTITY, "AssumeRole policy may only specify STS AssumeRole actions.");
}

#[test]
fn what_was_accepted_once_is_read_for_ever() {
    for members in [
        r#""Effect":"Allow","Action":"s3:*","Resource":"arn:aws:*:*:1:*""#,
        r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"a":"b"}}"#,
    ] {
        let json = crate::statement(members);
        assert!(Policy::parse(&json, PolicyKind::Inline).is_err() && Policy::stored(&json, PolicyKind::Inline).is_ok());
    }
}

proptest::proptest! {
    #[test]
    fn nothing_panics(text in ".{0,60}", value in r#"("[a-z:*]{0,9}"|\{\}|\[\]|\["a",1\]|null|7|\{"AWS":\[\]\})"#) {
        for kind in [PolicyKind::Managed, PolicyKind::Inline, PolicyKind::Resource, PolicyKind::Trust] {
            let _ = Policy::parse(&text, kind);
            for name in ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"] {
                let members = format!(r#""{name}":{value},"NotAction":{value},"NotPrincipal":{value}"#);
                let _ = Policy::parse(&crate::statement(&members), kind);
                let json = format!(r#"{{"Version":{value},"{name}":{value},"Statement":{value}}}"#);
                let _ = Policy::parse(&json, kind);
            }
        }
    }
}
