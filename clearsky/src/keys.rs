//! The root key file: made at the first start, kept, readable by its owner only.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use base::{Ids, Secret};
use serde::{Deserialize, Serialize};

use crate::config::RootKey;

/// What the server keeps secret.
#[derive(Debug, Serialize, Deserialize)]
pub struct RootKeyFile {
    pub access_key_id: String,
    pub secret_access_key: Secret<String>,
    /// What page and session tokens are sealed with, in hexadecimal.
    pub seal_key: Secret<String>,
}

const FILE: &str = "root-key.json";

/// The files of a data directory that a backup holds beside rows and bodies.
pub const FILES: &[&str] = &[FILE];

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE)
}

/// What `FILES` hold.
pub fn texts(data_dir: &Path) -> anyhow::Result<BTreeMap<String, Secret<String>>> {
    let text = |name: &&str| {
        let path = data_dir.join(name);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(((*name).to_owned(), Secret::new(text)))
    };
    FILES.iter().map(text).collect()
}

/// Reads the file, or makes it.
pub fn load_or_create(data_dir: &Path, ids: &Ids) -> anyhow::Result<RootKeyFile> {
    let path = path(data_dir);
    if let Some(found) = load(data_dir)? {
        return Ok(found);
    }
    let secret: [u8; 20] = ids.bytes();
    let seal: [u8; 32] = ids.bytes();
    let file = RootKeyFile {
        access_key_id: format!("AKIA{}", ids.upper(16)),
        secret_access_key: Secret::new(hex::encode(secret)),
        seal_key: Secret::new(hex::encode(seal)),
    };
    write_private(&path, &serde_json::to_string_pretty(&file)?)?;
    Ok(file)
}

/// Reads the file, if there is one.
pub fn load(data_dir: &Path) -> anyhow::Result<Option<RootKeyFile>> {
    let path = path(data_dir);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context(path.display().to_string()),
    };
    let mode = fs::metadata(&path)?.permissions().mode() & 0o777;
    ensure!(mode & 0o077 == 0, "{} may be read by others (mode {mode:o}): chmod 600 it", path.display());
    let file: RootKeyFile = serde_json::from_str(&text).with_context(|| broken(&path))?;
    file.seal_key().with_context(|| broken(&path))?;
    Ok(Some(file))
}

fn broken(path: &Path) -> String {
    format!("{} is not a root key file: restore it, or move it away to have new keys made", path.display())
}

impl RootKeyFile {
    pub fn root_key(&self) -> RootKey {
        RootKey { access_key_id: self.access_key_id.clone(), secret_access_key: self.secret_access_key.clone() }
    }

    /// The sealing key's bytes.
    pub fn seal_key(&self) -> anyhow::Result<[u8; 32]> {
        let text = self.seal_key.expose();
        let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.context("seal_key is not 64 hexadecimal digits")
    }
}

/// Writes a file that only its owner can read, whole or not at all.
pub fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let partial = path.with_extension("partial");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("clearsky-keys-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    #[test]
    fn the_key_is_kept_and_private() {
        let dir = folder("kept");
        let made = load_or_create(&dir, &Ids::system()).unwrap();
        let read = load_or_create(&dir, &Ids::system()).unwrap();
        assert_eq!(made.access_key_id, read.access_key_id);
        assert_eq!(made.seal_key().unwrap(), read.seal_key().unwrap());
        assert_eq!(fs::metadata(path(&dir)).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_broken_file_is_named_and_kept() {
        let dir = folder("broken");
        let odd = r#"{"access_key_id":"a","secret_access_key":"b","seal_key":"zz"}"#;
        for text in ["", "{", "[]", r#"{"access_key_id":"a"}"#, odd] {
            write_private(&path(&dir), text).unwrap();
            let error = load_or_create(&dir, &Ids::system()).unwrap_err().to_string();
            assert!(error.contains("root-key.json is not a root key file"), "{error}");
            assert_eq!(fs::read_to_string(path(&dir)).unwrap(), text);
        }
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = folder("open");
        load_or_create(&dir, &Ids::system()).unwrap();
        fs::set_permissions(path(&dir), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(load(&dir).unwrap_err().to_string().contains("chmod 600"));
        fs::remove_dir_all(dir).unwrap();
    }
}
