//! The generated models of this house.
pub mod iam;
pub mod sts;
