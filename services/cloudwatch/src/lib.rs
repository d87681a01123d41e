//! CloudWatch's metrics: data put by callers and by the server itself, and their statistics.

mod engine;
mod errors;
mod keys;
mod model;
mod ops;
mod plane;
mod store;
mod wire;
mod worker;

use base::Arn;
use service::common::{self, CommonErrors};

use service::{Anonymous, Cx, Service, demand, demands};

use crate::ops::{datum, listing, query, statistics};

pub use worker::{flush, merge, start, trim};

/// The largest request, unpacked: a thousand metrics with thirty dimensions of full length would be more, but AWS takes 1 MB.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How this service names errors that happen before an operation.
const ERRORS: CommonErrors = CommonErrors { internal: wire::errors::INTERNAL_SERVICE_FAULT, ..common::QUERY };

service::operations! { crate::wire;
    PutMetricData => datum::put_metric_data,
        |s, i| vec![demand!(cloudwatch::PutMetricData(dataset(s))).with("cloudwatch:namespace", i.namespace.clone())];
    GetMetricData => query::get_metric_data, |s, _| demands![cloudwatch::GetMetricData(dataset(s))];
    GetMetricStatistics => statistics::get_metric_statistics, |_, _| demands![cloudwatch::GetMetricStatistics("*")];
    ListMetrics => listing::list_metrics, |s, _| demands![cloudwatch::ListMetrics(dataset(s))];
}

/// The service's descriptor.
pub fn service() -> Service {
    Service {
        name: "cloudwatch",
        model: &wire::MODEL,
        operations: OPERATIONS,
        signing: sigv4::Dialect::STANDARD,
        family: sigv4::Family::Query,
        errors: ERRORS,
        anonymous: Anonymous::Refused,
        body_bytes_max: BODY_BYTES_MAX,
        hosts: &[],
        paths: &[],
        resource_policy: None,
        resource_tags: None,
        blob_rows: &[],
        plane: Some((plane::CLAIMS, &plane::Exposition)),
    }
}

/// What permissions on the metrics of an account and region are demanded on: there is one set of data. `Resource: "*"`, which
/// is what policies say, includes it.
pub(crate) fn dataset(cx: &Cx) -> Arn {
    cx.arn("cloudwatch", "dataset/default")
}
