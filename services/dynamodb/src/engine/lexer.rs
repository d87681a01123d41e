//! Expression text to tokens.

use crate::engine::error::Problem;

/// Longest expression, in bytes (docs: 4 KB).
const EXPRESSION_BYTES_MAX: usize = 4096;

/// What a token is. Keywords are recognised in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Identifier,
    Name,
    Value,
    Index,
    And,
    Or,
    Not,
    Between,
    In,
    Set,
    Remove,
    Add,
    Delete,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Comma,
    Dot,
    Plus,
    Minus,
    Bad,
    End,
}

/// A token and where it stands, as byte offsets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// All tokens, closed by one `End`. Characters outside the grammar become `Bad` tokens, so that the parser reports
/// whichever comes first.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Problem> {
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    if EXPRESSION_BYTES_MAX < text.len() {
        return Err(Problem::TooLong(text.len()));
    }
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) {
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        if blank > 0 {
            start += blank;
            continue;
        }
        let (kind, length) = next(rest);
        let end = start + length;
        found.push(Token { kind, text: text.get(start..end).unwrap_or_default(), start, end });
        start = end;
    }
    found.push(Token { kind: Kind::End, text: "<EOF>", start: text.len(), end: text.len() });
    Ok(found)
}

fn next(rest: &str) -> (Kind, usize) {
    let first = rest.chars().next().unwrap_or(' ');
    let word = |from: usize| {
        let tail = rest.get(from..).unwrap_or_default();
        from + tail.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()
    };
    match first {
        'a'..='z' | 'A'..='Z' => {
            let length = word(0);
            (keyword(rest.get(..length).unwrap_or_default()), length)
        }
        '#' | ':' => match (word(1), first) {
            (1, _) => (Kind::Bad, 1),
            (length, '#') => (Kind::Name, length),
            (length, _) => (Kind::Value, length),
        },
        '0' => (Kind::Index, 1),
        '1'..='9' => (Kind::Index, rest.bytes().take_while(u8::is_ascii_digit).count()),
        _ => symbol(rest).unwrap_or((Kind::Bad, first.len_utf8())),
    }
}

fn keyword(word: &str) -> Kind {
    match word.to_ascii_uppercase().as_str() {
        "AND" => Kind::And,
        "OR" => Kind::Or,
        "NOT" => Kind::Not,
        "BETWEEN" => Kind::Between,
        "IN" => Kind::In,
        "SET" => Kind::Set,
        "REMOVE" => Kind::Remove,
        "ADD" => Kind::Add,
        "DELETE" => Kind::Delete,
        _ => Kind::Identifier,
    }
}

fn symbol(rest: &str) -> Option<(Kind, usize)> {
    const SYMBOLS: [(&str, Kind); 14] = [
        ("<>", Kind::NotEqual),
        ("<=", Kind::LessEqual),
        (">=", Kind::GreaterEqual),
        ("<", Kind::Less),
        (">", Kind::Greater),
        ("=", Kind::Equal),
        ("(", Kind::Open),
        (")", Kind::Close),
        ("[", Kind::OpenBracket),
        ("]", Kind::CloseBracket),
        (",", Kind::Comma),
        (".", Kind::Dot),
        ("+", Kind::Plus),
        ("-", Kind::Minus),
    ];
    SYMBOLS.into_iter().find(|(text, _)| rest.starts_with(text)).map(|(text, kind)| (kind, text.len()))
}
