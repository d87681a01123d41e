//! Every operator, present and absent, with one value and with many.

use policy::{Context, Outcome, Policies};

use crate::{ALICE, ask, identity};

/// The request's keys: `k=v` sets one value, `k=v,w` several, `k=` an empty list.
fn context(pairs: &str) -> Context {
    let mut context = Context::new();
    for pair in pairs.split(' ').filter(|p| !p.is_empty()) {
        let (key, values) = pair.split_once('=').unwrap();
        context.set_all(key, values.split(',').filter(|v| !v.is_empty()));
    }
    context
}

fn check(rows: &[(&str, &str, bool)]) {
    for (condition, pairs, expected) in rows {
        let members = format!(r#""Effect":"Allow","Action":"*","Resource":"*","Condition":{{{condition}}}"#);
        let policies = Policies { identity: vec![identity(&members)], ..Policies::default() };
        let decision = ask(ALICE, "a:B", "*", &context(pairs), &policies);
        assert_eq!(decision.is_allowed(), *expected, "{condition} with {pairs:?}");
    }
}

#[test]
fn strings() {
    check(&[
        (r#""StringEquals":{"aws:x":"One"}"#, "aws:x=One", true),
        (r#""StringEquals":{"AWS:X":"One"}"#, "aws:x=One", true),
        (r#""StringEquals":{"aws:x":"One"}"#, "aws:x=one", false),
        (r#""StringEquals":{"aws:x":"One"}"#, "", false),
        (r#""StringEquals":{"aws:x":["One","Two"]}"#, "aws:x=Two", true),
        (r#""StringEquals":{"aws:x":"O*"}"#, "aws:x=One", false),
        (r#""StringEquals":{"aws:x":"O**"}"#, "aws:x=O**", true),
        (r#""StringEqualsIfExists":{"aws:x":"One"}"#, "", true),
        (r#""StringEqualsIfExists":{"aws:x":"One"}"#, "aws:x=Two", false),
        (r#""StringNotEquals":{"aws:x":["One","Two"]}"#, "aws:x=Three", true),
        (r#""StringNotEquals":{"aws:x":["One","Two"]}"#, "aws:x=Two", false),
        (r#""StringNotEquals":{"aws:x":"One"}"#, "", true),
        (r#""StringEqualsIgnoreCase":{"aws:x":"ONE"}"#, "aws:x=one", true),
        (r#""StringNotEqualsIgnoreCase":{"aws:x":"ONE"}"#, "aws:x=one", false),
        (r#""StringLike":{"s3:prefix":["","home/","home/*"]}"#, "s3:prefix=home/a", true),
        (r#""StringLike":{"s3:prefix":"home/?"}"#, "s3:prefix=home/ab", false),
        (r#""StringNotLike":{"s3:prefix":"home/*"}"#, "s3:prefix=home/a", false),
        (r#""StringNotLike":{"s3:prefix":"home/*"}"#, "s3:prefix=work", true),
        (r#""StringEquals":{"aws:x":"${aws:y}"}"#, "aws:x=1 aws:y=1", true),
        (r#""StringEquals":{"aws:x":"${aws:y}"}"#, "aws:x=1", false),
        (r#""StringEquals":{"aws:x":"${aws:y}"}"#, "aws:x=1 aws:y=1,2", false),
        (r#""StringEquals":{"aws:x":"1"},"StringLike":{"aws:y":"2"}"#, "aws:x=1 aws:y=3", false),
        (r#""StringEquals":{"aws:x":"1","aws:y":"2"}"#, "aws:x=1 aws:y=2", true),
    ]);
}

#[test]
fn numbers_dates_and_booleans() {
    check(&[
        (r#""NumericEquals":{"s3:max-keys":10}"#, "s3:max-keys=10", true),
        (r#""NumericEquals":{"s3:max-keys":"10"}"#, "s3:max-keys=10.0", true),
        (r#""NumericNotEquals":{"s3:max-keys":"10"}"#, "s3:max-keys=11", true),
        (r#""NumericLessThan":{"s3:max-keys":"10"}"#, "s3:max-keys=10", false),
        (r#""NumericLessThanEquals":{"s3:max-keys":"10"}"#, "s3:max-keys=10", true),
        (r#""NumericGreaterThan":{"s3:max-keys":"9"}"#, "s3:max-keys=10", true),
        (r#""NumericGreaterThanEquals":{"s3:max-keys":"11"}"#, "s3:max-keys=10", false),
        (r#""NumericLessThan":{"s3:max-keys":"10"}"#, "s3:max-keys=few", false),
        (r#""DateLessThan":{"aws:CurrentTime":"2026-11-25T00:00:00Z"}"#, "aws:CurrentTime=2026-11-24T00:25:04Z", true),
        (r#""DateGreaterThan":{"aws:CurrentTime":"2026-11-25"}"#, "aws:CurrentTime=2026-11-24T00:25:04Z", false),
        (r#""DateGreaterThanEquals":{"aws:EpochTime":"1795479904"}"#, "aws:EpochTime=1795479904", true),
        (r#""DateLessThanEquals":{"aws:EpochTime":"2026-11-24T00:25:04Z"}"#, "aws:EpochTime=1795479904", true),
        (r#""DateEquals":{"aws:CurrentTime":"1795479904"}"#, "aws:CurrentTime=2026-11-24T00:25:04Z", true),
        (r#""DateNotEquals":{"aws:CurrentTime":"2026-11-24"}"#, "aws:CurrentTime=2026-11-24T00:00:00Z", false),
        (r#""Bool":{"aws:SecureTransport":"true"}"#, "aws:SecureTransport=true", true),
        (r#""Bool":{"aws:SecureTransport":false}"#, "aws:SecureTransport=true", false),
        (r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#, "", false),
        (r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}"#, "", true),
        (r#""BinaryEquals":{"aws:k":"QmluYXJ5"}"#, "aws:k=QmluYXJ5", true),
        (r#""BinaryEquals":{"aws:k":"QmluYXJ5"}"#, "aws:k=QmluYXJ4", false),
    ]);
}

#[test]
fn addresses_and_arns() {
    check(&[
        (r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#, "aws:SourceIp=203.0.113.7", true),
        (r#""IpAddress":{"aws:SourceIp":["10.0.0.0/8","203.0.113.7"]}"#, "aws:SourceIp=203.0.113.7", true),
        (r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#, "aws:SourceIp=203.0.114.7", false),
        (r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#, "aws:SourceIp=::ffff:203.0.113.7", true),
        (r#""IpAddress":{"aws:SourceIp":"2001:db8::/32"}"#, "aws:SourceIp=2001:db8::1", true),
        (r#""IpAddress":{"aws:SourceIp":"0.0.0.0/0"}"#, "aws:SourceIp=2001:db8::1", false),
        (r#""IpAddress":{"aws:SourceIp":"not an address"}"#, "aws:SourceIp=203.0.113.7", false),
        (r#""NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#, "aws:SourceIp=203.0.113.7", false),
        (r#""NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#, "", true),
        (r#""ArnEquals":{"aws:SourceArn":"arn:aws:sns:*:1:t"}"#, "aws:SourceArn=arn:aws:sns:us-east-1:1:t", true),
        (r#""ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:b"}"#, "aws:SourceArn=arn:aws:s3:::b", true),
        (r#""ArnLike":{"aws:SourceArn":"arn:aws:s3*:b"}"#, "aws:SourceArn=arn:aws:s3:::b", false),
        (r#""ArnLike":{"aws:SourceArn":"arn:aws:e:r:1:rule/*"}"#, "aws:SourceArn=arn:aws:e:r:1:rule/a/b:c", true),
        (r#""ArnLike":{"aws:SourceArn":"arn:aws:e:r:1:rule/x"}"#, "aws:SourceArn=arn:aws:e:r:1:rule/y", false),
        (r#""ArnNotLike":{"aws:SourceArn":"arn:aws:e:r:1:rule/x"}"#, "aws:SourceArn=arn:aws:e:r:1:rule/y", true),
        (r#""ArnNotEquals":{"aws:SourceArn":"arn:aws:e:r:1:rule/x"}"#, "", true),
        (r#""ArnLike":{"aws:SourceArn":"arn:aws:e:r:${aws:a}:t"}"#, "aws:a=1 aws:SourceArn=arn:aws:e:r:1:t", true),
        (r#""ArnLike":{"aws:SourceArn":"*"}"#, "aws:SourceArn=arn:aws:e:r:1:t", true),
    ]);
}

#[test]
fn null_and_many_values() {
    check(&[
        (r#""Null":{"aws:TokenIssueTime":"true"}"#, "", true),
        (r#""Null":{"aws:TokenIssueTime":"true"}"#, "aws:TokenIssueTime=1", false),
        (r#""Null":{"aws:TokenIssueTime":"false"}"#, "aws:TokenIssueTime=1", true),
        (r#""Null":{"aws:TokenIssueTime":false}"#, "", false),
        (r#""Null":{"aws:TagKeys":"true"}"#, "aws:TagKeys=", true),
        (r#""ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}"#, "aws:TagKeys=a,b", true),
        (r#""ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}"#, "aws:TagKeys=a,c", false),
        (r#""ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}"#, "", true),
        (r#""ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}"#, "aws:TagKeys=", true),
        (r#""ForAllValues:StringNotEquals":{"aws:TagKeys":["a","b"]}"#, "aws:TagKeys=c,d", true),
        (r#""ForAllValues:StringNotEquals":{"aws:TagKeys":["a","b"]}"#, "aws:TagKeys=a,d", false),
        (r#""ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]}"#, "aws:TagKeys=b,c", true),
        (r#""ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]}"#, "aws:TagKeys=c,d", false),
        (r#""ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]}"#, "", false),
        (r#""ForAnyValue:StringNotEquals":{"aws:TagKeys":["a","b"]}"#, "aws:TagKeys=a,c", true),
        (r#""ForAnyValue:StringNotEquals":{"aws:TagKeys":["a","b"]}"#, "aws:TagKeys=a,b", false),
        (r#""ForAnyValue:StringLike":{"dynamodb:LeadingKeys":"u-*"}"#, "dynamodb:LeadingKeys=x,u-1", true),
        (r#""ForAllValues:StringLikeIfExists":{"dynamodb:LeadingKeys":"u-*"}"#, "dynamodb:LeadingKeys=x,u-1", false),
        (
            r#""ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["${aws:me}"]}"#,
            "aws:me=u1 dynamodb:LeadingKeys=u1",
            true,
        ),
    ]);
}

#[test]
fn absent_keys() {
    check(&[
        // `...IfExists` asks nothing of a key that is not there, whatever stands before it.
        (r#""NumericLessThanIfExists":{"s3:max-keys":"10"}"#, "", true),
        (r#""NumericLessThanIfExists":{"s3:max-keys":"10"}"#, "s3:max-keys=11", false),
        (r#""DateGreaterThanIfExists":{"aws:CurrentTime":"2026"}"#, "", true),
        (r#""IpAddressIfExists":{"aws:SourceIp":"10.0.0.0/8"}"#, "", true),
        (r#""ArnLikeIfExists":{"aws:SourceArn":"arn:aws:sns:*:*:*"}"#, "", true),
        (r#""BinaryEqualsIfExists":{"aws:k":"QQ=="}"#, "", true),
        (r#""StringNotEqualsIfExists":{"aws:x":"1"}"#, "", true),
        (r#""StringNotEqualsIfExists":{"aws:x":"1"}"#, "aws:x=1", false),
        (r#""ForAnyValue:StringEqualsIfExists":{"aws:TagKeys":"a"}"#, "", true),
        (r#""ForAnyValue:StringEqualsIfExists":{"aws:TagKeys":"a"}"#, "aws:TagKeys=b", false),
        // Without it: what compares does not hold, what denies does, and of many values it depends.
        (r#""NumericLessThan":{"s3:max-keys":"10"}"#, "", false),
        (r#""NumericNotEquals":{"s3:max-keys":"10"}"#, "", true),
        (r#""DateNotEquals":{"aws:CurrentTime":"2026"}"#, "", true),
        (r#""StringNotEqualsIgnoreCase":{"aws:x":"a"}"#, "", true),
        (r#""StringNotLike":{"aws:x":"a*"}"#, "", true),
        (r#""ArnNotEquals":{"aws:SourceArn":"arn:aws:sns:*:*:*"}"#, "", true),
        (r#""ForAnyValue:StringNotEquals":{"aws:TagKeys":"a"}"#, "", false),
        (r#""ForAllValues:NumericLessThan":{"aws:n":"10"}"#, "", true),
        (r#""ForAllValues:StringEquals":{"aws:TagKeys":"a"},"Null":{"aws:TagKeys":"false"}"#, "", false),
        // `Null` may be asked of several keys, and both ways at once.
        (r#""Null":{"aws:x":"true","aws:y":"false"}"#, "aws:y=1", true),
        (r#""Null":{"aws:x":"true","aws:y":"false"}"#, "aws:x=1 aws:y=1", false),
        (r#""Null":{"aws:x":["true","false"]}"#, "", true),
        (r#""Null":{"aws:x":["true","false"]}"#, "aws:x=1", true),
        (r#""Null":{"aws:x":"${aws:y, 'true'}"}"#, "", true),
    ]);
}

#[test]
fn forms_of_values() {
    check(&[
        (r#""DateLessThan":{"aws:CurrentTime":"2027"}"#, "aws:CurrentTime=2026-11-24T00:25:04Z", true),
        (r#""DateLessThan":{"aws:CurrentTime":"2026-12"}"#, "aws:CurrentTime=2026-11-24T00:25:04Z", true),
        (r#""DateLessThan":{"aws:CurrentTime":"2026-11-24T00:25Z"}"#, "aws:CurrentTime=2026-11-24T00:24:59Z", true),
        (
            r#""DateEquals":{"aws:CurrentTime":"2026-11-24T02:25:04+02:00"}"#,
            "aws:CurrentTime=2026-11-24T00:25:04Z",
            true,
        ),
        (
            r#""DateGreaterThan":{"aws:CurrentTime":"2026-11-24T00:25:04.5Z"}"#,
            "aws:CurrentTime=2026-11-24T00:25:04Z",
            false,
        ),
        (r#""DateLessThan":{"aws:EpochTime":"soon"}"#, "aws:EpochTime=1795479904", false),
        (r#""NumericEquals":{"aws:n":"-1.50"}"#, "aws:n=-1.5", true),
        (r#""NumericGreaterThan":{"aws:n":"1e3"}"#, "aws:n=1001", true),
        (r#""Bool":{"aws:b":["true","false"]}"#, "aws:b=false", true),
        (r#""IpAddress":{"aws:SourceIp":"2001:db8:0:0::/64"}"#, "aws:SourceIp=2001:0db8::ffff", true),
        (r#""IpAddress":{"aws:SourceIp":"2001:db8::/64"}"#, "aws:SourceIp=2001:db8:0:1::1", false),
        (r#""IpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::1"]}"#, "aws:SourceIp=2001:db8::1", true),
        (r#""NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::/32"]}"#, "aws:SourceIp=192.0.2.1", true),
        (r#""StringLike":{"aws:x":"a${*}b?"}"#, "aws:x=a*bc", true),
        (r#""StringLike":{"aws:x":"a${*}b"}"#, "aws:x=axb", false),
        (r#""StringEquals":{"aws:x":"${?}${$}"}"#, "aws:x=?$", true),
        (r#""StringEquals":{"aws:x":"${aws:y, 'company-wide'}"}"#, "aws:x=company-wide", true),
        (r#""StringEquals":{"aws:x":"${aws:y, 'company-wide'}"}"#, "aws:x=a aws:y=a", true),
        (r#""StringEqualsIgnoreCase":{"aws:x":"${aws:y}"}"#, "aws:x=A aws:y=a", true),
        (
            r#""ArnEquals":{"aws:SourceArn":"arn:aws:sqs:us-east-1:1:q?"}"#,
            "aws:SourceArn=arn:aws:sqs:us-east-1:1:q1",
            true,
        ),
        (r#""ArnLike":{"aws:SourceArn":"arn:aws:sqs:us-*-1:1:q"}"#, "aws:SourceArn=arn:aws:sqs:us-east-1:1:q", true),
        (r#""ArnLike":{"aws:SourceArn":"arn:aws:sqs:*:q"}"#, "aws:SourceArn=arn:aws:sqs:us-east-1:1:q", false),
        (r#""ForAllValues:Bool":{"aws:b":"true"}"#, "aws:b=true,true", true),
        (r#""ForAnyValue:ArnLike":{"aws:a":"arn:aws:s3:::b*"}"#, "aws:a=arn:aws:s3:::a,arn:aws:s3:::bc", true),
        (r#""ForAllValues:NumericLessThan":{"aws:n":"10"}"#, "aws:n=1,11", false),
    ]);
}

#[test]
fn a_failed_condition_is_named() {
    let members = r#""Effect":"Allow","Action":"*","Resource":"*","Condition":
        {"StringEquals":{"aws:x":"1"},"NumericLessThanIfExists":{"aws:Y":"5"}}"#;
    let policies = Policies { identity: vec![identity(members)], ..Policies::default() };
    let decision = ask(ALICE, "a:B", "*", &context("aws:x=1 aws:y=7"), &policies);
    let expected = Outcome::ConditionFailed { operator: "NumericLessThanIfExists".into(), key: "aws:Y".into() };
    assert_eq!(decision.looked_at[0].outcome, expected);
}
