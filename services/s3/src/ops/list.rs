//! Listings of a bucket: ListObjectsV2 and ListObjects.

use kv::Tx;
use service::Cx;

use super::bucket;
use crate::engine::encoding::Encoding;
use crate::errors::Error;
use crate::model::{Bucket, BucketName, Object, STORAGE_CLASS, canonical_id};
use crate::store::{self, After};
use crate::wire::{
    CommonPrefix, ListObjectsOutput, ListObjectsRequest, ListObjectsV2Output, ListObjectsV2Request,
    Object as ObjectShape, Owner,
};

/// Keys and common prefixes in one answer (docs).
const KEYS_MAX: usize = 1000;

/// Rows read at once behind a common prefix: as many as are wasted when the next prefix is large.
const SEEK_ROWS: usize = 16;

/// What a listing is to show.
struct Wanted<'a> {
    prefix: &'a str,
    delimiter: &'a str,
    after: Option<&'a str>,
    max_keys: usize,
}

/// A page of a listing.
#[derive(Default)]
struct Listed {
    objects: Vec<(String, Object)>,
    prefixes: Vec<String>,
    /// The last key or common prefix, when there is more behind it.
    next: Option<String>,
}

/// A page of a bucket's objects, with sealed tokens.
pub(crate) async fn list_objects_v2(
    cx: &Cx,
    tx: &mut Tx,
    input: &ListObjectsV2Request,
) -> Result<ListObjectsV2Output, Error> {
    let ListObjectsV2Request {
        bucket,
        delimiter,
        encoding_type,
        max_keys,
        prefix,
        continuation_token,
        fetch_owner,
        start_after,
        expected_bucket_owner,
    } = input;
    let name = BucketName::parse(bucket)?;
    let max_keys = keys_max(*max_keys)?;
    let found = bucket::open(cx, tx, &name, expected_bucket_owner.as_deref()).await?;
    let tokens = cx.page(&format!("ListObjectsV2:{bucket}"));
    let after = match continuation_token.as_deref().filter(|token| !token.is_empty()) {
        Some(token) => {
            let opened = tokens.open(token).ok().and_then(|key| String::from_utf8(key).ok());
            let text = "The continuation token provided is incorrect";
            Some(opened.ok_or_else(|| Error::argument(text, "continuation-token", token))?)
        }
        None => start_after.clone().filter(|after| !after.is_empty()),
    };
    let prefix = prefix.clone().unwrap_or_default();
    let delimiter = delimiter.clone().filter(|delimiter| !delimiter.is_empty());
    let delimited = delimiter.as_deref().unwrap_or_default();
    let wanted = Wanted { prefix: &prefix, delimiter: delimited, after: after.as_deref(), max_keys };

    let listed = walk(tx, &name, &wanted).await?;
    let encoding = Encoding::of(encoding_type.as_deref());
    let owner = (*fetch_owner == Some(true)).then_some(&found);
    Ok(ListObjectsV2Output {
        is_truncated: Some(listed.next.is_some()),
        key_count: Some((listed.objects.len() + listed.prefixes.len()) as i32),
        next_continuation_token: listed.next.map(|next| tokens.after(next.as_bytes())),
        contents: contents(listed.objects, encoding, owner),
        common_prefixes: common_prefixes(listed.prefixes, encoding),
        name: Some(bucket.clone()),
        prefix: Some(encoding.write(&prefix)),
        delimiter: delimiter.map(|delimiter| encoding.write(&delimiter)),
        max_keys: Some(max_keys as i32),
        encoding_type: encoding_type.clone(),
        continuation_token: continuation_token.clone(),
        start_after: start_after.as_deref().map(|after| encoding.write(after)),
    })
}

/// The older listing, whose marker is a key.
pub(crate) async fn list_objects(cx: &Cx, tx: &mut Tx, input: &ListObjectsRequest) -> Result<ListObjectsOutput, Error> {
    let ListObjectsRequest { bucket, delimiter, encoding_type, marker, max_keys, prefix, expected_bucket_owner } =
        input;
    let name = BucketName::parse(bucket)?;
    let max_keys = keys_max(*max_keys)?;
    let found = bucket::open(cx, tx, &name, expected_bucket_owner.as_deref()).await?;
    let prefix = prefix.clone().unwrap_or_default();
    let delimiter = delimiter.clone().filter(|delimiter| !delimiter.is_empty());
    let delimited = delimiter.as_deref().unwrap_or_default();
    let after = marker.as_deref().filter(|marker| !marker.is_empty());
    let wanted = Wanted { prefix: &prefix, delimiter: delimited, after, max_keys };

    let listed = walk(tx, &name, &wanted).await?;
    let encoding = Encoding::of(encoding_type.as_deref());
    Ok(ListObjectsOutput {
        is_truncated: Some(listed.next.is_some()),
        marker: Some(encoding.write(marker.as_deref().unwrap_or_default())),
        // Without a delimiter the last key is the marker (docs).
        next_marker: listed.next.filter(|_| delimiter.is_some()).map(|next| encoding.write(&next)),
        contents: contents(listed.objects, encoding, Some(&found)),
        common_prefixes: common_prefixes(listed.prefixes, encoding),
        name: Some(bucket.clone()),
        prefix: Some(encoding.write(&prefix)),
        delimiter: delimiter.map(|delimiter| encoding.write(&delimiter)),
        max_keys: Some(max_keys as i32),
        encoding_type: encoding_type.clone(),
    })
}

fn keys_max(max_keys: Option<i32>) -> Result<usize, Error> {
    let Some(max_keys) = max_keys else { return Ok(KEYS_MAX) };
    let wanted = usize::try_from(max_keys).map_err(|_| {
        let text = "Argument maxKeys must be an integer between 0 and 2147483647";
        Error::argument(text, "maxKeys", &max_keys.to_string())
    })?;
    Ok(wanted.min(KEYS_MAX))
}

/// Walks the keys in order. Behind a common prefix it seeks: what lies under it is not read, but for a few rows.
async fn walk(tx: &mut Tx, bucket: &BucketName, wanted: &Wanted<'_>) -> Result<Listed, Error> {
    let mut listed = Listed::default();
    if wanted.max_keys == 0 {
        return Ok(listed);
    }
    let rows_first = if wanted.delimiter.is_empty() { wanted.max_keys + 1 } else { SEEK_ROWS };
    let mut rows_max = rows_first;
    // What the last row was: where to go on.
    let mut last = match wanted.after {
        Some(after) if wanted.rolled(after) == Some(after) => Last::Prefix(after.to_owned()),
        Some(after) => Last::Key(after.to_owned()),
        None => Last::Nothing,
    };
    loop {
        let page = store::objects(tx, bucket, wanted.prefix, &last.after(), rows_max).await?;
        let started = listed.len();
        for (key, object) in page.rows {
            if matches!(&last, Last::Prefix(done) if key.starts_with(done.as_str())) {
                continue;
            }
            if listed.len() == wanted.max_keys {
                listed.next = last.into_text();
                return Ok(listed);
            }
            match wanted.rolled(&key) {
                Some(prefix) => {
                    listed.prefixes.push(prefix.to_owned());
                    last = Last::Prefix(prefix.to_owned());
                }
                None => {
                    last = Last::Key(key.clone());
                    listed.objects.push((key, object));
                }
            }
        }
        if !page.more {
            return Ok(listed);
        }
        // Plain keys on end: read on in larger pages.
        let plain = listed.len() - started == rows_max;
        rows_max = if plain { (rows_max * 4).min(KEYS_MAX + 1) } else { rows_first };
    }
}

/// The last thing that a walk passed.
enum Last {
    Nothing,
    Key(String),
    Prefix(String),
}

impl Last {
    fn after(&self) -> After<'_> {
        match self {
            Self::Nothing => After::Start,
            Self::Key(key) => After::Key(key),
            Self::Prefix(prefix) => After::Prefix(prefix),
        }
    }

    fn into_text(self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Key(text) | Self::Prefix(text) => Some(text),
        }
    }
}

impl Wanted<'_> {
    /// The common prefix that stands for a key: up to the first delimiter behind the prefix.
    fn rolled<'k>(&self, key: &'k str) -> Option<&'k str> {
        if self.delimiter.is_empty() {
            return None;
        }
        let rest = key.strip_prefix(self.prefix)?;
        let end = self.prefix.len() + rest.find(self.delimiter)? + self.delimiter.len();
        key.get(..end)
    }
}

impl Listed {
    fn len(&self) -> usize {
        self.objects.len() + self.prefixes.len()
    }
}

fn contents(objects: Vec<(String, Object)>, encoding: Encoding, owner: Option<&Bucket>) -> Option<Vec<ObjectShape>> {
    let shape = |(key, object): (String, Object)| ObjectShape {
        key: Some(encoding.write(&key)),
        last_modified: Some(object.modified),
        e_tag: Some(object.quoted_etag()),
        checksum_algorithm: Some(vec![object.checksum.algorithm.name().to_owned()]),
        checksum_type: Some("FULL_OBJECT".into()),
        size: Some(object.size as i64),
        storage_class: Some(STORAGE_CLASS.into()),
        owner: owner.map(|bucket| Owner { id: Some(canonical_id(&bucket.owner)) }),
    };
    Some(objects.into_iter().map(shape).collect::<Vec<_>>()).filter(|objects| !objects.is_empty())
}

fn common_prefixes(prefixes: Vec<String>, encoding: Encoding) -> Option<Vec<CommonPrefix>> {
    let shape = |prefix: String| CommonPrefix { prefix: Some(encoding.write(&prefix)) };
    Some(prefixes.into_iter().map(shape).collect::<Vec<_>>()).filter(|prefixes| !prefixes.is_empty())
}
