//! What is kept of a function, and the rules it must keep.

pub(crate) mod alias;
pub(crate) mod layer;

use std::collections::BTreeMap;

use base::{Arn, Timestamp};
use blob::BlobId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::engine::package::UNPACKED_BYTES_MAX;
use crate::errors::Error;
use crate::model::layer::UsedLayer;

/// Lambda's defaults (docs).
pub(crate) const TIMEOUT_DEFAULT_S: u32 = 3;
pub(crate) const MEMORY_DEFAULT_MB: u32 = 128;
pub(crate) const STORAGE_DEFAULT_MB: u32 = 512;

/// Quota: 4 KB for a function's variables together (docs).
const VARIABLES_BYTES_MAX: usize = 4096;

/// Quota: 50 tags (docs).
const TAGS_MAX: usize = 50;

/// Variables that only the platform sets (docs: reserved environment variables).
const RESERVED_VARIABLES: &[&str] = &[
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
];

/// A stored function; versions of the form are told apart here.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Record {
    V1(Function),
}

/// A function as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Function {
    pub name: String,
    pub runtime: String,
    pub role: Arn,
    pub handler: String,
    pub description: String,
    pub timeout_s: u32,
    pub memory_mb: u32,
    pub storage_mb: u32,
    pub variables: BTreeMap<String, String>,
    pub architecture: String,
    pub code: Code,
    pub tags: BTreeMap<String, String>,
    /// The statements of its resource policy, in the order they were added.
    pub permissions: Vec<Permission>,
    /// Changes with everything but tags: what clients call RevisionId.
    pub revision: String,
    /// Changes with code and configuration: environments of another generation are not used any more.
    pub generation: String,
    pub modified: Timestamp,
    /// The number of a published version; none of the function that can be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// What was published of it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Published>,
    /// In the order in which they are laid over each other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<UsedLayer>,
}

/// The version that was published last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Published {
    pub number: u32,
    /// Of what was published.
    pub fingerprint: String,
}

/// A package in the blob store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Code {
    blob: String,
    /// Of the zip, in lower-case hex.
    pub sha256: String,
    pub bytes: u64,
    /// Of everything in it; 0 where nobody has counted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unpacked_bytes: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_zero(bytes: &u64) -> bool {
    *bytes == 0
}

/// One statement of a function's policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Permission {
    pub sid: String,
    pub statement: Value,
}

impl Code {
    pub fn new(blob: &BlobId, sha256: String, bytes: u64, unpacked_bytes: u64) -> Self {
        Self { blob: blob.as_str().to_owned(), sha256, bytes, unpacked_bytes }
    }

    /// Where it is kept; None if the record is damaged.
    pub fn blob(&self) -> Option<BlobId> {
        BlobId::parse(&self.blob).ok()
    }
}

impl Function {
    /// `$LATEST` or its number.
    pub fn version_name(&self) -> String {
        alias::version_name(self.version)
    }

    /// The same for all functions that do the same: two versions in a row differ in it.
    pub fn fingerprint(&self) -> String {
        let Self { runtime, role, handler, description, timeout_s, memory_mb, .. } = self;
        let Self { storage_mb, variables, architecture, code, layers, .. } = self;
        let layers: Vec<String> = layers.iter().map(|layer| layer.arn.to_string()).collect();
        let parts = serde_json::json!([
            runtime,
            role.to_string(),
            handler,
            description,
            timeout_s,
            memory_mb,
            storage_mb,
            variables,
            architecture,
            code.sha256,
            layers,
        ]);
        hex::encode(Sha256::digest(parts.to_string()))
    }

    /// Whether the code and its layers are small enough together.
    pub fn check_size(&self) -> Result<(), Error> {
        let layers = self.layers.iter().map(|layer| layer.code.unpacked_bytes);
        let bytes = layers.fold(self.code.unpacked_bytes, u64::saturating_add);
        if bytes <= UNPACKED_BYTES_MAX {
            return Ok(());
        }
        Err(Error::InvalidParameter(format!(
            "Function code combined with layers exceeds the maximum allowed size of {UNPACKED_BYTES_MAX} bytes. The actual size is {bytes} bytes."
        )))
    }

    /// It as a version of its own: without what belongs to the function as a whole.
    pub fn as_version(&self, number: u32) -> Self {
        Self { version: Some(number), published: None, tags: BTreeMap::new(), permissions: Vec::new(), ..self.clone() }
    }
}

/// A resource policy as a document; None without statements.
pub(crate) fn policy_of(permissions: &[Permission]) -> Option<Value> {
    if permissions.is_empty() {
        return None;
    }
    let statements: Vec<&Value> = permissions.iter().map(|permission| &permission.statement).collect();
    Some(serde_json::json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements }))
}

/// Checks a function's own environment variables.
pub(crate) fn check_variables(variables: &BTreeMap<String, String>) -> Result<(), Error> {
    const UNABLE: &str =
        "Lambda was unable to configure your environment variables because the environment variables you have provided";
    let reserved: Vec<&str> = variables.keys().map(String::as_str).filter(|n| RESERVED_VARIABLES.contains(n)).collect();
    if !reserved.is_empty() {
        let names = reserved.join(", ");
        let text = "contains reserved keys that are currently not supported for modification. Reserved keys used in this request:";
        return Err(Error::InvalidParameter(format!("{UNABLE} {text} {names}")));
    }
    if variables.values().any(|value| value.contains('\0')) {
        return Err(Error::InvalidParameter("Environment variables may not contain NUL characters.".into()));
    }
    let shown = serde_json::to_string(variables).unwrap_or_default();
    if shown.len() > VARIABLES_BYTES_MAX {
        return Err(Error::InvalidParameter(format!("{UNABLE} exceeded the 4KB limit. String measured: {shown}")));
    }
    Ok(())
}

/// Checks a function's tags.
pub(crate) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    let text = match () {
        () if tags.len() > TAGS_MAX => format!("Number of tags exceeds resource tag limit. Limit: {TAGS_MAX}"),
        () if tags.keys().any(|key| key.starts_with("aws:")) => {
            "Tag keys that start with aws: are reserved for AWS.".to_owned()
        }
        () if tags
            .iter()
            .any(|(key, value)| key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256) =>
        {
            "Tag keys have 1 to 128 characters, their values at most 256.".to_owned()
        }
        () => return Ok(()),
    };
    Err(Error::InvalidParameter(text))
}

/// This host's processor in Lambda's words; None for those that Lambda does not have.
pub(crate) fn host_architecture() -> Option<&'static str> {
    match std::env::consts::ARCH {
        "x86_64" => Some("x86_64"),
        "aarch64" => Some("arm64"),
        _ => None,
    }
}

/// The architecture that a function is made for: the host's, or what the request asks for if that is the same.
pub(crate) fn architecture(asked: Option<&[String]>) -> Result<String, Error> {
    let host = host_architecture().unwrap_or(std::env::consts::ARCH);
    match asked.and_then(<[String]>::first) {
        Some(other) if other != host => Err(Error::InvalidParameter(format!(
            "The architecture {other} is not available on this host; what is: {host}."
        ))),
        _ => Ok(host.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str, expected: &str) {
        let variables = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let text = check_variables(&variables).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(text.contains(expected) && (text.is_empty() == expected.is_empty()), "{text}");
    }

    #[test]
    fn a_function_of_an_older_store_is_readable() {
        let stored = concat!(
            r#"{"V1":{"name":"app","runtime":"python3.12","role":"arn"#,
            r#":aws:iam::000000000000:role/app","handler":"app.handler","#,
            r#""description":"","timeout_s":3,"memory_mb":128,"storage_mb":512,"variables":{"A":"b"},"architecture":"x86_64","#,
            r#""code":{"blob":"x","sha256":"00","bytes":1},"tags":{},"permissions":[],"revision":"r","generation":"g","modified":0}}"#
        );
        let Record::V1(function) = serde_json::from_str(stored).unwrap();
        assert_eq!((function.version_name().as_str(), &function.published), ("$LATEST", &None));
        assert_eq!(serde_json::to_string(&Record::V1(function)).unwrap(), stored, "as old versions can read it");
    }

    #[test]
    fn variables_that_may_be_set() {
        check("TABLE", "albums", "");
        check("AWS_ENDPOINT_URL", "http://elsewhere", "");
        check("AWS_REGION", "x", "Reserved keys used in this request: AWS_REGION");
        check("BIG", &"x".repeat(4096), "exceeded the 4KB limit");
        check("BIG", &"x".repeat(4000), "");
        check("NUL", "a\0b", "NUL");
    }
}
