//! Log groups: create, list, delete.

use kv::{Direction, Tx};
use service::Cx;

use crate::errors::Error;
use crate::model::Group;
use crate::store;
use crate::wire::{
    CreateLogGroupNothing, CreateLogGroupRequest, DeleteLogGroupNothing, DeleteLogGroupRequest,
    DescribeLogGroupsRequest, DescribeLogGroupsResponse, LogGroup,
};

/// How many groups or streams a page has at most, and unless the request says less (model, docs).
pub(crate) const PAGE_MAX: usize = 50;

/// Creates a group.
pub(crate) async fn create_log_group(
    cx: &Cx,
    tx: &mut Tx,
    input: &CreateLogGroupRequest,
) -> Result<CreateLogGroupNothing, Error> {
    // The class can only be STANDARD (support.toml), which is what every group is.
    let CreateLogGroupRequest { log_group_name, tags, log_group_class: _ } = input;
    if store::group(tx, &cx.scope, log_group_name).await?.is_some() {
        return Err(Error::GroupExists);
    }
    let group = Group { created: cx.now(), retention_days: None, tags: tags.clone().unwrap_or_default() };
    store::put_group(tx, &cx.scope, log_group_name, group)?;
    Ok(CreateLogGroupNothing {})
}

/// Deletes a group, its streams and their events.
pub(crate) async fn delete_log_group(
    cx: &Cx,
    tx: &mut Tx,
    input: &DeleteLogGroupRequest,
) -> Result<DeleteLogGroupNothing, Error> {
    let DeleteLogGroupRequest { log_group_name } = input;
    store::group(tx, &cx.scope, log_group_name).await?.ok_or(Error::NoSuchGroup)?;
    store::delete_group(tx, &cx.scope, log_group_name).await?;
    Ok(DeleteLogGroupNothing {})
}

/// Lists groups in the order of names: those that begin with a prefix, or contain a pattern.
pub(crate) async fn describe_log_groups(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeLogGroupsRequest,
) -> Result<DescribeLogGroupsResponse, Error> {
    // Every group is of the one class that can be asked for (support.toml).
    let DescribeLogGroupsRequest {
        log_group_name_prefix,
        log_group_name_pattern,
        next_token,
        limit,
        log_group_class: _,
    } = input;
    if log_group_name_prefix.is_some() && log_group_name_pattern.is_some() {
        return Err(Error::invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        ));
    }
    let (prefix, pattern) =
        (log_group_name_prefix.as_deref().unwrap_or_default(), log_group_name_pattern.as_deref().unwrap_or_default());
    let tokens = cx.page(&format!("DescribeLogGroups:{prefix}:{pattern}"));
    let mut after = next_token.as_deref().map(|token| open(&tokens, token)).transpose()?;
    let limit = limit.map_or(PAGE_MAX, |limit| limit as usize);

    let mut found = Vec::new();
    loop {
        let (page, more) = store::groups(tx, &cx.scope, prefix, after.as_deref()).await?;
        after = page.last().map(|(name, _)| name.clone());
        found.extend(page.into_iter().filter(|(name, _)| name.contains(pattern)));
        if !more || limit < found.len() {
            break;
        }
    }

    let next = if limit < found.len() { found.get(limit - 1).map(|(name, _)| name.clone()) } else { None };
    found.truncate(limit);
    let mut groups = Vec::new();
    for (name, group) in &found {
        groups.push(described(cx, tx, name, group).await?);
    }
    Ok(DescribeLogGroupsResponse {
        log_groups: Some(groups),
        next_token: next.map(|name| tokens.after(name.as_bytes())),
    })
}

async fn described(cx: &Cx, tx: &mut Tx, name: &str, group: &Group) -> Result<LogGroup, Error> {
    let arn = cx.arn("logs", &format!("log-group:{name}"));
    Ok(LogGroup {
        log_group_name: Some(name.to_owned()),
        creation_time: Some(group.created.as_ms()),
        retention_in_days: group.retention_days,
        metric_filter_count: Some(0),
        arn: Some(format!("{arn}:*")),
        stored_bytes: Some(stored_bytes(cx, tx, name).await?),
        log_group_class: Some("STANDARD".into()),
        log_group_arn: Some(arn.to_string()),
        deletion_protection_enabled: Some(false),
    })
}

/// What the group's streams hold. Summed here, so that writers of different streams share no counter.
async fn stored_bytes(cx: &Cx, tx: &mut Tx, group: &str) -> Result<i64, Error> {
    let (mut sum, mut after) = (0, None);
    loop {
        let (page, more) = store::streams(tx, &cx.scope, group, "", after.as_deref(), Direction::Forward).await?;
        sum += page.iter().map(|(_, stream)| stream.stored_bytes).sum::<u64>();
        after = page.into_iter().next_back().map(|(name, _)| name);
        if !more {
            return Ok(i64::try_from(sum).unwrap_or(i64::MAX));
        }
    }
}

/// The name in a token.
pub(crate) fn open(tokens: &base::PageToken<'_>, token: &str) -> Result<String, Error> {
    let bytes = tokens.open(token).map_err(|_| Error::bad_token())?;
    String::from_utf8(bytes).map_err(|_| Error::bad_token())
}
