//! Managed policies.

use kv::Tx;
use service::Cx;

use super::attachment::parsed;
use super::encoded;
use crate::errors::Error;
use crate::managed::Managed;
use crate::wire::iam::{
    GetPolicyRequest, GetPolicyResponse, GetPolicyVersionRequest, GetPolicyVersionResponse, Policy, PolicyVersion,
};

pub(crate) async fn get_policy(_: &Cx, _: &mut Tx, input: &GetPolicyRequest) -> Result<GetPolicyResponse, Error> {
    let GetPolicyRequest { policy_arn } = input;
    let Managed { name, path, id, version, description, .. } = found(policy_arn)?;
    let policy = Policy {
        policy_name: Some((*name).into()),
        policy_id: Some((*id).into()),
        arn: Some(policy_arn.clone()),
        path: Some((*path).into()),
        default_version_id: Some((*version).into()),
        is_attachable: Some(true),
        description: Some((*description).into()),
        create_date: Some(found(policy_arn)?.created()),
    };
    Ok(GetPolicyResponse { policy: Some(policy) })
}

pub(crate) async fn get_policy_version(
    _: &Cx,
    _: &mut Tx,
    input: &GetPolicyVersionRequest,
) -> Result<GetPolicyVersionResponse, Error> {
    let GetPolicyVersionRequest { policy_arn, version_id } = input;
    let managed = found(policy_arn)?;
    if version_id != managed.version {
        return Err(Error::NoSuchPolicyVersion(policy_arn.clone(), version_id.clone()));
    }
    let version = PolicyVersion {
        document: Some(encoded(managed.document)),
        version_id: Some(managed.version.into()),
        is_default_version: Some(true),
    };
    Ok(GetPolicyVersionResponse { policy_version: Some(version) })
}

fn found(policy_arn: &str) -> Result<&'static Managed, Error> {
    Managed::find(&parsed(policy_arn)?).ok_or_else(|| Error::NoSuchPolicy(policy_arn.into()))
}
