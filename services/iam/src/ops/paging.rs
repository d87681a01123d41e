//! Pages of listings.

use kv::Tx;
use service::Cx;

use crate::errors::Error;
use crate::model::Stored;
use crate::store;

/// The items of one page where the request does not say (docs).
const MAX_ITEMS_DEFAULT: usize = 100;

/// Where a page begins and how long it is, as requests say it.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    pub marker: &'a Option<String>,
    pub max_items: &'a Option<i32>,
}

impl At<'_> {
    pub(super) fn items(&self) -> usize {
        self.max_items.and_then(|max| usize::try_from(max).ok()).unwrap_or(MAX_ITEMS_DEFAULT)
    }

    /// What stood last on the page before.
    pub(super) fn after(&self, cx: &Cx, listing: &str) -> Result<Option<String>, Error> {
        let opened = self.marker.as_ref().map(|marker| cx.page(listing).open(marker)).transpose();
        let opened = opened.map_err(|_| Error::InvalidMarker)?.map(String::from_utf8).transpose();
        opened.map_err(|_| Error::InvalidMarker)
    }
}

/// A page: its items, and the marker of the next where there is one.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub items: Vec<T>,
    pub marker: Option<String>,
}

impl<T> Page<T> {
    pub(super) fn is_truncated(&self) -> Option<bool> {
        Some(self.marker.is_some())
    }
}

/// One page of what is there in the order of its keys.
pub(super) fn page<T>(
    cx: &Cx,
    listing: &str,
    at: At<'_>,
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> String,
) -> Result<Page<T>, Error> {
    let after = at.after(cx, listing)?;
    let mut rest = items.into_iter().filter(|item| after.as_ref().is_none_or(|after| *after < key(item)));
    let items: Vec<T> = rest.by_ref().take(at.items()).collect();
    let more = rest.next().is_some();
    let marker = items.last().filter(|_| more).map(|last| cx.page(listing).after(key(last).as_bytes()));
    Ok(Page { items, marker })
}

/// One page of a table, by name: what has a path that starts like this.
pub(super) async fn table<T: Stored>(
    cx: &Cx,
    tx: &mut Tx,
    at: At<'_>,
    path_prefix: &Option<String>,
) -> Result<Page<T>, Error> {
    let prefix = path_prefix.as_deref().unwrap_or("/");
    let listing = format!("{}:{prefix}", T::TABLE);
    let after = at.after(cx, &listing)?;
    let wanted = |one: &T| one.path().starts_with(prefix);
    let (items, more) = store::list::<T>(tx, &cx.scope.account, after.as_deref(), at.items(), wanted).await?;
    let marker = items.last().filter(|_| more).map(|last| cx.page(&listing).after(last.name().as_bytes()));
    Ok(Page { items, marker })
}
