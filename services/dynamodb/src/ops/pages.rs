//! Pages of items, as Query and Scan answer them.

use kv::{Key, Limit, Range, Tx};
use service::Failure;

use crate::engine::condition::Condition;
use crate::engine::key;
use crate::engine::projection::Projection;
use crate::errors::Error;
use crate::model::{Item, KeySchema, PrimaryKey, Table, item_size_bytes};
use crate::{keys, store};

/// What a page reads at most, counted in items' sizes before the filter (docs).
const PAGE_BYTES_MAX: usize = 1024 * 1024;
/// Rows of one read of the store.
const CHUNK_ROWS: usize = 1000;
/// What one request looks at in the store at most: a segment of a parallel scan steps over the rows of the others.
const LOOKED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What to read, and what to show of it.
#[derive(Debug)]
pub(crate) struct Reading<'r> {
    pub table: &'r Table,
    pub range: Range,
    pub limit: Option<i32>,
    pub filter: Option<&'r Condition>,
    pub shown: Shown<'r>,
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
    /// Whether the item with this key is in it: by a hash (FNV-1a) of the partition key, so partitions stay whole.
    fn holds(self, key: &[u8]) -> Result<bool, Error> {
        let partition = keys::partition_bytes(key).map_err(Failure::internal)?;
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
    /// Of all items scanned.
    pub bytes: usize,
    /// Where the next page goes on after.
    pub last: Option<Item>,
}

/// Reads one page.
pub(crate) async fn read(tx: &mut Tx, reading: Reading<'_>) -> Result<Found, Error> {
    let Reading { table, mut range, limit, filter, shown, segment } = reading;
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
                && !segment.holds(keys::of_row(key).map_err(Failure::internal)?)?
            {
                last = Some(key.clone());
                continue;
            }
            let item = store::decode(value)?;
            let bytes = item_size_bytes(&item);
            if 0 < found.scanned && PAGE_BYTES_MAX < found.bytes + bytes {
                return found.until(table, last.as_ref());
            }
            found.bytes += bytes;
            found.scanned += 1;
            last = Some(key.clone());
            if filter.is_none_or(|filter| filter.holds(&item)) {
                found.count += 1;
                match shown {
                    Shown::Count => (),
                    Shown::All => found.items.push(item),
                    Shown::Parts(projection) => found.items.push(projection.project(&item)),
                }
            }
            if limit == Some(found.scanned) {
                return found.until(table, last.as_ref());
            }
        }
        match page.last() {
            Some(end) if page.more && looked < LOOKED_BYTES_MAX => range = range.after(end),
            Some(end) if page.more => return found.until(table, Some(end)),
            _ => return Ok(found),
        }
    }
}

impl Found {
    fn until(mut self, table: &Table, last: Option<&Key>) -> Result<Self, Error> {
        let Some(last) = last else { return Ok(self) };
        let row = keys::of_row(last).map_err(Failure::internal)?;
        let (_, key) = keys::decode_item(row).map_err(Failure::internal)?;
        self.last = Some(key::to_item(&table.key_schema, &key));
        Ok(self)
    }
}

/// What `Select` and a projection ask for together.
pub(crate) fn shown<'r>(select: Option<&str>, projection: Option<&'r Projection>) -> Result<Shown<'r>, Error> {
    let refuse = |text: &str| Err(Error::invalid(text));
    match (select, projection) {
        (Some("COUNT"), None) => Ok(Shown::Count),
        (Some("COUNT"), Some(_)) => {
            refuse("Cannot specify the ProjectionExpression when choosing to get only the Count")
        }
        (Some("ALL_ATTRIBUTES"), Some(_)) => {
            refuse("Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES")
        }
        (Some("SPECIFIC_ATTRIBUTES"), None) => {
            refuse("Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES")
        }
        (Some("ALL_PROJECTED_ATTRIBUTES"), _) => refuse(
            "One or more parameter values were invalid: Select type ALL_PROJECTED_ATTRIBUTES is not supported when \
             querying or scanning the table itself; it needs an IndexName",
        ),
        (_, Some(projection)) => Ok(Shown::Parts(projection)),
        (_, None) => Ok(Shown::All),
    }
}

/// The key that a page starts after.
pub(crate) fn start_key(schema: &KeySchema, given: &Item) -> Result<PrimaryKey, Error> {
    key::of_request(schema, given)
        .map_err(|error| Error::invalid(format!("The provided starting key is invalid: {error}")))
}

/// The row that a page starts after.
pub(crate) fn start_row(table: &Table, key: &PrimaryKey) -> Key {
    keys::row(&keys::item(table.id, key))
}
