//! Small languages: ARNs, dates, route keys.

use base::{Arn, Timestamp};

use crate::class::{self, Class};

/// ARNs and dates: what is parsed is printed as something that parses to the same.
pub fn texts(data: &[u8]) -> Class {
    let Ok(text) = std::str::from_utf8(data) else { return class::of("not UTF-8") };
    let arn = text.parse::<Arn>();
    if let Ok(arn) = &arn {
        assert_eq!(arn.to_string(), text, "an ARN is printed as it was read");
    }
    let dates = [
        round(text, Timestamp::parse_iso8601, Timestamp::iso8601_ms),
        round(text, Timestamp::parse_http_date, Timestamp::http_date),
        round(text, Timestamp::parse_amz_date, Timestamp::amz_date),
    ];
    class::of((arn.is_ok(), dates))
}

fn round<E>(text: &str, parse: fn(&str) -> Result<Timestamp, E>, print: fn(Timestamp) -> String) -> bool {
    let Ok(time) = parse(text) else { return false };
    let printed = print(time);
    // A year of more than four digits has no form.
    if let Ok(again) = parse(&printed) {
        assert_eq!(print(again), printed, "{text:?} is printed as {printed:?}");
    }
    true
}

/// A route key of an HTTP API, and a request for it: `KEY\nMETHOD PATH`.
pub fn route(data: &[u8]) -> Class {
    let Ok(text) = std::str::from_utf8(data) else { return class::of("not UTF-8") };
    let (key, request) = text.split_once('\n').unwrap_or((text, "GET /"));
    let (method, path) = request.split_once(' ').unwrap_or(("GET", request));
    let taken = apigateway::route_takes(key, method, path);
    if key == "$default" {
        assert_eq!(taken, Some(true), "the default route takes everything");
    }
    class::of((taken, key.contains('{'), key.contains('+')))
}
