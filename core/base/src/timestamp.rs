//! A moment in milliseconds since 1970 UTC, and the forms the wire gives it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Timestamp(i64);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a timestamp: {0}")]
pub struct TimestampError(pub String);

impl Timestamp {
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// From seconds as JSON bodies carry them; fractions are kept to the millisecond.
    pub fn from_epoch_seconds(seconds: f64) -> Self {
        Self((seconds * 1000.0).round() as i64)
    }

    pub const fn as_ms(self) -> i64 {
        self.0
    }

    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    pub fn as_epoch_seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// `2026-11-24T00:25:04Z`, with `.123` only where there are milliseconds.
    pub fn iso8601(self) -> String {
        match self.0.rem_euclid(1000) {
            0 => self.strftime("%Y-%m-%dT%H:%M:%SZ"),
            _ => self.strftime("%Y-%m-%dT%H:%M:%S.%3fZ"),
        }
    }

    /// `2026-11-24T00:25:04.000Z`, always with milliseconds (S3 bodies).
    pub fn iso8601_ms(self) -> String {
        self.strftime("%Y-%m-%dT%H:%M:%S.%3fZ")
    }

    /// `2026-11-24T00:25:04.000+0000` (Lambda's LastModified).
    pub fn iso8601_offset(self) -> String {
        self.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000")
    }

    /// `Tue, 24 Nov 2026 00:25:04 GMT` (HTTP headers).
    pub fn http_date(self) -> String {
        self.strftime("%a, %d %b %Y %H:%M:%S GMT")
    }

    /// `20261124T002504Z` (SigV4).
    pub fn amz_date(self) -> String {
        // Every signature is checked against several of these: written digit by digit.
        let moment = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let civil = jiff::tz::Offset::UTC.to_datetime(moment);
        if civil.year() < 0 {
            return self.strftime("%Y%m%dT%H%M%SZ");
        }
        let mut text = String::with_capacity(16);
        digits(&mut text, civil.year(), 1000);
        digits(&mut text, civil.month().into(), 10);
        digits(&mut text, civil.day().into(), 10);
        text.push('T');
        digits(&mut text, civil.hour().into(), 10);
        digits(&mut text, civil.minute().into(), 10);
        digits(&mut text, civil.second().into(), 10);
        text.push('Z');
        text
    }

    /// Formats in UTC with strftime's letters.
    pub fn strftime(self, format: &str) -> String {
        let moment = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        moment.to_zoned_datetime(jiff::tz::TimeZone::UTC).strftime(format).to_string()
    }

    /// Parses ISO 8601 / RFC 3339.
    pub fn parse_iso8601(text: &str) -> Result<Self, TimestampError> {
        let moment: jiff::Timestamp = text.parse().map_err(|_| TimestampError(text.into()))?;
        Ok(Self(moment.as_millisecond()))
    }

    /// Parses an HTTP date (RFC 9110).
    pub fn parse_http_date(text: &str) -> Result<Self, TimestampError> {
        let moment = jiff::fmt::rfc2822::parse(text).map_err(|_| TimestampError(text.into()))?;
        Ok(Self(moment.timestamp().as_millisecond()))
    }

    /// Parses SigV4's `20261124T002504Z`.
    pub fn parse_amz_date(text: &str) -> Result<Self, TimestampError> {
        amz_date(text.as_bytes()).ok_or_else(|| TimestampError(text.into()))
    }
}

/// Writes a number with leading zeros, from this place down.
fn digits(text: &mut String, value: i16, mut place: i16) {
    while place > 0 {
        text.push(char::from(b'0' + (value / place % 10) as u8));
        place /= 10;
    }
}

/// SigV4's dates have one form, of 16 characters.
fn amz_date(text: &[u8]) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(8)?;
    let time = rest.strip_prefix(b"T")?.strip_suffix(b"Z").filter(|time| time.len() == 6)?;
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i16, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i16::from(digit - b'0')))
    };
    let part = |text: &[u8], from: usize| text.get(from..from + 2).and_then(number).and_then(|n| i8::try_from(n).ok());
    let date = jiff::civil::Date::new(number(date.get(..4)?)?, part(date, 4)?, part(date, 6)?).ok()?;
    let time = jiff::civil::Time::new(part(time, 0)?, part(time, 2)?, part(time, 4)?, 0).ok()?;
    let moment = jiff::tz::Offset::UTC.to_timestamp(date.to_datetime(time)).ok()?;
    Some(Timestamp(moment.as_millisecond()))
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso8601())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_one_moment() {
        let moment = Timestamp::parse_iso8601("2026-11-24T00:25:04.120Z").unwrap();
        assert_eq!(moment.iso8601(), "2026-11-24T00:25:04.120Z");
        assert_eq!(moment.iso8601_offset(), "2026-11-24T00:25:04.120+0000");
        assert_eq!(moment.http_date(), "Tue, 24 Nov 2026 00:25:04 GMT");
        assert_eq!(moment.amz_date(), "20261124T002504Z");
        assert_eq!(Timestamp::parse_amz_date("20261124T002504Z").unwrap(), moment.plus_ms(-120));
        assert_eq!(Timestamp::parse_http_date("Tue, 24 Nov 2026 00:25:04 GMT").unwrap(), moment.plus_ms(-120));
        for (text, ms) in [
            ("19700101T000000Z", 0),
            ("20240229T235959Z", 1_709_251_199_000),
            ("00010101T000000Z", -62_135_596_800_000),
        ] {
            assert_eq!(Timestamp::parse_amz_date(text).unwrap(), Timestamp::from_ms(ms), "{text}");
            assert_eq!(Timestamp::from_ms(ms).amz_date(), text);
            assert_eq!(Timestamp::from_ms(ms).strftime("%Y%m%dT%H%M%SZ"), text);
        }
        for text in [
            "20230229T000000Z",
            "20241301T000000Z",
            "20240101T240000Z",
            "2024-101T000000Z",
            "20240101T0000+1Z",
            "",
            "-0096114T02504Z",
            "2026112T002504Z",
        ] {
            assert!(Timestamp::parse_amz_date(text).is_err(), "{text}");
        }
        assert_eq!(Timestamp::from_epoch_seconds(moment.as_epoch_seconds()), moment);
    }
}
