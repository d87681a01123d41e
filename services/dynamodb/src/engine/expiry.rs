//! When items expire: an attribute that says the second, counted from 1970.

use base::Timestamp;

use crate::{
    engine::number::Number,
    model::{AttributeValue, Index, IndexKind, IndexState, Item, KeyAttribute, KeySchema, Projected, ScalarKind},
};

/// What lies further back is no time of expiry but a mistake: five years (docs).
const TOO_OLD_S: u64 = 5 * 365 * 24 * 60 * 60;

/// From which second on, and before which one, an item's time must lie for it to be over.
pub fn range(now: Timestamp) -> (Number, Number) {
    let now = u64::try_from(now.as_ms() / 1000).unwrap_or_default();
    (now.saturating_sub(TOO_OLD_S).into(), now.into())
}

/// Whether the item has expired.
pub fn is_over(attribute: &str, item: &Item, now: Timestamp) -> bool {
    let (oldest, newest) = range(now);
    matches!(item.get(attribute), Some(AttributeValue::N(time)) if oldest <= *time && *time < newest)
}

/// The index that has items in the order in which they expire.
pub fn index(attribute: &str, number: u32) -> Index {
    let hash = KeyAttribute { name: attribute.to_owned(), kind: ScalarKind::N };
    Index {
        name: attribute.to_owned(),
        number,
        kind: IndexKind::Global { read_units: 0, write_units: 0 },
        key_schema: KeySchema { hash, range: None },
        projected: Projected::KeysOnly,
        state: IndexState::Creating,
    }
}
