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
    let of_table = match asked? {
        "TOTAL" => None,
        "INDEXES" => Some(Capacity { capacity_units: Some(units) }),
        _ => return None,
    };
    Some(ConsumedCapacity { table_name: Some(table.to_owned()), capacity_units: Some(units), table: of_table })
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
