//! `clearsky runtimes`: the SDKs in the data directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::config::{Sdk, search_path};

/// The folder that is mounted into functions, with one folder per SDK.
pub fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("runtimes")
}

/// Fetches an SDK. It appears whole or not at all; functions that start afterwards find it.
pub fn install(data_dir: &Path, sdk: Sdk) -> anyhow::Result<()> {
    let (name, package) = match sdk {
        Sdk::SdkPython => ("sdk-python", "boto3"),
    };
    let folder = folder(data_dir);
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let (target, partial) = (folder.join(name), folder.join(format!("{name}.partial")));
    let _ = fs::remove_dir_all(&partial);
    println!("fetching {package} with pip ...");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"];
    let status = Command::new("python3").args(pip).arg("--target").arg(&partial).arg(package).status();
    let status = status.context("python3 with pip is needed to fetch the SDK")?;
    if !status.success() {
        let _ = fs::remove_dir_all(&partial);
    }
    ensure!(status.success(), "pip could not fetch {package}; its own message stands above");
    let replaced = folder.join(format!("{name}.replaced"));
    let _ = fs::remove_dir_all(&replaced);
    if target.exists() {
        fs::rename(&target, &replaced)?;
    }
    fs::rename(&partial, &target)?;
    let _ = fs::remove_dir_all(&replaced);
    println!("{name} is in {}; functions that start from now on find it", target.display());
    Ok(())
}

/// Prints what functions can use.
pub fn list(data_dir: &Path) {
    let found = sandbox::runtimes::discover(&search_path());
    for runtime in &found.usable {
        println!("{:<14} {:<10} {}", runtime.name, runtime.version, runtime.interpreter.display());
    }
    for (what, reason) in &found.skipped {
        println!("{what}: not usable: {reason}");
    }
    let sdk = folder(data_dir).join("sdk-python");
    let state = if sdk.is_dir() { "installed" } else { "not installed: clearsky runtimes install sdk-python" };
    println!("{:<14} {state}", "sdk-python");
}
