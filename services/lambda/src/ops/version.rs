//! PublishVersion, ListVersionsByFunction: fixed states of a function.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use kv::Tx;
use service::Cx;

use crate::errors::Error;
use crate::model::{Code, Function, Published};
use crate::names::{LATEST, Target};
use crate::ops::render::{configuration, listed};
use crate::store;
use crate::wire::{
    FunctionConfiguration, ListVersionsByFunctionRequest, ListVersionsByFunctionResponse, PublishVersionRequest,
};

/// A page has at most 50 versions, whatever was asked for (docs).
pub(crate) const PAGE_MAX: usize = 50;

pub(crate) async fn publish_version(
    cx: &Cx,
    tx: &mut Tx,
    input: &PublishVersionRequest,
) -> Result<FunctionConfiguration, Error> {
    let PublishVersionRequest { function_name, code_sha256, description, revision_id } = input;
    let target = Target::new(cx, function_name, None)?;
    let mut latest = store::versions::latest(tx, &target).await?;
    if revision_id.as_ref().is_some_and(|wanted| *wanted != latest.revision) {
        return Err(Error::Revision("GetFunction/GetAlias"));
    }
    let current = shown_sha256(&latest.code);
    if let Some(wanted) = code_sha256.as_deref().filter(|wanted| !wanted.is_empty() && *wanted != current) {
        return Err(Error::InvalidParameter(format!(
            "CodeSHA256 ({wanted}) is different from current CodeSHA256 in {LATEST} ({current}). Please try again with the CodeSHA256 in {LATEST}."
        )));
    }
    let version = publish(cx, tx, &target, &mut latest, description.as_deref()).await?;
    Ok(configuration(cx, &version_target(&target, &version), &version))
}

/// What is published of a function: the last version if nothing has changed since, else a new one.
pub(crate) async fn publish(
    cx: &Cx,
    tx: &mut Tx,
    target: &Target,
    latest: &mut Function,
    description: Option<&str>,
) -> Result<Function, Error> {
    let fingerprint = latest.fingerprint();
    if let Some(published) = latest.published.as_ref().filter(|published| published.fingerprint == fingerprint)
        && let Some(version) = store::versions::version(tx, &target.scope, &target.name, published.number).await?
    {
        return Ok(version);
    }
    let number = latest.published.as_ref().map_or(0, |published| published.number) + 1;
    latest.published = Some(Published { number, fingerprint });
    store::save(tx, &target.scope, latest)?;
    let mut version = latest.as_version(number);
    version.revision = cx.platform.ids.uuid();
    version.generation = cx.platform.ids.uuid();
    if let Some(description) = description.filter(|description| !description.is_empty()) {
        description.clone_into(&mut version.description);
    }
    store::save(tx, &target.scope, &version)?;
    Ok(version)
}

/// The name of a version.
pub(crate) fn version_target(target: &Target, version: &Function) -> Target {
    Target { qualifier: Some(version.version_name()), ..target.clone() }
}

pub(crate) fn shown_sha256(code: &Code) -> String {
    BASE64_STANDARD.encode(hex::decode(&code.sha256).unwrap_or_default())
}

/// `$LATEST`, then the versions in their order.
pub(crate) async fn list_versions_by_function(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListVersionsByFunctionRequest,
) -> Result<ListVersionsByFunctionResponse, Error> {
    let ListVersionsByFunctionRequest { function_name, marker, max_items } = input;
    let target = Target::new(cx, function_name, None)?;
    let latest = store::versions::latest(tx, &target).await?;
    let tokens = cx.page(&format!("ListVersionsByFunction:{}", target.name));
    let after = after(&tokens, marker.as_deref())?;
    let number = after.as_deref().map_or(Ok(0), |bytes| bytes.try_into().map(u32::from_be_bytes));
    let number = number.map_err(|_| invalid_marker())?;
    let limit = limit(*max_items);
    let mut shown = if after.is_none() { vec![latest] } else { Vec::new() };
    let room = limit - shown.len();
    let (versions, more) = match room {
        0 => (Vec::new(), latest_has_versions(&shown)),
        room => store::versions::versions(tx, &target.scope, &target.name, number, room).await?,
    };
    shown.extend(versions);
    let last = shown.last().and_then(|function| function.version).unwrap_or_default();
    Ok(ListVersionsByFunctionResponse {
        next_marker: more.then(|| tokens.after(&last.to_be_bytes())),
        versions: Some(shown.iter().map(|function| listed(cx, &version_target(&target, function), function)).collect()),
    })
}

fn latest_has_versions(shown: &[Function]) -> bool {
    shown.iter().any(|function| function.published.is_some())
}

/// Where a listing continues.
pub(crate) fn after(tokens: &base::PageToken<'_>, marker: Option<&str>) -> Result<Option<Vec<u8>>, Error> {
    let marker = marker.filter(|marker| !marker.is_empty());
    marker.map(|marker| tokens.open(marker)).transpose().map_err(|_| invalid_marker())
}

pub(crate) fn invalid_marker() -> Error {
    Error::InvalidParameter("The Marker is not valid for this request.".into())
}

/// How many entries a page has.
pub(crate) fn limit(max_items: Option<i32>) -> usize {
    max_items.and_then(|items| usize::try_from(items).ok()).unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX)
}
