//! x
use crate::kit::Test;
pub const TESTS: &[Test] = &[];
pub fn server_main() -> Option<std::process::ExitCode> {
    None
}
