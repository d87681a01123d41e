//! Who is meant by the Principal element of a resource's policy.

use policy::{Context, DecisionEffect, Policies};

use crate::{ALICE, ROLE, ROOT, SESSION, ask, identity, resource};

const STRANGER: &str = "arn:aws:iam::222222222222:user/mallory";

/// Whether the element alone opens a resource of account 1 to somebody (`alone`), and whether it does together with an
/// identity policy that allows (`both`).
fn check(element: &str, who: &str, alone: bool, both: bool) {
    let members = format!(r#""Effect":"Allow",{element},"Action":"*","Resource":"*""#);
    let mut policies = Policies { resource: Some(resource(&members)), ..Policies::default() };
    let open = |p: &Policies| ask(who, "a:B", "arn:aws:s3:::b", &Context::new(), p).is_allowed();
    assert_eq!(open(&policies), alone, "{element} {who}");
    if both && !alone {
        policies.identity = vec![identity(r#""Effect":"Allow","Action":"*","Resource":"*""#)];
        assert!(open(&policies), "{element} {who} with an identity policy");
        policies.resource = None;
        let same_account = who.contains(":111111111111:");
        assert_eq!(open(&policies), same_account, "{element} {who} with an identity policy only");
    }
}

#[test]
fn who_is_meant() {
    let alice = format!(r#""Principal":{{"AWS":"{ALICE}"}}"#);
    let role = format!(r#""Principal":{{"AWS":["{ROLE}"]}}"#);
    let session = format!(r#""Principal":{{"AWS":"{SESSION}"}}"#);
    let root = format!(r#""Principal":{{"AWS":"{ROOT}"}}"#);
    let stranger = format!(r#""Principal":{{"AWS":["{ALICE}","{STRANGER}"]}}"#);
    let (everyone, all) = (r#""Principal":"*""#, r#""Principal":{"AWS":"*"}"#);
    let (account, other) = (r#""Principal":{"AWS":"111111111111"}"#, r#""Principal":{"AWS":"222222222222"}"#);
    let service = r#""Principal":{"Service":["s3.amazonaws.com","events.amazonaws.com"]}"#;
    let idp = r#""Principal":{"Federated":"arn:aws:iam::111111111111:oidc-provider/idp"}"#;
    let rows = [
        (everyone, ALICE, true, true),
        (everyone, "", true, true),
        (everyone, "s3.amazonaws.com", true, true),
        (everyone, STRANGER, false, true),
        (all, "", true, true),
        (all, SESSION, true, true),
        (&alice, ALICE, true, true),
        (&alice, SESSION, false, false),
        (&alice, "", false, false),
        (&alice, "s3.amazonaws.com", false, false),
        (&role, SESSION, true, true),
        (&role, ALICE, false, false),
        (&session, SESSION, true, true),
        (&root, ALICE, false, true),
        (&root, SESSION, false, true),
        (&root, ROOT, true, true),
        (account, ALICE, false, true),
        (account, STRANGER, false, false),
        (other, STRANGER, false, true),
        (other, "arn:aws:iam::222222222222:root", true, true),
        (&stranger, STRANGER, false, true),
        (service, "events.amazonaws.com", true, true),
        (service, "sns.amazonaws.com", false, false),
        (service, ALICE, false, false),
        (idp, "arn:aws:iam::111111111111:oidc-provider/idp", true, true),
        (idp, "arn:aws:iam::111111111111:oidc-provider/other", false, false),
    ];
    for (element, who, alone, both) in rows {
        check(element, who, alone, both);
    }
}

#[test]
fn not_principal_spares_only_whom_it_lists() {
    let members = format!(
        r#""Effect":"Deny","NotPrincipal":{{"AWS":["{ALICE}","{ROOT}","{ROLE}"]}},"Action":"*","Resource":"*""#
    );
    let allow = identity(r#""Effect":"Allow","Action":"*","Resource":"*""#);
    let policies = Policies { identity: vec![allow], resource: Some(resource(&members)), ..Policies::default() };
    let bob = "arn:aws:iam::111111111111:user/bob";
    let rows = [
        (ALICE, DecisionEffect::Allowed),
        (ROOT, DecisionEffect::Allowed),
        (SESSION, DecisionEffect::Allowed),
        (bob, DecisionEffect::ExplicitDeny),
        (STRANGER, DecisionEffect::ExplicitDeny),
        ("", DecisionEffect::ExplicitDeny),
    ];
    for (who, expected) in rows {
        assert_eq!(ask(who, "a:B", "arn:aws:s3:::b", &Context::new(), &policies).effect, expected, "{who}");
    }
}
