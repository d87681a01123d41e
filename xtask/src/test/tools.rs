//! What we depend on: licences and sources by cargo-deny, what nobody uses by cargo-machete.

use std::path::{Path, PathBuf};

use anyhow::bail;

use super::tally::Tally;
use crate::programs::{has, must, program};

/// A tool of cargo's, in the version that we know.
struct Tool {
    name: &'static str,
    version: &'static str,
}

const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };
const MACHETE: Tool = Tool { name: "cargo-machete", version: "0.9.2" };

/// Where our manifests are.
const ROOMS: &[&str] = &["core", "engines", "services", "edge", "clearsky", "bench", "fuzz", "xtask"];

/// Asks both, each of which counts as a test; one that cannot be had is skipped.
pub fn dependencies(root: &Path, tally: &mut Tally) -> anyhow::Result<()> {
    let deny = ["check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    let machete: Vec<&str> = ["--with-metadata"].iter().chain(ROOMS).copied().collect();
    let mut failed = Vec::new();
    for (tool, arguments) in [(DENY, deny.as_slice()), (MACHETE, machete.as_slice())] {
        let place = match install(root, &tool) {
            Ok(place) => place,
            Err(error) => {
                tally.skip(format!("{}: it cannot be installed: {error:#}", tool.name));
                continue;
            }
        };
        let mut command = program(root, place.join(tool.name), arguments);
        // Started by cargo, they would look for their own name among the arguments.
        command.env_remove("CARGO");
        match must(command) {
            Ok(()) => tally.passed += 1,
            Err(error) => {
                tally.failed += 1;
                failed.push(error.to_string());
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("{}", failed.join("; ")) }
}

/// Installs a tool under target/tools unless it is there, unoptimised: that takes a fraction of the time. Its folder comes back.
fn install(root: &Path, tool: &Tool) -> anyhow::Result<PathBuf> {
    let folder = root.join("target/tools");
    let place = folder.join("bin");
    if has(&place.join(tool.name).display().to_string(), &["--version"]) {
        return Ok(place);
    }
    println!("installing {} {} ...", tool.name, tool.version);
    let crate_version = format!("{}@{}", tool.name, tool.version);
    let arguments =
        ["install", "--quiet", "--locked", "--debug", "--config", "profile.dev.debug=false", &crate_version];
    let mut install = program(root, "cargo", &arguments);
    install.arg("--root").arg(&folder).arg("--target-dir").arg(folder.join("build"));
    let installed = must(install);
    if let Err(error) = std::fs::remove_dir_all(folder.join("build")) {
        println!("target/tools/build stays: {error}");
    }
    installed.map(|()| place)
}
