//! The pure core: filter patterns, and the choice of a page of events.

pub(crate) mod pattern;
pub(crate) mod select;
