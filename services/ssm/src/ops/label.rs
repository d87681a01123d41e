//! Labels: names for versions, which move from one to another.

use kv::Tx;
use service::Cx;

use super::value;
use crate::errors::Error;
use crate::model::{Parameter, is_label};
use crate::names::Name;
use crate::store;
use crate::wire::{
    LabelParameterVersionRequest, LabelParameterVersionResult, UnlabelParameterVersionRequest,
    UnlabelParameterVersionResult,
};

/// Puts labels on a version; what is no label is named, and no error (docs).
pub(crate) async fn label_parameter_version(
    cx: &Cx,
    tx: &mut Tx,
    input: &LabelParameterVersionRequest,
) -> Result<LabelParameterVersionResult, Error> {
    let LabelParameterVersionRequest { name, parameter_version, labels } = input;
    let (name, mut found, version) = version(cx, tx, name, *parameter_version).await?;
    let (labels, invalid) = labels.iter().cloned().partition(|label| is_label(label));
    found.label(version, labels)?;
    store::put_parameter(tx, &cx.scope, &name, found)?;
    Ok(LabelParameterVersionResult { invalid_labels: Some(invalid), parameter_version: Some(value::number(version)) })
}

/// Takes labels off a version; those that are not on it are named.
pub(crate) async fn unlabel_parameter_version(
    cx: &Cx,
    tx: &mut Tx,
    input: &UnlabelParameterVersionRequest,
) -> Result<UnlabelParameterVersionResult, Error> {
    let UnlabelParameterVersionRequest { name, parameter_version, labels } = input;
    let (name, mut found, version) = version(cx, tx, name, Some(*parameter_version)).await?;
    let is_on = |label: &String| found.labels.get(label) == Some(&version);
    let (removed, invalid): (Vec<String>, Vec<String>) = labels.iter().cloned().partition(is_on);
    found.labels.retain(|label, _| !removed.contains(label));
    store::put_parameter(tx, &cx.scope, &name, found)?;
    Ok(UnlabelParameterVersionResult { removed_labels: Some(removed), invalid_labels: Some(invalid) })
}

/// The parameter and the version that a request means: the current one, unless it says which.
async fn version(cx: &Cx, tx: &mut Tx, written: &str, asked: Option<i64>) -> Result<(Name, Parameter, u64), Error> {
    let name = Name::parse(written)?;
    let found = store::parameter(tx, &cx.scope, &name).await?.ok_or(Error::ParameterNotFound)?;
    let Some(asked) = asked else {
        let number = found.current.number;
        return Ok((name, found, number));
    };
    match u64::try_from(asked).ok().filter(|number| found.has_version(*number)) {
        Some(number) => Ok((name, found, number)),
        None => Err(Error::ParameterVersionNotFound { name: written.to_owned(), selector: asked.to_string() }),
    }
}
