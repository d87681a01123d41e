//! DynamoDB: tables, items, expressions.

pub mod engine;
pub mod keys;
pub mod model;
