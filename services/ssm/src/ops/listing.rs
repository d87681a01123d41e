//! Listings of parameters: by path, and with filters.

use kv::Tx;
use service::{Cx, Failure};

use super::filter::{Filters, Place, below, is_path};
use super::value::{self, Decryption};
use crate::errors::Error;
use crate::model::Parameter;
use crate::names::{Name, Selector};
use crate::store;
use crate::wire::{
    DescribeParametersRequest, DescribeParametersResult, GetParametersByPathRequest, GetParametersByPathResult,
    ParameterMetadata,
};

/// Parameters of one page, at most and unless the request says less (model).
const BY_PATH_MAX: usize = 10;
const DESCRIBED_MAX: usize = 50;

const NO_PATH: &str = "Parameter path: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive) except global parameter \
    name path prefixed with \"aws\" (case-sensitive). It should always begin with / symbol.It consists of sub-paths divided by \
    slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_";

/// The parameters below a path: one level of them, or all.
pub(crate) async fn get_parameters_by_path(
    cx: &Cx,
    tx: &mut Tx,
    input: &GetParametersByPathRequest,
) -> Result<GetParametersByPathResult, Error> {
    let GetParametersByPathRequest { path, recursive, parameter_filters, with_decryption, max_results, next_token } =
        input;
    if path.starts_with("/aws/") {
        return Err(Failure::not_implemented(format!("The public path {path}")).into());
    }
    if !is_path(path) {
        return Err(Error::invalid(NO_PATH));
    }
    let path = below(path);
    let filters = parameter_filters.as_deref().unwrap_or_default();
    let listing = format!("GetParametersByPath:{path}:{recursive:?}:{filters:?}");
    let filters = Filters::parse(filters, Place::ByPath)?;
    let decryption = Decryption::of(*with_decryption);

    let chosen = |name: &Name, parameter: &Parameter| {
        let is_near = || name.path().strip_prefix(&path).is_some_and(|rest| !rest.contains('/'));
        (*recursive == Some(true) || is_near()) && filters.lets_through(name, parameter)
    };
    let asked =
        Asked { listing, prefix: &path, token: next_token.as_deref(), max: page_size(*max_results, BY_PATH_MAX) };
    let (found, next_token) = page(cx, tx, &asked, chosen).await?;
    let mut parameters = Vec::with_capacity(found.len());
    for (name, parameter) in &found {
        let (selector, number) = match filters.labelled(parameter) {
            Some((label, number)) => (Selector::Label(label), number),
            None => (Selector::Current, parameter.current.number),
        };
        for version in store::versions(tx, &cx.scope, name, parameter, number..=number).await? {
            parameters.push(value::answer(cx, (name, &parameter.name), &version, &selector, decryption)?);
        }
    }
    Ok(GetParametersByPathResult { parameters: Some(parameters), next_token })
}

/// What is known of parameters, beside their values.
pub(crate) async fn describe_parameters(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeParametersRequest,
) -> Result<DescribeParametersResult, Error> {
    // No other account shares parameters here (support.toml).
    let DescribeParametersRequest { filters, parameter_filters, max_results, next_token, shared: _ } = input;
    let former = filters.as_deref().unwrap_or_default();
    let filters = parameter_filters.as_deref().unwrap_or_default();
    if !former.is_empty() && !filters.is_empty() {
        return Err(Error::invalid("You can use either Filters or ParameterFilters in a single request."));
    }
    let listing = format!("DescribeParameters:{former:?}:{filters:?}");
    let filters = match former {
        [] => Filters::parse(filters, Place::Describe)?,
        former => Filters::former(former),
    };

    let prefix = filters.prefix();
    let max = page_size(*max_results, DESCRIBED_MAX);
    let asked = Asked { listing, prefix: &prefix, token: next_token.as_deref(), max };
    let (found, next_token) = page(cx, tx, &asked, |name, parameter| filters.lets_through(name, parameter)).await?;
    let parameters = found.iter().map(|(name, parameter)| metadata(cx, name, parameter));
    Ok(DescribeParametersResult { parameters: Some(parameters.collect()), next_token })
}

fn metadata(cx: &Cx, name: &Name, parameter: &Parameter) -> ParameterMetadata {
    let version = &parameter.current;
    ParameterMetadata {
        name: Some(parameter.name.clone()),
        arn: Some(name.arn(&cx.scope).to_string()),
        r#type: Some(version.kind.as_str().into()),
        key_id: value::key_id(version),
        last_modified_date: Some(version.modified),
        last_modified_user: Some(version.modified_by.clone()),
        description: version.description.clone(),
        allowed_pattern: version.allowed_pattern.clone(),
        version: Some(value::number(version.number)),
        tier: Some(version.tier.as_str().into()),
        policies: Some(Vec::new()),
        data_type: Some(value::DATA_TYPE.into()),
    }
}

/// What a listing is asked for.
struct Asked<'a> {
    /// The operation with everything that narrows it: its tokens open for nothing else.
    listing: String,
    prefix: &'a str,
    token: Option<&'a str>,
    max: usize,
}

fn page_size(asked: Option<i32>, max: usize) -> usize {
    asked.and_then(|asked| usize::try_from(asked).ok()).unwrap_or(max)
}

/// One page of what is chosen, and the token of the next.
///
/// A request looks through one page of the store, whatever it finds there: with few that fit among many, pages are short or
/// empty and have a token all the same, as those of AWS (docs).
async fn page(
    cx: &Cx,
    tx: &mut Tx,
    asked: &Asked<'_>,
    chosen: impl Fn(&Name, &Parameter) -> bool,
) -> Result<(Vec<(Name, Parameter)>, Option<String>), Error> {
    let Asked { listing, prefix, token, max } = asked;
    let tokens = cx.page(listing);
    let after = token.map(|token| tokens.open(token).map_err(|_| Error::InvalidNextToken)).transpose()?;
    let after = after.map(String::from_utf8).transpose().map_err(|_| Error::InvalidNextToken)?.map(Name::from_path);

    let (rows, more) = store::parameters(tx, &cx.scope, prefix, after.as_ref()).await?;
    let last = rows.last().map(|(name, _)| name.clone()).filter(|_| more);
    let mut found: Vec<_> =
        rows.into_iter().filter(|(name, parameter)| chosen(name, parameter)).take(max + 1).collect();
    let last = if found.len() <= *max { last } else { found.get(max - 1).map(|(name, _)| name.clone()) };
    found.truncate(*max);
    Ok((found, last.map(|name| tokens.after(name.path().as_bytes()))))
}
