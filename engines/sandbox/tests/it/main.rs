//! Runs real functions in real sandboxes. Its own main, as the supervisor is an exec of this very binary.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is a test, which clippy does not see as it has a main of its own"
)]

mod containment;
mod kit;
mod life;
mod node;
mod provided;
mod python;

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(code) = sandbox::supervisor_main() {
        return code;
    }
    if let Some(code) = life::server_main() {
        return code;
    }
    let tests = [python::TESTS, node::TESTS, provided::TESTS, containment::TESTS, life::TESTS].concat();
    kit::run(&tests)
}
