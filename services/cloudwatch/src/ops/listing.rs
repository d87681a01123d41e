//! ListMetrics: the metrics that had data lately.

use std::collections::BTreeMap;

use kv::{Key, Limit, Tx};
use service::Cx;

use crate::errors::Error;
use crate::keys;
use crate::model::{Known, LISTED_S, Metric};
use crate::store;
use crate::wire::{self, Dimension, DimensionFilter, ListMetricsInput, ListMetricsOutput};

/// Metrics of one page (docs).
const PAGE: usize = 500;

/// What `RecentlyActive` means: its only value.
const RECENT_S: i64 = 3 * 3600;

/// Lists metrics by namespace and name.
pub(crate) async fn list_metrics(cx: &Cx, tx: &mut Tx, input: &ListMetricsInput) -> Result<ListMetricsOutput, Error> {
    let ListMetricsInput { namespace, metric_name, dimensions, next_token, recently_active } = input;
    let filters = dimensions.as_deref().unwrap_or_default();
    let within_s = if recently_active.is_some() { RECENT_S } else { LISTED_S };
    let since = cx.now().plus_seconds(-within_s);
    let wanted = |known: &Known| {
        let Known { metric: Metric { namespace: of, name, dimensions }, last } = known;
        since <= *last
            && namespace.as_ref().is_none_or(|namespace| namespace == of)
            && metric_name.as_ref().is_none_or(|wanted| wanted == name)
            && filters.iter().all(|filter| fits(filter, dimensions))
    };

    let listing = format!("ListMetrics:{namespace:?}:{metric_name:?}:{filters:?}:{recently_active:?}");
    let tokens = cx.page(&listing);
    let after = next_token.as_deref().map(|token| tokens.open(token).map(Key::from));
    let mut after = after.transpose().map_err(|_| Error::InvalidListToken)?;
    let first = after.clone();
    let prefix = keys::Metric::prefix(&cx.scope, namespace.as_deref(), metric_name.as_deref());
    let mut found = pending(cx, tx, first.as_ref()).await?;
    found.retain(|_, known| wanted(known));
    loop {
        let (page, more) = store::metrics(tx, prefix.clone(), after.as_ref(), Limit::PAGE).await?;
        after = page.last().map(|(key, _)| key.clone());
        let stored = page.into_iter().filter(|(_, known)| wanted(known));
        for (key, known) in stored {
            let last = found.entry(key).or_insert_with(|| known.clone());
            last.last = last.last.max(known.last);
        }
        // What is pending may stand behind what has not been read yet.
        let complete = found.keys().filter(|key| after.as_ref().is_some_and(|after| *key <= after)).count();
        if !more || PAGE < complete {
            break;
        }
    }
    let more = PAGE < found.len();
    let page: Vec<(Key, Known)> = found.into_iter().take(PAGE).collect();
    let next_token = page.last().filter(|_| more).map(|(key, _)| tokens.after(key.as_bytes()));
    let metrics = page.into_iter().map(|(_, known)| shown(known.metric)).collect();
    Ok(ListMetricsOutput { metrics: Some(metrics), next_token })
}

/// Metrics that have been put to, and may have no record yet.
async fn pending(cx: &Cx, tx: &mut Tx, after: Option<&Key>) -> Result<BTreeMap<Key, Known>, Error> {
    let metrics = store::pending(tx, &cx.scope).await?.metrics().into_values();
    let keyed = metrics.map(|known| (store::metric_key(&cx.scope, &known.metric), known));
    Ok(keyed.filter(|(key, _)| after.is_none_or(|after| after < key)).collect())
}

fn fits(DimensionFilter { name, value }: &DimensionFilter, dimensions: &BTreeMap<String, String>) -> bool {
    dimensions.get(name).is_some_and(|found| value.as_ref().is_none_or(|value| value == found))
}

fn shown(Metric { namespace, name, dimensions }: Metric) -> wire::Metric {
    let dimensions = dimensions.into_iter().map(|(name, value)| Dimension { name, value }).collect();
    wire::Metric { namespace: Some(namespace), metric_name: Some(name), dimensions: Some(dimensions) }
}
