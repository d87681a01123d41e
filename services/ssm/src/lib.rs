//! Systems Manager's Parameter Store: values by name, in versions, some of them encrypted.

mod errors;
mod keys;
mod model;
mod names;
mod ops;
mod store;
mod wire;

use service::{Anonymous, Cx, Demand, Service, action, common, demand, demands};

use crate::ops::{history, label, listing, parameter, tags};
use crate::wire::PutParameterRequest;

/// The largest request: a value of 8 KiB whose characters are escaped in JSON, fifty tags, a pattern and a description.
const BODY_BYTES_MAX: usize = 256 * 1024;

service::operations! { crate::wire;
    PutParameter => parameter::put_parameter, |s, i| putting(s, i);
    GetParameter => parameter::get_parameter, |s, i| demands![ssm::GetParameter(arn(s, &i.name))];
    GetParameters => parameter::get_parameters, |s, i| each(s, &i.names, action!(ssm::GetParameters));
    GetParametersByPath => listing::get_parameters_by_path, |s, i| vec![below(s, &i.path, i.recursive)];
    DescribeParameters => listing::describe_parameters, |_, _| demands![ssm::DescribeParameters("*")];
    GetParameterHistory => history::get_parameter_history, |s, i| demands![ssm::GetParameterHistory(arn(s, &i.name))];
    DeleteParameter => parameter::delete_parameter, |s, i| demands![ssm::DeleteParameter(arn(s, &i.name))];
    DeleteParameters => parameter::delete_parameters, |s, i| each(s, &i.names, action!(ssm::DeleteParameters));
    LabelParameterVersion => label::label_parameter_version,
        |s, i| demands![ssm::LabelParameterVersion(arn(s, &i.name))];
    UnlabelParameterVersion => label::unlabel_parameter_version,
        |s, i| demands![ssm::UnlabelParameterVersion(arn(s, &i.name))];
    AddTagsToResource => tags::add_tags_to_resource, |s, i| vec![tags::adding(s, &i.resource_id, &i.tags)];
    RemoveTagsFromResource => tags::remove_tags_from_resource,
        |s, i| vec![tags::removing(s, &i.resource_id, &i.tag_keys)];
    ListTagsForResource => tags::list_tags_for_resource,
        |s, i| demands![ssm::ListTagsForResource(arn(s, &i.resource_id))];
}

/// The service's descriptor.
pub fn service() -> Service {
    Service {
        name: "ssm",
        model: &wire::MODEL,
        operations: OPERATIONS,
        signing: sigv4::Dialect::STANDARD,
        family: sigv4::Family::Json,
        errors: common::JSON,
        anonymous: Anonymous::Refused,
        body_bytes_max: BODY_BYTES_MAX,
        hosts: &[],
        paths: &[],
        resource_policy: None,
        resource_tags: Some(|cx, tx, arn| Box::pin(tags::of_resource(cx, tx, arn))),
        blob_rows: &[],
        plane: None,
    }
}

/// The parameter that a request names.
fn arn(cx: &Cx, name: &str) -> String {
    names::resource(&cx.scope, name)
}

fn each(cx: &Cx, names: &[String], action: &'static str) -> Vec<Demand> {
    names.iter().map(|name| Demand::new(action, arn(cx, name))).collect()
}

/// Whoever may read a path may read all below it (docs).
fn below(cx: &Cx, path: &str, recursive: Option<bool>) -> Demand {
    let path = path.strip_suffix('/').unwrap_or(path);
    let recursive = recursive.unwrap_or(false).to_string();
    demand!(ssm::GetParametersByPath(arn(cx, path))).with("ssm:Recursive", recursive)
}

/// With tags, the right to add them as well (docs).
fn putting(cx: &Cx, input: &PutParameterRequest) -> Vec<Demand> {
    let overwrite = input.overwrite.unwrap_or(false).to_string();
    let put = demand!(ssm::PutParameter(arn(cx, &input.name))).with("ssm:Overwrite", overwrite);
    let tagging = input.tags.as_deref().filter(|tags| !tags.is_empty());
    std::iter::once(put).chain(tagging.map(|added| tags::adding(cx, &input.name, added))).collect()
}
