//! Condition operators: their names and how each compares one value.

use std::net::IpAddr;

use base::Timestamp;
use ipnet::IpNet;

use crate::context::Context;
use crate::error::PolicyError;
use crate::pattern::Pattern;

/// An operator as written, such as `ForAllValues:StringLikeIfExists`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operator {
    pub name: String,
    pub quantifier: Quantifier,
    pub test: Test,
    pub polarity: Polarity,
    pub absence: Absence,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    None,
    ForAll,
    ForAny,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Polarity {
    Is,
    IsNot,
}

/// What an absent key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absence {
    Decides,
    Passes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Numeric(Order),
    Date(Order),
    Bool,
    Binary,
    IpAddress,
    Arn,
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    /// Reads an operator's name; the comparison's case does not matter.
    pub(crate) fn parse(name: &str) -> Result<Self, PolicyError> {
        let lower = name.to_ascii_lowercase();
        let (quantifier, rest) = match lower.split_once(':') {
            None => (Quantifier::None, lower.as_str()),
            Some(("forallvalues", rest)) => (Quantifier::ForAll, rest),
            Some(("foranyvalue", rest)) => (Quantifier::ForAny, rest),
            Some(_) => return Err(PolicyError::InvalidOperator(name.into())),
        };
        let (rest, absence) = match rest.strip_suffix("ifexists") {
            Some(rest) if rest != "null" => (rest, Absence::Passes),
            _ => (rest, Absence::Decides),
        };
        let (test, polarity) = test(rest).ok_or_else(|| PolicyError::InvalidOperator(name.into()))?;
        Ok(Self { name: name.into(), quantifier, test, polarity, absence })
    }
}

fn test(name: &str) -> Option<(Test, Polarity)> {
    use Order::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    use Polarity::{Is, IsNot};
    Some(match name {
        "stringequals" => (Test::StringEquals, Is),
        "stringnotequals" => (Test::StringEquals, IsNot),
        "stringequalsignorecase" => (Test::StringEqualsIgnoreCase, Is),
        "stringnotequalsignorecase" => (Test::StringEqualsIgnoreCase, IsNot),
        "stringlike" => (Test::StringLike, Is),
        "stringnotlike" => (Test::StringLike, IsNot),
        "numericequals" => (Test::Numeric(Equal), Is),
        "numericnotequals" => (Test::Numeric(Equal), IsNot),
        "numericlessthan" => (Test::Numeric(Less), Is),
        "numericlessthanequals" => (Test::Numeric(LessOrEqual), Is),
        "numericgreaterthan" => (Test::Numeric(Greater), Is),
        "numericgreaterthanequals" => (Test::Numeric(GreaterOrEqual), Is),
        "dateequals" => (Test::Date(Equal), Is),
        "datenotequals" => (Test::Date(Equal), IsNot),
        "datelessthan" => (Test::Date(Less), Is),
        "datelessthanequals" => (Test::Date(LessOrEqual), Is),
        "dategreaterthan" => (Test::Date(Greater), Is),
        "dategreaterthanequals" => (Test::Date(GreaterOrEqual), Is),
        "bool" => (Test::Bool, Is),
        "binaryequals" => (Test::Binary, Is),
        "ipaddress" => (Test::IpAddress, Is),
        "notipaddress" => (Test::IpAddress, IsNot),
        "arnequals" | "arnlike" => (Test::Arn, Is),
        "arnnotequals" | "arnnotlike" => (Test::Arn, IsNot),
        "null" => (Test::Null, Is),
        _ => return None,
    })
}

impl Test {
    /// Compares one value of the request with one of the policy.
    pub(crate) fn holds(self, wanted: &Pattern, got: &str, context: &Context) -> bool {
        let plain = || wanted.plain(context);
        match self {
            Self::StringEquals | Self::Binary => plain().is_some_and(|wanted| wanted == got),
            Self::StringEqualsIgnoreCase => plain().is_some_and(|wanted| wanted.to_lowercase() == got.to_lowercase()),
            Self::StringLike => wanted.matches(got, context),
            Self::Numeric(order) => {
                both(plain(), got, |t| t.trim().parse::<f64>().ok()).is_some_and(|p| order.holds(&p))
            }
            Self::Date(order) => both(plain(), got, date).is_some_and(|p| order.holds(&p)),
            Self::Bool => plain().is_some_and(|wanted| wanted.eq_ignore_ascii_case(got)),
            Self::IpAddress => plain().is_some_and(|wanted| in_network(&wanted, got)),
            Self::Arn => arn_like(wanted, got, context),
            // Answered before any value is looked at.
            Self::Null => false,
        }
    }
}

impl Order {
    fn holds<T: PartialOrd>(self, (wanted, got): &(T, T)) -> bool {
        match self {
            Self::Equal => got == wanted,
            Self::Less => got < wanted,
            Self::LessOrEqual => got <= wanted,
            Self::Greater => wanted < got,
            Self::GreaterOrEqual => wanted <= got,
        }
    }
}

/// The policy's value and the request's, both read; what cannot be read equals nothing.
fn both<T>(wanted: Option<String>, got: &str, read: impl Fn(&str) -> Option<T>) -> Option<(T, T)> {
    Some((read(&wanted?)?, read(got)?))
}

/// The forms of ISO 8601 that a date may have, from a year alone to fractions of a second; or seconds since 1970.
fn date(text: &str) -> Option<i64> {
    // Four digits are a year: nobody asks for a moment of 1970's first three hours.
    let is_year = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    if let Some(seconds) = text.parse::<f64>().ok().filter(|seconds| seconds.is_finite() && !is_year) {
        return Some(Timestamp::from_epoch_seconds(seconds).as_ms());
    }
    let whole = match text.len() {
        4 => format!("{text}-01-01T00:00:00Z"),
        7 => format!("{text}-01T00:00:00Z"),
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    Timestamp::parse_iso8601(&whole).ok().map(Timestamp::as_ms)
}

/// Whether a text is an address, or a network in CIDR notation.
pub fn is_network(text: &str) -> bool {
    network(text).is_some()
}

fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

fn in_network(wanted: &str, address: &str) -> bool {
    match (network(wanted), address.parse::<IpAddr>()) {
        (Some(network), Ok(address)) => network.contains(&address) || network.contains(&address.to_canonical()),
        _ => false,
    }
}

/// Compares part by part, each with its own wildcards.
fn arn_like(wanted: &Pattern, got: &str, context: &Context) -> bool {
    let Some(wanted) = wanted.segments(context) else { return false };
    let got: Vec<&str> = got.splitn(wanted.len().max(6), ':').collect();
    let same_length = wanted.len() == got.len();
    let whole = matches!(wanted.as_slice(), [only] if only.matches(&got.join(":"), context));
    whole || same_length && wanted.iter().zip(&got).all(|(wanted, got)| wanted.matches(got, context))
}
