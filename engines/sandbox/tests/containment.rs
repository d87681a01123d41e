//! x
use crate::kit::Test;
pub const TESTS: &[Test] = &[];
