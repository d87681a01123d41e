//! Which condition keys policies ask for.

use std::collections::BTreeSet;

use kv::Tx;
use service::Cx;

use super::simulate::Sources;
use crate::errors::Error;
use crate::wire::iam::{
    GetContextKeysForCustomPolicyRequest, GetContextKeysForPolicyResponse, GetContextKeysForPrincipalPolicyRequest,
};

pub(crate) async fn get_context_keys_for_custom_policy(
    _: &Cx,
    _: &mut Tx,
    input: &GetContextKeysForCustomPolicyRequest,
) -> Result<GetContextKeysForPolicyResponse, Error> {
    let GetContextKeysForCustomPolicyRequest { policy_input_list } = input;
    let mut sources = Sources::default();
    sources.add_inputs("PolicyInputList", policy_input_list)?;
    Ok(shown(&sources))
}

/// Those of the principal's own policies and of its groups', and of what the request adds.
pub(crate) async fn get_context_keys_for_principal_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetContextKeysForPrincipalPolicyRequest,
) -> Result<GetContextKeysForPolicyResponse, Error> {
    let GetContextKeysForPrincipalPolicyRequest { policy_source_arn, policy_input_list } = input;
    let mut sources = Sources::default();
    sources.add_principal(cx, tx, policy_source_arn).await?;
    sources.add_inputs("PolicyInputList", policy_input_list.as_deref().unwrap_or_default())?;
    Ok(shown(&sources))
}

fn shown(sources: &Sources) -> GetContextKeysForPolicyResponse {
    let keys: BTreeSet<String> = sources.context_keys();
    GetContextKeysForPolicyResponse { context_key_names: Some(keys.into_iter().collect()) }
}
