//! The binary: flags, wiring, start and stop.

mod client;
mod config;
mod endpoint;
mod explain;
mod keys;
mod log;
mod runtimes;
mod serve;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

use config::{Arguments, Command, Runtimes};

/// With the C library's allocator threads wait for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The same binary is the sandbox supervisor when the server starts it as such.
    if let Some(code) = sandbox::supervisor_main() {
        return code;
    }
    let done = match Arguments::parse().command {
        Command::Serve(settings) => serve::run(&settings),
        Command::Env { place } => endpoint::env(&place.data_dir).map(|text| print!("{text}")),
        Command::Explain { request_id, client } => explain::run(&client, &request_id),
        Command::Runtimes { command: Runtimes::List { place } } => {
            runtimes::list(&place.data_dir);
            Ok(())
        }
        Command::Runtimes { command: Runtimes::Install { sdk, place } } => runtimes::install(&place.data_dir, sdk),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("clearsky: {error:#}");
            ExitCode::FAILURE
        }
    }
}
