//! Layers and their versions.

use base::Scope;
use kv::{Key, Limit, Range, Tx, Watch};

use super::read;
use crate::errors::Error;
use crate::keys::{self, LayerKey, LayerVersionKey};
use crate::model::layer::{Layer, LayerRecord, LayerVersion, LayerVersionRecord};

pub(crate) async fn layer(tx: &mut Tx, scope: &Scope, name: &str) -> Result<Option<Layer>, kv::Error> {
    let found = tx.get(&LayerKey { scope, name }.encode()).await?;
    found.map(|bytes| read_layer(&bytes)).transpose()
}

pub(crate) fn save_layer(tx: &mut Tx, scope: &Scope, layer: &Layer) -> Result<(), Error> {
    let record = LayerRecord::V1(layer.clone());
    let bytes = serde_json::to_vec(&record).map_err(service::Failure::internal)?;
    tx.put(LayerKey { scope, name: &layer.name }.encode(), bytes);
    Ok(())
}

/// Layers behind a name, in order, and whether there are more.
pub(crate) async fn layers(
    tx: &mut Tx,
    scope: &Scope,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<Layer>, bool), kv::Error> {
    let mut range = Range::prefix(Key::from(keys::layers(scope)));
    if let Some(name) = after {
        range = range.after(&LayerKey { scope, name }.encode());
    }
    let page = tx.range(range, Limit::rows(limit), Watch::Untracked).await?;
    let layers: Result<Vec<_>, _> = page.rows.iter().map(|(_, value)| read_layer(value)).collect();
    Ok((layers?, page.more))
}

pub(crate) async fn layer_version(
    tx: &mut Tx,
    scope: &Scope,
    name: &str,
    number: u32,
) -> Result<Option<LayerVersion>, kv::Error> {
    let found = tx.get(&LayerVersionKey { scope, name, number }.encode()).await?;
    found.map(|bytes| read_version(&bytes)).transpose()
}

pub(crate) fn save_layer_version(tx: &mut Tx, scope: &Scope, version: &LayerVersion) -> Result<(), Error> {
    let key = LayerVersionKey { scope, name: &version.name, number: version.number }.encode();
    let record = LayerVersionRecord::V1(version.clone());
    tx.put(key, serde_json::to_vec(&record).map_err(service::Failure::internal)?);
    Ok(())
}

pub(crate) fn remove_layer_version(tx: &mut Tx, scope: &Scope, name: &str, number: u32) {
    tx.delete(LayerVersionKey { scope, name, number }.encode());
}

/// A layer's versions below a number, the newest first, and whether there are more.
pub(crate) async fn layer_versions(
    tx: &mut Tx,
    scope: &Scope,
    name: &str,
    before: Option<u32>,
    limit: usize,
) -> Result<(Vec<LayerVersion>, bool), kv::Error> {
    let mut range = Range::prefix(Key::from(keys::layer_versions(scope, name))).reverse();
    if let Some(number) = before {
        range = range.after(&LayerVersionKey { scope, name, number }.encode());
    }
    let page = tx.range(range, Limit::rows(limit), Watch::Untracked).await?;
    let versions: Result<Vec<_>, _> = page.rows.iter().map(|(_, value)| read_version(value)).collect();
    Ok((versions?, page.more))
}

fn read_layer(bytes: &[u8]) -> Result<Layer, kv::Error> {
    let LayerRecord::V1(layer) = read(bytes, "a layer")?;
    Ok(layer)
}

fn read_version(bytes: &[u8]) -> Result<LayerVersion, kv::Error> {
    let LayerVersionRecord::V1(version) = read(bytes, "a layer version")?;
    Ok(version)
}
