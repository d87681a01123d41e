//! What operations consume, in AWS's units.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::model::{Index, Table};
use crate::store::EntryWrite;
use crate::wire::{Capacity, ConsumedCapacity};

/// A write unit is 1 KB (docs).
const WRITE_UNIT_BYTES: usize = 1024;
/// A read unit is 4 KB read consistently, or twice as much eventually (docs).
const READ_UNIT_BYTES: usize = 4 * 1024;

/// How fresh a read must be. Every read here is of a consistent snapshot; the price differs as AWS's does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consistency {
    Strong,
    Eventual,
}

impl Consistency {
    pub(crate) fn of(consistent_read: Option<bool>) -> Self {
        if consistent_read == Some(true) { Self::Strong } else { Self::Eventual }
    }
}

/// Units of writing an item, by the larger of what was and what is; an item that is not there costs one.
pub(crate) fn write_units(bytes: usize) -> f64 {
    bytes.div_ceil(WRITE_UNIT_BYTES).max(1) as f64
}

/// Units of reading so many bytes; reading nothing costs as much as reading one unit.
pub(crate) fn read_units(bytes: usize, consistency: Consistency) -> f64 {
    let units = bytes.div_ceil(READ_UNIT_BYTES).max(1) as f64;
    match consistency {
        Consistency::Strong => units,
        Consistency::Eventual => units / 2.0,
    }
}

/// What reading some items one by one costs, each rounded up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ReadBlocks(usize);

impl ReadBlocks {
    pub(crate) fn add(&mut self, bytes: usize) {
        self.0 += bytes.div_ceil(READ_UNIT_BYTES).max(1);
    }

    pub(crate) fn units(self, consistency: Consistency) -> f64 {
        match consistency {
            Consistency::Strong => self.0 as f64,
            Consistency::Eventual => self.0 as f64 / 2.0,
        }
    }
}

/// What an operation consumes: of a table, and of those of its indexes that it touches.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Units {
    table: f64,
    local: BTreeMap<String, f64>,
    global: BTreeMap<String, f64>,
}

impl Units {
    /// Of the table alone.
    pub(crate) fn of_table(units: f64) -> Self {
        Self { table: units, ..Self::default() }
    }

    /// Of writing an item, the larger of what was and is, and the entries that follow it.
    pub(crate) fn written(table: &Table, bytes: usize, entries: &[EntryWrite]) -> Self {
        let mut units = Self::of_table(write_units(bytes));
        for write in entries {
            if let Some(index) = table.indexes.get(write.index) {
                units.add_to(index, write_units(write.bytes));
            }
        }
        units
    }

    /// With more of an index.
    pub(crate) fn add_to(&mut self, index: &Index, units: f64) {
        let of_kind = if index.is_global() { &mut self.global } else { &mut self.local };
        *of_kind.entry(index.name.clone()).or_default() += units;
    }

    /// With what another operation on the same table consumes.
    pub(crate) fn add(&mut self, other: Self) {
        self.table += other.table;
        for (name, units) in other.local {
            *self.local.entry(name).or_default() += units;
        }
        for (name, units) in other.global {
            *self.global.entry(name).or_default() += units;
        }
    }

    fn doubled(mut self) -> Self {
        self.table *= 2.0;
        self.local.values_mut().chain(self.global.values_mut()).for_each(|units| *units *= 2.0);
        self
    }

    fn total(&self) -> f64 {
        self.table + self.local.values().sum::<f64>() + self.global.values().sum::<f64>()
    }

    /// The answer's member, if it is asked for (`NONE`, `TOTAL`, `INDEXES`).
    pub(crate) fn consumed(&self, asked: Option<&str>, table: &str) -> Option<ConsumedCapacity> {
        self.answered(asked, table, |units| Capacity { capacity_units: Some(units), ..Capacity::default() })
    }

    fn answered(
        &self,
        asked: Option<&str>,
        table: &str,
        capacity: impl Fn(f64) -> Capacity,
    ) -> Option<ConsumedCapacity> {
        let each = match asked? {
            "TOTAL" => false,
            "INDEXES" => true,
            _ => return None,
        };
        let Capacity { capacity_units, read_capacity_units, write_capacity_units } = capacity(self.total());
        let of_indexes = |indexes: &BTreeMap<String, f64>| {
            let shown = each && !indexes.is_empty();
            shown.then(|| indexes.iter().map(|(name, units)| (name.clone(), capacity(*units))).collect())
        };
        Some(ConsumedCapacity {
            table_name: Some(table.to_owned()),
            capacity_units,
            read_capacity_units,
            write_capacity_units,
            table: each.then(|| capacity(self.table)),
            local_secondary_indexes: of_indexes(&self.local),
            global_secondary_indexes: of_indexes(&self.global),
        })
    }
}

/// What a transaction consumes: it pays twice, and says whether for reads or for writes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Transacted {
    Read(Units),
    Written(Units),
}

impl Transacted {
    /// Of reading so many bytes.
    pub(crate) fn read(bytes: usize) -> Self {
        Self::Read(Units::of_table(read_units(bytes, Consistency::Strong)).doubled())
    }

    /// Of writing an item of so many bytes and what follows it, or of checking its condition.
    pub(crate) fn written(table: &Table, bytes: usize, entries: &[EntryWrite]) -> Self {
        Self::Written(Units::written(table, bytes, entries).doubled())
    }

    /// With another one's. A transaction is of one kind.
    pub(crate) fn add(&mut self, other: Self) {
        let (Self::Read(units) | Self::Written(units), Self::Read(more) | Self::Written(more)) = (self, other);
        units.add(more);
    }

    /// The answer's member, if it is asked for.
    pub(crate) fn consumed(&self, asked: Option<&str>, table: &str) -> Option<ConsumedCapacity> {
        match self {
            Self::Read(units) => units.answered(asked, table, |units| Capacity {
                capacity_units: Some(units),
                read_capacity_units: Some(units),
                write_capacity_units: None,
            }),
            Self::Written(units) => units.answered(asked, table, |units| Capacity {
                capacity_units: Some(units),
                read_capacity_units: None,
                write_capacity_units: Some(units),
            }),
        }
    }
}

/// Adds what an action of a transaction consumes to what those before it did, by table.
pub(crate) fn add(all: &mut BTreeMap<String, Transacted>, table: &Table, more: Transacted) {
    match all.entry(table.name.clone()) {
        Entry::Occupied(mut found) => found.get_mut().add(more),
        Entry::Vacant(place) => drop(place.insert(more)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_round_up() {
        for (bytes, write, strong, eventual) in
            [(0, 1.0, 1.0, 0.5), (1024, 1.0, 1.0, 0.5), (1025, 2.0, 1.0, 0.5), (4097, 5.0, 2.0, 1.0)]
        {
            assert_eq!(write_units(bytes), write, "{bytes}");
            assert_eq!(read_units(bytes, Consistency::Strong), strong, "{bytes}");
            assert_eq!(read_units(bytes, Consistency::Eventual), eventual, "{bytes}");
        }
    }
}
