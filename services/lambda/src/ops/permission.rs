//! AddPermission, RemovePermission, GetPolicy: the policy of a function.

use base::{Account, Arn, Scope};
use kv::Tx;
use policy::{Policy, PolicyKind};
use serde_json::{Map, Value, json};
use service::{Cx, Demand, demand};

use crate::errors::Error;
use crate::model::{self, Permission};
use crate::names::{LATEST, Target};
use crate::store;
use crate::store::versions::Owner;
use crate::wire::{
    AddPermissionRequest, AddPermissionResponse, GetPolicyRequest, GetPolicyResponse, RemovePermissionNothing,
    RemovePermissionRequest,
};

/// Quota: 20 KB for a function's policy (docs).
const POLICY_BYTES_MAX: usize = 20 * 1024;

/// What AddPermission demands: policies may limit whom a function is opened to.
pub(crate) fn demand(arn: &Arn, principal: &str) -> Demand {
    demand!(lambda::AddPermission(arn)).with("lambda:Principal", principal)
}

pub(crate) async fn add_permission(
    cx: &Cx,
    tx: &mut Tx,
    input: &AddPermissionRequest,
) -> Result<AddPermissionResponse, Error> {
    let AddPermissionRequest {
        function_name,
        statement_id,
        action,
        principal: who,
        source_arn,
        source_account,
        event_source_token,
        qualifier,
        revision_id,
    } = input;
    let target = Target::new(cx, function_name, qualifier.as_deref())?;
    if target.qualifier.as_deref() == Some(LATEST) {
        return Err(Error::InvalidParameter("We currently do not support adding policies for $LATEST.".into()));
    }
    let mut owner = owner(tx, &target).await?;
    check_revision(&owner, revision_id.as_deref())?;
    if owner.permissions().iter().any(|permission| permission.sid == *statement_id) {
        return Err(Error::StatementExists(statement_id.clone()));
    }
    let mut statement = json!({
        "Sid": statement_id,
        "Effect": "Allow",
        "Principal": principal(&target.scope, who)?,
        "Action": action,
        "Resource": target.qualified_arn().to_string(),
    });
    let equals = [("AWS:SourceAccount", source_account), ("lambda:EventSourceToken", event_source_token)];
    let conditions = conditions(&equals, source_arn.as_deref());
    if let Some(fields) = statement.as_object_mut().filter(|_| !conditions.is_empty()) {
        fields.insert("Condition".into(), Value::Object(conditions));
    }
    let shown = statement.to_string();
    owner.permissions_mut().push(Permission { sid: statement_id.clone(), statement });
    check_policy(owner.permissions())?;
    owner.save(tx, &target, cx.platform.ids.uuid())?;
    Ok(AddPermissionResponse { statement: Some(shown) })
}

/// The conditions of a statement.
fn conditions(equals: &[(&str, &Option<String>)], source_arn: Option<&str>) -> Map<String, Value> {
    let given = equals.iter().filter_map(|(key, value)| Some(((*key).to_owned(), json!(value.as_ref()?))));
    let equals: Map<String, Value> = given.collect();
    let mut conditions = Map::new();
    if !equals.is_empty() {
        conditions.insert("StringEquals".into(), Value::Object(equals));
    }
    if let Some(arn) = source_arn {
        conditions.insert("ArnLike".into(), json!({ "AWS:SourceArn": arn }));
    }
    conditions
}

/// Whether a policy is one, and not too long.
pub(crate) fn check_policy(permissions: &[Permission]) -> Result<(), Error> {
    let document = model::policy_of(permissions).unwrap_or_default().to_string();
    if document.len() > POLICY_BYTES_MAX {
        return Err(Error::PolicyTooLong { bytes: document.len(), max: POLICY_BYTES_MAX });
    }
    let parsed = Policy::parse(&document, PolicyKind::Resource);
    parsed.map(drop).map_err(|error| Error::InvalidParameter(error.to_string()))
}

/// A service, an account, a user or role, or everyone.
pub(crate) fn principal(scope: &Scope, text: &str) -> Result<Value, Error> {
    if text == "*" {
        return Ok(json!("*"));
    }
    if let Some(account) = Account::parse(text) {
        let root = Scope { account, ..scope.clone() }.global_arn("iam", "root");
        return Ok(json!({ "AWS": root.to_string() }));
    }
    if text.parse::<Arn>().is_ok_and(|arn| matches!(arn.service.as_str(), "iam" | "sts")) {
        return Ok(json!({ "AWS": text }));
    }
    let is_service = text.contains('.') && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    if is_service {
        return Ok(json!({ "Service": text }));
    }
    Err(Error::InvalidParameter("The provided principal was invalid. Please check the principal and try again.".into()))
}

pub(crate) async fn remove_permission(
    cx: &Cx,
    tx: &mut Tx,
    input: &RemovePermissionRequest,
) -> Result<RemovePermissionNothing, Error> {
    let RemovePermissionRequest { function_name, statement_id, qualifier, revision_id } = input;
    let target = Target::new(cx, function_name, qualifier.as_deref())?;
    let mut owner = owner(tx, &target).await?;
    if owner.permissions().is_empty() {
        return Err(Error::NoPolicyToChange);
    }
    check_revision(&owner, revision_id.as_deref())?;
    let at = owner.permissions().iter().position(|permission| permission.sid == *statement_id);
    owner.permissions_mut().remove(at.ok_or_else(|| Error::NoStatement(statement_id.clone()))?);
    owner.save(tx, &target, cx.platform.ids.uuid())?;
    Ok(RemovePermissionNothing {})
}

pub(crate) async fn get_policy(cx: &Cx, tx: &mut Tx, input: &GetPolicyRequest) -> Result<GetPolicyResponse, Error> {
    let GetPolicyRequest { function_name, qualifier } = input;
    let target = Target::new(cx, function_name, qualifier.as_deref())?;
    let owner = owner(tx, &target).await?;
    let policy = model::policy_of(owner.permissions()).ok_or(Error::NoPolicy)?;
    Ok(GetPolicyResponse { policy: Some(policy.to_string()), revision_id: Some(owner.revision().to_owned()) })
}

/// What the policy belongs to: the function, one version of it, or an alias, each with a policy of its own.
async fn owner(tx: &mut Tx, target: &Target) -> Result<Owner, Error> {
    let found = store::versions::owner(tx, target).await?;
    found.ok_or_else(|| Error::FunctionNotFound(target.qualified_arn().to_string()))
}

fn check_revision(owner: &Owner, wanted: Option<&str>) -> Result<(), Error> {
    match wanted {
        Some(wanted) if wanted != owner.revision() => Err(Error::Revision("GetPolicy")),
        _ => Ok(()),
    }
}
