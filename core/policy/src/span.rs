//! Where the statements of a document stand in its text.

/// The place of a statement: line and column, from 1, of its opening brace and of what follows its closing one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: (usize, usize),
    pub end: (usize, usize),
}

/// The places of a document's statements, in their order. Of a text that is no policy, whatever looks like some.
pub fn statement_spans(json: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let (mut line, mut column) = (1, 1);
    let mut depth = 0_usize;
    // The string that is being read: where it began, and whether its next character is escaped.
    let mut string: Option<(usize, bool)> = None;
    let (mut last, mut inside) = ("", false);
    let mut open: Option<((usize, usize), usize)> = None;
    for (at, c) in json.char_indices() {
        match (string, c) {
            (Some((from, true)), _) => string = Some((from, false)),
            (Some((from, false)), '\\') => string = Some((from, true)),
            (Some((from, false)), '"') => {
                last = json.get(from..at).unwrap_or_default();
                string = None;
            }
            (Some(_), _) => (),
            (None, '"') => string = Some((at + 1, false)),
            (None, ':') if depth == 1 => inside = last == "Statement",
            (None, ',') if depth == 1 => inside = false,
            (None, '{' | '[') => {
                if c == '{' && inside && open.is_none() {
                    open = Some(((line, column), depth));
                }
                depth += 1;
            }
            (None, '}' | ']') => {
                depth = depth.saturating_sub(1);
                if let Some((start, _)) = open.filter(|(_, outside)| *outside == depth) {
                    spans.push(Span { start, end: (line, column + 1) });
                    open = None;
                }
            }
            (None, _) => (),
        }
        (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: &[[usize; 4]]) {
        let spans = statement_spans(json).into_iter().map(|s| [s.start.0, s.start.1, s.end.0, s.end.1]);
        assert_eq!(spans.collect::<Vec<_>>(), expected, "{json}");
    }

    #[test]
    fn statements_are_found_by_line_and_column() {
        check(r#"{"Statement":{"a":{}}}"#, &[[1, 14, 1, 22]]);
        check(r#"{"Id":"{\"Statement\":{","Statement":[{"b":"}"},{}]}"#, &[[1, 39, 1, 48], [1, 49, 1, 51]]);
        check("{\n  \"Statement\": [\n    {\n    },\n    {}\n  ],\n  \"Id\": {}\n}", &[[3, 5, 4, 6], [5, 5, 5, 7]]);
        check("}]{\"", &[]);
    }
}
