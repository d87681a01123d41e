//! The Range header against an object's size.

use std::ops::Range;

use crate::errors::Error;

/// The part of an object that a `Range` header asks for. `None`: all of it, because the header is none that S3 honours
/// (several ranges, other units, broken ones: docs and RFC 9110).
pub(crate) fn resolve(header: &str, size: u64) -> Result<Option<Range<u64>>, Error> {
    let Some(spec) = header.trim().strip_prefix("bytes=") else { return Ok(None) };
    let Some((first, last)) = spec.split_once('-') else { return Ok(None) };
    let (first, last) = (number(first), number(last));
    let range = match (first, last) {
        (Bound::Number(first), Bound::Number(last)) if last < first => return Ok(None),
        (Bound::Number(first), Bound::Number(last)) => first..last.saturating_add(1).min(size),
        (Bound::Number(first), Bound::Absent) => first..size,
        (Bound::Absent, Bound::Number(suffix)) => size.saturating_sub(suffix)..size,
        _ => return Ok(None),
    };
    if range.is_empty() {
        let error = Error::InvalidRange.with("RangeRequested", header);
        return Err(error.with("ActualObjectSize", size.to_string()));
    }
    Ok(Some(range))
}

enum Bound {
    Absent,
    Number(u64),
    Broken,
}

fn number(text: &str) -> Bound {
    match text.trim() {
        "" => Bound::Absent,
        text if text.bytes().all(|b| b.is_ascii_digit()) => Bound::Number(text.parse().unwrap_or(u64::MAX)),
        _ => Bound::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_ten_bytes() {
        let check = |header: &str, size: u64, expected: &str| {
            let shown = match resolve(header, size) {
                Ok(Some(range)) => format!("{range:?}"),
                Ok(None) => "all".into(),
                Err(error) => service::Failure::from(error).facts.code.into(),
            };
            assert_eq!(shown, expected, "{header} of {size}");
        };
        check("bytes=0-0", 10, "0..1");
        check("bytes=0-9", 10, "0..10");
        check("bytes=2-5", 10, "2..6");
        check("bytes=5-", 10, "5..10");
        check("bytes=5-99", 10, "5..10");
        check("bytes=-3", 10, "7..10");
        check("bytes=-99", 10, "0..10");
        check("bytes=9-18446744073709551615", 10, "9..10");
        check("bytes=9-99999999999999999999999", 10, "9..10");
        check("bytes=10-", 10, "InvalidRange");
        check("bytes=10-12", 10, "InvalidRange");
        check("bytes=-0", 10, "InvalidRange");
        check("bytes=0-", 0, "InvalidRange");
        check("bytes=-1", 0, "InvalidRange");
        check("bytes=5-2", 10, "all");
        check("bytes=-", 10, "all");
        check("bytes=a-b", 10, "all");
        check("bytes=0-1,4-5", 10, "all");
        check("lines=0-1", 10, "all");
        check("", 10, "all");
    }
}
