//! DynamoDB against the test kit: each operation's answers and errors.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod it {
    mod batch;
    mod chaos;
    mod index;
    mod item;
    mod kit;
    mod legacy;
    mod query;
    mod table;
    mod time_to_live;
    mod transact;
}
