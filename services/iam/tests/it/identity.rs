//! The port that the rest of the server stands on.

use base::Arn;
use serde_json::json;
use service::ports::{Trust, Unaccepted};
use service::testing::Kit;

use crate::kit::{self, BASIC, ROOT_KEY, TRUST, assume, iam, identity, kit, role};

const FUNCTIONS: &str = "lambda.amazonaws.com";

fn arn(text: &str) -> Arn {
    text.parse().unwrap()
}

#[tokio::test]
async fn root_keys_are_known_and_others_are_not() {
    let kit = kit();
    let port = identity(&kit);
    let root = port.credentials(ROOT_KEY, None).await.unwrap().unwrap();
    assert_eq!(root.secret_access_key.expose(), "root secret");
    assert_eq!(root.caller.principal, Kit::root().principal);
    assert_eq!((root.caller.user_id.as_str(), root.caller.access_key_id.as_deref()), ("000000000000", Some(ROOT_KEY)));
    let refused = async |key: &str, token: Option<&str>| port.credentials(key, token).await.unwrap().unwrap_err();
    assert_eq!(refused("AKIANOBODY", None).await, Unaccepted::UnknownKey);
    assert_eq!(refused(ROOT_KEY, Some("token")).await, Unaccepted::InvalidToken);
    assert_eq!(refused("ASIANOBODY", Some("token")).await, Unaccepted::InvalidToken);
    assert_eq!(refused("", Some("")).await, Unaccepted::InvalidToken);
}

#[tokio::test]
async fn a_token_opens_for_its_own_key_only() {
    let kit = kit();
    role(&kit, "app").await;
    let document = json!({"RoleArn": "arn:aws:iam::000000000000:role/app", "RoleSessionName": "me"});
    let (one, other) = (assume(&kit, document.clone()).await, assume(&kit, document).await);
    let text = |answer: &serde_json::Value, name: &str| answer["Credentials"][name].as_str().unwrap().to_owned();
    let (key, token) = (text(&one, "AccessKeyId"), text(&other, "SessionToken"));
    let found = identity(&kit).credentials(&key, Some(&token)).await.unwrap();
    assert_eq!(found.unwrap_err(), Unaccepted::InvalidToken);
    // A page token is sealed by the same key, for another purpose.
    role(&kit, "more").await;
    let page = iam(&kit, "ListRoles", json!({"MaxItems": 1})).await;
    let found = identity(&kit).credentials(&key, page["Marker"].as_str()).await.unwrap();
    assert_eq!(found.unwrap_err(), Unaccepted::InvalidToken);
}

#[tokio::test]
async fn services_assume_the_roles_that_trust_them() {
    let kit = kit();
    let port = identity(&kit);
    let app = arn(role(&kit, "app").await["Arn"].as_str().unwrap());
    assert_eq!(port.trusts(&app, FUNCTIONS).await.unwrap(), Trust::Yes);
    assert_eq!(port.trusts(&app, "states.amazonaws.com").await.unwrap(), Trust::No);
    let none = arn("arn:aws:iam::000000000000:role/none");
    assert_eq!(port.trusts(&none, FUNCTIONS).await.unwrap(), Trust::NoSuchRole);

    iam(&kit, "AttachRolePolicy", json!({"RoleName": "app", "PolicyArn": BASIC})).await;
    let session = port.assume(&app, FUNCTIONS, "fn").await.unwrap();
    assert_eq!(session.caller.principal.name(), "arn:aws:sts::000000000000:assumed-role/app/fn");
    let known = port.credentials(&session.access_key_id, Some(session.session_token.expose())).await.unwrap().unwrap();
    assert_eq!(known.secret_access_key, session.secret_access_key);
    assert_eq!(known.caller.principal, session.caller.principal);
    assert_eq!(known.caller.user_id, session.caller.user_id);
    let names: Vec<_> = port.policies(&known.caller).await.unwrap().identity.into_iter().map(|p| p.name).collect();
    assert_eq!(names, [BASIC.into()]);

    let refused = port.assume(&app, "states.amazonaws.com", "x").await.unwrap_err();
    assert_eq!(
        refused.message,
        "User: states.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: \
         arn:aws:iam::000000000000:role/app because no role trust policy allows the sts:AssumeRole action"
    );
    assert!(port.assume(&none, FUNCTIONS, "x").await.is_err());
}

#[tokio::test]
async fn a_role_made_anew_gives_old_sessions_nothing() {
    let kit = kit();
    let port = identity(&kit);
    let app = arn(role(&kit, "app").await["Arn"].as_str().unwrap());
    let attached = json!({"RoleName": "app", "PolicyArn": kit::ADMINISTRATOR});
    iam(&kit, "AttachRolePolicy", attached.clone()).await;
    let caller = port.assume(&app, FUNCTIONS, "fn").await.unwrap().caller;
    assert_eq!(port.policies(&caller).await.unwrap().identity.len(), 1);

    iam(&kit, "DetachRolePolicy", attached.clone()).await;
    iam(&kit, "DeleteRole", json!({"RoleName": "app"})).await;
    assert_eq!(port.policies(&caller).await.unwrap().identity.len(), 0);
    iam(&kit, "CreateRole", json!({"RoleName": "app", "AssumeRolePolicyDocument": TRUST})).await;
    iam(&kit, "AttachRolePolicy", attached).await;
    assert_eq!(port.policies(&caller).await.unwrap().identity.len(), 0);
}
