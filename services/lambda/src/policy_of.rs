//! The policy of a function, as authorisation asks for it.

use std::sync::Arc;

use base::Arn;
use kv::Tx;
use policy::{Attached, Policy, PolicyKind, ResourcePolicy, ResourceRule};
use service::{Cx, Failure};

use crate::model::layer::LayerTarget;
use crate::model::{self, Permission};
use crate::names::Target;
use crate::ops::layer;
use crate::store;

/// The resource policy of the function, version, alias or layer version with this ARN, if it has one.
pub(crate) async fn resource_policy(cx: &Cx, tx: &mut Tx, arn: &str) -> Result<Option<ResourcePolicy>, Failure> {
    let Some(permissions) = permissions(cx, tx, arn).await? else { return Ok(None) };
    let Some(document) = model::policy_of(&permissions) else { return Ok(None) };
    let policy = Policy::parse(&document.to_string(), PolicyKind::Resource).map_err(Failure::internal)?;
    let attached = Attached { name: arn.into(), policy: Arc::new(policy) };
    Ok(Some(ResourcePolicy { attached, rule: ResourceRule::Sufficient }))
}

async fn permissions(cx: &Cx, tx: &mut Tx, arn: &str) -> Result<Option<Vec<Permission>>, kv::Error> {
    if let Some(target) = LayerTarget::of_arn(arn) {
        return Ok(layer::find(tx, &target).await?.map(|version| version.permissions));
    }
    let is_function =
        arn.parse::<Arn>().is_ok_and(|arn| arn.service == "lambda" && arn.resource.starts_with("function:"));
    if !is_function {
        return Ok(None);
    }
    let owner = store::versions::owner(tx, &Target::lenient(cx, arn, None)).await?;
    Ok(owner.map(|owner| owner.permissions().to_vec()))
}
