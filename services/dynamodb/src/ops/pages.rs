//! Pages of items, as Query and Scan answer them.

use kv::{Key, Limit, Range, Tx};
use service::Failure;

use crate::engine::condition::Condition;
use crate::engine::projection::Projection;
use crate::errors::Error;
use crate::keys::{self, Space};
use crate::model::{Item, item_size_bytes};
use crate::ops::capacity::{Consistency, ReadBlocks, Units, read_units};
use crate::ops::source::Source;
use crate::store;

/// What a page reads at most, counted in items' sizes before the filter (docs).
const PAGE_BYTES_MAX: usize = 1024 * 1024;
/// Rows of one read of the store.
const CHUNK_ROWS: usize = 1000;
/// Items behind the entries of an index that one request reads at most, one by one: well within a snapshot's age, whatever
/// the store.
const FETCHED_ITEMS_MAX: i32 = 1000;
/// What one request looks at in the store at most: a segment of a parallel scan steps over the rows of the others.
const LOOKED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What to read, and what to show of it.
#[derive(Debug)]
pub(crate) struct Reading<'r> {
    pub source: Source<'r>,
    pub range: Range,
    pub limit: Option<i32>,
    pub filter: Option<&'r Condition>,
    pub shown: Shown<'r>,
    /// Whether the items behind the entries of an index are read.
    pub fetches: bool,
    pub segment: Option<Segment>,
}

/// What is shown of the items found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shown<'r> {
    Count,
    All,
    Parts(&'r Projection),
}

/// One of the parts that a parallel scan divides a table into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub index: u64,
    pub total: u64,
}

impl Segment {
    /// Whether what has this key is in it: by a hash (FNV-1a) of the partition key, so partitions stay whole.
    fn holds(self, space: Space, key: &[u8]) -> Result<bool, Error> {
        let partition = keys::partition_bytes(space, key).map_err(Failure::internal)?;
        let hash = partition
            .iter()
            .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
        // The low bits of this hash mix badly for short keys.
        Ok((hash ^ (hash >> 32)) % self.total == self.index)
    }
}

/// A page.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub items: Vec<Item>,
    pub count: i32,
    pub scanned: i32,
    /// Of all items scanned, or of their entries in an index.
    bytes: usize,
    /// Of the items behind these entries.
    fetched: ReadBlocks,
    /// Where the next page goes on after.
    pub last: Option<Item>,
}

/// Reads one page.
pub(crate) async fn read(tx: &mut Tx, reading: Reading<'_>) -> Result<Found, Error> {
    let Reading { source, mut range, limit, filter, shown, fetches, segment } = reading;
    let limit = if fetches { Some(limit.unwrap_or(FETCHED_ITEMS_MAX).min(FETCHED_ITEMS_MAX)) } else { limit };
    let mut found = Found::default();
    let (mut last, mut looked): (Option<Key>, usize) = (None, 0);
    loop {
        let rows = match limit.filter(|_| segment.is_none()) {
            Some(limit) => usize::try_from(limit - found.scanned).unwrap_or(1).clamp(1, CHUNK_ROWS),
            None => CHUNK_ROWS,
        };
        let page = store::items(tx, range.clone(), Limit::rows(rows).bytes(PAGE_BYTES_MAX)).await?;
        for (key, value) in &page.rows {
            looked += key.len() + value.len();
            if let Some(segment) = segment
                && !segment.holds(source.space(), keys::of_row(key).map_err(Failure::internal)?)?
            {
                last = Some(key.clone());
                continue;
            }
            let mut item = store::decode(value)?;
            let bytes = item_size_bytes(&item);
            if 0 < found.scanned && PAGE_BYTES_MAX < found.bytes + bytes {
                return found.until(source, last.as_ref());
            }
            found.bytes += bytes;
            found.scanned += 1;
            last = Some(key.clone());
            if fetches && let Some(behind) = source.item_behind(tx, &item).await? {
                found.fetched.add(item_size_bytes(&behind));
                looked += item_size_bytes(&behind);
                item = behind;
            }
            if filter.is_none_or(|filter| filter.holds(&item)) {
                found.count += 1;
                match shown {
                    Shown::Count => (),
                    Shown::All => found.items.push(item),
                    Shown::Parts(projection) => found.items.push(projection.project(&item)),
                }
            }
            if limit == Some(found.scanned) {
                return found.until(source, last.as_ref());
            }
        }
        match page.last() {
            Some(end) if page.more && looked < LOOKED_BYTES_MAX => range = range.after(end),
            Some(end) if page.more => return found.until(source, Some(end)),
            _ => return Ok(found),
        }
    }
}

impl Found {
    fn until(mut self, source: Source<'_>, last: Option<&Key>) -> Result<Self, Error> {
        self.last = last.map(|row| source.key_of(row)).transpose()?;
        Ok(self)
    }

    /// What reading it consumed.
    pub(crate) fn units(&self, source: Source<'_>, consistency: Consistency) -> Units {
        let read = read_units(self.bytes, consistency);
        let Some(index) = source.index else { return Units::of_table(read) };
        let mut units = Units::of_table(self.fetched.units(consistency));
        units.add_to(index, read);
        units
    }
}

/// What errors call the projection.
pub(crate) fn projecting(attributes_to_get: Option<&Vec<String>>) -> &'static str {
    if attributes_to_get.is_some() { "AttributesToGet" } else { "ProjectionExpression" }
}

/// What `Select` and a projection, called so, ask for together.
pub(crate) fn shown<'r>(
    select: Option<&str>,
    projection: Option<&'r Projection>,
    named: &str,
    index: Option<&str>,
) -> Result<Shown<'r>, Error> {
    let refuse = |text: &str| Err(Error::invalid(text));
    match (select, projection) {
        (Some("COUNT"), None) => Ok(Shown::Count),
        (Some("COUNT"), Some(_)) => refuse(&format!("Cannot specify the {named} when choosing to get only the Count")),
        (Some("ALL_PROJECTED_ATTRIBUTES"), _) if index.is_none() => {
            refuse("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName")
        }
        (Some(select @ ("ALL_ATTRIBUTES" | "ALL_PROJECTED_ATTRIBUTES")), Some(_)) => {
            refuse(&format!("Cannot specify the {named} when choosing to get {select}"))
        }
        (Some("SPECIFIC_ATTRIBUTES"), None) => {
            refuse("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
        }
        (_, Some(projection)) => Ok(Shown::Parts(projection)),
        (_, None) => Ok(Shown::All),
    }
}
