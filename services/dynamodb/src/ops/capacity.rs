//! What operations consume, in AWS's units.

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

/// The answer's member, if it is asked for (`NONE`, `TOTAL`, `INDEXES`).
pub(crate) fn consumed(asked: Option<&str>, table: &str, units: f64) -> Option<ConsumedCapacity> {
    let capacity = Capacity { capacity_units: Some(units), ..Capacity::default() };
    answered(asked, table, capacity)
}

/// What a transaction consumes: it pays twice, and says whether for reads or for writes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Transacted {
    Read(f64),
    Written(f64),
}

impl Transacted {
    /// Of reading so many bytes.
    pub(crate) fn read(bytes: usize) -> Self {
        Self::Read(2.0 * read_units(bytes, Consistency::Strong))
    }

    /// Of writing an item of so many bytes, or of checking its condition.
    pub(crate) fn written(bytes: usize) -> Self {
        Self::Written(2.0 * write_units(bytes))
    }

    /// Both together. A transaction is of one kind.
    pub(crate) fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Read(a), Self::Read(b) | Self::Written(b)) => Self::Read(a + b),
            (Self::Written(a), Self::Read(b) | Self::Written(b)) => Self::Written(a + b),
        }
    }

    /// The answer's member, if it is asked for.
    pub(crate) fn consumed(self, asked: Option<&str>, table: &str) -> Option<ConsumedCapacity> {
        let (capacity_units, read_capacity_units, write_capacity_units) = match self {
            Self::Read(units) => (Some(units), Some(units), None),
            Self::Written(units) => (Some(units), None, Some(units)),
        };
        answered(asked, table, Capacity { capacity_units, read_capacity_units, write_capacity_units })
    }
}

fn answered(asked: Option<&str>, table: &str, capacity: Capacity) -> Option<ConsumedCapacity> {
    let Capacity { capacity_units, read_capacity_units, write_capacity_units } = capacity.clone();
    let of_table = match asked? {
        "TOTAL" => None,
        "INDEXES" => Some(capacity),
        _ => return None,
    };
    let table_name = Some(table.to_owned());
    Some(ConsumedCapacity { table_name, capacity_units, read_capacity_units, write_capacity_units, table: of_table })
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
