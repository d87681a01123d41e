//! Filter patterns of unstructured events: terms, phrases, exclusions, alternatives.

/// A parsed pattern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// All of these are in the message.
    all: Vec<String>,
    /// At least one of these is; counted only where nothing else is asked for (docs).
    any: Vec<String>,
    /// None of these is.
    none: Vec<String>,
}

/// Why a pattern is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PatternError {
    /// A quote without its end, or an operator without a term.
    Malformed,
    /// JSON, space-delimited and regular-expression patterns.
    Unsupported,
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        let mut pattern = Self::default();
        let mut rest = text.trim_start();
        if rest.starts_with(['{', '[']) {
            return Err(PatternError::Unsupported);
        }
        while !rest.is_empty() {
            let (list, term) = match rest.chars().next() {
                Some('?') => (&mut pattern.any, rest.get(1..).unwrap_or_default()),
                Some('-') => (&mut pattern.none, rest.get(1..).unwrap_or_default()),
                _ => (&mut pattern.all, rest),
            };
            let (word, after) = take_term(term)?;
            list.push(word);
            rest = after.trim_start();
        }
        Ok(pattern)
    }

    /// Whether a message is what the pattern asks for. Case counts.
    pub(crate) fn matches(&self, message: &str) -> bool {
        let has = |term: &String| message.contains(term.as_str());
        let only_any = self.all.is_empty() && self.none.is_empty() && !self.any.is_empty();
        self.all.iter().all(has) && !self.none.iter().any(has) && (!only_any || self.any.iter().any(has))
    }
}

/// One term or quoted phrase, and what follows it.
fn take_term(text: &str) -> Result<(String, &str), PatternError> {
    if text.starts_with('%') {
        return Err(PatternError::Unsupported);
    }
    let (word, rest) = match text.strip_prefix('"') {
        Some(quoted) => take_quoted(quoted)?,
        None => {
            let end = text.find(char::is_whitespace).unwrap_or(text.len());
            let (word, rest) = text.split_at(end);
            (word.to_owned(), rest)
        }
    };
    if word.is_empty() { Err(PatternError::Malformed) } else { Ok((word, rest)) }
}

/// The phrase up to its closing quote; `\"` is a quote inside it.
fn take_quoted(text: &str) -> Result<(String, &str), PatternError> {
    let mut word = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Ok((word, text.get(at + 1..).unwrap_or_default())),
            '\\' => word.extend(match chars.next() {
                Some((_, escaped @ ('"' | '\\'))) => vec![escaped],
                Some((_, other)) => vec!['\\', other],
                None => return Err(PatternError::Malformed),
            }),
            other => word.push(other),
        }
    }
    Err(PatternError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_choose_messages() {
        let check = |pattern: &str, message: &str, wanted: bool| {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(message), wanted, "{pattern} on {message}");
        };
        check("", "anything", true);
        check("  ", "anything", true);
        check("ERROR", "an ERROR here", true);
        check("ERROR", "an error here", false);
        check("ERROR disk", "disk: ERROR", true);
        check("ERROR disk", "ERROR", false);
        check(r#""timed out after""#, "Task timed out after 3.00 seconds", true);
        check(r#""timed out after""#, "timed  out after", false);
        check(r#""say \"hi\"""#, r#"I say "hi" twice"#, true);
        check("ERROR -Exiting", "ERROR", true);
        check("ERROR -Exiting", "ERROR: Exiting", false);
        check(r#"-"not this""#, "well, not this", false);
        check("?ERROR ?WARN", "WARN: low", true);
        check("?ERROR ?WARN", "INFO: fine", false);
        check("INFO ?WARN", "INFO: fine", true);
        check("é", "café", true);
    }

    #[test]
    fn what_is_no_plain_pattern_is_refused() {
        for text in [r#""open"#, "ERROR -", "?", r#""""#, r#""\"#] {
            assert_eq!(Pattern::parse(text), Err(PatternError::Malformed), "{text}");
        }
        for text in ["{ $.a = 1 }", "[ip, user]", "%ab+c%", " {x", "ERROR ?%x%"] {
            assert_eq!(Pattern::parse(text), Err(PatternError::Unsupported), "{text}");
        }
    }
}
