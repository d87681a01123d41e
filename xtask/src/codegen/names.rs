//! From the models' names to Rust's.

/// Type names that generated code needs for itself.
const TAKEN: &[&str] = &[
    "BTreeMap",
    "Box",
    "Bytes",
    "Error",
    "Fault",
    "Http",
    "Kind",
    "Location",
    "Member",
    "Model",
    "Operation",
    "Option",
    "Protocol",
    "Result",
    "Schema",
    "Self",
    "String",
    "Timestamp",
    "Value",
    "Vec",
];

const KEYWORDS: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern", "false", "fn",
    "for", "gen", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "static",
    "struct", "trait", "true", "type", "unsafe", "use", "where", "while", "abstract", "become", "box", "do", "final",
    "macro", "override", "priv", "try", "typeof", "unsized", "virtual", "yield",
];

/// `KMSKeyArn` to `kms_key_arn`: a new word at every capital that follows a small letter, or that ends a run of capitals.
pub fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (i, letter) in letters.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| letters.get(i));
        let after = letters.get(i + 1);
        let starts = letter.is_uppercase()
            && before
                .is_some_and(|b| b.is_lowercase() || (b.is_alphanumeric() && after.is_some_and(|a| a.is_lowercase())));
        if starts || (*letter == '-' || *letter == '.' || *letter == ':') && !out.is_empty() {
            out.push('_');
        }
        if letter.is_alphanumeric() || *letter == '_' {
            out.extend(letter.to_lowercase());
        }
    }
    out
}

/// A member's field name.
pub fn field(name: &str) -> String {
    match snake(name) {
        name if name == "self" => "self_".into(),
        name if KEYWORDS.contains(&name.as_str()) => format!("r#{name}"),
        name => name,
    }
}

/// A shape's or error's constant name.
pub fn constant(name: &str) -> String {
    let name = snake(name).to_uppercase();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// A structure's type name.
pub fn type_name(name: &str) -> String {
    let mut letters = name.chars();
    let name: String = letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect();
    let name: String = name.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
    if TAKEN.contains(&name.as_str()) { format!("{name}Shape") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_snake_case() {
        let cases =
            [("KMSKeyArn", "kms_key_arn"), ("ETag", "e_tag"), ("ContentMD5", "content_md5"), ("S3Key", "s3_key")];
        for (name, expected) in cases {
            assert_eq!(snake(name), expected);
        }
        assert_eq!(field("Type"), "r#type");
        assert_eq!(constant("ResourceNotFoundException"), "RESOURCE_NOT_FOUND_EXCEPTION");
    }
}
