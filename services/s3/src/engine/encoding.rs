//! `encoding-type=url`: keys in listings as form values, since XML cannot carry every character.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What S3 leaves as it is (observed; botocore undoes it with `unquote_plus`). A space is made a plus afterwards.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b' ');

/// How a listing writes its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Url,
}

impl Encoding {
    pub(crate) fn of(encoding_type: Option<&str>) -> Self {
        if encoding_type == Some("url") { Self::Url } else { Self::Plain }
    }

    pub(crate) fn write(self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Url => utf8_percent_encode(text, ENCODED).to_string().replace(' ', "+"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_as_form_values() {
        assert_eq!(Encoding::Url.write("a/b c+d&é\n~*.-_"), "a/b+c%2Bd%26%C3%A9%0A%7E*.-_");
        assert_eq!(Encoding::Plain.write("a b"), "a b");
    }
}
