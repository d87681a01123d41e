//! Number: an exact decimal of up to 38 significant digits, as DynamoDB keeps it.

use std::{cmp::Ordering, fmt, str::FromStr};

/// Digits that a number can carry (docs).
const DIGITS_MAX: u32 = 38;
/// The largest decimal exponent of the leading digit: 9.99E+125 (docs).
const MAGNITUDE_MAX: i64 = 125;
/// The smallest decimal exponent of the leading digit: 1E-130 (docs).
const MAGNITUDE_MIN: i64 = -130;

/// `mantissa * 10^exponent` with a sign. Always in lowest form: the mantissa does not end in a zero digit, and
/// zero is +0E0, so equal numbers are equal in every notation they came in.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    negative: bool,
    mantissa: u128,
    exponent: i16,
}

/// Why a text or a result is no number that DynamoDB keeps; the text is AWS's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    #[error("The parameter cannot be converted to a numeric value")]
    Empty,
    #[error("The parameter cannot be converted to a numeric value: {0}")]
    NotNumeric(String),
    #[error("Number overflow. Attempting to store a number with magnitude larger than supported range")]
    Overflow,
    #[error("Number underflow. Attempting to store a number with magnitude smaller than supported range")]
    Underflow,
    #[error("Attempting to store more than 38 significant digits in a Number")]
    Precision,
}

impl Number {
    /// Nought.
    pub const ZERO: Self = Self { negative: false, mantissa: 0, exponent: 0 };

    /// The exact sum, or an error where it does not fit. One of too many digits counts as an overflow too (observed).
    pub fn checked_add(self, other: Self) -> Result<Self, NumberError> {
        self.sum(other).map_err(|error| match error {
            NumberError::Precision => NumberError::Overflow,
            other => other,
        })
    }

    fn sum(self, other: Self) -> Result<Self, NumberError> {
        if self.mantissa == 0 {
            return Ok(other);
        }
        if other.mantissa == 0 {
            return Ok(self);
        }
        let (high, low) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        let shift = u32::from(high.exponent.abs_diff(low.exponent));
        // Where the widened mantissa leaves u128 the sum has 39 digits or more, and its last one is not zero.
        let widened =
            10u128.checked_pow(shift).and_then(|by| high.mantissa.checked_mul(by)).ok_or(NumberError::Precision)?;
        let (negative, mantissa) = if high.negative == low.negative {
            (high.negative, widened.checked_add(low.mantissa).ok_or(NumberError::Precision)?)
        } else if widened >= low.mantissa {
            (high.negative, widened - low.mantissa)
        } else {
            (low.negative, low.mantissa - widened)
        };
        Self::normal(negative, mantissa, i64::from(low.exponent))
    }

    /// The exact difference, or an error where it does not fit.
    pub fn checked_sub(self, other: Self) -> Result<Self, NumberError> {
        self.checked_add(other.negated())
    }

    /// The number with the other sign.
    pub fn negated(self) -> Self {
        Self { negative: self.mantissa != 0 && !self.negative, ..self }
    }

    /// Significant digits; one for zero.
    pub fn digits(self) -> u32 {
        self.mantissa.checked_ilog10().map_or(1, |log| log + 1)
    }

    /// Bytes that AWS counts for it (observed): one, one more for each two digits before the point and each two behind
    /// it, zeros at either end of the number left out, and one for a minus sign.
    pub fn size_bytes(self) -> usize {
        let digits = if self.mantissa == 0 { 0 } else { i64::from(self.digits()) };
        let behind = (-i64::from(self.exponent)).clamp(0, digits);
        let pairs = (digits - behind).unsigned_abs().div_ceil(2) + behind.unsigned_abs().div_ceil(2);
        pairs as usize + 1 + usize::from(self.negative)
    }

    /// Sign, mantissa and exponent, for codecs.
    pub(crate) fn parts(self) -> (bool, u128, i16) {
        (self.negative, self.mantissa, self.exponent)
    }

    /// From what `parts` gave; anything else out of range is an error.
    pub(crate) fn from_parts(negative: bool, mantissa: u128, exponent: i16) -> Result<Self, NumberError> {
        Self::normal(negative, mantissa, i64::from(exponent))
    }

    /// The decimal exponent of the leading digit: 2 for 123.
    pub(crate) fn magnitude(self) -> i64 {
        i64::from(self.exponent) + i64::from(self.digits()) - 1
    }

    /// The digits as 38 of them: what orders two numbers of one sign and magnitude.
    pub(crate) fn scaled(self) -> u128 {
        self.mantissa * 10u128.pow(DIGITS_MAX.saturating_sub(self.digits()))
    }

    /// From sign, magnitude and scaled digits, as a key holds them.
    pub(crate) fn from_scaled(negative: bool, scaled: u128, magnitude: i64) -> Result<Self, NumberError> {
        Self::normal(negative, scaled, magnitude - i64::from(DIGITS_MAX) + 1)
    }

    fn normal(negative: bool, mut mantissa: u128, mut exponent: i64) -> Result<Self, NumberError> {
        if mantissa == 0 {
            return Ok(Self::ZERO);
        }
        while mantissa.is_multiple_of(10) {
            mantissa /= 10;
            exponent += 1;
        }
        let digits = mantissa.ilog10() + 1;
        let magnitude = exponent.saturating_add(i64::from(digits) - 1);
        check(magnitude, digits as usize)?;
        let exponent = i16::try_from(exponent).map_err(|_| NumberError::Underflow)?;
        Ok(Self { negative, mantissa, exponent })
    }
}

fn check(magnitude: i64, digits: usize) -> Result<(), NumberError> {
    if MAGNITUDE_MAX < magnitude {
        return Err(NumberError::Overflow);
    }
    if magnitude < MAGNITUDE_MIN {
        return Err(NumberError::Underflow);
    }
    if (DIGITS_MAX as usize) < digits { Err(NumberError::Precision) } else { Ok(()) }
}

impl FromStr for Number {
    type Err = NumberError;

    /// Reads plain and scientific notation: `-1.50`, `.5`, `1E-3`.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        if text.is_empty() {
            return Err(NumberError::Empty);
        }
        let bad = || NumberError::NotNumeric(text.to_owned());
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, text.get(1..)),
            Some(b'+') => (false, text.get(1..)),
            _ => (false, Some(text)),
        };
        let rest = rest.ok_or_else(bad)?;
        let (decimal, power) = match rest.split_once(['e', 'E']) {
            Some((decimal, power)) => (decimal, power.parse::<i64>().map_err(|_| bad())?),
            None => (rest, 0),
        };
        let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
        let all_digits = whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit());
        if !all_digits || whole.len() + fraction.len() == 0 {
            return Err(bad());
        }
        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0');
        let leading = digits.len() - significant.len();
        let significant = significant.trim_end_matches('0');
        if significant.is_empty() {
            return Ok(Self::ZERO);
        }
        let magnitude = power.saturating_add(whole.len() as i64 - leading as i64 - 1);
        check(magnitude, significant.len())?;
        let mantissa = significant.parse::<u128>().map_err(|_| NumberError::Precision)?;
        Self::normal(negative, mantissa, magnitude - significant.len() as i64 + 1)
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        // Twenty digits at most, so it is always in range.
        Self::normal(false, u128::from(value), 0).unwrap_or(Self::ZERO)
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |n: &Self| match (n.mantissa, n.negative) {
            (0, _) => 0i8,
            (_, true) => -1,
            (_, false) => 1,
        };
        sign(self).cmp(&sign(other)).then_with(|| {
            let size = (self.magnitude(), self.scaled()).cmp(&(other.magnitude(), other.scaled()));
            if self.negative {
                size.reverse()
            } else if self.mantissa == 0 {
                Ordering::Equal
            } else {
                size
            }
        })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Number {
    /// Plain notation without superfluous zeros, as DynamoDB returns numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.mantissa.to_string();
        let sign = if self.negative { "-" } else { "" };
        if self.exponent >= 0 {
            return write!(f, "{sign}{digits}{}", "0".repeat(usize::from(self.exponent.unsigned_abs())));
        }
        let places = usize::from(self.exponent.unsigned_abs());
        match digits.len().checked_sub(places).filter(|whole| *whole > 0).and_then(|at| digits.split_at_checked(at)) {
            Some((whole, fraction)) => write!(f, "{sign}{whole}.{fraction}"),
            None => write!(f, "{sign}0.{}{digits}", "0".repeat(places - digits.len())),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    fn any_number() -> impl Strategy<Value = Number> {
        (any::<bool>(), 0u128..10u128.pow(38), -130i16..=88)
            .prop_filter_map("out of range", |(n, m, e)| Number::from_parts(n, m, e).ok())
    }

    #[test]
    fn prints_plain_notation() {
        for (text, expected) in [
            ("0", "0"),
            ("-0", "0"),
            ("0.000", "0"),
            ("0e99999", "0"),
            ("1.50", "1.5"),
            ("007", "7"),
            ("+7", "7"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e3", "1000"),
            ("1E-3", "0.001"),
            ("-12.340e1", "-123.4"),
            ("100", "100"),
            ("12345678901234567890123456789012345678", "12345678901234567890123456789012345678"),
            ("0.10000000000000000000000000000000000000000000", "0.1"),
        ] {
            assert_eq!(number(text).to_string(), expected, "{text}");
        }
        assert_eq!(number("1e125").to_string().len(), 126);
        assert_eq!(number("1e-130").to_string(), format!("0.{}1", "0".repeat(129)));
    }

    #[test]
    fn refuses_in_aws_words() {
        let overflow = "Number overflow. Attempting to store a number with magnitude larger than supported range";
        let underflow = "Number underflow. Attempting to store a number with magnitude smaller than supported range";
        let precision = "Attempting to store more than 38 significant digits in a Number";
        for (text, expected) in [
            ("abc", "The parameter cannot be converted to a numeric value: abc"),
            ("", "The parameter cannot be converted to a numeric value"),
            ("-", "The parameter cannot be converted to a numeric value: -"),
            (".", "The parameter cannot be converted to a numeric value: ."),
            ("1e", "The parameter cannot be converted to a numeric value: 1e"),
            ("1 ", "The parameter cannot be converted to a numeric value: 1 "),
            ("NaN", "The parameter cannot be converted to a numeric value: NaN"),
            ("1.2.3", "The parameter cannot be converted to a numeric value: 1.2.3"),
            ("--1", "The parameter cannot be converted to a numeric value: --1"),
            ("é", "The parameter cannot be converted to a numeric value: é"),
            ("1e126", overflow),
            ("-1e126", overflow),
            ("1e2147483647", overflow),
            ("10e125", overflow),
            ("1e-131", underflow),
            ("-1e-131", underflow),
            ("0.1e-130", underflow),
            ("123456789012345678901234567890123456789", precision),
            ("-1.23456789012345678901234567890123456789", precision),
        ] {
            assert_eq!(text.parse::<Number>().unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn sizes_count_pairs_of_digits_on_either_side_of_the_point() {
        for (text, bytes) in [
            ("0", 1),
            ("1", 2),
            ("-1", 3),
            ("12", 2),
            ("123456", 4),
            ("3.14159", 5),
            ("1E125", 2),
            ("1E-130", 2),
            ("0042.1200", 3),
            ("0.00123", 3),
        ] {
            assert_eq!(number(text).size_bytes(), bytes, "{text}");
        }
    }

    #[test]
    fn adds_exactly_or_refuses() {
        for (a, b, sum) in [
            ("1", "2", "3"),
            ("0.1", "0.2", "0.3"),
            ("1", "-1", "0"),
            ("-5", "3", "-2"),
            ("1e20", "1", "100000000000000000001"),
            ("99999999999999999999999999999999999999", "1", "100000000000000000000000000000000000000"),
            ("1e38", "-1", "99999999999999999999999999999999999999"),
            ("0", "-7", "-7"),
            ("1e125", "0", &format!("1{}", "0".repeat(125))),
        ] {
            assert_eq!(number(a).checked_add(number(b)).unwrap().to_string(), sum, "{a} + {b}");
        }
        assert_eq!(number("1e50").checked_add(number("1")), Err(NumberError::Overflow));
        assert_eq!(number("1e125").checked_add(number("1e-130")), Err(NumberError::Overflow));
        assert_eq!(number("9e125").checked_add(number("9e125")), Err(NumberError::Overflow));
        assert_eq!(number("5").checked_sub(number("7")).unwrap().to_string(), "-2");
    }

    proptest! {
        #[test]
        fn text_round_trips(n in any_number()) {
            prop_assert_eq!(n.to_string().parse::<Number>().unwrap(), n);
        }

        #[test]
        fn order_agrees_with_subtraction(a in any_number(), b in any_number()) {
            if let Ok(difference) = a.checked_sub(b) {
                prop_assert_eq!(a.cmp(&b), difference.cmp(&Number::ZERO));
            }
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        }

        #[test]
        fn small_sums_match_integers(a in -1_000_000i64..1_000_000, b in -1_000_000i64..1_000_000) {
            let sum = number(&a.to_string()).checked_add(number(&b.to_string())).unwrap();
            prop_assert_eq!(sum.to_string(), (a + b).to_string());
        }

        #[test]
        fn never_panics(text in "\\PC{0,12}") {
            let _ = text.parse::<Number>();
        }
    }
}
