//! The versions of a parameter.

use kv::Tx;
use service::Cx;

use super::value::{self, Decryption};
use crate::errors::Error;
use crate::model::{Parameter, Version};
use crate::names::{Name, Reference, Selector};
use crate::store;
use crate::wire::{GetParameterHistoryRequest, GetParameterHistoryResult, ParameterHistory};

/// Versions of one page, at most and unless the request says less (model).
const PAGE_MAX: u64 = 50;

/// Every version that is still there, the oldest first.
pub(crate) async fn get_parameter_history(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetParameterHistoryRequest,
) -> Result<GetParameterHistoryResult, Error> {
    let GetParameterHistoryRequest { name, with_decryption, max_results, next_token } = input;
    let name = match Reference::parse(name, &cx.scope)? {
        Reference { name, selector: Selector::Current, .. } => name,
        Reference { .. } => return Err(Error::ParameterNotFound),
    };
    let found = store::parameter(tx, &cx.scope, &name).await?.ok_or(Error::ParameterNotFound)?;
    let tokens = cx.page(&format!("GetParameterHistory:{}", name.path()));
    let after = match next_token {
        Some(token) => last_number(&tokens.open(token).map_err(|_| Error::InvalidNextToken)?)?,
        None => 0,
    };

    let first = found.oldest().max(after.saturating_add(1));
    let count = max_results.and_then(|max| u64::try_from(max).ok()).unwrap_or(PAGE_MAX);
    let last = found.current.number.min(first.saturating_add(count) - 1);
    let mut parameters = Vec::new();
    for version in store::versions(tx, &cx.scope, &name, &found, first..=last).await? {
        parameters.push(shown(cx, (&name, &found), &version, Decryption::of(*with_decryption))?);
    }
    let next_token = (last < found.current.number).then(|| tokens.after(&last.to_be_bytes()));
    Ok(GetParameterHistoryResult { parameters: Some(parameters), next_token })
}

/// The number of the last version of the page before.
fn last_number(key: &[u8]) -> Result<u64, Error> {
    key.try_into().map(u64::from_be_bytes).map_err(|_| Error::InvalidNextToken)
}

fn shown(
    cx: &Cx,
    (name, parameter): (&Name, &Parameter),
    version: &Version,
    decryption: Decryption,
) -> Result<ParameterHistory, Error> {
    Ok(ParameterHistory {
        name: Some(parameter.name.clone()),
        r#type: Some(version.kind.as_str().into()),
        key_id: value::key_id(version),
        last_modified_date: Some(version.modified),
        last_modified_user: Some(version.modified_by.clone()),
        description: version.description.clone(),
        value: Some(value::shown(cx, name, version, decryption)?),
        allowed_pattern: version.allowed_pattern.clone(),
        version: Some(value::number(version.number)),
        labels: Some(parameter.labels_of(version.number)),
        tier: Some(version.tier.as_str().into()),
        policies: Some(Vec::new()),
        data_type: Some(value::DATA_TYPE.into()),
    })
}
