//! Where the running server of a data directory is, for `clearsky env`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use base::{Region, Secret};
use serde::{Deserialize, Serialize};

use crate::config::RootKey;
use crate::keys;

/// What a client needs to use a server.
#[derive(Debug, Serialize, Deserialize)]
pub struct Endpoint {
    pub url: String,
    pub access_key_id: String,
    pub secret_access_key: Secret<String>,
    pub pid: u32,
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("server.json")
}

/// Tells clients where this server is.
pub fn publish(data_dir: &Path, url: &str, key: &RootKey) -> anyhow::Result<()> {
    let RootKey { access_key_id, secret_access_key } = key.clone();
    let endpoint = Endpoint { url: url.to_owned(), access_key_id, secret_access_key, pid: std::process::id() };
    keys::write_private(&path(data_dir), &serde_json::to_string_pretty(&endpoint)?)
}

/// Takes it back.
pub fn withdraw(data_dir: &Path) {
    let _ = fs::remove_file(path(data_dir));
}

/// The shell commands that set the variables of AWS clients.
pub fn env(data_dir: &Path) -> anyhow::Result<String> {
    let Ok(text) = fs::read_to_string(path(data_dir)) else {
        bail!("no server runs on {}: start one with `clearsky serve --data-dir {0}`", data_dir.display());
    };
    let endpoint: Endpoint = serde_json::from_str(&text).with_context(|| path(data_dir).display().to_string())?;
    let region = Region::DEFAULT;
    let lines = [
        ("AWS_ENDPOINT_URL", endpoint.url.as_str()),
        ("AWS_ACCESS_KEY_ID", endpoint.access_key_id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", endpoint.secret_access_key.expose().as_str()),
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
    ];
    let exports = lines.map(|(name, value)| format!("export {name}='{}'\n", value.replace('\'', r"'\''")));
    // A token of another account would go along with our keys.
    Ok(format!("unset AWS_SESSION_TOKEN AWS_PROFILE\n{}", exports.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn env_quotes_for_the_shell_and_needs_a_server() {
        let dir = std::env::temp_dir().join(format!("clearsky-endpoint-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        assert!(env(&dir).unwrap_err().to_string().contains("no server runs"));
        let key = RootKey { access_key_id: "test".into(), secret_access_key: Secret::new("it's".into()) };
        publish(&dir, "http://127.0.0.1:1", &key).unwrap();
        let text = env(&dir).unwrap();
        assert!(text.contains("export AWS_ENDPOINT_URL='http://127.0.0.1:1'\n"));
        assert!(text.contains(r"export AWS_SECRET_ACCESS_KEY='it'\''s'"));
        withdraw(&dir);
        assert!(env(&dir).is_err());
        fs::remove_dir_all(dir).unwrap();
    }
}
