//! Buckets and objects: names, limits, stored records.

use std::collections::BTreeMap;

use base::{Account, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blob::BlobId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use wire::{ReadError, Reader, Schema, Shape, Writer};

use crate::engine::checksum::Checksum;
use crate::errors::Error;

/// The largest object of a single PUT: 5 GiB (docs).
pub(crate) const OBJECT_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;

/// The longest key, as UTF-8 (docs).
pub(crate) const KEY_BYTES_MAX: usize = 1024;

/// User metadata, names and values together (docs).
pub(crate) const METADATA_BYTES_MAX: usize = 2 * 1024;

/// What objects are whose sender did not say (docs).
const CONTENT_TYPE_DEFAULT: &str = "binary/octet-stream";

/// The only storage class there is.
pub(crate) const STORAGE_CLASS: &str = "STANDARD";

/// Prefixes and suffixes that S3 keeps for itself (docs).
const RESERVED_PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/// A bucket's name: it has the form that S3 asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BucketName(String);

impl BucketName {
    /// Parses a name by the rules for general purpose buckets (docs).
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_label = |label: &str| {
            !label.is_empty() && label.chars().all(inner) && !label.starts_with('-') && !label.ends_with('-')
        };
        let valid = (3..=63).contains(&text.len())
            && text.split('.').all(is_label)
            && text.parse::<std::net::Ipv4Addr>().is_err()
            && !RESERVED_PREFIXES.iter().any(|prefix| text.starts_with(prefix))
            && !RESERVED_SUFFIXES.iter().any(|suffix| text.ends_with(suffix));
        if !valid {
            return Err(Error::InvalidBucketName.with("BucketName", text));
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// An object's key: at most 1024 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectKey(String);

impl ObjectKey {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > KEY_BYTES_MAX {
            let error = Error::KeyTooLong.with("Size", text.len().to_string());
            return Err(error.with("MaxSizeAllowed", KEY_BYTES_MAX.to_string()));
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The version of an object in a bucket that keeps none (docs).
const VERSION_NULL: &str = "null";

/// Reads a version id: no bucket keeps versions, so no object has another one than the null version.
pub(crate) fn version(id: Option<&str>) -> Result<Option<String>, Error> {
    match id {
        None => Ok(None),
        Some(VERSION_NULL) => Ok(Some(VERSION_NULL.into())),
        Some("") => Err(Error::argument("Version id cannot be the empty string", "versionId", "")),
        Some(other) => Err(Error::argument("Invalid version id specified", "versionId", other)),
    }
}

/// A bucket as stored. Changing a field means a new variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum BucketRecord {
    V1(Bucket),
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bucket {
    pub owner: Account,
    pub region: String,
    pub created: Timestamp,
}

/// An object as stored. Changing a field means a new variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum ObjectRecord {
    V1(Object),
}

/// An object: what is known of it beside its bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Object {
    /// Where its bytes are.
    pub blob: BlobId,
    pub size: u64,
    /// The hex MD5 of its bytes, without quotes.
    pub etag: String,
    /// In whole seconds, as HTTP carries it.
    pub modified: Timestamp,
    pub checksum: Checksum,
    pub headers: Headers,
    /// `x-amz-meta-*` by the part behind that.
    pub metadata: BTreeMap<String, String>,
}

/// The headers that an object keeps for whoever gets it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Headers {
    pub cache_control: Option<String>,
    pub content_disposition: Option<String>,
    pub content_encoding: Option<String>,
    pub content_language: Option<String>,
    pub content_type: Option<String>,
    pub expires: Option<String>,
}

impl Object {
    /// The ETag as the wire has it.
    pub(crate) fn quoted_etag(&self) -> String {
        format!("\"{}\"", self.etag)
    }
}

impl Headers {
    /// Without the framing that SDKs count among the encodings of what they send.
    pub(crate) fn without_framing(mut self) -> Self {
        let Some(encodings) = self.content_encoding.take() else { return self };
        let kept = encodings.split(',').map(str::trim).filter(|e| !e.is_empty() && *e != "aws-chunked");
        let kept = kept.collect::<Vec<_>>().join(",");
        self.content_encoding = Some(kept).filter(|kept| !kept.is_empty());
        self
    }
}

/// The type of an object whose sender said this of it; an empty one is none.
pub(crate) fn content_type_of(sent: Option<&str>) -> Option<String> {
    Some(sent.filter(|sent| !sent.is_empty()).unwrap_or(CONTENT_TYPE_DEFAULT).to_owned())
}

/// User metadata as it came: a header's bytes that are no ASCII are taken for ISO 8859-1, and go out as an encoded word of
/// RFC 2047 (docs).
pub(crate) fn shown_metadata(metadata: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let shown = |text: String| match text.is_ascii() {
        true => text,
        false => {
            let latin: String = text.bytes().map(char::from).collect();
            format!("=?UTF-8?B?{}?=", STANDARD.encode(latin))
        }
    };
    metadata.into_iter().map(|(name, value)| (name, shown(value))).collect()
}

/// Refuses user metadata over the limit.
pub(crate) fn check_metadata(metadata: &BTreeMap<String, String>) -> Result<(), Error> {
    let bytes: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > METADATA_BYTES_MAX {
        let error = Error::MetadataTooLarge.with("Size", bytes.to_string());
        return Err(error.with("MaxSizeAllowed", METADATA_BYTES_MAX.to_string()));
    }
    Ok(())
}

/// A moment without its fraction of a second: S3 keeps none.
pub(crate) fn whole_seconds(moment: Timestamp) -> Timestamp {
    Timestamp::from_ms(moment.as_seconds().saturating_mul(1000))
}

/// The canonical user id of an account: 64 hex digits that are always the same for it.
pub(crate) fn canonical_id(account: &Account) -> String {
    hex::encode(Sha256::digest(format!("s3 canonical user {account}")))
}

/// A region as S3 writes it: nothing for us-east-1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LocationConstraint(pub String);

impl Shape for LocationConstraint {
    fn read(&mut self, from: &mut dyn Reader, _: &'static Schema) -> Result<(), ReadError> {
        self.0 = from.string()?;
        Ok(())
    }

    fn write(&self, to: &mut dyn Writer, schema: &'static Schema) {
        to.string(&self.0, schema);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_follow_the_rules() {
        for name in ["abc", "my-bucket.1", "1a2", &"a".repeat(63)] {
            assert!(BucketName::parse(name).is_ok(), "{name}");
        }
        let bad = [
            "ab",
            "Abc",
            "a_b",
            "-abc",
            "abc-",
            "a..b",
            ".abc",
            "abc.",
            "a.-b",
            "a-.b",
            "10.0.0.1",
            "xn--abc",
            "abc-s3alias",
            "a b",
            "bücket",
        ];
        for name in bad {
            assert!(BucketName::parse(name).is_err(), "{name}");
        }
        assert!(BucketName::parse(&"a".repeat(64)).is_err());
    }

    #[test]
    fn metadata_beyond_ascii_goes_out_as_an_encoded_word() {
        let shown = |text: &str| shown_metadata([("k".into(), text.into())].into()).remove("k").unwrap();
        assert_eq!(shown("plain"), "plain");
        // The example of the docs.
        assert_eq!(shown("ÄMÄZÕÑ S3"), "=?UTF-8?B?w4PChE3Dg8KEWsODwpXDg8KRIFMz?=");
        assert_eq!(shown("=?UTF-8?B?w4PChE3Dg8KEWsODwpXDg8KRIFMz?="), "=?UTF-8?B?w4PChE3Dg8KEWsODwpXDg8KRIFMz?=");
    }

    #[test]
    fn only_the_null_version_is_there() {
        assert_eq!(version(None).unwrap(), None);
        assert_eq!(version(Some("null")).unwrap().as_deref(), Some("null"));
        assert!(version(Some("")).is_err() && version(Some("3HL4kqtJlcpXroDTDmJ")).is_err());
    }

    #[test]
    fn framing_is_no_encoding() {
        let check = |sent: &str, kept: Option<&str>| {
            let headers = Headers { content_encoding: Some(sent.into()), ..Headers::default() };
            assert_eq!(headers.without_framing().content_encoding.as_deref(), kept);
        };
        check("aws-chunked", None);
        check("aws-chunked,gzip", Some("gzip"));
        check("gzip, aws-chunked", Some("gzip"));
        check("gzip", Some("gzip"));
    }

    #[test]
    fn an_object_stored_in_the_first_version_is_read() {
        let stored = r#"{"V1":{"blob":"aaaaaaaaaaaaaaaaaaaaaaaaaa","size":3,"etag":"aa","modified":1000,
            "checksum":{"algorithm":"CRC32","value":"AAAAAA=="},"headers":{"cache_control":null,
            "content_disposition":null,"content_encoding":null,"content_language":null,"content_type":"text/plain",
            "expires":null},"metadata":{"k":"v"}}}"#;
        let ObjectRecord::V1(object) = serde_json::from_str(stored).unwrap();
        assert_eq!((object.size, object.quoted_etag().as_str()), (3, "\"aa\""));
        assert_eq!(object.blob.as_str(), "a".repeat(26));
    }
}
