//! Ports for tests of one house alone.

use base::Arn;
use bytes::Bytes;
use futures::future::BoxFuture;
use policy::Policies;

use crate::ports::{Identity, Invoke, Invoked, ObjectName, Objects, Session, Trust, Unaccepted};
use crate::{Caller, Credentials, Failure};

/// Knows no keys and no policies: root may do everything, others nothing. Every role trusts every service.
pub struct Open;

impl Identity for Open {
    fn credentials<'a>(
        &'a self,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Result<Credentials, Unaccepted>, Failure>> {
        Box::pin(async { Ok(Err(Unaccepted::UnknownKey)) })
    }

    fn policies<'a>(&'a self, _: &'a Caller) -> BoxFuture<'a, Result<Policies, Failure>> {
        Box::pin(async { Ok(Policies::default()) })
    }

    fn assume<'a>(&'a self, role: &'a Arn, _: &'a str, session: &'a str) -> BoxFuture<'a, Result<Session, Failure>> {
        Box::pin(async move {
            let account = base::Account::from(role.account.as_str());
            let resource = format!("assumed-role/{}/{session}", role.resource_id());
            let session = Arn { service: "sts".into(), resource, ..role.clone() };
            let principal = policy::Principal::Session { role: role.clone(), session };
            Ok(Session {
                access_key_id: "ASIATEST".into(),
                secret_access_key: base::Secret::new("secret".into()),
                session_token: base::Secret::new("token".into()),
                expires: base::Timestamp::from_ms(i64::MAX),
                caller: Caller::of(principal, account, "AROATEST:test"),
            })
        })
    }

    fn trusts<'a>(&'a self, _: &'a Arn, _: &'a str) -> BoxFuture<'a, Result<Trust, Failure>> {
        Box::pin(async { Ok(Trust::Yes) })
    }
}

/// Runs no function.
pub struct NoFunctions;

impl Invoke for NoFunctions {
    fn invoke<'a>(&'a self, _: &'a Caller, function: &'a Arn, _: Bytes) -> BoxFuture<'a, Result<Invoked, Failure>> {
        Box::pin(async move { Err(Failure::not_implemented(format!("Invoking {function} in this test"))) })
    }
}

/// Has no objects.
pub struct NoObjects;

impl Objects for NoObjects {
    fn read<'a>(
        &'a self,
        _: &'a Caller,
        _: &'a str,
        object: &'a ObjectName,
        _: u64,
    ) -> BoxFuture<'a, Result<Bytes, Failure>> {
        Box::pin(async move { Err(Failure::not_implemented(format!("Reading {} in this test", object.key))) })
    }
}
