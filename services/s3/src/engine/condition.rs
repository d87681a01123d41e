//! Conditional requests: If-Match and its relatives.

use base::Timestamp;

use crate::errors::Error;
use crate::model::Object;

/// What a request makes its reading depend on.
#[derive(Debug, Default)]
pub(crate) struct Conditions<'a> {
    pub if_match: Option<&'a str>,
    pub if_none_match: Option<&'a str>,
    pub if_modified_since: Option<Timestamp>,
    pub if_unmodified_since: Option<Timestamp>,
}

/// What becomes of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Proceed,
    NotModified,
    /// The condition that does not hold, as its header is called.
    Failed(&'static str),
}

impl Conditions<'_> {
    /// Judges an object. An ETag condition that is there overrides the one about time (RFC 9110 and docs).
    pub(crate) fn judge(&self, object: &Object) -> Verdict {
        let seconds = object.modified.as_seconds();
        match (self.if_match, self.if_unmodified_since) {
            (Some(tags), _) if !matches(tags, &object.etag) => return Verdict::Failed("If-Match"),
            (None, Some(since)) if since.as_seconds() < seconds => return Verdict::Failed("If-Unmodified-Since"),
            _ => (),
        }
        match (self.if_none_match, self.if_modified_since) {
            (Some(tags), _) if matches(tags, &object.etag) => Verdict::NotModified,
            (None, Some(since)) if seconds <= since.as_seconds() => Verdict::NotModified,
            _ => Verdict::Proceed,
        }
    }
}

/// Judges what a write makes depend on the object that is there.
pub(crate) fn judge_write(
    if_match: Option<&str>,
    if_none_match: Option<&str>,
    there: Option<&Object>,
) -> Result<(), Error> {
    if let Some(tags) = if_none_match {
        if tags.trim() != "*" {
            return Err(Error::HeaderNotImplemented.with("Header", "If-None-Match"));
        }
        if there.is_some() {
            return Err(failed("If-None-Match"));
        }
    }
    match (if_match, there) {
        (Some(_), None) => Err(Error::NoSuchKey),
        (Some(tags), Some(object)) if !matches(tags, &object.etag) => Err(failed("If-Match")),
        _ => Ok(()),
    }
}

/// The error of a condition that does not hold.
pub(crate) fn failed(condition: &str) -> Error {
    Error::PreconditionFailed.with("Condition", condition)
}

/// Whether a list of ETags, quoted or not, weak or strong, names this one.
fn matches(tags: &str, etag: &str) -> bool {
    let bare = |tag: &str| {
        let tag = tag.trim();
        tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"').to_owned()
    };
    tags.split(',').any(|tag| tag.trim() == "*" || bare(tag) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::checksum::{Algorithm, Checksum};

    fn object() -> Object {
        Object {
            blob: blob::BlobId::parse(&"a".repeat(26)).unwrap(),
            size: 0,
            etag: "aa".into(),
            modified: Timestamp::from_ms(10_000),
            checksum: Checksum { algorithm: Algorithm::Crc32, value: String::new() },
            headers: Default::default(),
            metadata: Default::default(),
        }
    }

    #[test]
    fn readings() {
        let at = |seconds: i64| Some(Timestamp::from_ms(seconds * 1000));
        let check = |if_match, if_none_match, if_modified_since, if_unmodified_since, expected| {
            let conditions = Conditions { if_match, if_none_match, if_modified_since, if_unmodified_since };
            assert_eq!(conditions.judge(&object()), expected, "{conditions:?}");
        };
        use Verdict::*;
        check(None, None, None, None, Proceed);
        check(Some("\"aa\""), None, None, None, Proceed);
        check(Some("aa"), None, None, None, Proceed);
        check(Some("\"bb\", W/\"aa\""), None, None, None, Proceed);
        check(Some("*"), None, None, None, Proceed);
        check(Some("\"bb\""), None, None, None, Failed("If-Match"));
        check(None, Some("\"aa\""), None, None, NotModified);
        check(None, Some("*"), None, None, NotModified);
        check(None, Some("\"bb\""), None, None, Proceed);
        check(None, None, at(10), None, NotModified);
        check(None, None, at(9), None, Proceed);
        check(None, None, None, at(10), Proceed);
        check(None, None, None, at(9), Failed("If-Unmodified-Since"));
        // The ETag decides where both are there.
        check(Some("aa"), None, None, at(9), Proceed);
        check(None, Some("bb"), at(10), None, Proceed);
        check(None, Some("aa"), at(9), None, NotModified);
    }

    #[test]
    fn writes() {
        let code = |result: Result<(), Error>| result.map_or_else(|e| service::Failure::from(e).facts.code, |()| "ok");
        let object = object();
        assert_eq!(code(judge_write(None, None, Some(&object))), "ok");
        assert_eq!(code(judge_write(None, Some("*"), None)), "ok");
        assert_eq!(code(judge_write(None, Some("*"), Some(&object))), "PreconditionFailed");
        assert_eq!(code(judge_write(None, Some("\"aa\""), None)), "NotImplemented");
        assert_eq!(code(judge_write(Some("\"aa\""), None, Some(&object))), "ok");
        assert_eq!(code(judge_write(Some("\"bb\""), None, Some(&object))), "PreconditionFailed");
        assert_eq!(code(judge_write(Some("\"aa\""), None, None)), "NoSuchKey");
    }
}
