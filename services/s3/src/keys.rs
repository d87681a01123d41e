//! Key spaces. Bucket names are global; objects lie in the order of their keys' UTF-8 bytes.

use base::Account;
use kv::{Key, Range};

use crate::model::BucketName;

const BUCKET: &[u8] = b"s3\0b";
const OWNED: &[u8] = b"s3\0w";
const OBJECT: &[u8] = b"s3\0o";

/// Rows that refer to bodies: all of the house's, so that no kind is forgotten.
pub(crate) const BLOB_ROWS: &[&[u8]] = &[b"s3\0"];

/// Above every byte of UTF-8.
const ABOVE: u8 = u8::MAX;

/// A bucket.
pub(crate) fn bucket(name: &BucketName) -> Key {
    join(&[BUCKET, name.as_str().as_bytes()])
}

/// A bucket among those of its account.
pub(crate) fn owned(owner: &Account, name: &str) -> Key {
    join(&[OWNED, owner.as_str().as_bytes(), b"\0", name.as_bytes()])
}

/// The buckets of an account whose names start with the prefix.
pub(crate) fn owned_range(owner: &Account, prefix: &str) -> Range {
    Range::prefix(owned(owner, prefix))
}

/// The name of a bucket in `owned_range`.
pub(crate) fn owned_name<'a>(owner: &Account, key: &'a Key) -> Option<&'a str> {
    rest(key, &owned(owner, ""))
}

/// An object.
pub(crate) fn object(bucket: &BucketName, key: &str) -> Key {
    join(&[OBJECT, bucket.as_str().as_bytes(), b"\0", key.as_bytes()])
}

/// The objects of a bucket whose keys start with the prefix.
pub(crate) fn objects(bucket: &BucketName, prefix: &str) -> Range {
    Range::prefix(object(bucket, prefix))
}

/// A place behind every object whose key starts with the prefix.
pub(crate) fn behind(bucket: &BucketName, prefix: &str) -> Key {
    join(&[object(bucket, prefix).as_bytes(), &[ABOVE]])
}

/// The key of an object in `objects`.
pub(crate) fn object_key<'a>(bucket: &BucketName, key: &'a Key) -> Option<&'a str> {
    rest(key, &object(bucket, ""))
}

fn rest<'a>(key: &'a Key, front: &Key) -> Option<&'a str> {
    std::str::from_utf8(key.as_bytes().strip_prefix(front.as_bytes())?).ok()
}

fn join(parts: &[&[u8]]) -> Key {
    Key::from(parts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_lie_in_the_order_of_their_keys_within_their_bucket() {
        let (one, two) = (BucketName::parse("one").unwrap(), BucketName::parse("one-more").unwrap());
        let keys = ["", "a", "a\0", "a/", "a/b", "b", "é", "\u{10ffff}"];
        let encoded: Vec<Key> = keys.iter().map(|key| object(&one, key)).collect();
        assert!(encoded.is_sorted());
        for (key, text) in encoded.iter().zip(keys) {
            assert_eq!(object_key(&one, key), Some(text));
            assert_eq!(object_key(&two, key), None);
            assert!(objects(&one, "").contains(key) && !objects(&two, "").contains(key));
        }
        let behind = behind(&one, "a");
        assert!(object(&one, "a\u{10ffff}") < behind && behind < object(&one, "b"));
    }
}
