//! Tables of literal cases.
