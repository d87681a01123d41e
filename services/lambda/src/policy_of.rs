//! The policy of a function, as authorisation asks for it.

use std::sync::Arc;

use base::Arn;
use kv::Tx;
use policy::{Attached, Policy, PolicyKind, ResourcePolicy, ResourceRule};
use service::{Cx, Failure};

use crate::model;
use crate::names::Target;
use crate::store;

/// The resource policy of the function, version or alias with this ARN, if it has one.
pub(crate) async fn resource_policy(cx: &Cx, tx: &mut Tx, arn: &str) -> Result<Option<ResourcePolicy>, Failure> {
    let is_function =
        arn.parse::<Arn>().is_ok_and(|arn| arn.service == "lambda" && arn.resource.starts_with("function:"));
    if !is_function {
        return Ok(None);
    }
    let target = Target::lenient(cx, arn, None);
    let Some(owner) = store::owner(tx, &target).await? else { return Ok(None) };
    let Some(document) = model::policy_of(owner.permissions()) else { return Ok(None) };
    let policy = Policy::parse(&document.to_string(), PolicyKind::Resource).map_err(Failure::internal)?;
    let attached = Attached { name: target.qualified_arn().to_string().into(), policy: Arc::new(policy) };
    Ok(Some(ResourcePolicy { attached, rule: ResourceRule::Sufficient }))
}
