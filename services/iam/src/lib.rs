//! IAM and STS.
mod wire;
mod ops { pub mod caller {
  use crate::wire::sts::*;
  use service::{Cx, Failure};
  pub(crate) async fn get_caller_identity(cx: &Cx, _tx: &mut kv::Tx, _input: &GetCallerIdentityRequest) -> Result<GetCallerIdentityResponse, Failure> {
     Ok(GetCallerIdentityResponse { user_id: Some(cx.caller.user_id.clone()), account: Some(cx.caller.account.to_string()), arn: Some(cx.caller.principal.name()) })
  }
}}
use ops::caller;
service::operations! { crate::wire::sts;
    GetCallerIdentity => caller::get_caller_identity, |s, i| service::demands![];
    GetCallerIdentity => run crate::foo, |s, i| service::demands![iam::GetRole(s.arn("iam", "x"))];
}
async fn foo(cx: &service::Cx, _input: &wire::sts::GetCallerIdentityRequest) -> Result<wire::sts::GetCallerIdentityResponse, service::Failure> { let _ = cx; Ok(Default::default()) }
