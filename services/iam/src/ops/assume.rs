//! Sessions of roles.

use base::{Account, Arn};
use kv::Tx;
use policy::{Policy, PolicyKind, Principal};
use service::{Cx, Demand, demand};

use crate::errors::Error;
use crate::model::{Role, SESSION_SECONDS_DEFAULT, role_name};
use crate::session::{Grant, Token};
use crate::store;
use crate::wire::sts::{AssumeRoleRequest, AssumeRoleResponse, AssumedRoleUser, Credentials, PolicyDescriptorType};

/// Characters of the policies given with a session, names of managed ones included (docs).
const SESSION_POLICY_CHARS_MAX: usize = 2048;

/// Managed policies that a session may name (docs).
const SESSION_POLICY_ARNS_MAX: usize = 10;

/// A role that a session of a role assumes lasts no longer than this (docs).
const CHAINED_SESSION_SECONDS_MAX: i32 = 3600;

/// The role's trust policy must allow it. Unlike AWS we let the root user assume roles where that policy names the
/// account: a new server has no other identity. What is no role's ARN is refused by the operation.
pub(super) fn demands(input: &AssumeRoleRequest) -> Vec<Demand> {
    // The limits of the session are none of the trust policy's business.
    let AssumeRoleRequest { role_arn, role_session_name, external_id, policy: _, policy_arns: _, duration_seconds: _ } =
        input;
    if !role_arn.parse().is_ok_and(|arn| role_name(&arn).is_some()) {
        return Vec::new();
    }
    let demand = demand!(sts::AssumeRole(role_arn)).with("sts:RoleSessionName", role_session_name);
    match external_id {
        Some(id) => vec![demand.with("sts:ExternalId", id)],
        None => vec![demand],
    }
}

pub(crate) async fn assume_role(cx: &Cx, tx: &mut Tx, input: &AssumeRoleRequest) -> Result<AssumeRoleResponse, Error> {
    // The external id has been judged: see `demands`.
    let AssumeRoleRequest { role_arn, role_session_name, policy_arns, policy, duration_seconds, external_id: _ } =
        input;
    let invalid = || Error::InvalidRoleArn(role_arn.clone());
    let arn = role_arn.parse::<Arn>().ok().filter(|arn| role_name(arn).is_some()).ok_or_else(invalid)?;
    let found = store::by_arn::<Role>(tx, &arn).await?;
    let role =
        found.ok_or_else(|| Error::MayNotAssume { caller: cx.caller.principal.name(), role: role_arn.clone() })?;
    let seconds = duration_seconds.unwrap_or(SESSION_SECONDS_DEFAULT);
    if role.max_session_seconds < seconds {
        return Err(Error::SessionTooLong);
    }
    if matches!(cx.caller.principal, Principal::Session { .. }) && CHAINED_SESSION_SECONDS_MAX < seconds {
        return Err(Error::ChainedSessionTooLong);
    }
    let policy_arns = named(tx, &arn.account, policy_arns.as_deref().unwrap_or_default()).await?;
    let packed_policy_size = packed(policy.as_deref(), &policy_arns)?;
    let mut grant = Grant::new(&cx.platform, &role, role_session_name, cx.now().plus_seconds(seconds.into()));
    grant.policy = policy.clone();
    grant.policy_arns = policy_arns;
    let user = AssumedRoleUser { assumed_role_id: grant.user_id(), arn: grant.session_arn().to_string() };
    let credentials = Credentials {
        session_token: Token::V1(grant.clone()).seal(&cx.platform)?,
        access_key_id: grant.access_key_id,
        secret_access_key: grant.secret_access_key.expose().clone(),
        expiration: grant.expires,
    };
    Ok(AssumeRoleResponse { credentials: Some(credentials), assumed_role_user: Some(user), packed_policy_size })
}

/// The managed policies that a session names: AWS's, and those of the role's account.
async fn named(tx: &mut Tx, account: &str, policy_arns: &[PolicyDescriptorType]) -> Result<Vec<String>, Error> {
    if SESSION_POLICY_ARNS_MAX < policy_arns.len() {
        return Err(Error::PackedPolicyTooLarge(100 * policy_arns.len() / SESSION_POLICY_ARNS_MAX));
    }
    let account = Account::from(account);
    let mut named = Vec::with_capacity(policy_arns.len());
    for PolicyDescriptorType { arn } in policy_arns {
        let arn = arn.clone().unwrap_or_default();
        let known = match arn.parse() {
            Ok(parsed) => store::policy(tx, &account, &parsed).await?,
            Err(_) => None,
        };
        known.ok_or_else(|| Error::NoSuchSessionPolicy(arn.clone()))?;
        named.push(arn);
    }
    Ok(named)
}

/// Checks a session's policies; how much of the room for them they take, in percent, where there are any.
fn packed(policy: Option<&str>, policy_arns: &[String]) -> Result<Option<i32>, Error> {
    if let Some(document) = policy {
        Policy::parse(document, PolicyKind::Inline)?;
    }
    if policy.is_none() && policy_arns.is_empty() {
        return Ok(None);
    }
    let chars = |text: &str| text.chars().count();
    let used = policy.map_or(0, chars) + policy_arns.iter().map(|arn| chars(arn)).sum::<usize>();
    let percent = (100 * used).div_ceil(SESSION_POLICY_CHARS_MAX);
    if SESSION_POLICY_CHARS_MAX < used {
        return Err(Error::PackedPolicyTooLarge(percent));
    }
    Ok(i32::try_from(percent).ok())
}
