//! The binary: flags, wiring, start and stop.

mod audit_log;
mod backup;
mod client;
mod config;
mod endpoint;
mod explain;
mod keys;
mod log;
mod policy;
mod progress;
mod restore;
mod runtimes;
mod serve;
mod storage;
mod wiring;

use std::process::ExitCode;

use config::{Arguments, Command, Runtimes};
use serve::Manner;

/// With the C library's allocator threads wait for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The same binary is the sandbox supervisor when the server starts it as such.
    if let Some(code) = sandbox::supervisor_main() {
        return code;
    }
    let arguments = Arguments::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    let done = match arguments.command {
        Command::Serve(settings) => serve::run(&settings, Manner::Plain),
        Command::Dev(settings) => serve::run(&settings, Manner::Friendly),
        Command::Env { place } => endpoint::env(&place.data_dir).map(|text| print!("{text}")),
        Command::Policy { whose, all, client } => policy::run(&client, &whose, all),
        Command::Explain { request_id, client } => explain::run(&client, &request_id),
        Command::Backup { target, client } => backup::run(&client, &target),
        Command::Restore { file, place } => restore::run(&file, &place.data_dir),
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
