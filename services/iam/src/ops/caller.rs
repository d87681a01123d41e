//! Who the caller is.

use kv::Tx;
use service::Cx;

use crate::errors::Error;
use crate::wire::sts::{GetCallerIdentityRequest, GetCallerIdentityResponse};

/// Everybody may ask (docs).
pub(crate) async fn get_caller_identity(
    cx: &Cx,
    _: &mut Tx,
    input: &GetCallerIdentityRequest,
) -> Result<GetCallerIdentityResponse, Error> {
    let GetCallerIdentityRequest {} = input;
    let (user_id, account) = (cx.caller.user_id.clone(), cx.caller.account.to_string());
    Ok(GetCallerIdentityResponse {
        user_id: Some(user_id),
        account: Some(account),
        arn: Some(cx.caller.principal.name()),
    })
}
