//! What Query and Scan read: a table, or one of its indexes.

use kv::{Key, Range, Tx};
use service::Failure;

use crate::engine::condition::Condition;
use crate::engine::key;
use crate::engine::key_condition::KeyQuery;
use crate::engine::projection::Projection;
use crate::errors::Error;
use crate::keys::{self, Space};
use crate::model::{AttributeValue, Index, IndexState, Item, KeySchema, KeyValue, PrimaryKey, Projected, Table};
use crate::ops::capacity::Consistency;
use crate::ops::pages::Shown;
use crate::store;

/// A table, or one of its indexes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'t> {
    pub table: &'t Table,
    pub index: Option<&'t Index>,
}

/// The row of an item.
pub(crate) fn item_row(table: &Table, key: &PrimaryKey) -> Key {
    keys::row(&keys::item(table.id, key))
}

impl<'t> Source<'t> {
    /// The index of that name, or else the table.
    pub(crate) fn of(table: &'t Table, index: Option<&str>) -> Result<Self, Error> {
        let Some(name) = index else { return Ok(Self { table, index: None }) };
        match table.index(name) {
            None => Err(Error::invalid(format!("The table does not have the specified index: {name}"))),
            Some(index) if index.state == IndexState::Creating => {
                Err(Error::invalid(format!("Cannot read from backfilling global secondary index: {name}")))
            }
            index => Ok(Self { table, index }),
        }
    }

    /// The key that it is in the order of.
    pub(crate) fn schema(&self) -> &'t KeySchema {
        self.index.map_or(&self.table.key_schema, |index| &index.key_schema)
    }

    /// Where its rows lie.
    pub(crate) fn space(&self) -> Space {
        match self.index {
            Some(index) => Space::Entries(self.table.id, index.number),
            None => Space::Items(self.table.id),
        }
    }

    /// Refuses what a global index cannot do: read consistently, or show what is not projected.
    pub(crate) fn check(
        &self,
        consistency: Consistency,
        select: Option<&str>,
        shown: Shown<'_>,
        filter: Option<&Condition>,
    ) -> Result<(), Error> {
        let Some(index) = self.index.filter(|index| index.is_global()) else { return Ok(()) };
        if consistency == Consistency::Strong {
            return Err(Error::invalid("Consistent reads are not supported on global secondary indexes"));
        }
        if select == Some("ALL_ATTRIBUTES") && index.projected != Projected::All {
            return Err(Error::invalid(format!(
                "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global \
                 secondary index {} because its projection type is not ALL",
                index.name
            )));
        }
        let lacking = self.lacking(shown, filter);
        if lacking.is_empty() {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "One or more parameter values were invalid: Global secondary index {} does not project [{}]",
            index.name,
            lacking.join(", ")
        )))
    }

    /// Whether the items themselves must be read, for what a local index has not.
    pub(crate) fn fetches(&self, select: Option<&str>, shown: Shown<'_>, filter: Option<&Condition>) -> bool {
        let Some(index) = self.index else { return false };
        let all = select == Some("ALL_ATTRIBUTES") && index.projected != Projected::All;
        all || !self.lacking(shown, filter).is_empty()
    }

    /// Attributes that are asked for by name and that the index has not.
    fn lacking<'a>(&self, shown: Shown<'a>, filter: Option<&'a Condition>) -> Vec<&'a str> {
        let Some(index) = self.index else { return Vec::new() };
        let projection = match shown {
            Shown::Parts(projection) => Some(projection),
            Shown::Count | Shown::All => None,
        };
        let projected = projection.into_iter().flat_map(Projection::roots);
        let filtered = filter.into_iter().flat_map(Condition::roots);
        let mut found: Vec<&str> =
            projected.chain(filtered).filter(|name| !index.has(&self.table.key_schema, name)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What lies in it where the key conditions say.
    pub(crate) fn rows(&self, wanted: &KeyQuery) -> Range {
        keys::rows(&match &wanted.range {
            Some(range) => keys::sort_range(self.space(), &wanted.hash, range),
            None => keys::prefix_range(keys::partition(self.space(), &wanted.hash)),
        })
    }

    /// All of it.
    pub(crate) fn all(&self) -> Range {
        keys::rows(&keys::prefix_range(self.space().prefix()))
    }

    /// The partition and the row that a page starts after.
    pub(crate) fn start(&self, given: &Item) -> Result<(KeyValue, Key), Error> {
        let invalid = |error| Error::invalid(format!("The provided starting key is invalid: {error}"));
        let Some(index) = self.index else {
            let key = key::of_request(&self.table.key_schema, given).map_err(invalid)?;
            let row = item_row(self.table, &key);
            return Ok((key.hash, row));
        };
        let names = |schema: &KeySchema| schema.attributes().map(|key| key.name.clone()).collect::<Vec<_>>();
        let mut wanted = [names(&self.table.key_schema), names(&index.key_schema)].concat();
        wanted.sort_unstable();
        wanted.dedup();
        if !given.keys().eq(&wanted) {
            return Err(Error::invalid("The provided starting key is invalid"));
        }
        let of = |schema: &KeySchema| {
            let part = given.iter().filter(|(name, _)| schema.contains(name));
            key::of_request(schema, &part.map(|(name, value)| (name.clone(), value.clone())).collect()).map_err(invalid)
        };
        let (place, item) = (of(&index.key_schema)?, of(&self.table.key_schema)?);
        let row = keys::row(&keys::entry(self.table.id, index.number, &place, &item));
        Ok((place.hash, row))
    }

    /// The key that the next page starts after, of a row: the index's and the item's.
    pub(crate) fn key_of(&self, row: &Key) -> Result<Item, Error> {
        let values = keys::of_row(row).and_then(|key| self.space().values(key)).map_err(Failure::internal)?;
        let of_index = self.index.iter().flat_map(|index| index.key_schema.attributes());
        let attributes = of_index.chain(self.table.key_schema.attributes());
        Ok(attributes.map(|key| key.name.clone()).zip(values.into_iter().map(AttributeValue::from)).collect())
    }

    /// The item that an entry is of, whole.
    pub(crate) async fn item_behind(&self, tx: &mut Tx, entry: &Item) -> Result<Option<Item>, Error> {
        let key = key::of_item(&self.table.key_schema, entry).map_err(Failure::internal)?;
        store::item(tx, self.table.id, &key).await
    }
}
