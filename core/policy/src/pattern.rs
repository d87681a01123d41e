//! Patterns with wildcards and policy variables.

use crate::context::Context;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    pieces: Vec<Piece>,
    has_variables: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Char(char),
    One { reach: Reach },
    Star { reach: Reach },
    Variable { key: String, default: Option<String> },
}

/// Whether a wildcard may match a colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Anything,
    WithinSegment,
}

/// Whether `${...}` means something: it does since version 2012-10-17.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variables {
    Resolved,
    Literal,
}

/// An ARN has five segments before its resource, which may contain colons itself.
const COLONS_BEFORE_RESOURCE: usize = 5;

impl Pattern {
    /// Wildcards match anything; compare with text in lower case.
    pub(crate) fn action(text: &str) -> Self {
        Self::build(pieces(&text.to_ascii_lowercase(), Variables::Literal))
    }

    /// Wildcards match anything.
    pub(crate) fn text(text: &str, variables: Variables) -> Self {
        Self::build(pieces(text, variables))
    }

    /// Before the resource part, a wildcard stays within its segment, except a `*` at a segment's end (docs).
    pub(crate) fn resource(text: &str, variables: Variables) -> Self {
        let mut pieces = pieces(text, variables);
        let mut colons = 0;
        for at in 0..pieces.len() {
            let ends_segment = matches!(pieces.get(at + 1), None | Some(Piece::Char(':')));
            match pieces.get_mut(at) {
                Some(Piece::Char(':')) => colons += 1,
                Some(Piece::Star { reach }) if colons < COLONS_BEFORE_RESOURCE && !ends_segment => {
                    *reach = Reach::WithinSegment;
                }
                Some(Piece::One { reach }) if colons < COLONS_BEFORE_RESOURCE => *reach = Reach::WithinSegment,
                _ => (),
            }
        }
        Self::build(pieces)
    }

    fn build(pieces: Vec<Piece>) -> Self {
        let has_variables = pieces.iter().any(|p| matches!(p, Piece::Variable { .. }));
        Self { pieces, has_variables }
    }

    /// Matches all of `text`. A variable without value or default matches nothing.
    pub(crate) fn matches(&self, text: &str, context: &Context) -> bool {
        if !self.has_variables {
            return run(&self.pieces, text);
        }
        self.resolved(context).is_some_and(|pieces| run(&pieces, text))
    }

    /// The pattern as plain text, its wildcards as they stand; `None` when a variable has no value.
    pub(crate) fn plain(&self, context: &Context) -> Option<String> {
        let letter = |piece: &Piece| match piece {
            Piece::Char(c) => *c,
            Piece::One { .. } => '?',
            Piece::Star { .. } | Piece::Variable { .. } => '*',
        };
        if !self.has_variables {
            return Some(self.pieces.iter().map(letter).collect());
        }
        self.resolved(context).map(|pieces| pieces.iter().map(letter).collect())
    }

    /// Splits at the first five colons, so that each part can be matched on its own (Arn conditions).
    pub(crate) fn segments(&self, context: &Context) -> Option<Vec<Self>> {
        let pieces = self.resolved(context)?;
        let parts = pieces.splitn(COLONS_BEFORE_RESOURCE + 1, |p| *p == Piece::Char(':'));
        Some(parts.map(|part| Self::build(part.to_vec())).collect())
    }

    /// The keys of its variables that have no default.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable { key, default: None } => Some(key.as_str()),
            _ => None,
        })
    }

    /// Values of variables are literal: a `*` in them is a star, no wildcard.
    fn resolved(&self, context: &Context) -> Option<Vec<Piece>> {
        let mut resolved = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            match piece {
                Piece::Variable { key, default } => {
                    let value = context.single(key).or(default.as_deref())?;
                    resolved.extend(value.chars().map(Piece::Char));
                }
                other => resolved.push(other.clone()),
            }
        }
        Some(resolved)
    }
}

fn pieces(text: &str, variables: Variables) -> Vec<Piece> {
    let reach = Reach::Anything;
    let mut pieces: Vec<Piece> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let (Variables::Resolved, Some((variable, after))) = (variables, variable(rest)) {
            pieces.push(variable);
            rest = after;
            continue;
        }
        match next {
            '*' => pieces.push(Piece::Star { reach }),
            '?' => pieces.push(Piece::One { reach }),
            other => pieces.push(Piece::Char(other)),
        }
        rest = rest.get(next.len_utf8()..).unwrap_or("");
    }
    pieces
}

/// Reads `${key}`, `${key, 'default'}`, or one of `${*}`, `${?}`, `${$}`, which are the characters themselves.
fn variable(text: &str) -> Option<(Piece, &str)> {
    let (inside, after) = text.strip_prefix("${")?.split_once('}')?;
    let mut characters = inside.chars();
    if let (Some(c @ ('*' | '?' | '$')), None) = (characters.next(), characters.next()) {
        return Some((Piece::Char(c), after));
    }
    let (key, default) = inside.split_once(',').map_or((inside, None), |(key, default)| (key, Some(default.trim())));
    let default = default.map(|d| d.trim_matches('\'').to_string());
    Some((Piece::Variable { key: key.trim().to_owned(), default }, after))
}

/// Walks all ways through the pattern at once: time is at most text times pieces, whatever the pattern.
fn run(pieces: &[Piece], text: &str) -> bool {
    let literal = pieces.iter().take_while(|p| matches!(p, Piece::Char(_))).count();
    let mut characters = text.chars();
    for piece in pieces.iter().take(literal) {
        match (piece, characters.next()) {
            (Piece::Char(ours), Some(theirs)) if *ours == theirs => (),
            _ => return false,
        }
    }
    let pieces = pieces.get(literal..).unwrap_or_default();
    match pieces {
        [] => return characters.next().is_none(),
        [Piece::Star { reach: Reach::Anything }] => return true,
        _ => (),
    }
    let mut walk = Walk { pieces, seen: vec![0; pieces.len() + 1], step: 1, active: Vec::new() };
    walk.enter(0);
    for c in characters {
        let now = std::mem::take(&mut walk.active);
        walk.step += 1;
        for at in now {
            let stays_in = |reach: Reach| reach == Reach::Anything || c != ':';
            match pieces.get(at) {
                Some(Piece::Char(wanted)) if *wanted == c => walk.enter(at + 1),
                Some(Piece::One { reach }) if stays_in(*reach) => walk.enter(at + 1),
                Some(Piece::Star { reach }) if stays_in(*reach) => walk.enter(at),
                _ => (),
            }
        }
        if walk.active.is_empty() {
            return false;
        }
    }
    walk.active.contains(&pieces.len())
}

struct Walk<'a> {
    pieces: &'a [Piece],
    /// The step in which each position was entered last.
    seen: Vec<usize>,
    step: usize,
    active: Vec<usize>,
}

impl Walk<'_> {
    /// Enters a position, and those behind a star that matches nothing.
    fn enter(&mut self, from: usize) {
        let mut at = from;
        while let Some(seen) = self.seen.get_mut(at) {
            if *seen == self.step {
                return;
            }
            *seen = self.step;
            self.active.push(at);
            if !matches!(self.pieces.get(at), Some(Piece::Star { .. })) {
                return;
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The slow and obvious way.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => naive(rest, text) || !text.is_empty() && naive(pattern, &text[1..]),
            (['?', rest @ ..], [_, more @ ..]) => naive(rest, more),
            ([p, rest @ ..], [t, more @ ..]) if p == t => naive(rest, more),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_obvious_way(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            let ours = Pattern::text(&pattern, Variables::Resolved).matches(&text, &Context::new());
            prop_assert_eq!(ours, naive(&p, &t));
        }

        #[test]
        fn takes_any_text(pattern in "[${}*?a:,' ]{0,20}", text in ".{0,20}") {
            let context = Context::new().with("a", "*");
            let pattern = Pattern::resource(&pattern, Variables::Resolved);
            let _ = (pattern.matches(&text, &context), pattern.plain(&context), pattern.segments(&context));
        }
    }
}
