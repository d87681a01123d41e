//! What the tests share.

use std::sync::Arc;

use base::{Account, Secret};
use iam::{Identities, RootKey};
use kv::Store;
use kv_memory::Memory;
use serde_json::{Value, json};
use service::Caller;
use service::ports::{Identity, Unaccepted};
use service::testing::{ACCOUNT, Kit};

pub const ROOT_KEY: &str = "AKIAROOT";
pub const BASIC: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
pub const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
pub const S3: &str = "arn:aws:iam::aws:policy/AmazonS3FullAccess";

/// Trusts functions and the account.
pub const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com","AWS":"arn:aws:iam::000000000000:root"},"Action":"sts:AssumeRole"}]}"#;

/// A platform on which this house is its own identity port.
pub fn kit() -> Kit {
    over(Store::new(Memory::default()))
}

/// The same over this store.
pub fn over(store: Store) -> Kit {
    Kit::with(store, iam::services(), |platform| {
        let keys =
            vec![RootKey { access_key_id: ROOT_KEY.into(), secret_access_key: Secret::new("root secret".into()) }];
        let identity = Arc::new(Identities::new(Arc::downgrade(platform), keys, Account::from(ACCOUNT)));
        let port: Arc<dyn Identity> = Arc::clone(&identity) as _;
        (Kit::ports(Some(port), None), vec![identity])
    })
}

pub fn identity(kit: &Kit) -> Arc<dyn Identity> {
    Arc::clone(&kit.platform.ports().unwrap().identity)
}

/// Calls IAM as root; it must work.
pub async fn iam(kit: &Kit, operation: &str, document: Value) -> Value {
    match kit.call("iam", operation, document).await {
        Ok(answer) => answer,
        Err(failure) => panic!("{operation}: {failure}"),
    }
}

/// A role that trusts functions and the account.
pub async fn role(kit: &Kit, name: &str) -> Value {
    iam(kit, "CreateRole", json!({"RoleName": name, "AssumeRolePolicyDocument": TRUST})).await["Role"].take()
}

pub fn inline(action: &str, resource: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})
        .to_string()
}

/// A session of a role, assumed by root.
pub async fn assume(kit: &Kit, document: Value) -> Value {
    match kit.call("sts", "AssumeRole", document).await {
        Ok(answer) => answer,
        Err(failure) => panic!("AssumeRole: {failure}"),
    }
}

/// Who the credentials in an answer of AssumeRole are.
pub async fn caller(kit: &Kit, answer: &Value) -> Result<Caller, Unaccepted> {
    let text = |name: &str| answer["Credentials"][name].as_str().unwrap().to_owned();
    let (key, token) = (text("AccessKeyId"), text("SessionToken"));
    let found = identity(kit).credentials(&key, Some(&token)).await.unwrap()?;
    assert_eq!(*found.secret_access_key.expose(), text("SecretAccessKey"));
    Ok(found.caller)
}

/// What a call came to, in one text.
pub async fn show_as(kit: &Kit, caller: &Caller, service: &str, operation: &str, document: Value) -> String {
    match kit.call_as(caller, service, operation, document).await {
        Ok(document) => document.to_string(),
        Err(failure) => format!("{} {}: {}", failure.facts.code, failure.facts.status, failure.message),
    }
}

/// What rows of calls come to, each as root: an empty text for whatever works, else the whole answer or its beginning.
pub async fn table(kit: &Kit, rows: impl IntoIterator<Item = (&str, Value, &str)>) {
    for (operation, document, expected) in rows {
        let answer = kit.show("iam", operation, document.clone()).await;
        let fits = if expected.is_empty() { answer.starts_with('{') } else { answer.starts_with(expected) };
        assert!(fits, "{operation} {document}\n  came to {answer}\n  not to  {expected}");
    }
}

/// The caller that a new access key of a user signs as, and the key's id.
pub async fn signed_in(kit: &Kit, user: &str) -> (Caller, String) {
    let key = iam(kit, "CreateAccessKey", json!({"UserName": user})).await["AccessKey"].take();
    let id = key["AccessKeyId"].as_str().unwrap().to_owned();
    let found = identity(kit).credentials(&id, None).await.unwrap().unwrap();
    assert_eq!(found.secret_access_key.expose(), key["SecretAccessKey"].as_str().unwrap());
    (found.caller, id)
}

pub fn own(name: &str) -> String {
    format!("arn:aws:iam::000000000000:policy/{name}")
}
