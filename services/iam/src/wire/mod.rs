//! The generated models of this house.
pub mod iam;
pub mod sts;

/// What may be demanded.
pub mod actions {
    pub use super::iam::actions::iam;
    pub use super::sts::actions::sts;
}
