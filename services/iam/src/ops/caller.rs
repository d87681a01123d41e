//! Who callers and keys belong to.

use kv::Tx;
use service::Cx;

use crate::errors::Error;
use crate::identity::Identities;
use crate::wire::sts::{
    GetAccessKeyInfoRequest, GetAccessKeyInfoResponse, GetCallerIdentityRequest, GetCallerIdentityResponse,
};

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

/// The account of a key, whether or not the key is still there (docs): the id tells.
pub(crate) async fn get_access_key_info(
    cx: &Cx,
    _: &mut Tx,
    input: &GetAccessKeyInfoRequest,
) -> Result<GetAccessKeyInfoResponse, Error> {
    let GetAccessKeyInfoRequest { access_key_id } = input;
    let account = cx.platform.state::<Identities>()?.account_of(access_key_id);
    let account = account.ok_or_else(|| Error::InvalidAccessKeyId(access_key_id.clone()))?;
    Ok(GetAccessKeyInfoResponse { account: Some(account.to_string()) })
}
