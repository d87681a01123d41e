//! Pages of any listing.

use kv::{Key, Tx};
use serde::de::DeserializeOwned;
use service::Cx;

use crate::errors::Error;
use crate::store;

/// How many items a page has at most, and unless the request says less.
const PAGE_MAX: usize = 500;

/// The page that a request asks for, and the token of the next one.
pub(crate) async fn page<T: DeserializeOwned>(
    cx: &Cx,
    tx: &mut Tx,
    prefix: &Key,
    max_results: Option<&str>,
    next_token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), Error> {
    let limit = match max_results {
        Some(text) => {
            text.parse().ok().filter(|max| *max != 0).ok_or_else(|| Error::bad("Invalid maxResults specified"))?
        }
        None => PAGE_MAX,
    };
    let tokens = cx.page(&prefix.to_string());
    let after = next_token
        .map(|token| tokens.open(token).map_err(|_| Error::bad("Invalid NextToken specified")))
        .transpose()?;
    let (items, last) = store::page(tx, prefix, after, limit.min(PAGE_MAX)).await?;
    Ok((items, last.map(|key| tokens.after(key.as_bytes()))))
}
