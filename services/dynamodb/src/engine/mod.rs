//! The pure core: numbers, the item codec, and the expression languages.

pub mod number;

pub mod codec;
pub mod condition;
pub mod error;
pub mod expiry;
pub mod index;
pub mod key;
pub mod key_condition;
pub mod legacy;
pub mod path;
pub mod placeholders;
pub mod projection;
pub mod update;

mod apply;
mod ast;
mod evaluate;
mod lexer;
mod operands;
mod parser;
mod reserved;
mod screen;

#[cfg(test)]
mod tests;
