//! DynamoDB against the test kit: each operation's answers and errors.

mod it {
    mod batch;
    mod item;
    mod kit;
    mod query;
    mod table;
}
