//! What every test here begins with.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use policy::{Attached, Policies, Policy, PolicyKind};
use service::ports::{Identity, Session, Trust, Unaccepted};
use service::testing::{Kit, Open, Shown};
use service::{Caller, Credentials, Failure};

/// A server with a bucket `photos`.
pub struct S3 {
    pub kit: Kit,
}

impl S3 {
    pub async fn empty() -> Self {
        Self { kit: Kit::new(kv_memory::Memory::store(), vec![s3::service()]) }
    }

    pub async fn new() -> Self {
        let s3 = Self::empty().await;
        s3.ok("PUT /photos", &[], "").await;
        s3
    }

    /// A server where whoever is not root may do what the policy says.
    pub async fn granting(policy: &str) -> Self {
        let policy = Arc::new(Policy::parse(policy, PolicyKind::Managed).unwrap());
        let policies = Policies { identity: vec![Attached { name: "granted".into(), policy }], ..Policies::default() };
        let ports = Kit::ports(Some(Arc::new(Granting(policies))), None);
        let kit = Kit::with(kv_memory::Memory::store(), vec![s3::service()], |_| (ports, Vec::new()));
        let s3 = Self { kit };
        s3.ok("PUT /photos", &[], "").await;
        s3
    }

    pub async fn send_as(
        &self,
        caller: &Caller,
        line: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Shown {
        self.kit.http(caller, "s3", line, headers, body).await.unwrap()
    }

    pub async fn send(&self, line: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Shown {
        self.send_as(&Kit::root(), line, headers, body).await
    }

    /// Sends what must succeed.
    pub async fn ok(&self, line: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Shown {
        let shown = self.send(line, headers, body).await;
        assert!(shown.status < 400, "{line}: {} {}", shown.status, shown.text());
        shown
    }

    /// Status and, for an error, its code.
    pub async fn code(&self, line: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> String {
        code(&self.send(line, headers, body).await)
    }

    pub async fn put(&self, key: &str, body: &str) {
        self.ok(&format!("PUT /photos/{key}"), &[], body.to_owned()).await;
    }
}

/// Status and, for an error, its code.
pub fn code(shown: &Shown) -> String {
    match element(&shown.text(), "Code") {
        "" => shown.status.to_string(),
        code => format!("{} {code}", shown.status),
    }
}

/// The text of the first element of this name.
pub fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    elements(xml, name).first().copied().unwrap_or("")
}

/// The texts of all elements of this name.
pub fn elements<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).filter_map(|rest| Some(rest.split_once(&close)?.0)).collect()
}

struct Granting(Policies);

impl Identity for Granting {
    fn credentials<'a>(
        &'a self,
        key: &'a str,
        token: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Result<Credentials, Unaccepted>, Failure>> {
        Open.credentials(key, token)
    }

    fn policies<'a>(&'a self, _: &'a Caller) -> BoxFuture<'a, Result<Policies, Failure>> {
        Box::pin(async { Ok(self.0.clone()) })
    }

    fn assume<'a>(
        &'a self,
        role: &'a base::Arn,
        service: &'a str,
        session: &'a str,
    ) -> BoxFuture<'a, Result<Session, Failure>> {
        Box::pin(async move { Open.assume(role, service, session).await })
    }

    fn trusts<'a>(&'a self, _: &'a base::Arn, _: &'a str) -> BoxFuture<'a, Result<Trust, Failure>> {
        Box::pin(async { Ok(Trust::Yes) })
    }
}
