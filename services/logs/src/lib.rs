//! CloudWatch Logs: groups, streams and their events, on the store's logs.

mod engine;
mod errors;
mod keys;
mod model;
mod ops;
mod store;
mod wire;
mod worker;

use base::Arn;
use service::common::{self, CommonErrors};
use service::{Anonymous, Cx, Service, demands};

use crate::ops::{event, group, retention, search, stream, tags};

pub use worker::{start, sweep};

/// The largest request: a batch of 1 MiB whose characters are escaped in JSON, and its envelope.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How this service names errors that happen before an operation.
const ERRORS: CommonErrors = CommonErrors { validation: wire::errors::INVALID_PARAMETER_EXCEPTION, ..common::JSON };

service::operations! { crate::wire;
    CreateLogGroup => group::create_log_group, |s, i| tags::creation(s, &i.log_group_name, i.tags.as_ref());
    DeleteLogGroup => group::delete_log_group, |s, i| demands![logs::DeleteLogGroup(group_arn(s, &i.log_group_name))];
    DescribeLogGroups => group::describe_log_groups, |s, i| demands![logs::DescribeLogGroups(group_arn(s, ""))];
    PutRetentionPolicy => retention::put_retention_policy,
        |s, i| demands![logs::PutRetentionPolicy(group_arn(s, &i.log_group_name))];
    DeleteRetentionPolicy => retention::delete_retention_policy,
        |s, i| demands![logs::DeleteRetentionPolicy(group_arn(s, &i.log_group_name))];
    TagResource => tags::tag_resource, |s, i| tags::tagging(&i.resource_arn, &i.tags);
    UntagResource => tags::untag_resource, |s, i| tags::untagging(&i.resource_arn, &i.tag_keys);
    ListTagsForResource => tags::list_tags_for_resource, |s, i| tags::listing(&i.resource_arn);
    CreateLogStream => stream::create_log_stream,
        |s, i| demands![logs::CreateLogStream(stream_arn(s, &i.log_group_name, &i.log_stream_name))];
    DeleteLogStream => stream::delete_log_stream,
        |s, i| demands![logs::DeleteLogStream(stream_arn(s, &i.log_group_name, &i.log_stream_name))];
    DescribeLogStreams => stream::describe_log_streams,
        |s, i| demands![logs::DescribeLogStreams(named_arn(s, i.log_group_name.as_deref(), i.log_group_identifier.as_deref(), ""))];
    PutLogEvents => event::put_log_events,
        |s, i| demands![logs::PutLogEvents(stream_arn(s, &i.log_group_name, &i.log_stream_name))];
    GetLogEvents => event::get_log_events,
        |s, i| demands![logs::GetLogEvents(named_arn(s, i.log_group_name.as_deref(), i.log_group_identifier.as_deref(), &i.log_stream_name))];
    FilterLogEvents => search::filter_log_events,
        |s, i| demands![logs::FilterLogEvents(named_arn(s, i.log_group_name.as_deref(), i.log_group_identifier.as_deref(), ""))];
}

/// The service's descriptor.
pub fn service() -> Service {
    Service {
        name: "logs",
        model: &wire::MODEL,
        operations: OPERATIONS,
        signing: sigv4::Dialect::STANDARD,
        family: sigv4::Family::Json,
        errors: ERRORS,
        anonymous: Anonymous::Refused,
        body_bytes_max: BODY_BYTES_MAX,
        hosts: &[],
        paths: &[],
        resource_policy: None,
        resource_tags: None,
        blob_rows: &[],
        plane: None,
    }
}

/// What permissions on a group are demanded on: as AWS names it in denials, with an empty stream, so that the usual
/// `log-group:NAME:*` of policies matches (observed in denials of CreateLogStream).
pub(crate) fn group_arn(cx: &Cx, group: &str) -> Arn {
    stream_arn(cx, group, "")
}

fn stream_arn(cx: &Cx, group: &str, stream: &str) -> Arn {
    cx.arn("logs", &format!("log-group:{group}:log-stream:{stream}"))
}

/// As `stream_arn`, of a group given by name or identifier. The operation itself refuses what is neither.
fn named_arn(cx: &Cx, name: Option<&str>, identifier: Option<&str>, stream: &str) -> Arn {
    let group = model::group_named(&cx.scope, name, identifier).unwrap_or_default();
    stream_arn(cx, &group, stream)
}
