//! Parameters: put, get, delete.

use std::collections::{BTreeMap, BTreeSet};

use kv::Tx;
use service::Cx;

use super::value::{self, Decryption};
use crate::errors::Error;
use crate::model::{Kind, Parameter, Tier, VERSIONS_MAX, Version, check_pattern};
use crate::names::{Name, Reference, Selector};
use crate::store;
use crate::wire::{
    DeleteParameterRequest, DeleteParameterResult, DeleteParametersRequest, DeleteParametersResult,
    GetParameterRequest, GetParameterResult, GetParametersRequest, GetParametersResult, PutParameterRequest,
    PutParameterResult,
};

/// Makes a parameter, or a new version of one.
pub(crate) async fn put_parameter(
    cx: &Cx,
    tx: &mut Tx,
    input: &PutParameterRequest,
) -> Result<PutParameterResult, Error> {
    // There is one key and one data type (support.toml).
    let PutParameterRequest {
        name: written,
        description,
        value,
        r#type,
        key_id,
        overwrite,
        allowed_pattern,
        tags,
        tier,
        data_type: _,
    } = input;
    let name = Name::parse_new(written, &cx.scope)?;
    let tags = tags.as_deref().unwrap_or_default();
    let found = match (store::parameter(tx, &cx.scope, &name).await?, overwrite) {
        (_, Some(true)) if !tags.is_empty() => return Err(Error::invalid(TAGS_WITH_OVERWRITE)),
        (Some(_), None | Some(false)) => return Err(Error::ParameterAlreadyExists),
        (found, _) => found,
    };
    if value.is_empty() {
        return Err(Error::invalid(EMPTY));
    }

    let before = found.as_ref().map(|found| &found.current);
    let kind = Kind::choose(r#type.as_deref(), before.map(|before| before.kind))?;
    if key_id.is_some() && kind != Kind::SecureString {
        return Err(Error::invalid("KeyId is required for SecureString type parameter only."));
    }
    // What a request leaves out stays as it was (docs).
    let inherited = |given: &Option<String>, of: fn(&Version) -> &Option<String>| {
        given.clone().or_else(|| before.and_then(|before| of(before).clone())).filter(|text| !text.is_empty())
    };
    let allowed_pattern = inherited(allowed_pattern, |before| &before.allowed_pattern);
    if let Some(pattern) = &allowed_pattern {
        check_pattern(pattern, kind, value)?;
    }
    let version = Version {
        number: before.map_or(1, |before| before.number + 1),
        kind,
        value: value::kept(cx, &name, kind, value),
        description: inherited(description, |before| &before.description),
        allowed_pattern,
        tier: Tier::choose(tier.as_deref(), before.map(|before| before.tier), value)?,
        modified: cx.now(),
        modified_by: cx.caller.principal.name(),
    };

    let answer =
        PutParameterResult { version: Some(value::number(version.number)), tier: Some(version.tier.as_str().into()) };
    match found {
        None => {
            let labels = BTreeMap::new();
            let mut made = Parameter { name: written.clone(), current: version, labels, tags: BTreeMap::new() };
            made.tag(tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())))?;
            store::put_parameter(tx, &cx.scope, &name, made)?;
        }
        Some(found) => put_next(cx, tx, &name, found, version)?,
    }
    Ok(answer)
}

const EMPTY: &str = "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length \
    greater than or equal to 1";

const TAGS_WITH_OVERWRITE: &str = "Invalid request: tags and overwrite can't be used together. To create a parameter with \
    tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or \
    RemoveTagsFromResource.";

/// The current version becomes a former one; of the former ones a hundred are kept.
fn put_next(cx: &Cx, tx: &mut Tx, name: &Name, mut parameter: Parameter, next: Version) -> Result<(), Error> {
    let former = parameter.replace(next)?;
    store::put_version(tx, &cx.scope, name, former)?;
    if let Some(number) = parameter.current.number.checked_sub(VERSIONS_MAX) {
        store::delete_version(tx, &cx.scope, name, number);
    }
    store::put_parameter(tx, &cx.scope, name, parameter)
}

/// One parameter, as it is or as it was.
pub(crate) async fn get_parameter(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetParameterRequest,
) -> Result<GetParameterResult, Error> {
    let GetParameterRequest { name, with_decryption } = input;
    let found = read(cx, tx, name, Decryption::of(*with_decryption)).await?;
    Ok(GetParameterResult { parameter: Some(found) })
}

/// Several parameters; those that are not there are named.
pub(crate) async fn get_parameters(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetParametersRequest,
) -> Result<GetParametersResult, Error> {
    let GetParametersRequest { names, with_decryption } = input;
    let (mut parameters, mut invalid) = (Vec::new(), Vec::new());
    for name in names.iter().collect::<BTreeSet<_>>() {
        match read(cx, tx, name, Decryption::of(*with_decryption)).await {
            Ok(found) => parameters.push(found),
            Err(Error::ParameterNotFound | Error::ParameterVersionNotFound { .. }) => invalid.push(name.clone()),
            Err(error) => return Err(error),
        }
    }
    Ok(GetParametersResult { parameters: Some(parameters), invalid_parameters: Some(invalid) })
}

/// The version that a name, ARN or selector means.
async fn read(cx: &Cx, tx: &mut Tx, text: &str, decryption: Decryption) -> Result<crate::wire::Parameter, Error> {
    let Reference { name, written, selector } = Reference::parse(text, &cx.scope)?;
    let found = store::parameter(tx, &cx.scope, &name).await?.ok_or(Error::ParameterNotFound)?;
    let written = written.as_deref().unwrap_or(&found.name);
    let number = match &selector {
        Selector::Current => Some(found.current.number),
        Selector::Version(number) => Some(*number),
        Selector::Label(label) => found.labels.get(label).copied(),
    };
    let absent = || {
        let selector = selector.shown().unwrap_or_default().trim_start_matches(':').to_owned();
        Error::ParameterVersionNotFound { name: written.to_owned(), selector }
    };
    let number = number.filter(|number| found.has_version(*number)).ok_or_else(absent)?;
    let versions = store::versions(tx, &cx.scope, &name, &found, number..=number).await?;
    let version = versions.first().ok_or_else(absent)?;
    value::answer(cx, (&name, written), version, &selector, decryption)
}

/// Deletes a parameter with all its versions.
pub(crate) async fn delete_parameter(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteParameterRequest,
) -> Result<DeleteParameterResult, Error> {
    let DeleteParameterRequest { name } = input;
    match delete(cx, tx, name).await? {
        true => Ok(DeleteParameterResult {}),
        false => Err(Error::ParameterNotFound),
    }
}

/// Deletes several parameters; those that are not there are named.
pub(crate) async fn delete_parameters(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteParametersRequest,
) -> Result<DeleteParametersResult, Error> {
    let DeleteParametersRequest { names } = input;
    let (mut deleted, mut invalid) = (Vec::new(), Vec::new());
    for name in names.iter().collect::<BTreeSet<_>>() {
        let list = if delete(cx, tx, name).await? { &mut deleted } else { &mut invalid };
        list.push(name.clone());
    }
    Ok(DeleteParametersResult { deleted_parameters: Some(deleted), invalid_parameters: Some(invalid) })
}

/// Whether it was there.
async fn delete(cx: &Cx, tx: &mut Tx, text: &str) -> Result<bool, Error> {
    let Ok(name) = Name::parse(text) else { return Ok(false) };
    let Some(found) = store::parameter(tx, &cx.scope, &name).await? else { return Ok(false) };
    store::delete_parameter(tx, &cx.scope, &name, &found);
    Ok(true)
}
