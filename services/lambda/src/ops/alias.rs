//! CreateAlias, GetAlias, UpdateAlias, DeleteAlias, ListAliases: names for versions.

use std::collections::BTreeMap;

use kv::Tx;
use service::Cx;

use crate::errors::Error;
use crate::model::alias::{Alias, parse_version, version_name};
use crate::names::Target;
use crate::ops::version::{after, invalid_marker, limit};
use crate::store;
use crate::wire::{
    AliasConfiguration, AliasRoutingConfiguration, CreateAliasRequest, DeleteAliasNothing, DeleteAliasRequest,
    GetAliasRequest, ListAliasesRequest, ListAliasesResponse, UpdateAliasRequest,
};

pub(crate) async fn create_alias(
    cx: &Cx,
    tx: &mut Tx,
    input: &CreateAliasRequest,
) -> Result<AliasConfiguration, Error> {
    let CreateAliasRequest { function_name, name, function_version, description, routing_config } = input;
    let target = named(cx, function_name, name)?;
    // A number is a version's name; the model says so in a way that its patterns cannot.
    if name.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Error::AliasName(name.clone()));
    }
    let version = pointed(tx, &target, function_version).await?;
    if store::versions::alias(tx, &target.scope, &target.name, name).await?.is_some() {
        return Err(Error::AliasExists(target.qualified_arn().to_string()));
    }
    let alias = Alias {
        name: name.clone(),
        version,
        description: description.clone().unwrap_or_default(),
        weights: weights(routing_config.as_ref()),
        permissions: Vec::new(),
        revision: cx.platform.ids.uuid(),
    };
    keep(tx, &target, &alias).await?;
    Ok(shown(&target, &alias))
}

pub(crate) async fn get_alias(cx: &Cx, tx: &mut Tx, input: &GetAliasRequest) -> Result<AliasConfiguration, Error> {
    let GetAliasRequest { function_name, name } = input;
    let target = named(cx, function_name, name)?;
    let alias = existing(tx, &target, name).await?;
    Ok(shown(&target, &alias))
}

pub(crate) async fn update_alias(
    cx: &Cx,
    tx: &mut Tx,
    input: &UpdateAliasRequest,
) -> Result<AliasConfiguration, Error> {
    let UpdateAliasRequest { function_name, name, function_version, description, routing_config, revision_id } = input;
    let target = named(cx, function_name, name)?;
    let mut alias = existing(tx, &target, name).await?;
    if revision_id.as_ref().is_some_and(|wanted| *wanted != alias.revision) {
        return Err(Error::Revision("GetAlias"));
    }
    if let Some(version) = function_version {
        alias.version = pointed(tx, &target, version).await?;
    }
    if let Some(description) = description {
        alias.description.clone_from(description);
    }
    if routing_config.is_some() {
        alias.weights = weights(routing_config.as_ref());
    }
    alias.revision = cx.platform.ids.uuid();
    keep(tx, &target, &alias).await?;
    Ok(shown(&target, &alias))
}

/// An alias that is not there is as good as deleted.
pub(crate) async fn delete_alias(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteAliasRequest,
) -> Result<DeleteAliasNothing, Error> {
    let DeleteAliasRequest { function_name, name } = input;
    let target = named(cx, function_name, name)?;
    store::versions::latest(tx, &Target { qualifier: None, ..target.clone() }).await?;
    store::versions::remove_alias(tx, &target.scope, &target.name, name);
    Ok(DeleteAliasNothing {})
}

pub(crate) async fn list_aliases(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListAliasesRequest,
) -> Result<ListAliasesResponse, Error> {
    let ListAliasesRequest { function_name, function_version, marker, max_items } = input;
    let target = Target::new(cx, function_name, None)?;
    store::versions::latest(tx, &target).await?;
    let wanted = function_version.as_deref();
    let tokens = cx.page(&format!("ListAliases:{}:{}", target.name, wanted.unwrap_or_default()));
    let mut behind = after(&tokens, marker.as_deref())?.map(String::from_utf8).transpose();
    let (mut found, limit) = (Vec::new(), limit(*max_items));
    loop {
        let last = behind.map_err(|_| invalid_marker())?;
        let room = limit - found.len();
        let (page, more) = store::versions::aliases(tx, &target.scope, &target.name, last.as_deref(), room).await?;
        let next = page.last().map(|alias| alias.name.clone());
        found.extend(page.into_iter().filter(|alias| leads_to(alias, wanted)));
        if !more || found.len() == limit {
            return Ok(ListAliasesResponse {
                next_marker: next.filter(|_| more).map(|name| tokens.after(name.as_bytes())),
                aliases: Some(found.iter().map(|alias| shown(&qualified(&target, &alias.name), alias)).collect()),
            });
        }
        behind = Ok(next);
    }
}

fn leads_to(alias: &Alias, wanted: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| match parse_version(wanted) {
        Some(Some(number)) => alias.names(number),
        Some(None) => alias.version.is_none(),
        None => false,
    })
}

/// The function that an alias belongs to, with the alias as its qualifier.
fn named(cx: &Cx, function_name: &str, alias: &str) -> Result<Target, Error> {
    let target = Target::new(cx, function_name, None)?;
    if !target.is_latest() {
        return Err(Error::FunctionNotFound(target.qualified_arn().to_string()));
    }
    Ok(qualified(&target, alias))
}

fn qualified(target: &Target, qualifier: &str) -> Target {
    Target { qualifier: Some(qualifier.to_owned()), ..target.clone() }
}

async fn existing(tx: &mut Tx, target: &Target, name: &str) -> Result<Alias, Error> {
    let found = store::versions::alias(tx, &target.scope, &target.name, name).await?;
    found.ok_or_else(|| Error::AliasNotFound(target.qualified_arn().to_string()))
}

/// The version that a request points an alias to, if it is there.
async fn pointed(tx: &mut Tx, target: &Target, version: &str) -> Result<Option<u32>, Error> {
    let target = qualified(target, version);
    let not_found = || Error::FunctionNotFound(target.qualified_arn().to_string());
    let number = parse_version(version).ok_or_else(not_found)?;
    store::versions::find(tx, &target).await?;
    Ok(number)
}

/// Keeps an alias if its routing can be.
async fn keep(tx: &mut Tx, target: &Target, alias: &Alias) -> Result<(), Error> {
    alias.check()?;
    for version in alias.weights.keys() {
        pointed(tx, target, &version.to_string()).await?;
    }
    store::versions::save_alias(tx, &target.scope, &target.name, alias)
}

/// The model has judged the numbers; one beyond them all is no version's.
fn weights(routing: Option<&AliasRoutingConfiguration>) -> BTreeMap<u32, f64> {
    let given = routing
        .and_then(|AliasRoutingConfiguration { additional_version_weights }| additional_version_weights.as_ref());
    let number = |text: &str| text.parse().unwrap_or(u32::MAX);
    given.into_iter().flatten().map(|(version, weight)| (number(version), *weight)).collect()
}

fn shown(target: &Target, alias: &Alias) -> AliasConfiguration {
    let weights: BTreeMap<String, f64> =
        alias.weights.iter().map(|(version, weight)| (version.to_string(), *weight)).collect();
    let routing = AliasRoutingConfiguration { additional_version_weights: Some(weights) };
    AliasConfiguration {
        alias_arn: Some(target.qualified_arn().to_string()),
        name: Some(alias.name.clone()),
        function_version: Some(version_name(alias.version)),
        description: Some(alias.description.clone()),
        routing_config: (!alias.weights.is_empty()).then_some(routing),
        revision_id: Some(alias.revision.clone()),
    }
}
